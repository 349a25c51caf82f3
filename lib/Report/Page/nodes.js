// The table of nodes: search, filter, sort, and all that is known of one.

const pageSize = innerWidth < 700 ? 20 : 50;
const mostEnergy = nodes.reduce((most, node) => Math.max(most, node.energy), 0);
const outermost = report.machine.bandwidths.length ? report.machine.bandwidths[report.machine.bandwidths.length - 1].memory : "dram";
const moved = (node, memory) => { const at = node.bytes[memory]; return at ? at.read + at.write : 0; };

const columns = [
  { key: "name", label: "Node", text: true, of: (node) => node.name },
  { key: "target", label: "Target", text: true, of: (node) => node.target },
  { key: "energy", label: "Energy", of: (node) => node.energy, show: energy },
  { key: "share", label: "Share", of: (node) => node.energy, show: (pj) => percent(pj, totals.energy_pj), bar: true },
  { key: "time", label: "Time", of: (node) => node.time_us, show: time },
  { key: "macs", label: "MACs", of: (node) => node.macs, show: (macs) => (macs ? si(macs, "") : "–") },
  { key: "bytes", label: outermost === "dram" ? "DRAM" : outermost, of: (node) => moved(node, outermost), show: bytes },
];

const view = { search: "", target: "", sort: "energy", down: true, shown: pageSize, open: new Set() };
const haystacks = nodes.map((node) => `${node.name}\n${node.op}\n${node.reason}\n${node.target}`.toLowerCase());

function selected() {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const column = columns.find((each) => each.key === view.sort);
  const list = nodes.filter((node) => (!view.target || node.target === view.target)
    && words.every((word) => haystacks[node.index].includes(word)));
  const sign = view.down ? -1 : 1;
  return list.sort((a, b) => {
    const x = column.of(a), y = column.of(b);
    return sign * (column.text ? (x < y ? -1 : x > y ? 1 : 0) : x - y) || a.index - b.index;
  });
}

function nodeRow(node) {
  const open = view.open.has(node);
  const toggle = el("button.open", {
    type: "button", "aria-expanded": String(open),
    on: { click: () => {
      const show = !view.open.delete(node);
      if (show) view.open.add(node);
      toggle.setAttribute("aria-expanded", String(show));
      if (show) row.after(detailRow(node)); else row.nextElementSibling.remove();
    } },
  }, el("span.name", { title: node.name }, el("bdi", {}, node.name)),
  el("span.op", {}, node.op, node.group === undefined ? null : el("span.tag", { title: "Runs fused with the other nodes of this group" }, `fused ${node.group}`)));
  const row = el("tr", { id: `node-${node.index}` },
    el("th", { scope: "row" }, toggle), el("td.target", { "data-head": "Target", title: node.target }, node.target),
    ...columns.slice(2).map((column) => el(`td.num.col-${column.key}`, { "data-head": column.label, vars: column.bar ? { "--share": mostEnergy > 0 ? node.energy / mostEnergy : 0 } : {} },
      column.bar ? el("span.meter", { "aria-hidden": "true" }) : null, column.show(column.of(node)))));
  return row;
}

function detailRow(node) {
  return el("tr.detail", {}, el("td", { colspan: columns.length }, detail(node)));
}

function detail(node) {
  const items = [...node.items].sort((a, b) => b.count * b.pj_each - a.count * a.pj_each);
  const amount = (item) => (item.unit === "bytes" ? bytes(item.count) : item.unit === "nanoseconds" ? si(item.count * 1e-9, "s") : `${si(item.count, "")} ${item.unit === "operations" ? "" : item.unit}`.trim());
  const traffic = Object.entries(node.bytes);
  return el("div.sheet", {},
    el("div.prose", {},
      el("p", {}, el("b", {}, "Why here. "), node.reason || "No reason recorded."),
      el("p", {}, `${si(node.cycles, "")} cycles, of which ${percent(node.compute_cycles, node.cycles)} are arithmetic.`)),
    node.mapping ? el("div", {}, el("h4", {}, "Mapping"), el("pre", {}, node.mapping)) : null,
    el("div", {}, el("h4", {}, "Cost, item by item"), plainTable(["Component", "Count", "Each", "Energy"],
      items.map((item) => [item.component, amount(item), energy(item.pj_each), energy(item.count * item.pj_each)]), [1, 2, 3])),
    traffic.length ? el("div", {}, el("h4", {}, "Data moved"), plainTable(["Memory", "Read", "Written"],
      traffic.map(([memory, at]) => [memory, bytes(at.read), bytes(at.write)]), [1, 2])) : null,
    node.alternatives.length ? el("div.wide", {}, el("h4", {}, "Considered and not taken"), alternatives(node)) : null);
}

