// [number of elements with text, those whose contrast is under 4.5 to 1]
(() => {
  const channel = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3) return colour; // With four it is not opaque.
    }
    return [255, 255, 255];
  };
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  const shown = [...document.querySelectorAll("main *, footer")]
    .filter((node) => hasText(node) && node.getClientRects().length && !node.closest("svg"));
  const low = shown.map((node) => {
    const front = luminance(parse(getComputedStyle(node).color)), back = luminance(behind(node));
    return [(Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05), node.className, node.textContent.slice(0, 30)];
  }).filter(([ratio]) => ratio < 4.5);
  return [shown.length, low];
})()
