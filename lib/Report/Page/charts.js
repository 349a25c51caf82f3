// The roofline and the memory timeline.

const margin = { left: 58, right: 16, top: 14, bottom: 40 };

/** Arrow keys walk through `count` things; `show(i)` tells where each is. */
function walkable(node, count, show) {
  let at = -1;
  node.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !count()) return;
    event.preventDefault();
    at = Math.max(0, Math.min(count() - 1, at + step));
    show(at);
  });
  node.addEventListener("blur", () => { at = -1; tip.hide(); });
  node.addEventListener("pointerleave", tip.hide);
}

function decades(low, high) {
  const list = [];
  for (let power = Math.ceil(Math.log10(low)); power <= Math.floor(Math.log10(high)); power += 1) list.push(10 ** power);
  return list;
}

// Roofline ------------------------------------------------------------------

const roofline = { memory: outermost, redraw: () => {} };

function roofPoints(memory) {
  const clock = report.machine.clock_mhz * 1e6;
  return nodes.map((node) => ({ node, x: node.macs / moved(node, memory), y: (node.macs / node.cycles) * clock }))
    .filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y) && point.x > 0 && point.y > 0)
    .sort((a, b) => b.node.energy - a.node.energy);
}

function roofScales(points, peak, slope, width, height) {
  const ridge = slope > 0 ? peak / slope : 1;
  const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
  const reduce = (list, fn, start) => list.reduce((a, b) => fn(a, b), start);
  const x0 = reduce(xs, Math.min, ridge) / 2, x1 = reduce(xs, Math.max, ridge) * 4;
  const y0 = reduce(ys, Math.min, peak) / 2, y1 = reduce(ys, Math.max, peak) * 2;
  const span = (value, low, high) => Math.log(value / low) / Math.log(high / low);
  return {
    x0, x1, y0, y1,
    x: (value) => margin.left + span(value, x0, x1) * (width - margin.left - margin.right),
    y: (value) => height - margin.bottom - span(value, y0, y1) * (height - margin.top - margin.bottom),
  };
}

function roofAxes(scale, width, height) {
  const every = Math.ceil(decades(scale.x0, scale.x1).length / (width / 90));
  return [
    ...decades(scale.x0, scale.x1).filter((_, i) => i % every === 0).flatMap((value) => [
      svg("line.grid", { x1: scale.x(value), x2: scale.x(value), y1: margin.top, y2: height - margin.bottom }),
      svg("text.tick", { x: scale.x(value), y: height - margin.bottom + 16, "text-anchor": "middle" }, value >= 0.01 && value < 1e4 ? String(value) : value.toExponential(0))]),
    ...decades(scale.y0, scale.y1).flatMap((value) => [
      svg("line.grid", { x1: margin.left, x2: width - margin.right, y1: scale.y(value), y2: scale.y(value) }),
      svg("text.tick", { x: margin.left - 8, y: scale.y(value) + 4, "text-anchor": "end" }, si(value, "").replace(/\.0+ /, " "))]),
    svg("text.axis", { x: width - margin.right, y: height - 6, "text-anchor": "end" }, `MACs per byte of ${roofline.memory}`),
    svg("text.axis", { x: margin.left + 4, y: margin.top + 8 }, "MAC/s"),
  ];
}

function roofLines(scale, peak, slope, width) {
  const clip = (x) => Math.min(peak, x * slope);
  const lines = [];
  if (slope > 0) {
    const start = Math.max(scale.x0, scale.y0 / slope), ridge = peak / slope;
    lines.push(svg("polyline.roof", { points: [start, ridge, scale.x1].map((x) => `${scale.x(x)},${scale.y(clip(x))}`).join(" ") }));
    lines.push(svg("text.roof-name", { x: scale.x(Math.sqrt(start * ridge)) + 10, y: scale.y(clip(Math.sqrt(start * ridge))) + 12 }, `${roofline.memory} ${si(slope, "B/s")}`));
  } else {
    lines.push(svg("line.roof", { x1: margin.left, x2: width - margin.right, y1: scale.y(peak), y2: scale.y(peak) }));
  }
  lines.push(svg("text.roof-name", { x: width - margin.right, y: scale.y(peak) - 7, "text-anchor": "end" }, `peak ${si(peak, "MAC/s")}`));
  return lines;
}

