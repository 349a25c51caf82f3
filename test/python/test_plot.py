"""The Pareto front of a sweep, and its plot."""

import dataclasses
import html.parser
import random
import xml.etree.ElementTree

import aicc
import numpy
import pytest
from aicc import _store
from report import fixtures


def points(values, model="m", target="t/", objective="energy"):
    return [
        aicc.Point(model, f"{target}{i}", objective, "t/t", energy, time, 1.0, 1.0, 1, 0, None, str(i))
        for i, (energy, time) in enumerate(values)
    ]


def exploration(made):
    return aicc.Exploration(tuple(made), _store.Store(None))


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_nothing_beats(seed):
    randint = random.Random(seed).randint
    made = points([(float(randint(1, 12)), float(randint(1, 12))) for _ in range(25)])

    def beaten(point):
        return any(
            other.energy_pj <= point.energy_pj
            and other.time_us <= point.time_us
            and (other.energy_pj, other.time_us) != (point.energy_pj, point.time_us)
            for other in made
        )

    best = exploration(made).pareto()
    want = {(point.energy_pj, point.time_us) for point in made if not beaten(point)}
    assert [(point.energy_pj, point.time_us) for point in best] == sorted(want, key=lambda pair: pair[1])


def test_what_leaves_nodes_out_is_on_no_front():
    partial = [dataclasses.replace(point, unpriced=1) for point in points([(0.0, 0.0)], target="part/")]
    whole = points([(1.0, 2.0)])
    assert exploration(partial + whole).pareto() == tuple(whole)
    assert exploration(partial).pareto() == ()
    assert "without 1 nodes" in exploration(partial)._repr_html_()


def test_which_model_a_front_is_of():
    found = exploration(points([(1.0, 2.0)], "a") + points([(3.0, 4.0)], "b"))
    assert found.pareto("b") == (found.points[1],)
    for model in (None, "c"):
        with pytest.raises(ValueError, match="a, b"):
            found.pareto(model)


class Tags(html.parser.HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


SVG = "{http://www.w3.org/2000/svg}"
NAMES = [*fixtures.HOSTILE, "plain", "\ud800 half of a pair"]


def test_plot_of_names_that_are_attacks(tmp_path):
    made = [p for name in NAMES for p in points([(5.0, 1.0), (1.0, 7.0)], name, name, name)]
    found = exploration(made)
    found.plot(tmp_path / "p.svg")
    root = xml.etree.ElementTree.parse(tmp_path / "p.svg").getroot()
    assert root.tag == f"{SVG}svg"
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "style", "rect", "g", "text", "line", "path", "title", "circle", "polygon"}
    titles = [element.text for element in root.iter(f"{SVG}text") if element.get("class") == "title"]
    assert len(titles) == len(NAMES) and "plain" in titles
    found.plot(tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    seen = Tags()
    seen.feed(page)
    assert seen.tags <= tags | {"html", "head", "meta", "body", "div", "table", "thead", "tbody", "tr", "th", "td"}
    assert not {name for name in seen.attributes if name.startswith("on") or name in ("src", "href", "xlink:href")}
    assert page.count("<tr>") == 1 + len(made) and "url(" not in page and "@import" not in page
    with pytest.raises(ValueError, match="svg"):
        found.plot(tmp_path / "p.png")


@pytest.mark.parametrize(
    "values",
    [
        [(1e6, 10.0)],
        [(1e6, 10.0), (1e6, 10.0)],
        [(0.0, 0.0), (1.0, 1.0)],
        [(0.0, 0.0)],
        [(1e3, 1.0), (1e15, 1e9)],
        [(100.0, 100.0), (100.1, 99.9)],
        [(float(3 * i + 1), float(200 - i)) for i in range(100)],
    ],
)
def test_marks_lie_where_the_numbers_say(values):
    made = points(values)
    root = xml.etree.ElementTree.fromstring(exploration(made)._repr_html_())
    marks = [g.find(f"{SVG}circle") for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    x, y = ([float(mark.get(key)) for mark in marks] for key in ("cx", "cy"))
    assert len(marks) == len(made)
    for position, numbers in ((x, [p.time_us for p in made]), (y, [-p.energy_pj for p in made])):
        order = numpy.argsort(numbers, kind="stable")
        assert all(numpy.diff(numpy.array(position)[order]) >= 0)
    width, height = float(root.get("width")), float(root.get("height"))
    assert all(0 < at < width for at in x) and all(0 < at < height for at in y)
    ticks = [
        t
        for t in root.iter(f"{SVG}text")
        if t.get("text-anchor") in ("middle", "end") and "faint" in t.get("class", "")
    ]
    assert 2 <= len(ticks) <= 24


def test_every_machine_looks_different_in_a_plot():
    values = [(float(i + 1), float(i + 1)) for i in range(len(aicc.targets()))]
    root = xml.etree.ElementTree.fromstring(exploration(points(values))._repr_html_())
    marks = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    assert len({tuple(sorted(g.attrib.items())) for g in marks}) == len(values)


def test_plot_without_results(tmp_path):
    failed = aicc.Point("m", "t", "energy", *[None] * 7, aicc.PointError("E", "", "", "", "why <b>"), "k")
    exploration([failed]).plot(tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text()
    assert "No point has a result" in page and "why &lt;b&gt;" in page
