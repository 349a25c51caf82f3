// Title, totals, and where energy and time go.

const nodes = report.nodes;
const totals = report.totals;
const known = report.uncertainty;
const machineName = `${report.machine.family}/${report.machine.name}`;
const world = report.carbon.regions.find((grid) => grid.region === "World");

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

const ranked = [...sumKinds(totals.energy_pj_by_component)].sort((a, b) => b[1] - a[1]);
const colours = new Map(ranked.map(([kind], i) => [kind, i < maxColours ? `var(--c${i + 1})` : "var(--c0)"]));

const metrics = {
  energy: {
    label: "Energy", all: totals.energy_pj, of: (node) => node.energy, show: energy,
    parts: (node) => {
      const kinds = sumKinds(node.energy_pj);
      return ranked.filter(([kind]) => kinds.get(kind) > 0).map(([kind]) => ({ name: kind, value: kinds.get(kind), colour: colours.get(kind) }));
    },
    totals: () => ranked.map(([kind, pj]) => ({ name: kind, value: pj, colour: colours.get(kind) })),
  },
  time: {
    label: "Time", all: totals.time_us, of: (node) => node.time_us, show: time,
    parts: (node) => splitTime([node]),
    totals: () => splitTime(nodes),
  },
};

/** Arithmetic, and what is spent on waiting for memory, filling and draining. */
function splitTime(list) {
  const busy = sum(list, (node) => (node.cycles > 0 ? node.time_us * Math.min(1, node.compute_cycles / node.cycles) : 0));
  const all = sum(list, (node) => node.time_us);
  return [{ name: "arithmetic", value: busy, colour: "var(--c1)" }, { name: "memory, fill and drain", value: all - busy, colour: "var(--c2)" }];
}

function stack(parts, all, show) {
  return el("span.stack", {}, ...parts.filter((part) => part.value > 0).map((part) => withTip(
    el("span.part", { vars: { "--share": all > 0 ? part.value / all : 0, "--colour": part.colour } }),
    part.name, [[show(part.value), percent(part.value, all)]])));
}

function drawBreakdown(key) {
  const metric = metrics[key];
  const parts = metric.totals();
  fill(byId("total"), stack(parts, metric.all, metric.show));
  fill(byId("legend"), ...parts.map((part) => el("li", {},
    el("i", { vars: { "--colour": part.colour } }), el("span", {}, part.name),
    el("b", {}, metric.show(part.value)), el("small", {}, percent(part.value, metric.all)))));
  const order = [...nodes].sort((a, b) => metric.of(b) - metric.of(a));
  const shown = order.slice(0, 15);
  const longest = shown.length ? metric.of(shown[0]) : 0;
  const rows = shown.map((node) => el("li", {}, el("button", { type: "button", on: { click: () => openNode(node) } },
    el("span.who", {}, el("span.name", { title: node.name }, el("bdi", {}, node.name)), el("span.op", {}, node.op)),
    el("span.track", { vars: { "--width": longest > 0 ? metric.of(node) / longest : 0 } }, stack(metric.parts(node), metric.of(node), metric.show)),
    el("span.amount", {}, metric.show(metric.of(node)), el("small", {}, percent(metric.of(node), metric.all))))));
  const rest = order.slice(15);
  const left = sum(rest, metric.of);
  if (rest.length) rows.push(el("li.rest", {}, `${plural(rest.length, "smaller node")} take ${metric.show(left)}, ${percent(left, metric.all)}`));
  fill(byId("bars"), ...rows);
}

function drawHero() {
  byId("title").textContent = report.model.name || "Model";
  const shapes = report.model.inputs.map((input) => `${input.name} ${input.type}[${input.shape.map((n) => (n < 0 ? "?" : n)).join("×")}]`);
  fill(byId("subtitle"), "on ", el("b", {}, machineName), ", for ", el("b", {}, report.objective || "no objective"),
    shapes.length ? ` · ${shapes.slice(0, 3).join(", ")}${shapes.length > 3 ? ` and ${shapes.length - 3} more` : ""}` : "");
  const macs = totals.macs;
  const memory = report.memory;
  fill(byId("tiles"),
    tile("Energy per inference", figure(energy(totals.energy_pj)), known ? `± ${known.energy_percent} %` : "predicted"),
    tile("Time per inference", figure(time(totals.time_us)), known ? `± ${known.time_percent} %` : "predicted"),
    tile("Arithmetic", figure(macs > 0 ? si(macs, "MAC") : "none"), macs > 0 ? `${energy(totals.energy_pj / macs)} for each` : ""),
    tile("Working memory", figure(bytes(memory.arena_bytes)), `and ${bytes(memory.weight_bytes)} of weights`),
    tile("Carbon, 1,000 runs", figure(grams(world.g_per_1000_inferences)), `CO₂e, world average ${world.year}`));
  byId("certainty").textContent = known ? known.basis : "All numbers are predictions of the cost model. How far off they may be has not been established for this machine.";
}

drawHero();
segments(byId("metric"), [["energy", "Energy"], ["time", "Time"]], "energy", drawBreakdown);