function drawRoof(width) {
  const peak = report.machine.peak_macs_per_s;
  const points = roofPoints(roofline.memory);
  if (!(peak > 0) || !points.length) {
    fill(byId("roof"), el("p.empty", {}, peak > 0 ? `No node both multiplies and moves bytes of ${roofline.memory}.` : "The peak of this machine is not known."));
    return;
  }
  const height = Math.round(Math.max(300, Math.min(460, width * 0.5)));
  const bandwidth = report.machine.bandwidths.find((each) => each.memory === roofline.memory);
  const slope = bandwidth ? bandwidth.bytes_per_s : 0;
  const scale = roofScales(points, peak, slope, width, height);
  const radius = (node) => 3 + 13 * Math.sqrt(totals.energy_pj > 0 ? node.energy / totals.energy_pj : 0);
  const dots = points.map((point) => svg("circle.dot", { cx: scale.x(point.x), cy: scale.y(point.y), r: radius(point.node).toFixed(1) })).reverse();
  const ring = svg("circle.ring", { r: 0 });
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img", "aria-label": `Roofline of ${plural(points.length, "node")}; arrow keys walk through them, the largest first` },
    ...roofAxes(scale, width, height), ...dots, ...roofLines(scale, peak, slope, width), ring);
  const show = (point, x, y) => {
    const roof = Math.min(peak, slope > 0 ? point.x * slope : peak);
    Object.entries({ cx: scale.x(point.x), cy: scale.y(point.y), r: radius(point.node) + 3 }).forEach(([key, value]) => ring.setAttribute(key, value));
    tip.show(x, y, point.node.name, [["Op", point.node.op], ["Reached", si(point.y, "MAC/s")], ["Of its roof", percent(point.y, roof)],
      ["Intensity", `${threeDigits(point.x)} MAC/B`], ["Energy", energy(point.node.energy)], ["Bound by", roof < peak ? roofline.memory : "arithmetic"]]);
  };
  const nearest = (event) => {
    const box = picture.getBoundingClientRect();
    let best = null, least = 26;
    for (const point of points) {
      const far = Math.hypot(scale.x(point.x) - (event.clientX - box.left), scale.y(point.y) - (event.clientY - box.top));
      if (far < least) { least = far; best = point; }
    }
    return best;
  };
  picture.addEventListener("pointermove", (event) => { const point = nearest(event); if (point) show(point, event.clientX, event.clientY); else tip.hide(); });
  picture.addEventListener("click", (event) => { const point = nearest(event); if (point) openNode(point.node); });
  walkable(picture, () => points.length, (i) => {
    const box = picture.getBoundingClientRect();
    show(points[i], box.left + scale.x(points[i].x), box.top + scale.y(points[i].y));
    tip.say(`${points[i].node.name}, ${si(points[i].y, "MAC per second")}`);
  });
  fill(byId("roof"), picture);
}

function setUpRoofline() {
  const levels = report.machine.bandwidths.map((each) => each.memory).filter((memory) => totals.bytes[memory]);
  if (levels.length) roofline.memory = levels[levels.length - 1];
  roofline.redraw = chart(byId("roof"), drawRoof);
  if (levels.length > 1) segments(byId("levels"), levels.map((level) => [level, level]), roofline.memory, (level) => { roofline.memory = level; roofline.redraw(); });
  byId("roof-lede").textContent = "Each dot is a node, its area the energy it takes. The line is what one worker can reach at most: rising where memory limits it, flat where arithmetic does.";
}

// Memory --------------------------------------------------------------------

function niceStep(span, count) {
  const rough = Math.max(1, span / count);
  const unit = 2 ** Math.floor(Math.log2(rough));
  return unit * Math.ceil(rough / unit);
}

