"""What an inference costs: the compiler's report (docs/report.schema.json) as Python objects."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import os
import pathlib
import typing

from . import _native
from ._errors import checked


@dataclasses.dataclass(frozen=True)
class CostItem:
    """A count of one action, and what each costs.

    Attributes
    ----------
    component : str
        "mac.f32", "dram.read", "leakage" ...
    unit : str
        What is counted: "operations", "bytes", "conversions" or "nanoseconds".
    count : float
        In one inference.
    pj_each : float
        Energy of one, in pJ. Its source stands in `Cost.machine["figures"]`.
    """

    component: str
    unit: str
    count: float
    pj_each: float

    @property
    def energy_pj(self) -> float:
        return self.count * self.pj_each


@dataclasses.dataclass(frozen=True)
class Alternative:
    """A mapping or placement that was considered and not taken: energy in pJ, cycles of one worker."""

    what: str
    energy_pj: float
    cycles: float
    why_not: str


@dataclasses.dataclass(frozen=True)
class NodeCost:
    """The cost of one ONNX node in one inference. Of a fused group each node has its own part.

    Attributes
    ----------
    name, op : str
        As in the model; a node without a name is "#INDEX".
    target, reason, mapping : str
        Where it runs ("cpu/x86_64_v4"), why, and how.
    macs : float
        Multiply-accumulates.
    cycles, compute_cycles : float
        Of one worker, with and without waiting for memories.
    time_us : float
        Microseconds, with the workers that the mapping uses.
    energy_pj : float
        Sum of the items, in pJ.
    energy_pj_by_component : dict of str to float
    bytes : dict of str to {"read": float, "write": float}
        By memory, between it and what is inside of it.
    group : int or None
        Nodes of the same number run fused.
    outputs : tuple of str
        The values that it computes.
    items : tuple of CostItem
    alternatives : tuple of Alternative
    """

    name: str
    op: str
    target: str
    reason: str
    mapping: str
    macs: float
    cycles: float
    compute_cycles: float
    time_us: float
    energy_pj: float
    energy_pj_by_component: dict[str, float]
    bytes: dict[str, dict[str, float]]
    group: int | None
    outputs: tuple[str, ...]
    items: tuple[CostItem, ...]
    alternatives: tuple[Alternative, ...]

    def to_dict(self) -> dict[str, typing.Any]:
        """Name, op, target and the numbers, flat: a row of a table."""
        row: dict[str, typing.Any] = {
            "name": self.name,
            "op": self.op,
            "target": self.target,
            "group": self.group,
            "macs": self.macs,
            "cycles": self.cycles,
            "compute_cycles": self.compute_cycles,
            "time_us": self.time_us,
            "energy_pj": self.energy_pj,
        }
        row |= {f"{component}_pj": energy for component, energy in self.energy_pj_by_component.items()}
        for memory, moved in self.bytes.items():
            row |= {f"{memory}_{direction}_bytes": count for direction, count in moved.items()}
        return row


@dataclasses.dataclass(frozen=True, repr=False)
class Cost:
    """What one inference of a model costs on a machine.

    From `CompiledModel.cost()` or `aicc.estimate()`. Counts of events times the energy of each,
    predicted by the compiler's cost model; `uncertainty` says how far such predictions were off.

    Attributes
    ----------
    report : dict
        All that is known, as docs/report.schema.json describes it. Not to be changed.
    """

    report: dict[str, typing.Any]

    @classmethod
    def from_json(cls, text: str) -> Cost:
        """The cost in a report's text. ValueError for what is not a report of this version."""
        try:
            report = json.loads(text)
            version = report["schema_version"]
            report["totals"]["energy_pj"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"not a report of aicc: {error}") from None
        if version != 1:
            raise ValueError(f"a report of schema version {version}; this package reads version 1")
        return cls(report)

    @property
    def energy_pj(self) -> float:
        """Of one inference, in pJ."""
        return self.report["totals"]["energy_pj"]

    @property
    def time_us(self) -> float:
        """Of one inference, in microseconds: the sum over the nodes."""
        return self.report["totals"]["time_us"]

    @property
    def edp_pj_us(self) -> float:
        """Energy-delay product, in pJ times microseconds."""
        return self.energy_pj * self.time_us

    @property
    def cycles(self) -> float:
        """Of one worker, waiting included."""
        return self.report["totals"]["cycles"]

    @property
    def macs(self) -> float:
        """Multiply-accumulates of one inference."""
        return self.report["totals"]["macs"]

    @property
    def peak_memory_bytes(self) -> int:
        """The most bytes of intermediate values that are alive at once; weights are not among them."""
        return self.report["memory"]["peak_live_bytes"]

    @property
    def model(self) -> str:
        return self.report["model"]["name"]

    @property
    def objective(self) -> str:
        """What the mapping minimises: "latency", "energy", "edp"; to keep a budget also "energy + time x 0.412 W"."""
        return self.report["objective"]

    @property
    def target(self) -> str:
        """The machine, as FAMILY/MACHINE."""
        return f"{self.machine['family']}/{self.machine['name']}"

    @property
    def machine(self) -> dict[str, typing.Any]:
        """The machine's numbers (value in use, unit in the name) and their sources."""
        return self.report["machine"]

    @property
    def uncertainty(self) -> dict[str, typing.Any] | None:
        """{"energy_percent", "time_percent", "basis"}; None where it has not been established."""
        return self.report["uncertainty"]

    @property
    def launches(self) -> list[dict[str, typing.Any]]:
        """Of a machine with an array: what each program on it does, as docs/report.schema.json describes it."""
        return self.report.get("launches", [])

    @property
    def fallbacks(self) -> list[dict[str, str]]:
        """What did not run where it was asked to: node, op, wanted, ran_on, reason."""
        return self.report["fallbacks"]

    def by_node(self) -> tuple[NodeCost, ...]:
        """The nodes in the order of execution. `pandas.DataFrame(cost.rows())` is a table of them."""
        return self._nodes

    def by_component(self) -> dict[str, float]:
        """{component: pJ of one inference}, the largest first."""
        return _largest_first(self.report["totals"]["energy_pj_by_component"])

    def by_op(self) -> dict[str, float]:
        """{ONNX op: pJ of one inference}, the largest first."""
        sums: dict[str, float] = collections.defaultdict(float)
        for node in self._nodes:
            sums[node.op] += node.energy_pj
        return _largest_first(sums)

    def by_memory(self) -> dict[str, dict[str, float]]:
        """{memory: {"read": bytes, "write": bytes}} of one inference."""
        return self.report["totals"]["bytes"]

    def carbon_g(self) -> dict[str, float]:
        """{region: gCO2e of 1,000 inferences}, by ISO/IEC 21031; report["carbon"] has its terms."""
        return {region["region"]: region["g_per_1000_inferences"] for region in self.report["carbon"]["regions"]}

    def rows(self) -> list[dict[str, typing.Any]]:
        """A flat row for each node, with all columns in every row: for pandas, polars or csv."""
        rows = [node.to_dict() for node in self._nodes]
        columns = dict.fromkeys(column for row in rows for column in row)
        return [{column: row.get(column, 0.0) for column in columns} for row in rows]

    def to_dict(self) -> dict[str, typing.Any]:
        """The whole report, as docs/report.schema.json describes it; a copy."""
        return json.loads(json.dumps(self.report))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the report: a page where `path` ends in .html or .htm, otherwise JSON.

        Raises OSError if it cannot be written.
        """
        _write_report(json.dumps(self.report), path)

    @functools.cached_property
    def _nodes(self) -> tuple[NodeCost, ...]:
        return tuple(map(_node, self.report["nodes"]))

    def __repr__(self) -> str:
        return (
            f"<cost of {self.model} on {self.target}: {_engineering(self.energy_pj, 1e-12)}J, "
            f"{_engineering(self.time_us, 1e-6)}s>"
        )

    def __str__(self) -> str:
        return "\n".join(_table(self))


def _write_report(text: str, path: str | os.PathLike[str]) -> None:
    """Writes a report, given as JSON, as a page or as it is."""
    path = os.fspath(path)
    if path.lower().endswith((".html", ".htm")):
        status, text, diagnostics = _native.report_page(text)
        checked(status, diagnostics)
    pathlib.Path(path).write_text(text, encoding="utf-8")


def _node(made: dict[str, typing.Any]) -> NodeCost:
    """From the report's form; keys that are not known here are left out."""
    plain = ("name", "op", "target", "reason", "mapping", "macs", "cycles", "compute_cycles", "time_us", "bytes")
    return NodeCost(
        **{key: made[key] for key in plain},
        energy_pj=sum(made["energy_pj"].values()),
        energy_pj_by_component=made["energy_pj"],
        group=made.get("group"),
        outputs=tuple(made["outputs"]),
        items=tuple(_known(CostItem, item) for item in made["items"]),
        alternatives=tuple(_known(Alternative, other) for other in made["alternatives"]),
    )


