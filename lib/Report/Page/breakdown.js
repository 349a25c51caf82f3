// Title, totals, and where energy and time go.

const nodes = report.nodes;
const totals = report.totals;
const known = report.uncertainty;
const machineName = `${report.machine.family}/${report.machine.name}`;

nodes.forEach((node, index) => {
  node.index = index;
  node.energy = sum(Object.values(node.energy_pj), (pj) => pj);
});

// "dram.read" and "dram.write" are one kind; the largest kinds have colours.
const kindOf = (component) => component.split(".")[0];
const maxColours = 7;

function sumKinds(byComponent) {
  const kinds = new Map();
  for (const [component, pj] of Object.entries(byComponent)) {
    const kind = kindOf(component);
    kinds.set(kind, (kinds.get(kind) || 0) + pj);
  }
  return kinds;
}

const ranked = [...sumKinds(totals.energy_pj_by_component)].sort((a, b) => b[1] - a[1]).map(([kind]) => kind);
const colours = new Map(ranked.map((kind, i) => [kind, i < maxColours ? `var(--c${i + 1})` : "var(--c0)"]));

function splitEnergy(byComponent) {
  const kinds = sumKinds(byComponent);
  return ranked
    .filter((kind) => kinds.get(kind) > 0)
    .map((kind) => ({ name: kind, value: kinds.get(kind), colour: colours.get(kind) }));
}

/** Arithmetic, and what is spent on waiting for memory, filling and draining. */
function splitTime(list) {
  const busyShare = (node) => (node.cycles > 0 ? Math.min(1, node.compute_cycles / node.cycles) : 0);
  const busy = sum(list, (node) => node.time_us * busyShare(node));
  const all = sum(list, (node) => node.time_us);
  return [
    { name: "arithmetic", value: busy, colour: "var(--c1)" },
    { name: "memory, fill and drain", value: all - busy, colour: "var(--c2)" },
  ];
}

const metrics = {
  energy: {
    all: totals.energy_pj,
    of: (node) => node.energy,
    show: energy,
    parts: (node) => splitEnergy(node.energy_pj),
    totals: () => splitEnergy(totals.energy_pj_by_component),
  },
  time: {
    all: totals.time_us,
    of: (node) => node.time_us,
    show: time,
    parts: (node) => splitTime([node]),
    totals: () => splitTime(nodes),
  },
};

function stack(parts, all, show) {
  const piece = (part) => {
    const bar = el("span.part", { vars: { "--share": part.value / all, "--colour": part.colour } });
    return withTip(bar, part.name, [[show(part.value), percent(part.value, all)]]);
  };
  return el("span.stack", {}, ...parts.filter((part) => part.value > 0).map(piece));
}

function drawTotal(metric) {
  const parts = metric.totals();
  const entry = (part) => el("li", {},
    el("i", { vars: { "--colour": part.colour } }),
    el("span", {}, part.name),
    el("b", {}, metric.show(part.value)),
    el("small", {}, percent(part.value, metric.all)));
  fill(byId("total"), stack(parts, metric.all, metric.show));
  fill(byId("legend"), ...parts.map(entry));
}

function nodeBar(node, metric, longest) {
  const value = metric.of(node);
  const width = longest > 0 ? value / longest : 0;
  return el("li", {}, el("button", { type: "button", on: { click: () => openNode(node) } },
    el("span.who", {}, el("span.name", { title: node.name }, el("bdi", {}, node.name)), el("span.op", {}, node.op)),
    el("span.track", { vars: { "--width": width } }, stack(metric.parts(node), value, metric.show)),
    el("span.amount", {}, metric.show(value), el("small", {}, percent(value, metric.all)))));
}

function drawBreakdown(key) {
  const metric = metrics[key];
  drawTotal(metric);
  const order = [...nodes].sort((a, b) => metric.of(b) - metric.of(a));
  const shown = order.slice(0, 15);
  const rows = shown.map((node) => nodeBar(node, metric, metric.of(shown[0])));
  const rest = order.slice(15);
  const left = sum(rest, metric.of);
  const others = `${plural(rest.length, "smaller node")} take ${metric.show(left)}, ${percent(left, metric.all)}`;
  fill(byId("bars"), ...rows, rest.length ? el("li.rest", {}, others) : null);
}

function describeInputs() {
  const shape = (input) => input.shape.map((extent) => (extent < 0 ? "?" : extent)).join("×");
  const texts = report.model.inputs.map((input) => `${input.name} ${input.type}[${shape(input)}]`);
  if (!texts.length) return "";
  return ` · ${texts.slice(0, 3).join(", ")}${texts.length > 3 ? ` and ${texts.length - 3} more` : ""}`;
}

function drawHero() {
  const { macs, energy_pj: pj, time_us: us } = totals;
  const world = report.carbon.regions.find((grid) => grid.region === "World");
  const off = (part) => (known ? `± ${known[part]} %` : "predicted");
  byId("title").textContent = report.model.name || "Model";
  const objective = el("b", {}, report.objective || "no objective");
  fill(byId("subtitle"), "on ", el("b", {}, machineName), ", for ", objective, describeInputs());
  fill(byId("tiles"),
    tile("Energy per inference", figure(energy(pj)), off("energy_percent")),
    tile("Time per inference", figure(us > 0 ? time(us) : "unknown"), us > 0 ? off("time_percent") : ""),
    tile("Arithmetic", figure(macs > 0 ? si(macs, "MAC") : "none"), macs > 0 ? `${energy(pj / macs)} for each` : ""),
    tile("Working memory", figure(bytes(report.memory.arena_bytes)),
      `and ${bytes(report.memory.weight_bytes)} of weights`),
    tile("Carbon, 1,000 runs", figure(grams(world.g_per_1000_inferences)), `CO₂e, world average ${world.year}`));
  byId("certainty").textContent = known
    ? known.basis
    : "All numbers are predictions of the cost model. How far off they may be has not been established for this machine.";
}

drawHero();
segments(byId("metric"), [["energy", "Energy"], ["time", "Time"]], "energy", drawBreakdown);
