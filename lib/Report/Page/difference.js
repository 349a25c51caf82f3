// The difference of two reports.

const pageSize = 100;
const { before, after } = report;
const view = { search: "", shown: pageSize };

/** "−4.7 %" of what was there. */
function change(a, b) {
  if (a === b) return "same";
  if (!(a > 0)) return "new";
  const part = (100 * (b - a)) / a;
  return `${part > 0 ? "+" : "−"}${Math.abs(part).toFixed(Math.abs(part) < 9.95 ? 1 : 0)} %`;
}

const changeMark = (a, b) => el(`b${b < a ? ".less" : b > a ? ".more-of" : ""}`, {}, change(a, b));

function pairTile(label, key, show) {
  const a = before[key], b = after[key];
  const note = el("span", {}, changeMark(a, b), a === b ? "" : ` from ${show(a)}`);
  return tile(label, figure(show(b)), note);
}

function drawHead() {
  const side = (name, data) => el("div", {}, el("dt", {}, name), el("dd", {}, data.title));
  fill(byId("sides"), side("A", before), side("B", after));
  fill(byId("tiles"),
    pairTile("Energy", "energy_pj", energy),
    pairTile("Time", "time_us", time),
    pairTile("Arithmetic", "macs", (macs) => si(macs, "MAC")),
    pairTile("Working memory", "arena_bytes", bytes));
}

function componentRow(row, most) {
  const bar = (kind, pj) => el(`span.fill${kind}`, { vars: { "--share": pj / most } });
  return el("li", {},
    el("span.region", {}, row.component),
    el("span.track.double", {}, bar(".old", row.before_pj), bar("", row.after_pj)),
    el("span.amount", {}, `${energy(row.before_pj)} → ${energy(row.after_pj)}`),
    changeMark(row.before_pj, row.after_pj));
}

function drawComponents() {
  const larger = (row) => Math.max(row.before_pj, row.after_pj);
  const rows = [...report.components].sort((a, b) => larger(b) - larger(a));
  const most = rows.length ? larger(rows[0]) || 1 : 1;
  const list = el("ol.pairs-list", {}, ...rows.map((row) => componentRow(row, most)));
  fill(byId("component-rows"), list, el("p.small", {}, "Pale: A. Full: B."));
}

function nodeCells(node) {
  const of = (side, key) => (side ? side[key] : 0);
  const cells = [el("span", {}, el("bdi.code", {}, node.name), " ", el("span.op", {}, node.op))];
  for (const [key, show] of [["energy_pj", energy], ["time_us", time]]) {
    const a = of(node.before, key), b = of(node.after, key);
    cells.push(`${show(a)} → ${show(b)}`, changeMark(a, b));
  }
  return [...cells, node.what];
}

function drawChanges() {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (node) => `${node.name}\n${node.op}\n${node.what}`.toLowerCase();
  const list = report.nodes.filter((node) => words.every((word) => text(node).includes(word)));
  const rows = list.slice(0, view.shown).map(nodeCells);
  const nothing = report.nodes.length ? "Nothing of that name." : "No node differs.";
  const heads = ["Node", "Energy", "change", "Time", "change", "What"];
  fill(byId("changes"), rows.length ? plainTable(heads, rows, [1, 2, 3, 4]) : el("p.empty", {}, nothing));
  const differ = report.nodes.length === 1 ? "differs" : "differ";
  byId("count").textContent =
    `${plural(report.nodes.length, "node")} ${differ}, ${whole(report.unchanged_nodes)} unchanged`;
  byId("more").hidden = list.length <= rows.length;
  byId("more").textContent = `Show ${Math.min(pageSize, list.length - rows.length)} more`;
}

byId("search").addEventListener("input", (event) => {
  Object.assign(view, { search: event.target.value, shown: pageSize });
  drawChanges();
});
byId("more").addEventListener("click", () => {
  view.shown += pageSize;
  drawChanges();
});
drawHead();
drawComponents();
drawChanges();