function drawTimeline(width) {
  const memory = report.memory;
  const steps = memory.steps.length;
  if (!steps || !memory.arena_bytes) { fill(byId("timeline"), el("p.empty", {}, "No arena was planned.")); return; }
  const height = Math.round(Math.max(240, Math.min(360, width * 0.4)));
  const x = (step) => margin.left + (step / steps) * (width - margin.left - margin.right);
  const y = (at) => height - margin.bottom - (at / memory.arena_bytes) * (height - margin.top - margin.bottom);
  // One path for each of three shades: thousands of buffers stay fast.
  const shades = ["", "", ""];
  memory.buffers.forEach((buffer, i) => {
    shades[i % 3] += `M${x(buffer.first_step).toFixed(1)} ${y(buffer.offset_bytes).toFixed(1)}H${x(buffer.last_step + 1).toFixed(1)}V${y(buffer.offset_bytes + buffer.bytes).toFixed(1)}H${x(buffer.first_step).toFixed(1)}Z`;
  });
  const live = memory.live_bytes.map((value, i) => `${i ? "" : `M${x(0)} ${y(value).toFixed(1)}`}V${y(value).toFixed(1)}H${x(i + 1).toFixed(1)}`).join("");
  const tick = niceStep(memory.arena_bytes, 4);
  const ticks = Array.from({ length: Math.floor(memory.arena_bytes / tick) + 1 }, (_, i) => i * tick);
  const every = niceStep(steps, Math.max(2, width / 110));
  const marks = Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every);
  const cursor = svg("rect.cursor", { y: margin.top, height: height - margin.top - margin.bottom, width: 0 });
  const hover = svg("rect.hover", { width: 0 });
  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img", "aria-label": `Buffers of the arena over ${plural(steps, "step")}; arrow keys walk through the steps` },
    ...ticks.flatMap((value) => [svg("line.grid", { x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value) }), svg("text.tick", { x: margin.left - 8, y: y(value) + 4, "text-anchor": "end" }, value ? bytes(value).replace(/\.0+ /, " ") : "0")]),
    ...marks.map((value) => svg("text.tick", { x: x(value + 0.5), y: height - margin.bottom + 16, "text-anchor": "middle" }, String(value))),
    ...shades.map((path, i) => svg(`path.buffer.shade${i}`, { d: path })), hover,
    svg("path.live", { d: live }), cursor,
    svg("text.axis", { x: width - margin.right, y: height - 6, "text-anchor": "end" }, "step of the run"));
  const show = (step, buffer, clientX, clientY) => {
    cursor.setAttribute("x", x(step));
    cursor.setAttribute("width", Math.max(1, x(1) - x(0)));
    Object.entries(buffer ? { x: x(buffer.first_step), y: y(buffer.offset_bytes + buffer.bytes), width: x(buffer.last_step + 1) - x(buffer.first_step), height: y(buffer.offset_bytes) - y(buffer.offset_bytes + buffer.bytes) } : { width: 0 })
      .forEach(([key, value]) => hover.setAttribute(key, value));
    tip.show(clientX, clientY, memory.steps[step], [["Step", whole(step)], ["In use", bytes(memory.live_bytes[step])],
      ...(buffer ? [["Buffer", buffer.name], ["Size", bytes(buffer.bytes)], ["Steps", `${buffer.first_step} to ${buffer.last_step}`]] : [])]);
  };
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const step = Math.floor(((event.clientX - box.left - margin.left) / (width - margin.left - margin.right)) * steps);
    if (step < 0 || step >= steps) return tip.hide();
    const at = ((height - margin.bottom - (event.clientY - box.top)) / (height - margin.top - margin.bottom)) * memory.arena_bytes;
    return show(step, memory.buffers.find((each) => each.first_step <= step && step <= each.last_step && each.offset_bytes <= at && at < each.offset_bytes + each.bytes), event.clientX, event.clientY);
  });
  walkable(picture, () => steps, (step) => {
    const box = picture.getBoundingClientRect();
    show(step, null, box.left + x(step + 0.5), box.top + y(memory.live_bytes[step]));
    tip.say(`Step ${step}, ${memory.steps[step]}, ${bytes(memory.live_bytes[step])} in use`);
  });
  fill(byId("timeline"), picture);
}

function setUpMemory() {
  const memory = report.memory;
  const peak = memory.live_bytes.indexOf(memory.peak_live_bytes);
  byId("memory-lede").textContent = memory.steps.length && memory.arena_bytes
    ? `The arena takes ${bytes(memory.arena_bytes)}. At most ${bytes(memory.peak_live_bytes)} of it are in use at once, in step ${peak} (${memory.steps[peak]}). Blocks are buffers where they lie; the line is what is in use.`
    : "";
  chart(byId("timeline"), drawTimeline);
  const largest = [...memory.buffers].sort((a, b) => b.bytes - a.bytes).slice(0, 20);
  fill(byId("buffers"), plainTable(["Buffer", "Size", "Offset", "First step", "Last step"],
    largest.map((buffer) => [el("bdi.code", {}, buffer.name), bytes(buffer.bytes), whole(buffer.offset_bytes), whole(buffer.first_step), whole(buffer.last_step)]), [1, 2, 3, 4]));
  byId("buffers").parentElement.hidden = !largest.length;
}

setUpRoofline();
setUpMemory();
