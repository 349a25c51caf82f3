"""Published silicon against predictions from components.

python test/validation/validate.py            prints the table
python test/validation/validate.py --update   writes it into docs/validation.md, between its two marks
"""

import argparse
import pathlib
import statistics
import sys
from dataclasses import dataclass

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from validation import crossbar, eyeriss, systolic  # noqa: E402
from validation.machine import ROOT, Machine  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "validation.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


@dataclass
class Case:
    id: str
    chip: str
    what: str
    group: str
    unit: str
    published: float
    predicted: float
    source: str
    reason: str = ""

    @property
    def error(self):
        """Relative, signed."""
        return self.predicted / self.published - 1


def machine_of(entry):
    family, name = entry["machine"].split("/")
    machine = Machine(f"targets/{family}/machines/{name}.yaml", entry.get("supply_v"))
    machine.data["crossbar"] = machine.data.get("crossbar", {}) | entry.get("set", {})
    return machine


MODELS = {
    "tpu_tops": lambda m, e: systolic.tops(m, e["rows"], e.get("k", 0), e.get("n", 0)),
    "tpu_watts": lambda m, e: systolic.full_rate_watts(m),
    "simba": lambda m, e: systolic.vector_pj_per_op(m, e["reuse"]),
    "imc_tops": lambda m, e: crossbar.tops(m),
    "imc_tops_per_watt": lambda m, e: crossbar.tops_per_watt(m),
    "imc_gops_per_watt": lambda m, e: 1000 * crossbar.tops_per_watt(m),
    "imc_pj_per_mac": lambda m, e: crossbar.pj_per_mac(m),
}


def eyeriss_cases():
    """A case for each layer and published column, and the totals of AlexNet."""
    data = yaml.safe_load((HERE / "eyeriss_layers.yaml").read_text())
    machine = Machine("targets/systolic/machines/eyeriss_v1.yaml")
    cases, totals = [], {}
    for network, table, row in (("alexnet", "V", "V05"), ("vgg16", "VI", "E02")):
        results = eyeriss.network(data[network], machine)
        for layer, result in zip(data[network]["layers"], results):
            for index, (metric, group, unit) in enumerate(eyeriss.COLUMNS):
                if metric not in result:
                    continue
                reason = "a count" if group == "apart" else ""
                what = f"{network} {layer['name']}, {metric.split('_')[0]}"
                source = f"JSSC 52(1) 2017, table {table}"
                value = layer["published"][index]
                name = f"{row}.{layer['name']}.{metric.split('_')[0]}"
                cases.append(Case(name, "Eyeriss", what, group, unit, value, result[metric], source, reason))
        if network == "alexnet":
            totals = eyeriss.totals(data[network], results)
    return cases, totals


def all_cases():
    cases, totals = eyeriss_cases()
    for entry in yaml.safe_load((HERE / "cases.yaml").read_text())["cases"]:
        if entry["model"] == "eyeriss":
            predicted = totals[entry["metric"]]
        else:
            predicted = MODELS[entry["model"]](machine_of(entry), entry)
        fields = {key: entry[key] for key in ("id", "chip", "what", "group", "unit", "published", "source")}
        cases.append(Case(predicted=predicted, reason=entry.get("reason", ""), **fields))
    return cases


def summary(cases):
    """Median and worst absolute error, and how many are within 10 and 25 %."""
    errors = sorted(abs(c.error) for c in cases)
    within = [sum(e <= limit for e in errors) for limit in (0.10, 0.25)]
    return statistics.median(errors), errors[-1], within, len(errors)


def describe(name, cases):
    median, worst, (ten, quarter), count = summary(cases)
    return f"| {name} | {count} | {median:.1%} | {worst:.1%} | {ten} | {quarter} |"


def tables(cases):
    counted = [c for c in cases if c.group == "silicon"]
    lines = ["| cases | number | median error | worst | within 10 % | within 25 % |", "|---|---|---|---|---|---|"]
    lines.append(describe("all silicon", counted))
    lines.append(describe("without VGG-16 on Eyeriss", [c for c in counted if not c.id.startswith("E02.")]))
    chips = {chip: [c for c in counted if c.chip == chip] for chip in dict.fromkeys(c.chip for c in counted)}
    lines += [describe(chip, own) for chip, own in chips.items()]
    middle = statistics.median(summary(own)[0] for own in chips.values())
    lines.append(f"| one vote a chip: median of the medians | {len(chips)} | {middle:.1%} | | | |")
    titles = {"silicon": "Silicon", "model": "Published, but simulated", "apart": "Shown, not counted"}
    for group, title in titles.items():
        lines += ["", f"### {title}", "", "| case | chip | what | predicted | published | unit | error | source |"]
        lines.append("|---|---|---|---|---|---|---|---|")
        for c in (c for c in cases if c.group == group):
            mark = "**" if group == "silicon" and abs(c.error) > 0.25 else ""
            lines.append(
                f"| {c.id} | {c.chip} | {c.what} | {c.predicted:.4g} | {c.published:g} | {c.unit} | "
                f"{mark}{c.error:+.1%}{mark} | {c.source} |"
            )
    lines += ["", "### Misses, and why", ""]
    for c in counted:
        if abs(c.error) > 0.25:
            lines.append(f"- {c.id} ({c.error:+.0%}): {c.reason}.")
    lines += ["", "Not counted:", ""]
    for c in cases:
        if c.group == "apart" and c.reason != "a count":
            lines.append(f"- {c.id}: {c.reason}.")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the table into docs/validation.md")
    text = tables(all_cases())
    if not parser.parse_args().update:
        print(text)
        return
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
