"""Sweeps: order, executors, resuming, errors, progress."""

import concurrent.futures
import io
import json
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import aicc
import fake_estimates
import onnx
import pytest
from aicc import _estimate, _explore, _native, _store
from aicc._progress import Progress
from conftest import ROOT, run_tool, tool
from report import fixtures
from test_compile import mlp, single

FLOAT = onnx.TensorProto.FLOAT
OBJECTIVES = ["latency", "energy", "edp"]
MACHINES = [f"fake/m{i}" for i in range(4)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report, written by the compiler's own writer."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "source.json").write_text(json.dumps(fixtures.single()))
    done = run_tool(tool("aicc-report"), str(folder / "source.json"), "-o", str(folder / "report.json"))
    assert done.returncode == 0, done.stderr
    return folder / "report.json"


class Fake:
    """The made-up estimates in this process, and how often they were asked."""

    def __init__(self, report, calls, seconds=0.0):
        self.calls_folder = calls
        self.settings = json.dumps({"report": str(report), "calls": str(calls), "seconds": seconds})

    def calls(self):
        return sorted(path.read_text() for path in self.calls_folder.iterdir())

    def forget(self):
        for path in self.calls_folder.iterdir():
            path.unlink()


@pytest.fixture
def fake(report, tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    calls.mkdir()
    made = Fake(report, calls)
    monkeypatch.setenv(fake_estimates.CONTROL, made.settings)
    monkeypatch.setattr(_estimate, "_estimate_json", fake_estimates.estimate_json)
    return made


@pytest.fixture
def models(tmp_path):
    """Paths of two models."""
    paths = [tmp_path / "mlp.onnx", tmp_path / "relu.onnx"]
    onnx.save(mlp()[0], paths[0])
    onnx.save(single("Relu", {"x": (FLOAT, [2, 3])}, (FLOAT, [2, 3])), paths[1])
    return paths


def files(folder):
    """{name: bytes} of the results in a folder."""
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


# ------------------------------------------------------------------ results


def test_order_and_numbers(fake, models, tmp_path):
    found = aicc.explore(models, MACHINES, OBJECTIVES, folder=tmp_path / "r", max_workers=3)
    want = [(model, target, objective) for model in ("mlp", "relu") for target in MACHINES for objective in OBJECTIVES]
    assert [(point.model, point.target, point.objective) for point in found] == want
    assert not found.errors and len(fake.calls()) == len(found) == 24
    for point, row in zip(found, found.rows(), strict=True):
        path = models[point.model == "relu"]
        report = json.loads(fake_estimates.estimate_json(str(path), point.target, {}, point.objective))
        assert (point.energy_pj, point.time_us) == (report["totals"]["energy_pj"], report["totals"]["time_us"])
        assert found.cost(point).to_dict() == report
        assert point.machine == point.target and row["energy_pj"] == point.energy_pj and row["error"] == ""


def test_results_are_reports_that_the_tools_open(fake, models, tmp_path):
    aicc.explore(models[0], "fake/m", folder=tmp_path / "r")
    (path,) = (tmp_path / "r").rglob("*.json")
    done = run_tool(tool("aicc-report"), str(path))
    assert done.returncode == 0 and "fake" in done.stdout, done.stderr


def test_nothing_is_kept_without_a_folder(fake, models, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = aicc.explore(models, MACHINES, folder=False)
    assert not (tmp_path / "cache").exists()
    assert found.cost(found.points[0]).energy_pj == found.points[0].energy_pj
    aicc.explore(models, MACHINES)
    assert len(files(tmp_path / "cache/aicc/explore")) == 8


def test_equal_points_are_computed_once(fake, models, tmp_path):
    copy = tmp_path / "copy" / "mlp.onnx"
    copy.parent.mkdir()
    copy.write_bytes(models[0].read_bytes())
    found = aicc.explore({"a": models[0], "b": copy}, ["fake/m", "fake/m"], folder=False)
    assert len(found) == 4 and len(fake.calls()) == 1
    assert len({point.key for point in found}) == 1 and found.points[0].energy_pj == found.points[3].energy_pj


def test_models_in_memory(fake, models, tmp_path):
    proto = mlp()[0]
    found = aicc.explore([proto, models[1].read_bytes()], "fake/m", folder=tmp_path / "r")
    assert [point.model for point in found] == ["mlp", "model"]
    aicc.explore({"x": proto.SerializeToString()}, "fake/m", folder=tmp_path / "r")
    assert len(fake.calls()) == 2


def test_shapes_for_all_models_or_by_model(fake, models):
    both = aicc.explore(models, "fake/m", shapes={"x": (2, 3)}, folder=False)
    one = aicc.explore(models, "fake/m", shapes={"relu": {"x": [2, 3]}}, folder=False)
    none = aicc.explore(models, "fake/m", folder=False)
    assert one.points[1] == both.points[1] != none.points[1]
    assert one.points[0] == none.points[0] != both.points[0]


def test_what_is_refused(fake, models):
    with pytest.raises(ValueError, match="at least"):
        aicc.explore([], "fake/m")
    with pytest.raises(ValueError, match="at least"):
        aicc.explore(models, [])
    with pytest.raises(ValueError, match="one name"):
        aicc.explore([mlp()[0], mlp()[0]], "fake/m")
    with pytest.raises(ValueError, match="max_workers"):
        aicc.explore(models, "fake/m", max_workers=0)
    with pytest.raises(TypeError, match="model"):
        aicc.explore([3], "fake/m")
    with pytest.raises(TypeError, match="executor"):
        aicc.explore(models, "fake/m", executor="dask", folder=False)
    assert fake.calls() == []


# ------------------------------------------------------------------ executors


def in_threads(settings):
    return concurrent.futures.ThreadPoolExecutor(3)


def in_processes(settings):
    return concurrent.futures.ProcessPoolExecutor(
        2, multiprocessing.get_context("spawn"), fake_estimates.install, (settings,)
    )


@pytest.fixture(scope="module")
def cluster():
    import distributed

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            yield client


@pytest.mark.parametrize("make", [in_threads, in_processes])
def test_executors_give_the_same(fake, models, tmp_path, make):
    want = aicc.explore(models, MACHINES, OBJECTIVES, folder=tmp_path / "want", max_workers=1)
    with make(fake.settings) as executor:
        got = aicc.explore(models, MACHINES, OBJECTIVES, folder=tmp_path / "got", executor=executor, max_workers=2)
        assert executor.submit(abs, -1).result() == 1  # It was not shut down.
    assert got == want and files(tmp_path / "got") == files(tmp_path / "want")


def test_dask_gives_the_same(fake, models, tmp_path, cluster):
    targets = [*MACHINES, "fake/unsupported"]
    want = aicc.explore(models, targets, OBJECTIVES, folder=tmp_path / "want", max_workers=1)
    fake.forget()
    cluster.run(fake_estimates.install, fake.settings)
    got = aicc.explore(models, targets, OBJECTIVES, folder=tmp_path / "got", executor=cluster)
    assert got == want and files(tmp_path / "got") == files(tmp_path / "want")
    workers = {path.name.split(".")[0] for path in fake.calls_folder.iterdir()}
    assert len(fake.calls()) == 30 and str(os.getpid()) not in workers
    assert cluster.submit(abs, -1).result() == 1
    fake.forget()
    again = aicc.explore(models, targets, OBJECTIVES, folder=tmp_path / "got", executor=cluster)
    assert again == want and fake.calls() == []


class Watched(concurrent.futures.ThreadPoolExecutor):
    """Keeps the chunks that it was given, and the most that it had at once."""

    def __init__(self):
        super().__init__(8)
        self.chunks, self.futures, self.most = [], [], 0

    def submit(self, function, chunk):
        self.chunks.append(chunk)
        self.futures.append(super().submit(function, chunk))
        self.most = max(self.most, sum(not future.done() for future in self.futures))
        return self.futures[-1]


def test_chunks_are_of_one_model_and_no_more_than_asked_for_at_once(fake, models):
    with Watched() as executor:
        aicc.explore(models, [f"fake/m{i}" for i in range(20)], folder=False, executor=executor, max_workers=2)
    assert [len(chunk) for chunk in executor.chunks] == [5] * 8  # 40 points, 2 workers, 4 chunks each.
    assert all(len({job.model.name for job in chunk}) == 1 for chunk in executor.chunks)
    assert executor.most <= 2


# ------------------------------------------------------------------ resuming


SWEEP = """
import sys, fake_estimates, aicc
fake_estimates.install()
aicc.explore(sys.argv[2:], {machines}, {objectives}, folder=sys.argv[1], max_workers=2)
"""


def test_a_killed_sweep_goes_on_where_it_stopped(report, models, tmp_path, monkeypatch):
    """From a plain script without a main guard; killed as hard as can be."""
    calls, folder = tmp_path / "calls", tmp_path / "r"
    calls.mkdir()
    slow = Fake(report, calls, seconds=0.05)
    script = tmp_path / "sweep.py"
    script.write_text(SWEEP.format(machines=MACHINES, objectives=OBJECTIVES))
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), *map(str, models)],
        env=os.environ | {fake_estimates.CONTROL: slow.settings, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    end = time.monotonic() + 60
    while len(list(folder.rglob("*.json"))) < 6 and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.stem for path in folder.rglob("*.json")}
    assert 6 <= len(kept) < 24

    slow.forget()
    monkeypatch.setenv(fake_estimates.CONTROL, slow.settings)
    monkeypatch.setattr(_estimate, "_estimate_json", fake_estimates.estimate_json)
    resumed = aicc.explore(models, MACHINES, OBJECTIVES, folder=folder)
    assert len(slow.calls()) == 24 - len(kept)
    whole = aicc.explore(models, MACHINES, OBJECTIVES, folder=tmp_path / "whole")
    assert resumed == whole
    assert {n: d for n, d in files(folder).items() if n.endswith(".json")} == files(tmp_path / "whole")


def test_only_what_changed_is_computed_again(fake, models, tmp_path, monkeypatch):
    machine = tmp_path / "mine.yaml"
    machine.write_text("clock_mhz: 1")

    def calls(**options):
        fake.forget()
        aicc.explore(models, [str(machine), "fake/m"], folder=tmp_path / "r", **options)
        return len(fake.calls())

    assert [calls(), calls()] == [4, 0]
    machine.write_text("clock_mhz: 2")
    assert [calls(), calls()] == [2, 0]
    onnx.save(mlp("another")[0], models[0])
    assert [calls(), calls()] == [2, 0]
    assert [calls(threads=2), calls(threads=2), calls()] == [4, 0, 0]
    assert [calls(objectives="energy"), calls(shapes={"x": (2, 3)})] == [4, 4]
    monkeypatch.setattr(_store, "compiler_hash", lambda: "another compiler")
    assert [calls(), calls()] == [4, 0]


def test_the_processor_is_part_of_a_result_unless_it_is_named(monkeypatch):
    """It runs what a device leaves to the host, and decides what a family alone means."""
    for target in ("cpu", "cpu/x86_64_v3", "imc/hermes", "mine.yaml"):
        for options, same in (({}, False), ({"mcpu": "native"}, False), ({"mcpu": "x86-64-v3"}, True)):
            contents = []
            for processor in ("one", "another"):
                monkeypatch.setattr(_store, "_host", lambda processor=processor: processor)
                contents.append(_store.target_contents(target, options))
            assert (contents[0] == contents[1]) is same


def test_a_folder_is_no_machine(fake, models, tmp_path, monkeypatch):
    (tmp_path / "cpu").mkdir()
    monkeypatch.chdir(tmp_path)
    found = aicc.explore(models[0], "cpu", folder=False)
    assert found.points[0].machine == "fake/cpu" and fake.calls() == ["cpu latency"]


def test_external_data_is_part_of_a_model(fake, tmp_path):
    path, weights = tmp_path / "m.onnx", tmp_path / ("w" * 200)
    onnx.save(mlp()[0], path, save_as_external_data=True, location=weights.name, size_threshold=0)
    keys = []
    for _ in range(2):
        keys.append(aicc.explore(path, "fake/m", folder=False).points[0].key)
        weights.write_bytes(bytes(len(weights.read_bytes())))
    assert keys[0] != keys[1]
    assert keys[1] == aicc.explore(path, "fake/m", folder=False).points[0].key


def test_a_model_that_changes_meanwhile_is_not_kept(fake, models, tmp_path, monkeypatch):
    def estimate(path, *args, **options):
        onnx.save(mlp("changed")[0], path)
        return fake_estimates.estimate_json(path, *args, **options)

    monkeypatch.setattr(_estimate, "_estimate_json", estimate)
    found = aicc.explore(models[0], "fake/m", folder=tmp_path / "r")
    assert found.points[0].energy_pj and files(tmp_path / "r") == {}


@pytest.mark.parametrize("left", ["", "{", "{}", "[]", '{"schema_version": 1, "tot'])
def test_a_file_that_was_cut_short_is_computed_again(fake, models, tmp_path, left):
    want = aicc.explore(models[0], "fake/m", folder=tmp_path / "r")
    (path,) = (tmp_path / "r").rglob("*.json")
    whole = path.read_bytes()
    path.write_text(left)
    assert aicc.explore(models[0], "fake/m", folder=tmp_path / "r") == want
    assert path.read_bytes() == whole and len(fake.calls()) == 2


# ------------------------------------------------------------------ errors


def test_errors_of_points_stop_nothing(fake, models, tmp_path):
    targets = ["fake/a", "fake/unsupported", "fake/raises", "fake/b"]
    found = aicc.explore(models[0], targets, folder=tmp_path / "r")
    assert [point.target for point in found.errors] == targets[1:3]
    unsupported, raises = (point.error for point in found.errors)
    assert unsupported == aicc.PointError("CompileError", "E_UNSUPPORTED", "n", "Relu", "no Relu here")
    assert raises == aicc.PointError("RuntimeError", "", "", "", "out of luck")
    assert found.points[3].energy_pj > 0 and found.errors[0].energy_pj is None
    assert found.rows()[1]["error"] == "no Relu here"
    with pytest.raises(ValueError, match="no Relu here"):
        found.cost(found.errors[0])
    # What the compiler says of a model stays so; anything else is tried again.
    fake.forget()
    assert aicc.explore(models[0], targets, folder=tmp_path / "r") == found
    assert fake.calls() == ["fake/raises latency"]


def test_a_model_that_is_not_there(fake, models, tmp_path):
    found = aicc.explore([tmp_path / "missing.onnx", models[0]], "fake/m", folder=tmp_path / "r")
    assert found.points[0].error.kind == "FileNotFoundError" and not found.points[1].error


def test_a_worker_that_dies(fake, models, tmp_path):
    with in_processes(fake.settings) as executor:
        found = aicc.explore(models[0], ["fake/a", "fake/dies"], folder=tmp_path / "r", executor=executor)
    assert found.points[1].error.kind == "BrokenProcessPool"
    again = aicc.explore(models[0], ["fake/a", "fake/b"], folder=tmp_path / "r")
    assert not again.errors


def test_an_executor_that_was_shut_down(fake, models):
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()
    found = aicc.explore(models, "fake/a", folder=False, executor=executor)
    assert [point.error.kind for point in found] == ["RuntimeError"] * 2


class Dying(concurrent.futures.ThreadPoolExecutor):
    """Loses every task that holds the target `fake/dies`, and whatever else is in it."""

    def submit(self, function, chunk):
        if any(job.target == "fake/dies" for job in chunk):
            function, chunk = self.die, None
        return super().submit(function, chunk)

    @staticmethod
    def die(_):
        raise OSError("worker lost")


def test_points_beside_one_that_kills_its_worker_are_tried_alone(fake, models):
    targets = [f"fake/m{i}" for i in range(10)] + ["fake/dies"]
    with Dying(1) as executor:
        found = aicc.explore(models[0], targets, folder=False, executor=executor, max_workers=1)
    assert [point.target for point in found.errors] == ["fake/dies"]
    assert found.errors[0].error == aicc.PointError("OSError", "", "", "", "worker lost")


def test_an_interrupt_stops_and_keeps_what_is_done(fake, models, tmp_path):
    class Interrupted(concurrent.futures.Executor):
        given = 0

        def submit(self, function, chunk):
            self.given += 1
            future = concurrent.futures.Future()
            if self.given == 3:
                raise KeyboardInterrupt
            future.set_result(function(chunk))
            return future

    with pytest.raises(KeyboardInterrupt):
        aicc.explore(models[0], MACHINES, folder=tmp_path / "r", executor=Interrupted(), max_workers=1)
    assert len(files(tmp_path / "r")) == 2


# ------------------------------------------------------------------ progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_drawn_on_terminals_only(fake, models, monkeypatch):
    plain, terminal = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stderr", plain)
    aicc.explore(models, MACHINES, folder=False)
    assert plain.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", terminal)
    aicc.explore(models, [*MACHINES, "fake/raises"], folder=False)
    lines = terminal.getvalue().split("\r")
    assert "0/10" in lines[1] and "100%" in lines[-1] and "10/10" in lines[-1] and "2 failed" in lines[-1]
    assert lines[-1].endswith("\n") and "\n" not in "".join(lines[:-1])


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_progress_fits_the_terminal(columns):
    progress = Progress(1000, 200, shown=False)
    progress.done, progress.errors = 600, 3
    line = progress.line(100.0, columns)
    assert len(line) < columns
    if columns >= 80:
        assert " 60% " in line and "600/1000 [01:40<01:40] 3 failed" in line
        bar = re.search(r"\|(.*)\|", line)[1]
        assert bar.rstrip() == "#" * int(0.6 * len(bar))


# ------------------------------------------------------------------ by the compiler


REAL = ["cpu/x86_64_v3", "systolic/gemmini16", "nowhere/nothing"]


@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_sweep_of_real_machines(models, tmp_path, kind, request):
    want = aicc.explore(models, REAL, ["energy", "latency"], folder=tmp_path / "want", max_workers=1)
    assert {(point.target, point.error.code) for point in want.errors} == {(REAL[2], "E_UNSUPPORTED")}
    for point in want:
        if not point.error:
            model = models[point.model == "relu"]
            assert want.cost(point) == aicc.estimate(model, target=point.target, objective=point.objective)
            assert point.unpriced or (point.energy_pj > 0 and point.time_us > 0)
    if kind == "dask":
        import distributed

        with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as made:
            with distributed.Client(made) as executor:
                got = aicc.explore(models, REAL, ["energy", "latency"], folder=tmp_path / "got", executor=executor)
    else:
        spawn = multiprocessing.get_context("spawn")
        make = concurrent.futures.ThreadPoolExecutor if kind == "threads" else concurrent.futures.ProcessPoolExecutor
        with make(2) if kind == "threads" else make(2, spawn) as executor:
            got = aicc.explore(models, REAL, ["energy", "latency"], folder=tmp_path / "got", executor=executor)
    assert got == want and files(tmp_path / "got") == files(tmp_path / "want")


def test_a_model_is_read_once_for_many_machines(models):
    """By the same worker, as long as its file is the same."""
    path, shapes = os.fspath(models[0]), {}
    prepared = _native.Prepared()

    def estimate(target, objective="latency", prepared=prepared):
        return _estimate._estimate_json(path, target, shapes, objective, prepared)

    want = {target: estimate(target, prepared=None) for target in REAL[:2]}
    want["energy"] = estimate(REAL[0], "energy", prepared=None)
    assert estimate(REAL[0]) == want[REAL[0]]
    # What is in the file now cannot be read, but the file looks as it did.
    before = os.stat(path)
    pathlib.Path(path).write_bytes(b"\xff" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert estimate(REAL[1]) == want[REAL[1]]
    assert estimate(REAL[0], "energy") == want["energy"]
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    with pytest.raises(aicc.CompileError):
        estimate(REAL[0])


def test_one_model_on_every_machine(models, tmp_path):
    """What the plot is for; a point that has no result says why."""
    found = aicc.explore(models[0], aicc.targets(), folder=tmp_path / "r")
    assert len(found) == len(aicc.targets())
    assert any(not point.error for point in found)
    assert all(point.error.message for point in found.errors)
    found.plot(tmp_path / "p.svg")
    assert _explore.front(found.points) == found.pareto()


def test_the_manual(tmp_path):
    """The blocks of docs/python.md, one after another, in one script."""
    text = (ROOT / "docs/python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) >= 4
    subprocess.run([sys.executable, ROOT / "docs/tour/model.py", tmp_path / "net.onnx"], check=True)
    (tmp_path / "manual.py").write_text("\n".join(["import numpy", *blocks]))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = run_tool(sys.executable, str(tmp_path / "manual.py"), cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert {"net.so", "net.html", "machines.html", "net-on-gemmini16.json"} <= {
        path.name for path in tmp_path.iterdir()
    }