function alternatives(node) {
  const more = (value, base) => (base > 0 ? `${value >= base ? "+" : "−"}${Math.abs((100 * (value - base)) / base).toFixed(1)} %` : "–");
  const rows = node.alternatives.map((other) => [other.what, energy(other.energy_pj), more(other.energy_pj, node.energy),
    si(other.cycles, ""), more(other.cycles, node.cycles), other.why_not]);
  return plainTable(["What", "Energy", "against chosen", "Cycles", "against chosen", "Why not"], rows, [1, 2, 3, 4]);
}

function drawRows() {
  const list = selected();
  const shown = list.slice(0, view.shown);
  const rows = [];
  for (const node of shown) {
    rows.push(nodeRow(node));
    if (view.open.has(node)) rows.push(detailRow(node));
  }
  fill(byId("rows"), ...rows);
  const pj = sum(list, (node) => node.energy);
  byId("count").textContent = list.length === nodes.length ? plural(list.length, "node")
    : `${whole(list.length)} of ${plural(nodes.length, "node")}, ${percent(pj, totals.energy_pj)} of the energy`;
  const more = byId("more");
  more.hidden = list.length <= shown.length;
  more.textContent = `Show ${Math.min(pageSize, list.length - shown.length)} more of ${whole(list.length - shown.length)}`;
}

function drawHeads() {
  fill(byId("heads"), ...columns.map((column) => el(`th${column.text ? "" : ".num"}`, {
    scope: "col", "aria-sort": view.sort === column.key ? (view.down ? "descending" : "ascending") : "none",
  }, el("button", { type: "button", on: { click: () => {
    view.down = view.sort === column.key ? !view.down : !column.text;
    view.sort = column.key;
    byId("sort").value = column.key;
    redraw();
  } } }, column.label))));
}

function redraw() {
  view.shown = pageSize;
  drawHeads();
  drawRows();
}

/** Shows a node in the table, open, whatever was searched for before. */
function openNode(node) {
  const at = () => selected().indexOf(node);
  if (at() < 0) {
    Object.assign(view, { search: "", target: "" });
    byId("search").value = "";
    byId("filter").value = "";
  }
  view.open.add(node);
  view.shown = Math.max(view.shown, at() + 1);
  drawRows();
  const row = byId(`node-${node.index}`);
  row.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  row.querySelector("button").focus({ preventScroll: true });
}

function setUpNodes() {
  const targets = [...new Set(nodes.map((node) => node.target))];
  fill(byId("filter"), el("option", { value: "" }, "All"), ...targets.map((target) => el("option", { value: target }, target)));
  fill(byId("sort"), ...columns.filter((column) => !column.bar).map((column) => el("option", { value: column.key }, column.label)));
  byId("sort").value = view.sort;
  let waiting = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { view.search = event.target.value; redraw(); }, 80);
  });
  byId("filter").addEventListener("change", (event) => { view.target = event.target.value; redraw(); });
  byId("sort").addEventListener("change", (event) => {
    view.sort = event.target.value;
    view.down = !columns.find((column) => column.key === view.sort).text;
    redraw();
  });
  byId("more").addEventListener("click", () => { view.shown += pageSize; drawRows(); });
  redraw();
}

setUpNodes();
drawBreakdown("energy");
