"""Energy over time of a sweep, as SVG that refers to nothing outside of itself."""

from __future__ import annotations

import html
import math
import re
import typing

from ._cost import _engineering

if typing.TYPE_CHECKING:
    from ._explore import Exploration, Point

WIDTH, HEIGHT = 760, 420  # Of one model's chart, in px.
LEFT, RIGHT, TOP, BOTTOM = 78, 24, 44, 56  # Around its axes.
LEGEND_ROW = 22
CHARACTER = 7.5  # Width of one at most, on average.
SHAPES = ("circle", "square", "triangle", "diamond")
# The colour-blind safe palette of Okabe and Ito (Color Universal Design, 2008), without its yellow and black.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Each colour comes full, hollow, ringed, and dotted: 24 targets that look different.
PAINTS = tuple(
    paint.format(colour)
    for paint in (
        'fill="{}"',
        'fill="none" stroke="{}" stroke-width="2"',
        'fill="{}" class="ringed"',
        'fill="none" stroke="{}" stroke-width="3" stroke-dasharray="2 2"',
    )
    for colour in COLOURS
)

# A style element inside SVG holds for the whole page: everything is under one class.
STYLE = """
.aicc { --ink: #1b1f24; --faint: #5b6570; --grid: #dfe3e8; --paper: #ffffff;
  font: 13px system-ui, sans-serif; background: var(--paper) }
@media (prefers-color-scheme: dark) {
  .aicc { --ink: #e6e9ed; --faint: #9aa5b1; --grid: #333b44; --paper: #14181d } }
.aicc text { fill: var(--ink) } .aicc .faint { fill: var(--faint) }
.aicc .paper { fill: var(--paper) }
.aicc .grid { stroke: var(--grid) } .aicc .front { stroke: var(--faint); fill: none; stroke-dasharray: 5 4 }
.aicc .title { font-size: 15px; font-weight: 600 }
.aicc .key { fill: var(--faint) } .aicc .ringed { stroke: var(--ink); stroke-width: 1.5 }
"""
PAGE_STYLE = """
body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem; font: 14px system-ui, sans-serif;
  color: #1b1f24; background: #ffffff }
svg { max-width: 100%; height: auto } .table { overflow-x: auto }
table { border-collapse: collapse } th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #8884 }
.number { text-align: right; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { color: #e6e9ed; background: #14181d } }
"""


def page(exploration: Exploration) -> str:
    """An HTML page: the charts, and a table of all points."""
    rows = "\n".join(map(_row, exploration))
    heads = "".join(f"<th>{name}</th>" for name in ("model", "target", "objective", "energy", "time", "error"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Energy and time</title><style>{PAGE_STYLE}</style></head><body>\n{svg(exploration)}\n"
        f'<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'
        "</body></html>\n"
    )


def svg(exploration: Exploration) -> str:
    """One chart for each model, one below the other, and what colours and shapes mean."""
    points = [point for point in exploration if not point.error]
    paints = _assigned((point.target for point in points), PAINTS)
    shapes = _assigned((point.objective for point in points), SHAPES)
    parts, y = [], 0.0
    for model in dict.fromkeys(point.model for point in points):
        parts.append(f'<g transform="translate(0 {y:g})">')
        parts += _chart(model, [point for point in points if point.model == model], paints, shapes)
        parts.append("</g>")
        y += HEIGHT
    if not points:
        parts.append(f'<text x="{LEFT}" y="30">No point has a result.</text>')
        y += 50
    legend, y = _legend(y, paints, shapes)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="aicc" viewBox="0 0 {WIDTH} {y:g}" width="{WIDTH}" '
        f'height="{y:g}" role="img" aria-label="Energy over time of each model"><style>{STYLE}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{y:g}"/>'
    )
    return "\n".join([head, *parts, *legend, "</svg>"])


