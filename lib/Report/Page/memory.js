// The memory timeline: every buffer where it lies and while it lives.

const arena = report.memory;

/** A power of two, or a multiple of one, that gives about `count` steps. */
function niceStep(span, count) {
  const rough = Math.max(1, span / count);
  const unit = 2 ** Math.floor(Math.log2(rough));
  return unit * Math.ceil(rough / unit);
}

const multiples = (step, end) => Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);

function timeScale(area) {
  return { x: (step) => area.x(step / arena.steps.length), y: (at) => area.y(at / arena.arena_bytes) };
}

/** One path for each of three shades: thousands of buffers stay fast. */
function bufferPaths(scale) {
  const paths = ["", "", ""];
  arena.buffers.forEach((buffer, i) => {
    const { x, y, width, height } = boxOf(buffer, scale);
    paths[i % 3] += `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}Z`;
  });
  return paths.map((path, i) => svg(`path.buffer.shade${i}`, { d: path }));
}

function livePath(scale) {
  const parts = arena.live_bytes.map((bytes, i) => {
    const y = scale.y(bytes).toFixed(1);
    return `${i ? "V" : `M${scale.x(0)} `}${y}H${scale.x(i + 1).toFixed(1)}`;
  });
  return svg("path.live", { d: parts.join("") });
}

function timeAxes(scale, area) {
  const rows = multiples(niceStep(arena.arena_bytes, 4), arena.arena_bytes);
  const columns = multiples(niceStep(arena.steps.length, Math.max(2, area.width / 110)), arena.steps.length - 1);
  return [
    ...rows.flatMap((value) => gridRow(area, scale.y(value), value ? short(bytes(value)) : "0")),
    ...columns.map((step) => tickBelow(area, scale.x(step + 0.5), String(step))),
    axisName(area, "step of the run"),
  ];
}

function describeStep(step, buffer) {
  const lines = [["Step", whole(step)], ["In use", bytes(arena.live_bytes[step])]];
  if (!buffer) return lines;
  const life = `${buffer.first_step} to ${buffer.last_step}`;
  return [...lines, ["Buffer", buffer.name], ["Size", bytes(buffer.bytes)], ["Steps", life]];
}

function drawTimeline(width) {
  if (!arena.steps.length || !arena.arena_bytes) {
    fill(byId("timeline"), el("p.empty", {}, "No arena was planned."));
    return;
  }
  const area = plotArea(width, Math.round(Math.max(240, Math.min(360, width * 0.4))));
  const scale = timeScale(area);
  const cursor = svg("rect.cursor", { y: area.top, height: area.bottom - area.top, width: 0 });
  const hover = svg("rect.hover", { width: 0 });
  const label = `Buffers of the arena over ${plural(arena.steps.length, "step")}; arrow keys walk through the steps`;
  const image = picture(area, label, ...timeAxes(scale, area), ...bufferPaths(scale), hover, livePath(scale), cursor);
  listenToTimeline(image, area, scale, (step, buffer, x, y) => {
    place(cursor, { x: scale.x(step), width: Math.max(1, scale.x(1) - scale.x(0)) });
    place(hover, buffer ? boxOf(buffer, scale) : { width: 0 });
    tip.show(x, y, arena.steps[step], describeStep(step, buffer));
  });
  fill(byId("timeline"), image);
}

function boxOf(buffer, scale) {
  const x = scale.x(buffer.first_step), y = scale.y(buffer.offset_bytes + buffer.bytes);
  return { x, y, width: scale.x(buffer.last_step + 1) - x, height: scale.y(buffer.offset_bytes) - y };
}

function listenToTimeline(image, area, scale, show) {
  const steps = arena.steps.length;
  image.addEventListener("pointermove", (event) => {
    const box = image.getBoundingClientRect();
    const step = Math.floor(((event.clientX - box.left - area.left) / (area.right - area.left)) * steps);
    if (step < 0 || step >= steps) {
      tip.hide();
      return;
    }
    const at = ((area.bottom - (event.clientY - box.top)) / (area.bottom - area.top)) * arena.arena_bytes;
    const lives = (buffer) => buffer.first_step <= step && step <= buffer.last_step;
    const holds = (buffer) => lives(buffer) && buffer.offset_bytes <= at && at < buffer.offset_bytes + buffer.bytes;
    show(step, arena.buffers.find(holds), event.clientX, event.clientY);
  });
  walkable(image, steps, (step) => {
    const box = image.getBoundingClientRect();
    show(step, null, box.left + scale.x(step + 0.5), box.top + scale.y(arena.live_bytes[step]));
    tip.say(`Step ${step}, ${arena.steps[step]}, ${bytes(arena.live_bytes[step])} in use`);
  });
}

function setUpMemory() {
  const peak = arena.live_bytes.indexOf(arena.peak_live_bytes);
  if (arena.steps.length && arena.arena_bytes)
    byId("memory-lede").textContent =
      `The arena takes ${bytes(arena.arena_bytes)}. At most ${bytes(arena.peak_live_bytes)} of it are in use at once, in `
      + `step ${peak} (${arena.steps[peak]}). Blocks are buffers where they lie; the line is what is in use.`;
  chart(byId("timeline"), drawTimeline);
  const largest = [...arena.buffers].sort((a, b) => b.bytes - a.bytes).slice(0, 20);
  const row = (each) => [
    el("bdi.code", {}, each.name),
    bytes(each.bytes),
    ...[each.offset_bytes, each.first_step, each.last_step].map(whole),
  ];
  const heads = ["Buffer", "Size", "Offset", "First step", "Last step"];
  fill(byId("buffers"), plainTable(heads, largest.map(row), [1, 2, 3, 4]));
  byId("buffers").parentElement.hidden = !largest.length;
}

setUpMemory();
