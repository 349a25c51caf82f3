// The difference of two reports.

const pageSize = 100;
const { before, after } = report;

function change(a, b) {
  if (a === b) return "same";
  if (!(a > 0)) return "new";
  const part = (100 * (b - a)) / a;
  return `${part > 0 ? "+" : "−"}${Math.abs(part).toFixed(Math.abs(part) < 9.95 ? 1 : 0)} %`;
}

const trend = (a, b) => (b < a ? ".less" : b > a ? ".more-of" : "");

function pairTile(label, a, b, show) {
  return el("div.tile", {}, el("div.label", {}, label), el("div.value", {}, figure(show(b))),
    el("div.note", {}, el(`b${trend(a, b)}`, {}, change(a, b)), a === b ? "" : ` from ${show(a)}`));
}

function drawHead() {
  fill(byId("sides"), ...[["A", before], ["B", after]].map(([name, side]) => el("div", {}, el("dt", {}, name), el("dd", {}, side.title))));
  fill(byId("tiles"),
    pairTile("Energy", before.energy_pj, after.energy_pj, energy), pairTile("Time", before.time_us, after.time_us, time),
    pairTile("MACs", before.macs, after.macs, (macs) => si(macs, "")), pairTile("Working memory", before.arena_bytes, after.arena_bytes, bytes));
}

function drawComponents() {
  const rows = [...report.components].sort((x, y) => Math.max(y.before_pj, y.after_pj) - Math.max(x.before_pj, x.after_pj));
  const most = Math.max(...rows.map((row) => Math.max(row.before_pj, row.after_pj)), 1e-300);
  fill(byId("component-rows"), el("ol.pairs-list", {}, ...rows.map((row) => el("li", {},
    el("span.region", {}, row.component),
    el("span.track.double", {}, el("span.fill.old", { vars: { "--share": row.before_pj / most } }), el("span.fill", { vars: { "--share": row.after_pj / most } })),
    el("span.amount", {}, `${energy(row.before_pj)} → ${energy(row.after_pj)}`),
    el(`b${trend(row.before_pj, row.after_pj)}`, {}, change(row.before_pj, row.after_pj))))),
  el("p.small", {}, "Pale: A. Full: B."));
}

const view = { search: "", shown: pageSize };

function drawChanges() {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const list = report.nodes.filter((node) => words.every((word) => `${node.name}\n${node.op}\n${node.what}`.toLowerCase().includes(word)));
  const of = (side, key) => (side ? side[key] : 0);
  const rows = list.slice(0, view.shown).map((node) => {
    const energies = [of(node.before, "energy_pj"), of(node.after, "energy_pj")];
    const times = [of(node.before, "time_us"), of(node.after, "time_us")];
    return [el("span", {}, el("bdi.code", {}, node.name), " ", el("span.op", {}, node.op)),
      `${energy(energies[0])} → ${energy(energies[1])}`, el(`b${trend(...energies)}`, {}, change(...energies)),
      `${time(times[0])} → ${time(times[1])}`, el(`b${trend(...times)}`, {}, change(...times)), node.what];
  });
  fill(byId("changes"), list.length ? plainTable(["Node", "Energy", "change", "Time", "change", "What"], rows, [1, 2, 3, 4]) : el("p.empty", {}, report.nodes.length ? "Nothing of that name." : "No node differs."));
  byId("count").textContent = `${plural(report.nodes.length, "node")} differ${report.nodes.length === 1 ? "s" : ""}, ${whole(report.unchanged_nodes)} do not`;
  byId("more").hidden = list.length <= view.shown;
  byId("more").textContent = `Show ${Math.min(pageSize, list.length - view.shown)} more`;
}

byId("search").addEventListener("input", (event) => { Object.assign(view, { search: event.target.value, shown: pageSize }); drawChanges(); });
byId("more").addEventListener("click", () => { view.shown += pageSize; drawChanges(); });
drawHead();
drawComponents();
drawChanges();