class Axis:
    """Values to positions on [start, end] px; logarithmic where all values are positive."""

    def __init__(self, values: typing.Sequence[float], start: float, end: float) -> None:
        self.start, self.end, self.log = start, end, min(values) > 0
        low, high = min(map(self._scaled, values)), max(map(self._scaled, values))
        room = 0.08 * (high - low) or (0.1 if self.log else abs(high) / 10 or 1.0)
        self.low, self.high = low - room, high + room

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def __call__(self, value: float) -> float:
        return self.start + (self._scaled(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """At most some eight round values, at least two where the range is not too small."""
        if not self.log:
            return _round_steps(self.low, self.high)
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for digits in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
            ticks = [d * 10.0**p for p in powers for d in digits]
            ticks = [tick for tick in ticks if self.low <= math.log10(tick) <= self.high]
            if len(ticks) >= 3:
                return ticks[:: math.ceil(len(ticks) / 8)]
        return [tick for tick in _round_steps(10**self.low, 10**self.high) if tick > 0]


def _round_steps(low: float, high: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 7)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _chart(model: str, points: list[Point], paints: dict[str, str], shapes: dict[str, str]) -> typing.Iterator[str]:
    from ._explore import front

    x = Axis([point.time_us for point in points], LEFT, WIDTH - RIGHT)
    y = Axis([point.energy_pj for point in points], HEIGHT - BOTTOM, TOP)
    yield f'<text class="title" x="{LEFT}" y="26">{_text(model)}</text>'
    for tick in x.ticks():
        at = f"{x(tick):.1f}"
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        label = f"{_engineering(tick, 1e-6)}s"
        yield f'<text class="faint" x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label}</text>'
    for tick in y.ticks():
        at = y(tick)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        label = f"{_engineering(tick, 1e-12)}J"
        yield f'<text class="faint" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:g}" y="{HEIGHT - 18}" text-anchor="middle">time of one inference</text>'
    yield f'<text x="{LEFT}" y="{TOP - 4}" class="faint">energy of one inference</text>'
    best = front(points)
    yield f'<path class="front" d="{_steps([(x(p.time_us), y(p.energy_pj)) for p in best])}"/>'
    for point in points:
        name = f"{point.target}, {point.objective}: {_amounts(point)}"
        mark = _mark(shapes[point.objective], x(point.time_us), y(point.energy_pj))
        yield f"<g {paints[point.target]}><title>{_text(name)}</title>{mark}</g>"
    yield from _names(best, x, y)


def _names(best: typing.Sequence[Point], x: Axis, y: Axis) -> typing.Iterator[str]:
    """The targets on the front, those that would lie on another name left out."""
    taken: list[tuple[float, float, float]] = []  # Left, right, height.
    for point in best:
        at, height, width = x(point.time_us), y(point.energy_pj), CHARACTER * len(point.target)
        right = at < WIDTH * 0.7
        left = at + 9 if right else at - 9 - width
        if any(left < other[1] and other[0] < left + width and abs(height - other[2]) < 16 for other in taken):
            continue
        taken.append((left, left + width, height))
        start, anchor = (at + 9, "start") if right else (at - 9, "end")
        yield f'<text x="{start:.1f}" y="{height - 7:.1f}" text-anchor="{anchor}">{_text(point.target)}</text>'


def _steps(corners: list[tuple[float, float]]) -> str:
    """Along the points: to the right, then down."""
    if not corners:
        return ""
    (x, y), *others = corners
    return f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in others)


def _mark(shape: str, x: float, y: float) -> str:
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    if shape == "square":
        return f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"/>'
    corners = {"triangle": ((0, -6), (5.5, 4.5), (-5.5, 4.5)), "diamond": ((0, -6), (6, 0), (0, 6), (-6, 0))}[shape]
    return f'<polygon points="{" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)}"/>'


def _legend(y: float, paints: dict[str, str], shapes: dict[str, str]) -> tuple[list[str], float]:
    """Lines of keys from `y` on, and where they end."""
    keys = [(f"<g {paint}>{{}}</g>", "circle", target) for target, paint in paints.items()]
    keys += [('<g class="key">{}</g>', shape, objective) for objective, shape in shapes.items()]
    parts, x = [], float(LEFT)
    for frame, shape, name in keys:
        width = 26 + CHARACTER * len(name)
        if x > LEFT and x + width > WIDTH - RIGHT:
            x, y = float(LEFT), y + LEGEND_ROW
        parts.append(frame.format(_mark(shape, x, y)) + f'<text x="{x + 12:.1f}" y="{y + 4:.1f}">{_text(name)}</text>')
        x += width
    return parts, y + LEGEND_ROW


def _row(point: Point) -> str:
    texts = "".join(f"<td>{_text(text)}</td>" for text in (point.model, point.target, point.objective))
    if point.error:
        return f"<tr>{texts}<td></td><td></td><td>{_text(point.error.message)}</td></tr>"
    energy, time = _engineering(point.energy_pj, 1e-12) + "J", _engineering(point.time_us, 1e-6) + "s"
    return f'<tr>{texts}<td class="number">{energy}</td><td class="number">{time}</td><td></td></tr>'


def _amounts(point: Point) -> str:
    text = f"{_engineering(point.energy_pj, 1e-12)}J, {_engineering(point.time_us, 1e-6)}s"
    return f"{text}, without {point.unpriced} nodes that run elsewhere" if point.unpriced else text


def _assigned(names: typing.Iterable[str], marks: tuple[str, ...]) -> dict[str, str]:
    """A mark for each name, from the start again where there are more names than marks."""
    return {name: marks[i % len(marks)] for i, name in enumerate(dict.fromkeys(names))}


def _text(text: str) -> str:
    """Escaped, without the characters that XML forbids."""
    return html.escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text))
