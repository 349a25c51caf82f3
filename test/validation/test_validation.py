"""Predictions beside published silicon (docs/validation.md). Each test prints its case: pytest -s."""

import re

import pytest
import yaml
from validation import scaling, validate
from validation.machine import ROOT, Machine

CASES = validate.all_cases()
LIMIT = 0.25


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_case(case):
    """Within 25 %, or listed as a miss with the reason; a reason that is no longer needed fails as well."""
    print(
        f"{case.id:22} {case.chip:10} predicted {case.predicted:10.4g} published {case.published:10.4g} "
        f"{case.unit:8} error {case.error:+8.1%}"
    )
    assert case.predicted > 0
    if case.group == "silicon":
        assert (abs(case.error) > LIMIT) == bool(case.reason)


def test_goal():
    """What is reached of the goal: a median of at most 10 %."""
    median, worst, within, count = validate.summary([c for c in CASES if c.group == "silicon"])
    print(f"{count} cases: median {median:.1%}, worst {worst:.1%}, within 10 / 25 %: {within}")
    assert median <= 0.10


def test_page_is_up_to_date():
    page = validate.PAGE.read_text()
    table = page.split(validate.BEGIN)[1].split(validate.END)[0].strip("\n")
    assert table == validate.tables(CASES), "run: python test/validation/validate.py --update"


def machine_files():
    entries = yaml.safe_load((validate.HERE / "cases.yaml").read_text())["cases"]
    for entry in entries:
        if "machine" in entry:
            family, name = entry["machine"].split("/")
            yield f"targets/{family}/machines/{name}.yaml", entry
        else:
            yield "targets/systolic/machines/eyeriss_v1.yaml", entry


def as_picojoules(entry, machine):
    """The published figure as energy of an operation or a multiply-accumulate, an element's cycle included."""
    value, unit = entry["published"], entry["unit"]
    if unit in ("TOPS/W", "GOPS/W"):
        per_op = (1 if unit == "TOPS/W" else 1000) / value
        return [per_op, 2 * per_op]
    if unit == "pJ/op":
        return [value, 2 * value]
    if unit == "pJ/MAC":
        return [value, value / 2]
    if unit in ("mW", "W"):
        watts = value * (1e-3 if unit == "mW" else 1)
        return [watts / machine.hertz * 1e12, watts / machine.hertz / machine.elements * 1e12]
    return []


@pytest.mark.parametrize("path, entry", list(machine_files()), ids=lambda v: v["id"] if isinstance(v, dict) else "")
def test_published_figure_is_no_input(path, entry):
    """No energy of a machine file is the published figure of its case or a quotient of it."""
    machine = Machine(path, entry.get("supply_v"))
    energies = [v for k, v in machine.data["energy"].items() if k != "leakage_mw"]
    energies += [m[k] for m in machine.data["memories"] for k in m if k.endswith("_pj_per_byte")]
    for energy in energies:
        for published in as_picojoules(entry, machine):
            for value in (energy["value"], machine.scaled(energy)):
                assert abs(value / published - 1) > 2e-3, energy["source"]


def test_rule_is_that_of_the_machine_files():
    """The numbers of lib/Energy/ProcessScaling.cpp, in nanometres, relative energy and volts."""
    text = (ROOT / "lib/Energy/ProcessScaling.cpp").read_text()
    rows = re.findall(r"\{([\d.]+), ([\d.]+), ([\d.]+)\}", text)
    assert {float(nm): (float(e), float(v)) for nm, e, v in rows} == scaling.NODES


@pytest.mark.parametrize("nm", [16, 50, 100])
def test_rule_between_nodes(nm):
    """Between two nodes, and for a supply of their own."""
    low, high = max(n for n in scaling.NODES if n < nm), min(n for n in scaling.NODES if n > nm)
    factor = scaling.node_factor(nm)
    assert scaling.NODES[low][0] < factor < scaling.NODES[high][0]
    assert scaling.node_factor(nm, 0.5) == pytest.approx(scaling.node_factor(nm, 1.0) / 4)
