// The table of nodes: search, filter, sort, and all that is known of one.

const pageSize = innerWidth < 700 ? 20 : 50;
const levels = report.machine.bandwidths.map((each) => each.memory);
const outermost = levels.length ? levels[levels.length - 1] : "dram";
const mostEnergy = nodes.reduce((most, node) => Math.max(most, node.energy), 0);

function moved(node, memory) {
  const traffic = node.bytes[memory];
  return traffic ? traffic.read + traffic.write : 0;
}

const columns = [
  { key: "name", label: "Node", text: true, of: (node) => node.name },
  { key: "target", label: "Target", text: true, of: (node) => node.target },
  { key: "energy", label: "Energy", of: (node) => node.energy, show: energy },
  { key: "share", label: "Share", of: (node) => node.energy, show: (pj) => percent(pj, totals.energy_pj), bar: true },
  { key: "time", label: "Time", of: (node) => node.time_us, show: time },
  { key: "macs", label: "MACs", of: (node) => node.macs, show: (macs) => (macs ? si(macs, "") : "–") },
  { key: "bytes", label: outermost, of: (node) => moved(node, outermost), show: bytes },
];
const columnOf = (key) => columns.find((column) => column.key === key);

const view = { search: "", target: "", sort: "energy", down: true, shown: pageSize, open: new Set() };
const haystacks = nodes.map((node) => `${node.name}\n${node.op}\n${node.reason}\n${node.target}`.toLowerCase());

/** What search and filter leave, in order. */
function selected() {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const { of, text } = columnOf(view.sort);
  const compare = (x, y) => (text ? (x < y ? -1 : x > y ? 1 : 0) : x - y);
  const sign = view.down ? -1 : 1;
  return nodes
    .filter((node) => !view.target || node.target === view.target)
    .filter((node) => words.every((word) => haystacks[node.index].includes(word)))
    .sort((a, b) => sign * compare(of(a), of(b)) || a.index - b.index);
}

// Rows ------------------------------------------------------------------------

function groupTag(node) {
  if (node.group === undefined) return null;
  return el("span.tag", { title: "Runs fused with the other nodes of this group" }, `fused ${node.group}`);
}

function numberCell(column, node) {
  const attributes = { "data-head": column.label };
  if (!column.bar) return el(`td.num.col-${column.key}`, attributes, column.show(column.of(node)));
  attributes.vars = { "--share": mostEnergy > 0 ? node.energy / mostEnergy : 0 };
  const meter = el("span.meter", { "aria-hidden": "true" });
  return el(`td.num.col-${column.key}`, attributes, meter, column.show(column.of(node)));
}

function nodeRow(node) {
  const toggle = el("button.open", { type: "button", "aria-expanded": String(view.open.has(node)) },
    el("span.name", { title: node.name }, el("bdi", {}, node.name)),
    el("span.op", {}, node.op, groupTag(node)));
  const row = el("tr", { id: `node-${node.index}` },
    el("th", { scope: "row" }, toggle),
    el("td.target", { "data-head": "Target", title: node.target }, node.target),
    ...columns.slice(2).map((column) => numberCell(column, node)));
  toggle.addEventListener("click", () => {
    const opens = !view.open.delete(node);
    toggle.setAttribute("aria-expanded", String(opens));
    if (opens) {
      view.open.add(node);
      row.after(detailRow(node));
    } else {
      row.nextElementSibling.remove();
    }
  });
  return row;
}

function detailRow(node) {
  const busy = percent(node.compute_cycles, node.cycles);
  const parts = [
    el("div.prose", {},
      el("p", {}, el("b", {}, "Why here. "), node.reason || "No reason recorded."),
      el("p", {}, `${si(node.cycles, "")} cycles, of which ${busy} are arithmetic.`)),
    node.mapping ? el("div", {}, el("h4", {}, "Mapping"), el("pre", {}, node.mapping)) : null,
    el("div", {}, el("h4", {}, "Cost, item by item"), itemTable(node)),
    el("div", {}, el("h4", {}, "Data moved"), trafficTable(node)),
    ...launchParts(node),
    node.alternatives.length ? el("div.wide", {}, el("h4", {}, "Considered and not taken"), otherTable(node)) : null,
  ];
  return el("tr.detail", {}, el("td", { colspan: columns.length }, el("div.sheet", {}, ...parts)));
}

const dataflowOf = (launch) => launch.dataflow.replace("_", " ") || "nothing stays";

