// What the report and the difference share: elements, numbers, colours, the
// tooltip and the theme. Text of a model reaches the page as text nodes only.

const report = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** el("td.num", {colspan: 2, on: {click}}, "text", child...): an element. */
function el(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  return dress(node, attributes, children);
}

function svg(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (classes.length) node.setAttribute("class", classes.join(" "));
  return dress(node, attributes, children);
}

function dress(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "on") for (const [name, fn] of Object.entries(value)) node.addEventListener(name, fn);
    else if (key === "vars") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

// Numbers -------------------------------------------------------------------

const prefixes = ["p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"];
const threeDigits = (value) => {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
};

/** si(1.2e-5, "J") is "12.0 µJ". */
function si(value, unit) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return unit ? `0 ${unit}` : "0";
  let step = 4;
  for (; Math.abs(value) >= 999.5 && step + 1 < prefixes.length; step += 1) value /= 1000;
  for (; Math.abs(value) < 0.9995 && step > 0; step -= 1) value *= 1000;
  if (Math.abs(value) < 0.005) return value.toExponential(1) + " " + prefixes[step] + unit;
  const tail = prefixes[step] + unit;
  return tail ? `${threeDigits(value)} ${tail}` : threeDigits(value);
}

const energy = (pj) => si(pj * 1e-12, "J");
const time = (us) => si(us * 1e-6, "s");
const grams = (g) => si(g, "g");

function bytes(value) {
  let step = 0;
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  for (; Math.abs(value) >= 1023.5 && step + 1 < names.length; step += 1) value /= 1024;
  return step ? `${threeDigits(value)} ${names[step]}` : `${Math.round(value)} B`;
}

const whole = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 0 });
const plural = (count, noun) => `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;

function percent(part, all) {
  const share = all > 0 ? (100 * part) / all : 0;
  if (share > 0 && share < 0.1) return "<0.1 %";
  return `${share.toFixed(share < 9.95 ? 1 : 0)} %`;
}

const sum = (list, value) => list.reduce((total, each) => total + value(each), 0);

// Theme ---------------------------------------------------------------------

function setUpTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  // Pages opened from a file may have no storage.
  const remember = (value) => { try { localStorage.setItem("aicc-theme", value); } catch { /* not kept */ } };
  try {
    const kept = localStorage.getItem("aicc-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* the system's */ }
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = now() === "dark" ? "light" : "dark";
    remember(root.dataset.theme);
  });
}

// Tooltip -------------------------------------------------------------------

const tip = {
  /** Shows lines of [label, value] near a point of the window. */
  show(x, y, title, lines) {
    const box = byId("tip");
    const line = (texts) => el("div.tip-line", {}, ...texts.map((text, i) => el(i ? "b" : "span", {}, text)));
    fill(box, el("strong", {}, title), ...lines.map(line));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const left = Math.max(8, Math.min(x + 14, innerWidth - width - 8));
    const top = y + 18 + height < innerHeight ? y + 18 : Math.max(8, y - height - 12);
    Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
  },
  hide() {
    byId("tip").hidden = true;
  },
  say(text) {
    byId("spoken").textContent = text;
  },
};

/** Gives an element a tooltip for pointer and keyboard. */
function withTip(node, title, lines) {
  const at = (event) => tip.show(event.clientX, event.clientY, title, lines);
  node.addEventListener("pointerenter", at);
  node.addEventListener("pointermove", at);
  node.addEventListener("pointerleave", tip.hide);
  node.addEventListener("focus", () => {
    const box = node.getBoundingClientRect();
    if (node.matches(":focus-visible")) tip.show(box.left, box.bottom - 10, title, lines);
  });
  node.addEventListener("blur", tip.hide);
  return node;
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") tip.hide();
});
addEventListener("scroll", tip.hide, { passive: true });

// Parts ---------------------------------------------------------------------

/** Buttons of which one is pressed; `choose` gets the key. */
function segments(parent, choices, chosen, choose) {
  const press = (key) =>
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(choices[i][0] === key)));
  const click = (key) => () => {
    press(key);
    choose(key);
  };
  const buttons = choices.map(([key, label]) => el("button", { type: "button", on: { click: click(key) } }, label));
  press(chosen);
  fill(parent, ...buttons);
}

/** A plain table; cells of columns in `numeric` are aligned right. */
function plainTable(heads, rows, numeric = []) {
  const kind = (i) => (numeric.includes(i) ? ".num" : "");
  const head = heads.map((text, i) => el(`th${kind(i)}`, { scope: "col" }, text));
  const row = (cells) => el("tr", {}, ...cells.map((cell, i) => el(`td${kind(i)}`, { "data-head": heads[i] }, cell)));
  return el("table.plain", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows.map(row)));
}

function tile(label, value, note) {
  return el("div.tile", {}, el("div.label", {}, label), el("div.value", {}, value), el("div.note", {}, note));
}

/** A number with its unit apart, so that it can be set smaller. */
function figure(text) {
  const at = text.lastIndexOf(" ");
  return at < 0 ? el("span", {}, text) : el("span", {}, text.slice(0, at), el("small", {}, " " + text.slice(at + 1)));
}

/** What is measured, drawn again when the width changes. */
function chart(parent, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.floor(parent.clientWidth);
    if (!now || now === width) return;
    width = now;
    draw(width);
  }).observe(parent);
  return () => {
    if (width) draw(width);
  };
}

setUpTheme();
