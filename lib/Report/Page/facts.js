// Placement, carbon, the machine's numbers, and how sure all this is.

// Placement -------------------------------------------------------------------

/** Nodes by a text of theirs: how many, their energy, time and ops; the most energy first. */
function tally(key) {
  const groups = new Map();
  for (const node of nodes) {
    const name = key(node) || "none recorded";
    if (!groups.has(name)) groups.set(name, { name, count: 0, pj: 0, us: 0, ops: new Set() });
    const group = groups.get(name);
    group.count += 1;
    group.pj += node.energy;
    group.us += node.time_us;
    group.ops.add(node.op);
  }
  return [...groups.values()].sort((a, b) => b.pj - a.pj || b.count - a.count);
}

function drawPlacement() {
  const share = (group) => percent(group.pj, totals.energy_pj);
  const name = (group) => el("b", {}, group.name);
  const target = (group) => [name(group), whole(group.count), energy(group.pj), share(group), time(group.us)];
  const heads = ["Target", "Nodes", "Energy", "Share", "Time"];
  fill(byId("targets"), plainTable(heads, tally((node) => node.target).map(target), [1, 2, 3, 4]));

  const ops = (group) => [...group.ops].slice(0, 4).join(", ") + (group.ops.size > 4 ? " …" : "");
  const reasons = tally((node) => node.reason);
  const rows = reasons.slice(0, 25).map((group) => [group.name, ops(group), whole(group.count), share(group)]);
  const left = reasons.length - rows.length;
  fill(byId("reasons"), plainTable(["Reason", "Ops", "Nodes", "Energy"], rows, [2, 3]),
    left ? el("p.small", {}, `and ${plural(left, "further reason")}; the table of nodes has them all`) : null);
  drawLaunches();
  drawFallbacks();
}

/** What each program on the array does, the longest first; nothing where there is no array. */
function drawLaunches() {
  if (!report.launches.length) return;
  const list = [...report.launches].sort((a, b) => b.cycles - a.cycles);
  const row = (launch) => [
    launch.node, dataflowOf(launch), si(launch.macs, ""), si(launch.cycles, ""), si(launch.compute_cycles, ""),
    si(launch.stall_cycles, ""), percent(launch.utilization, 1), energy(sum(Object.values(launch.energy_pj), (pj) => pj)),
  ];
  const heads = ["Node", "Dataflow", "MACs", "Cycles", "Arithmetic", "Stalls", "Array used", "Energy"];
  const left = list.length - 25;
  fill(byId("launches"), el("h3", {}, "Programs on the array"),
    plainTable(heads, list.slice(0, 25).map(row), [2, 3, 4, 5, 6, 7]),
    left > 0 ? el("p.small", {}, `and ${left} more; each node has its own`) : null);
}

/** One line for all nodes that fell back for the same reason. */
function drawFallbacks() {
  const groups = new Map();
  for (const each of report.fallbacks) {
    const key = JSON.stringify([each.op, each.wanted, each.ran_on, each.reason]);
    groups.set(key, [...(groups.get(key) || []), each]);
  }
  const names = (list) => el("details.names", {},
    el("summary", {}, plural(list.length, "node")),
    ...list.slice(0, 100).map((each) => el("div.code", {}, each.node)),
    list.length > 100 ? el("div", {}, `and ${list.length - 100} more`) : null);
  const row = (list) => [el("b", {}, list[0].op), names(list), list[0].wanted, list[0].ran_on, list[0].reason];
  fill(byId("fallbacks"), groups.size
    ? plainTable(["Op", "Nodes", "Wanted", "Ran on", "Reason"], [...groups.values()].map(row))
    : el("p", {}, "None: every node runs where it was asked to."));
}

// Carbon ----------------------------------------------------------------------

// On a phone the others wait behind a button.
const keyRegions = new Set(["Norway", "France", "European Union", "Germany", "United States", "World", "Japan", "China",
  "India", "South Africa"]);

function regionRow(grid, embodied, most) {
  const kinds = `${grid.region === "World" ? ".world" : ""}${keyRegions.has(grid.region) ? "" : ".minor"}`;
  const bar = (kind, value) => el(`span.fill${kind}`, { vars: { "--share": value / most } });
  const all = grid.g_per_1000_inferences;
  return el(`li${kinds}`, {},
    el("span.region", {}, grid.region),
    el("span.track", {}, bar("", all - embodied), embodied > 0 ? bar(".made", embodied) : null),
    el("b", {}, grams(all)),
    el("small", {}, `${Math.round(grid.g_per_kwh)} g/kWh, ${grid.year}`));
}

function drawRegions(embodied) {
  const regions = report.carbon.regions;
  const most = Math.max(...regions.map((grid) => grid.g_per_1000_inferences)) || 1;
  const list = el("ol.grid-list", {}, ...regions.map((grid) => regionRow(grid, embodied, most)));
  const all = el("button.more.phone", { type: "button" }, `All ${regions.length} regions`);
  all.addEventListener("click", () => {
    list.classList.add("all");
    all.remove();
  });
  const mark = (colour) => el("i", { vars: { "--colour": colour } });
  const key = [mark("var(--c3)"), "electricity, E × I ", mark("var(--c0)"), "making the hardware, M"];
  fill(byId("regions"), list, all, embodied > 0 ? el("p.small.key", {}, ...key) : null);
}