/** The programs on the array that a node gives its name to, with what its group does as a whole. */
function launchParts(node) {
  const own = report.launches.filter((each) => each.node === node.name && each.group === node.group);
  return own.map((launch) => el("div", {},
    el("h4", {}, "On the array"),
    el("p", {}, `${dataflowOf(launch)}, ${si(launch.macs, "")} MACs in ${si(launch.cycles, "")} cycles, ` +
      `${si(launch.stall_cycles, "")} of them stalls; ${percent(launch.utilization, 1)} of the array used.`),
    trafficTable(launch)));
}

const units = {
  operations: (count) => si(count, ""),
  bytes: (count) => bytes(count),
  conversions: (count) => `${si(count, "")} conversions`,
  nanoseconds: (count) => si(count * 1e-9, "s"),
};

function itemTable(node) {
  const pj = (item) => item.count * item.pj_each;
  const items = [...node.items].sort((a, b) => pj(b) - pj(a));
  const row = (item) => [item.component, units[item.unit](item.count), energy(item.pj_each), energy(pj(item))];
  return plainTable(["Component", "Count", "Each", "Energy"], items.map(row), [1, 2, 3]);
}

function trafficTable(node) {
  const rows = Object.entries(node.bytes).map(([memory, at]) => [memory, bytes(at.read), bytes(at.write)]);
  return rows.length ? plainTable(["Memory", "Read", "Written"], rows, [1, 2]) : el("p", {}, "None.");
}

function otherTable(node) {
  const against = (value, base) => {
    if (!(base > 0)) return "–";
    return `${value >= base ? "+" : "−"}${Math.abs((100 * (value - base)) / base).toFixed(1)} %`;
  };
  const row = (other) => [
    other.what,
    energy(other.energy_pj), against(other.energy_pj, node.energy),
    si(other.cycles, ""), against(other.cycles, node.cycles),
    other.why_not,
  ];
  const heads = ["What", "Energy", "against chosen", "Cycles", "against chosen", "Why not"];
  return plainTable(heads, node.alternatives.map(row), [1, 2, 3, 4]);
}

// The table -------------------------------------------------------------------

function drawCount(list) {
  const pj = sum(list, (node) => node.energy);
  byId("count").textContent = list.length === nodes.length
    ? plural(list.length, "node")
    : `${whole(list.length)} of ${plural(nodes.length, "node")}, ${percent(pj, totals.energy_pj)} of the energy`;
}

function drawRows() {
  const list = selected();
  const shown = list.slice(0, view.shown);
  const rows = shown.flatMap((node) => (view.open.has(node) ? [nodeRow(node), detailRow(node)] : [nodeRow(node)]));
  fill(byId("rows"), ...rows);
  drawCount(list);
  const left = list.length - shown.length;
  byId("more").hidden = left === 0;
  byId("more").textContent = `Show ${Math.min(pageSize, left)} more of ${whole(left)}`;
}

function sortBy(key, down) {
  Object.assign(view, { sort: key, down });
  if (!columnOf(key).bar) byId("sort").value = key;
  redraw();
}

function drawHeads() {
  const head = (column) => {
    const now = view.sort === column.key;
    const click = () => sortBy(column.key, now ? !view.down : !column.text);
    return el(`th${column.text ? "" : ".num"}`,
      { scope: "col", "aria-sort": now ? (view.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", on: { click } }, column.label));
  };
  fill(byId("heads"), ...columns.map(head));
}

function redraw() {
  view.shown = pageSize;
  drawHeads();
  drawRows();
}

/** Shows a node in the table, open, whatever was searched for before. */
function openNode(node) {
  if (!selected().includes(node)) {
    Object.assign(view, { search: "", target: "" });
    byId("search").value = "";
    byId("filter").value = "";
  }
  view.open.add(node);
  view.shown = Math.max(view.shown, selected().indexOf(node) + 1);
  drawRows();
  const row = byId(`node-${node.index}`);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  row.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  row.querySelector("button").focus({ preventScroll: true });
}

function setUpNodes() {
  const option = (value, label) => el("option", { value }, label);
  const targets = [...new Set(nodes.map((node) => node.target))];
  fill(byId("filter"), option("", "All"), ...targets.map((target) => option(target, target)));
  const sortable = columns.filter((column) => !column.bar);
  fill(byId("sort"), ...sortable.map((column) => option(column.key, column.label)));
  byId("sort").value = view.sort;
  let waiting = 0;
  const search = (text) => {
    view.search = text;
    redraw();
  };
  byId("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 80, event.target.value);
  });
  byId("filter").addEventListener("change", (event) => {
    view.target = event.target.value;
    redraw();
  });
  byId("sort").addEventListener("change", (event) => sortBy(event.target.value, !columnOf(event.target.value).text));
  byId("more").addEventListener("click", () => {
    view.shown += pageSize;
    drawRows();
  });
  redraw();
}

setUpNodes();
drawBreakdown("energy");
