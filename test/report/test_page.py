"""The page in a real browser: it draws, it fits, it answers, and names of models stay names."""

import os
import pathlib

import browser
import pytest
from PIL import Image
from reports import NAMES, aicc_report, changed, folder, written

pytestmark = pytest.mark.skipif(not browser.executable(), reason="no Chromium is installed")

SIZES = {"phone": (360, 800), "desktop": (1440, 900)}
SCHEMES = {"light": False, "dark": True}


@pytest.fixture(scope="module")
def page():
    opened = browser.Browser()
    yield opened
    opened.close()


def keep(page, name, tmp_path):
    """A screenshot of all of the page; left in $AICC_SCREENS if that is set."""
    target = pathlib.Path(os.environ.get("AICC_SCREENS", tmp_path)) / f"{name}.png"
    page.screenshot(target, whole=True)
    return target


def page_of(name):
    if name != "difference":
        return written(name).page
    output = folder() / "difference.html"
    assert aicc_report(written("resnet50").json, changed().json, "-o", output).returncode == 0
    return output


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*NAMES, "difference"])
def test_screens(page, name, size, scheme, tmp_path):
    width, height = SIZES[size]
    page.open(page_of(name), width, height, SCHEMES[scheme])
    assert page.problems == []
    assert page.requests == [page_of(name).resolve().as_uri()], "a report loads nothing"
    assert page.run("document.documentElement.scrollWidth") == width, "it scrolls sideways"
    image = Image.open(keep(page, f"{name}-{size}-{scheme}", tmp_path)).convert("L")
    assert image.size[0] == width and image.size[1] > 1000
    assert len(image.getcolors()) > 20, "the screen is empty"
    dark = image.getpixel((2, 200)) < 128
    assert dark == SCHEMES[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["bert", "difference"])
def test_contrast(page, name, scheme):
    """All text has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    page.open(page_of(name), 1440, 900, SCHEMES[scheme])
    page.run("document.querySelector('#rows .open')?.click()")
    count, low = page.run(pathlib.Path(__file__).with_name("contrast.js").read_text())
    assert count > 30
    assert low == []


@pytest.mark.parametrize("name", ["hostile", "hostile difference"])
def test_names_stay_names(page, name):
    target = written("hostile").page
    if "difference" in name:
        target = folder() / "hostile-difference.html"
        assert aicc_report(written("resnet50").json, written("hostile").json, "-o", target).returncode == 0
    page.open(target)
    title = page.run("document.title")
    page.run("document.querySelectorAll('#rows .open').forEach((button) => button.click())")
    page.run("document.querySelectorAll('summary').forEach((each) => each.click())")
    page.run("new Promise((done) => setTimeout(done, 200))")
    assert page.problems == []
    assert title.startswith("</script><img") and page.run("document.title") == title
    assert page.run("document.querySelectorAll('img, iframe, object, [onerror], [onload]').length") == 0
    assert page.run("document.scripts.length") == 2
    if "difference" not in name:
        assert page.run("document.querySelector('h1').textContent") == title.rpartition(" · ")[0]
        assert page.run("document.querySelectorAll('#rows pre').length") > 5


def test_policy_stops_foreign_script(page):
    """Even if markup got in, the page's policy would not run it."""
    page.open(written("single").page)
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">')")
    page.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title=2'}))")
    page.run("new Promise((done) => setTimeout(done, 200))")
    assert page.run("document.title") == "single · aicc"


def test_search_and_sort(page):
    page.open(written("resnet50").page)
    rows = "[...document.querySelectorAll('#rows th .name')].map((name) => name.textContent)"
    nodes = written("resnet50").data["nodes"]
    by_energy = sorted(nodes, key=lambda node: -sum(node["energy_pj"].values()))
    assert page.run(rows) == [node["name"] for node in by_energy[:50]]
    page.run("document.getElementById('search').value = 'LAYER3 conv2'")
    page.run("document.getElementById('search').dispatchEvent(new Event('input'))")
    page.run("new Promise((done) => setTimeout(done, 200))")
    found = page.run(rows)
    assert len(found) == 6 and all("layer3" in name and "conv2" in name for name in found)
    assert page.run("document.getElementById('count').textContent").startswith("6 of 105 nodes")
    head = "[...document.querySelectorAll('#heads button')].find((head) => head.textContent === 'Node')"
    page.run(f"{head}.click()")
    assert page.run(rows) == sorted(found)
    page.run(f"{head}.click()")
    assert page.run(rows) == sorted(found, reverse=True)
    assert page.run("document.querySelector('#heads th').ariaSort") == "descending"