def _known(kind, made: dict[str, typing.Any]):
    return kind(**{field.name: made[field.name] for field in dataclasses.fields(kind)})


def _largest_first(amounts: collections.abc.Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(amounts.items(), key=lambda item: (-item[1], item[0])))


def _engineering(value: float, unit: float = 1.0) -> str:
    """1234567 pJ (unit 1e-12) as "1.23 u"."""
    value *= unit
    for power, prefix in ((1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n")):
        if value >= power:
            return f"{value / power:.3g} {prefix}"
    return f"{value / 1e-12:.3g} p"


def _table(cost: Cost, most: int = 10) -> typing.Iterator[str]:
    yield f"{cost.model} on {cost.target}, for {cost.objective}"
    yield f"  {_engineering(cost.energy_pj, 1e-12)}J, {_engineering(cost.time_us, 1e-6)}s, {cost.macs:.4g} MACs"
    nodes = [(f"{node.name} ({node.op})", node.energy_pj) for node in cost.by_node()]
    nodes.sort(key=lambda node: -node[1])
    for title, rows in (("component", list(cost.by_component().items())), ("node", nodes)):
        yield f"  energy by {title}"
        for name, energy in rows[:most]:
            share = energy / cost.energy_pj if cost.energy_pj else 0.0
            yield f"    {share:6.1%}  {_engineering(energy, 1e-12):>7}J  {name}"
        if len(rows) > most:
            yield f"    and {len(rows) - most} more"
