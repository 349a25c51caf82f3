// The roofline: what each node reaches of what one worker can.

const roofline = { memory: outermost, redraw: () => {} };

/** Nodes of the machine that multiply and move bytes of this memory, the largest first. */
function roofPoints(memory) {
  const hertz = report.machine.clock_mhz * 1e6;
  const machine = `${report.machine.family}/${report.machine.name}`;
  return nodes
    .filter((node) => node.target === machine)
    .map((node) => ({ node, x: node.macs / moved(node, memory), y: (node.macs / node.cycles) * hertz }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y) && x > 0 && y > 0)
    .sort((a, b) => b.node.energy - a.node.energy);
}

/** Peak in MAC/s, slope in bytes/s (0: not known), and the roof over an intensity. */
function roofOf(memory) {
  const peak = report.machine.peak_macs_per_s;
  const bandwidth = report.machine.bandwidths.find((each) => each.memory === memory);
  const slope = bandwidth ? bandwidth.bytes_per_s : 0;
  const at = (intensity) => (slope > 0 ? Math.min(peak, intensity * slope) : peak);
  return { memory, peak, slope, ridge: slope > 0 ? peak / slope : 1, at };
}

/** Logarithmic axes that hold all points and the ridge. */
function roofScale(points, roof, area) {
  let [x0, x1, y0, y1] = [roof.ridge, roof.ridge, roof.peak, roof.peak];
  for (const { x, y } of points) {
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  [x0, x1, y0, y1] = [x0 / 2, x1 * 4, y0 / 2, y1 * 2];
  const share = (value, low, high) => Math.log(value / low) / Math.log(high / low);
  const x = (value) => area.x(share(value, x0, x1));
  const y = (value) => area.y(share(value, y0, y1));
  return { x0, x1, y0, y1, x, y };
}

function decades(low, high) {
  const list = [];
  const last = Math.floor(Math.log10(high));
  for (let power = Math.ceil(Math.log10(low)); power <= last; power += 1) list.push(10 ** power);
  return list;
}

function roofAxes(scale, area) {
  const columns = decades(scale.x0, scale.x1);
  const every = Math.ceil(columns.length / (area.width / 90));
  const label = (value) => (value >= 0.01 && value < 1e4 ? String(value) : value.toExponential(0));
  return [
    ...columns.filter((_, i) => i % every === 0).flatMap((value) => [
      svg("line.grid", { x1: scale.x(value), x2: scale.x(value), y1: area.top, y2: area.bottom }),
      tickBelow(area, scale.x(value), label(value)),
    ]),
    ...decades(scale.y0, scale.y1).flatMap((value) => gridRow(area, scale.y(value), short(si(value, "")))),
    axisName(area, `MACs per byte of ${roofline.memory}`),
    svg("text.axis", { x: area.left + 4, y: area.top + 8 }, "MAC/s"),
  ];
}

function roofLines(scale, roof, area) {
  const start = roof.slope > 0 ? Math.max(scale.x0, scale.y0 / roof.slope) : scale.x0;
  const corners = [start, roof.slope > 0 ? roof.ridge : start, scale.x1];
  const points = corners.map((x) => `${scale.x(x)},${scale.y(roof.at(x))}`).join(" ");
  const middle = Math.sqrt(start * roof.ridge);
  const atSlope = { x: scale.x(middle) + 10, y: scale.y(roof.at(middle)) + 12 };
  const atPeak = { x: area.right, y: scale.y(roof.peak) - 7, "text-anchor": "end" };
  return [
    svg("polyline.roof", { points }),
    roof.slope > 0 ? svg("text.roof-name", atSlope, `${roof.memory} ${si(roof.slope, "B/s")}`) : null,
    svg("text.roof-name", atPeak, `peak ${si(roof.peak, "MAC/s")}`),
  ];
}

/** The point within reach of the pointer that is nearest to it. */
function nearestPoint(points, scale, x, y) {
  let best = null;
  let least = 26;
  for (const point of points) {
    const far = Math.hypot(scale.x(point.x) - x, scale.y(point.y) - y);
    if (far < least) {
      least = far;
      best = point;
    }
  }
  return best;
}

function describePoint({ node, x, y }, roof) {
  return [
    ["Op", node.op],
    ["Reached", si(y, "MAC/s")],
    ["Of its roof", percent(y, roof.at(x))],
    ["Intensity", `${threeDigits(x)} MAC/B`],
    ["Energy", energy(node.energy)],
    ["Bound by", roof.at(x) < roof.peak ? roof.memory : "arithmetic"],
  ];
}

const dotRadius = (node) => 3 + 13 * Math.sqrt(totals.energy_pj > 0 ? node.energy / totals.energy_pj : 0);

function drawRoof(width) {
  const roof = roofOf(roofline.memory);
  const points = roofPoints(roofline.memory);
  if (!(roof.peak > 0) || !points.length) {
    const none = `No node both multiplies and moves bytes of ${roof.memory}.`;
    fill(byId("roof"), el("p.empty", {}, roof.peak > 0 ? none : "The peak of this machine is not known."));
    return;
  }
  const area = plotArea(width, Math.round(Math.max(300, Math.min(460, width * 0.5))));
  const scale = roofScale(points, roof, area);
  const dot = ({ node, x, y }) => svg("circle.dot", { cx: scale.x(x), cy: scale.y(y), r: dotRadius(node).toFixed(1) });
  const ring = svg("circle.ring", { r: 0 });
  const label = `Roofline of ${plural(points.length, "node")}; arrow keys walk through them, the largest first`;
  const dots = points.map(dot).reverse(); // The largest lie on top.
  const image = picture(area, label, ...roofAxes(scale, area), ...dots, ...roofLines(scale, roof, area), ring);
  listenToRoof(image, points, scale, (point, x, y) => {
    place(ring, { cx: scale.x(point.x), cy: scale.y(point.y), r: dotRadius(point.node) + 3 });
    tip.show(x, y, point.node.name, describePoint(point, roof));
  });
  fill(byId("roof"), image);
}

function listenToRoof(image, points, scale, show) {
  const under = (event) => {
    const box = image.getBoundingClientRect();
    return nearestPoint(points, scale, event.clientX - box.left, event.clientY - box.top);
  };
  image.addEventListener("pointermove", (event) => {
    const point = under(event);
    if (point) show(point, event.clientX, event.clientY);
    else tip.hide();
  });
  image.addEventListener("click", (event) => {
    const point = under(event);
    if (point) openNode(point.node);
  });
  walkable(image, points.length, (i) => {
    const box = image.getBoundingClientRect();
    const { node, x, y } = points[i];
    show(points[i], box.left + scale.x(x), box.top + scale.y(y));
    tip.say(`${node.name}, ${si(y, "MAC per second")}`);
  });
}

function setUpRoofline() {
  const used = levels.filter((memory) => totals.bytes[memory]);
  if (used.length) roofline.memory = used[used.length - 1];
  roofline.redraw = chart(byId("roof"), drawRoof);
  const choose = (level) => {
    roofline.memory = level;
    roofline.redraw();
  };
  if (used.length > 1) segments(byId("levels"), used.map((level) => [level, level]), roofline.memory, choose);
  byId("roof-lede").textContent =
    "Each dot is a node; the more energy it takes, the larger. The line is what one worker can reach at most: rising "
    + "where memory limits it, flat where arithmetic does.";
}

setUpRoofline();