function describeEmbodied(carbon) {
  const made = carbon.embodied;
  if (!made)
    return "Embodied emissions M are absent: no figure for making this machine was given, so these are operational "
      + "emissions only, and not a full SCI score.";
  return `Embodied emissions M: ${grams(carbon.embodied_g_per_1000_inferences)} per 1,000 inferences, of `
    + `${grams(made.total_g)} over ${whole(made.lifespan_hours)} hours of life (${made.source}).`;
}

function drawCarbon() {
  const carbon = report.carbon;
  const joules = totals.energy_pj * 1e-9;
  const kwh = joules / 3.6e6;
  byId("carbon-lede").textContent = `1,000 inferences take ${si(joules, "J")} (${si(kwh, "kWh")}). Software carbon `
    + "intensity, ISO/IEC 21031:2024: SCI = (E × I + M) per R, with R = 1,000 inferences.";
  drawRegions(carbon.embodied_g_per_1000_inferences);
  byId("own").addEventListener("input", (event) => {
    const intensity = event.target.value === "" ? NaN : Number(event.target.value);
    const result = kwh * intensity + carbon.embodied_g_per_1000_inferences;
    byId("own-out").textContent = intensity >= 0 ? `${grams(result)} CO₂e per 1,000 inferences` : "";
  });
  byId("carbon-notes").textContent = `${describeEmbodied(carbon)} E covers ${carbon.boundary}; idle time, cooling, `
    + `power conversion and networks are not in it. I: ${carbon.intensity_source}; grams of CO₂ equivalent over the `
    + "whole life cycle, of the electricity generated in a region.";
}

// The machine -----------------------------------------------------------------

const fiveDigits = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 5 });
const scaledFigures = report.machine.figures.filter((each) => each.unscaled_value !== undefined);

/** What a number was measured at, before it was scaled. */
function conditions(each) {
  const process = each.source_process_nm ? `${each.source_process_nm} nm` : "";
  const supply = each.source_supply_v ? `${each.source_supply_v} V` : "";
  const at = [process, supply].filter(Boolean).join(", ");
  return at ? `at ${at}` : "in the source";
}

function figureRow(each) {
  const scaled = each.unscaled_value === undefined
    ? null
    : el("span.tag", {}, `scaled: ${fiveDigits(each.unscaled_value)} ${conditions(each)}`);
  return el("div", {},
    el("dt", {}, each.name),
    el("dd.value", {}, fiveDigits(each.value)),
    el("dd.source", {}, each.source, scaled));
}

function drawMachine() {
  const machine = report.machine;
  const supply = machine.supply_v ? ` at ${machine.supply_v} V` : "";
  const scaled = scaledFigures.length ? `${whole(scaledFigures.length)} of them scaled from another` : "none is scaled";
  byId("machine-lede").textContent = [
    `${machineName}.`,
    machine.source ? `Structure: ${machine.source}.` : "",
    machine.process_nm ? `Energies are for a ${machine.process_nm} nm process${supply}; ${scaled}.` : "",
    machine.figures.length ? "" : "Its numbers are not in this file.",
  ].filter(Boolean).join(" ");
  const parts = new Map();
  for (const each of machine.figures) parts.set(each.part, [...(parts.get(each.part) || []), each]);
  fill(byId("figures"), ...[...parts].map(([part, list]) =>
    el("div", {}, el("h3", {}, part), el("dl.figures", {}, ...list.map(figureRow)))));
}

// How sure it is --------------------------------------------------------------

function drawMethod() {
  const within = known
    ? `Energy is within ± ${known.energy_percent} % and time within ± ${known.time_percent} % of what was checked: `
      + `${known.basis}.`
    : "The uncertainty of these predictions has not been established for this machine. Compare them with each other "
      + "rather than with a meter.";
  const count = scaledFigures.length;
  const scaled = count ? `, ${plural(count, "number")} of them scaled from another process` : "";
  fill(byId("certainty-long"),
    el("p", {}, within),
    el("p", {}, "Each energy is a count times the energy of one action. The counts (operations, bytes by memory and "
      + "direction) follow from the mapping; the energies come from the sources beside them in the table of the machine"
      + `${scaled}.`),
    el("p", {}, "Time is of one run that has the machine to itself. What surrounds the machine is not counted."));
  const rows = [
    ["objective", report.objective],
    ...Object.entries(report.options),
    ["model, BLAKE3", report.model.blake3 || "not known"],
  ];
  fill(byId("options"), ...rows.map(([flag, value]) => el("div", {}, el("dt", {}, flag), el("dd", {}, value || "–"))));
  byId("foot").textContent =
    `aicc ${report.compiler_version} · form ${report.schema_version} · nothing in this page is loaded from elsewhere`;
}

drawPlacement();
drawCarbon();
drawMachine();
drawMethod();
