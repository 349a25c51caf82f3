// Placement, carbon, the machine's numbers, and how sure all this is.

function tally(key) {
  const groups = new Map();
  for (const node of nodes) {
    const name = key(node) || "none recorded";
    const group = groups.get(name) || { count: 0, pj: 0, us: 0, ops: new Set() };
    group.count += 1;
    group.pj += node.energy;
    group.us += node.time_us;
    group.ops.add(node.op);
    groups.set(name, group);
  }
  return [...groups].sort((a, b) => b[1].pj - a[1].pj || b[1].count - a[1].count);
}

function drawPlacement() {
  fill(byId("targets"), plainTable(["Target", "Nodes", "Energy", "Share", "Time"],
    tally((node) => node.target).map(([name, group]) => [el("b", {}, name), whole(group.count), energy(group.pj), percent(group.pj, totals.energy_pj), time(group.us)]), [1, 2, 3, 4]));
  const reasons = tally((node) => node.reason);
  const rows = reasons.slice(0, 25).map(([reason, group]) => [reason, [...group.ops].slice(0, 4).join(", ") + (group.ops.size > 4 ? " …" : ""), whole(group.count), percent(group.pj, totals.energy_pj)]);
  fill(byId("reasons"), plainTable(["Reason", "Ops", "Nodes", "Energy"], rows, [2, 3]),
    reasons.length > 25 ? el("p.small", {}, `and ${plural(reasons.length - 25, "further reason")}; the table of nodes has them all`) : null);
  drawFallbacks();
}

/** One line for all nodes that fell back for the same reason. */
function drawFallbacks() {
  const groups = new Map();
  for (const each of report.fallbacks) {
    const key = JSON.stringify([each.op, each.wanted, each.ran_on, each.reason]);
    groups.set(key, [...(groups.get(key) || []), each]);
  }
  const names = (list) => el("details.names", {}, el("summary", {}, plural(list.length, "node")),
    ...list.slice(0, 100).map((each) => el("div.code", {}, each.node)), list.length > 100 ? el("div", {}, `and ${list.length - 100} more`) : null);
  fill(byId("fallbacks"), groups.size
    ? plainTable(["Op", "Nodes", "Wanted", "Ran on", "Reason"], [...groups.values()].map((list) => [el("b", {}, list[0].op), names(list), list[0].wanted, list[0].ran_on, list[0].reason]))
    : el("p", {}, "None: every node runs where it was asked to."));
}

// On a phone the others wait behind a button.
const keyRegions = ["Norway", "France", "European Union", "Germany", "United States", "World", "Japan", "China", "India", "South Africa"];

function drawRegions(embodied) {
  const carbon = report.carbon;
  const most = Math.max(...carbon.regions.map((grid) => grid.g_per_1000_inferences), 1e-300);
  const list = el("ol.grid-list", {}, ...carbon.regions.map((grid) => el(`li${grid.region === "World" ? ".world" : ""}${keyRegions.includes(grid.region) ? "" : ".minor"}`, {},
    el("span.region", {}, grid.region),
    el("span.track", {}, el("span.fill", { vars: { "--share": (grid.g_per_1000_inferences - embodied) / most } }), embodied > 0 ? el("span.fill.made", { vars: { "--share": embodied / most } }) : null),
    el("b", {}, grams(grid.g_per_1000_inferences)), el("small", {}, `${Math.round(grid.g_per_kwh)} g/kWh, ${grid.year}`))));
  const all = el("button.more.phone", { type: "button", on: { click: () => { list.classList.add("all"); all.remove(); } } }, `All ${carbon.regions.length} regions`);
  fill(byId("regions"), list, all, embodied > 0 ? el("p.small.key", {}, el("i", { vars: { "--colour": "var(--c3)" } }), "electricity, E × I ", el("i", { vars: { "--colour": "var(--c0)" } }), "making the hardware, M") : null);
}

