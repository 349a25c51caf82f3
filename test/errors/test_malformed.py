"""The corpus of broken and hostile models that lies beside the project, where it does."""

import json
import os
import pathlib
import tarfile

import pytest
from checks import check, expect_class
from conftest import ROOT

SHARED = pathlib.Path(os.environ.get("AICC_SHARED", ROOT.parent / "shared")) / "malformed"


def cases():
    manifest = SHARED / "manifest.json"
    return json.loads(manifest.read_text()) if manifest.exists() else []


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("malformed")
    with tarfile.open(SHARED / "corpus.tar.xz") as tar:
        tar.extractall(folder)  # Holds symbolic and hard links on purpose.
    return folder


@pytest.mark.skipif(not cases(), reason=f"no corpus at {SHARED}")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_case(case, corpus):
    model = corpus / case["id"] / "model.onnx"
    expected = case["expect"]
    if expected.startswith("E_"):
        expect_class(model, expected)
    else:
        code, error = check(model)
        assert expected != "OK" or code == 0, error


def test_corpus_is_there():
    if not cases():
        pytest.skip(f"no corpus at {SHARED}")
    assert len(cases()) > 200
