"""ONNX's backend test suite: what aicc compiles is right, the rest it refuses, and the list says what and why."""

import collections
import json

import pytest
import suite
from conftest import BUILD


@pytest.fixture(scope="module")
def results():
    found = suite.sweep(BUILD / "python")
    (BUILD / "backend-suite.json").write_text(json.dumps(found, indent=1))
    print(collections.Counter(result["outcome"] for result in found))
    return found


def test_what_does_not_pass_is_listed(results):
    known = suite.listed()
    found = [r for r in results if r["outcome"] != "passed" and r["name"] not in known]
    assert [f"{r['name']}: {r['outcome']}: {r['detail']}" for r in found] == []


def test_what_is_listed_does_not_pass(results):
    """Shrink the list: suite.py --update."""
    failing = {r["name"] for r in results if r["outcome"] != "passed"}
    assert sorted(set(suite.listed()) - failing) == []


def test_nothing_crashes(results):
    found = [r for r in results if r["outcome"] in ("crashed", "hung", "error")]
    assert [f"{r['name']}: {r['detail']}" for r in found] == []


def test_the_page_has_the_counts(results):
    page = (suite.LIST.parents[2] / "docs" / "onnx.md").read_text()
    assert suite.table(results) in page, "suite.py --table prints the table"