function drawCarbon() {
  const carbon = report.carbon;
  const kwh = (1000 * totals.energy_pj) / 3.6e18;
  byId("carbon-lede").textContent = `1,000 inferences take ${si(kwh * 3.6e6, "J")} (${si(kwh, "kWh")}). Software carbon intensity, ISO/IEC 21031:2024: SCI = (E × I + M) per R, with R = 1,000 inferences.`;
  drawRegions(carbon.embodied_g_per_1000_inferences);
  const own = byId("own");
  const answer = () => {
    const value = own.value === "" ? NaN : Number(own.value);
    byId("own-out").textContent = value >= 0 ? `${grams(kwh * value + carbon.embodied_g_per_1000_inferences)} CO₂e per 1,000 inferences` : "";
  };
  own.addEventListener("input", answer);
  const embodied = carbon.embodied
    ? `Embodied emissions M: ${grams(carbon.embodied_g_per_1000_inferences)} per 1,000 inferences, from ${grams(carbon.embodied.total_g)} over ${whole(carbon.embodied.lifespan_hours)} hours of life (${carbon.embodied.source}).`
    : "Embodied emissions M are absent: no figure for making this machine was given, so these are operational emissions only, and not a full SCI score.";
  byId("carbon-notes").textContent = `${embodied} E covers ${carbon.boundary}; idle time, cooling, power conversion and networks are not in it. I: ${carbon.intensity_source}; grams of CO₂ equivalent over the whole life cycle, of the electricity generated in a region.`;
}

/** What a number was measured at, before it was scaled. */
function conditions(figure) {
  const at = [figure.source_process_nm ? `${figure.source_process_nm} nm` : "", figure.source_supply_v ? `${figure.source_supply_v} V` : ""].filter(Boolean);
  return at.length ? `at ${at.join(", ")}` : "in the source";
}

const fiveDigits = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 5 });

function drawMachine() {
  const machine = report.machine;
  const scaled = machine.figures.filter((figure) => figure.unscaled_value !== undefined);
  byId("machine-lede").textContent = [machineName + ".", machine.source ? `Structure: ${machine.source}.` : "",
    machine.process_nm ? `Energies are for a ${machine.process_nm} nm process${machine.supply_v ? ` at ${machine.supply_v} V` : ""}; ${scaled.length ? `${whole(scaled.length)} of them scaled from another` : "none is scaled"}.` : "",
    machine.figures.length ? "" : "Its numbers are not in this file."].filter(Boolean).join(" ");
  const parts = new Map();
  for (const figure of machine.figures) parts.set(figure.part, [...(parts.get(figure.part) || []), figure]);
  fill(byId("figures"), ...[...parts].map(([part, list]) => el("div.part-of", {}, el("h3", {}, part),
    el("dl.figures", {}, ...list.map((figure) => el("div", {},
      el("dt", {}, figure.name), el("dd.value", {}, fiveDigits(figure.value)),
      el("dd.source", {}, figure.source, figure.unscaled_value === undefined ? null
        : el("span.tag", {}, `scaled: ${fiveDigits(figure.unscaled_value)} ${conditions(figure)}`))))))));
}

function drawMethod() {
  const scaled = report.machine.figures.filter((figure) => figure.unscaled_value !== undefined).length;
  fill(byId("certainty-long"),
    el("p", {}, known ? `Energy is within ± ${known.energy_percent} % and time within ± ${known.time_percent} % of what was checked: ${known.basis}.`
      : "The uncertainty of these predictions has not been established for this machine. Compare them with each other rather than with a meter."),
    el("p", {}, "Each energy is a count times the energy of one action. The counts (operations, bytes by memory and direction) follow exactly from the mapping; the energies come from the sources beside them in the table of the machine"
      + (scaled ? `, ${plural(scaled, "number")} of them scaled from another process.` : ".")),
    el("p", {}, "Time is of one run that has the machine to itself. What surrounds the machine is not counted."));
  const rows = [["objective", report.objective], ...Object.entries(report.options), ["model, BLAKE3", report.model.blake3 || "not known"]];
  fill(byId("options"), ...rows.map(([flag, value]) => el("div", {}, el("dt", {}, flag), el("dd", {}, value || "–"))));
  byId("foot").textContent = `aicc ${report.compiler_version} · form ${report.schema_version} · nothing in this page is loaded from elsewhere`;
}

drawPlacement();
drawCarbon();
drawMachine();
drawMethod();
