// What the two charts share.

const margin = { left: 58, right: 16, top: 14, bottom: 40 };

/** The inside of a chart: from shares of 0 to 1 to positions. */
function plotArea(width, height) {
  return {
    width,
    height,
    left: margin.left,
    right: width - margin.right,
    top: margin.top,
    bottom: height - margin.bottom,
    x: (share) => margin.left + share * (width - margin.left - margin.right),
    y: (share) => height - margin.bottom - share * (height - margin.top - margin.bottom),
  };
}

function picture(area, label, ...children) {
  const { width, height } = area;
  const attributes = { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img", "aria-label": label };
  return svg("svg", attributes, ...children);
}

function gridRow(area, y, label) {
  return [
    svg("line.grid", { x1: area.left, x2: area.right, y1: y, y2: y }),
    svg("text.tick", { x: area.left - 8, y: y + 4, "text-anchor": "end" }, label),
  ];
}

const tickBelow = (area, x, label) =>
  svg("text.tick", { x, y: area.bottom + 16, "text-anchor": "middle" }, label);

const axisName = (area, text) =>
  svg("text.axis", { x: area.right, y: area.height - 6, "text-anchor": "end" }, text);

function place(shape, attributes) {
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
}

/** Numbers on axes: "10 G", not "10.0 G". */
const short = (text) => text.replace(/\.0+ /, " ");

/** Arrow keys walk through `count` things; `show(i)` tells where each is. */
function walkable(node, count, show) {
  let at = -1;
  node.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !count) return;
    event.preventDefault();
    at = Math.max(0, Math.min(count - 1, at + step));
    show(at);
  });
  node.addEventListener("blur", () => {
    at = -1;
    tip.hide();
  });
  node.addEventListener("pointerleave", tip.hide);
}