def test_numbers_on_the_page(page):
    page.open(written("bert").page)
    data = written("bert").data
    tiles = page.run("[...document.querySelectorAll('#tiles .tile')].map((tile) => tile.textContent)")
    assert f"{data['totals']['energy_pj'] * 1e-9:.1f} mJ± 12 %" in tiles[0]
    assert f"{data['totals']['time_us'] / 1000:.2f} ms± 9 %" in tiles[1]
    text = page.run("document.body.innerText")
    for part in ("Embodied emissions M: ", "SCI = (E × I + M) per R", "Ember", "the array has no unit for Softmax",
                 "Programs on the array", "weight stationary", "Jouppi et al., ISCA 2021", "scaled: ", "at 45 nm",
                 "Energy is within ± 12 %"):  # fmt: skip
        assert part in text
    page.open(written("resnet50").page)
    text = page.run("document.body.innerText")
    for part in ("Embodied emissions M are absent", "has not been established", "None: every node runs where"):
        assert part in text
    assert "Programs on the array" not in text
    page.run("document.getElementById('own').value = '100'")
    page.run("document.getElementById('own').dispatchEvent(new Event('input'))")
    grams = written("resnet50").data["totals"]["energy_pj"] * 1000 / 3.6e18 * 100
    assert page.run("document.getElementById('own-out').textContent").startswith(f"{grams * 1000:.2f} mg")


def test_keyboard(page):
    """Every control is reached by Tab and shows that it is; charts are walked by arrows; Escape hides the tooltip."""
    page.open(written("resnet50").page)
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    page.run("document.querySelector('#rows .open').focus()")
    page.press("Enter", text="\r")
    assert page.run("document.activeElement.ariaExpanded") == "true"
    assert page.run("document.querySelectorAll('#rows .detail').length") == 1
    # Scrolling hides the tooltip: it is over before the key comes.
    page.run("document.querySelector('#roof svg').scrollIntoView({block: 'center', behavior: 'instant'})")
    page.run("document.querySelector('#roof svg').focus({preventScroll: true})")
    page.run("new Promise((done) => setTimeout(done, 300))")
    page.press("ArrowRight")
    assert page.run("document.getElementById('tip').hidden") is False
    largest = max(
        (node for node in written("resnet50").data["nodes"] if node["macs"]),
        key=lambda node: sum(node["energy_pj"].values()),
    )
    assert largest["name"] in page.run("document.getElementById('spoken').textContent")
    page.press("Escape")
    assert page.run("document.getElementById('tip').hidden") is True
    page.run("document.querySelector('#timeline svg').focus()")
    page.press("End")
    assert "Step 104" in page.run("document.getElementById('spoken').textContent")


def test_tooltip_and_metric(page):
    page.open(written("resnet50").page)
    page.run("document.querySelector('#total .part').scrollIntoView({block: 'center', behavior: 'instant'})")
    page.run("new Promise((done) => setTimeout(done, 100))")
    box = "document.querySelector('#total .part').getBoundingClientRect()"
    page.move(page.run(f"{box}.x") + 20, page.run(f"{box}.y") + 10)
    page.run("new Promise((done) => setTimeout(done, 100))")
    assert page.run("document.getElementById('tip').textContent").startswith("dram")
    page.run("[...document.querySelectorAll('#metric button')][1].click()")
    assert page.run("document.getElementById('legend').textContent").startswith("arithmetic")


def test_theme(page):
    page.open(written("single").page, dark=True)
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.run(colour)
    page.run("document.getElementById('theme').click()")
    light = page.run(colour)
    assert light != dark and page.run("document.documentElement.dataset.theme") == "light"
    page.run("document.getElementById('theme').click()")
    assert page.run(colour) == dark


def test_many_nodes(page):
    """3,000 nodes: there within four seconds, a search answered within one, few elements for each node."""
    page.open(written("large").page)
    assert page.run("performance.getEntriesByType('navigation')[0].loadEventEnd") < 4000
    assert page.run("document.querySelectorAll('*').length") < 8000
    start = page.run("performance.now()")
    page.run("view.search = 'layers.77'; redraw()")
    assert page.run("performance.now()") - start < 1000
    assert page.run("document.getElementById('count').textContent").startswith("12 of 3,000 nodes")
