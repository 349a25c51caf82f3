"""ONNX's own node tests: what aicc compiles is right, and the rest it refuses."""

import collections
import json

import nodes
import pytest
from conftest import BUILD


@pytest.fixture(scope="module")
def results():
    found = nodes.sweep(BUILD / "python")
    (BUILD / "node-tests.json").write_text(json.dumps(found, indent=1))
    print(collections.Counter(result["outcome"] for result in found))
    return found


@pytest.mark.parametrize("outcome", ["wrong", "crashed", "hung", "error"])
def test_no_node_test_is(outcome, results):
    assert [f"{r['name']}: {r['detail']}" for r in results if r["outcome"] == outcome] == []


def test_what_is_refused_is_called_unsupported(results):
    assert {r["detail"] for r in results if r["outcome"] == "refused"} <= {"E_UNSUPPORTED"}
