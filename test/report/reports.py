"""Reports written from the fixtures by aicc-report."""

import functools
import json
import pathlib
import tempfile

import fixtures
from conftest import ROOT, run_tool, tool

NAMES = ("resnet50", "bert", "hostile", "large", "single")
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())


def aicc_report(*arguments):
    return run_tool(tool("aicc-report"), *map(str, arguments))


@functools.cache
def folder():
    made = tempfile.TemporaryDirectory(prefix="aicc-reports-")
    folder.keep = made
    return pathlib.Path(made.name)


class Written:
    """One fixture: what it is made of, the JSON and the page that come of it."""

    def __init__(self, name, made):
        self.made = made
        self.source, self.json, self.page = (folder() / f"{name}.{kind}" for kind in ("source.json", "json", "html"))
        self.source.write_text(json.dumps(made))
        for output in (self.json, self.page):
            done = aicc_report(self.source, "-o", output)
            assert done.returncode == 0, done.stderr
        self.data = json.loads(self.json.read_text())


@functools.cache
def written(name):
    """A fixture by name, written once."""
    return Written(name, getattr(fixtures, name)())


def changed():
    """ResNet-50 where one node has moved, one is gone, one is new, and one takes half the energy."""
    made = fixtures.resnet50()
    made["nodes"][0]["target"] = "systolic/fixture_array"
    made["nodes"][1] |= {"name": "/new/Relu"}
    for item in made["nodes"][3]["items"]:
        item["pj_each"] /= 2
    return Written("changed", made)
