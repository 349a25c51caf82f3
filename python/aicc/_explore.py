"""Sweeps: which model costs what on which machine."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import math
import os
import pathlib
import tempfile
import threading
import typing

from . import _estimate, _native, _store
from ._compile import _model_file
from ._cost import Cost
from ._errors import CompileError
from ._estimate import Shapes
from ._progress import Progress

CHUNKS_PER_WORKER = 4  # So that workers end at about the same time.
LARGEST_CHUNK = 8  # Points that a killed sweep may lose for each worker.


@dataclasses.dataclass(frozen=True)
class PointError:
    """Why a point of a sweep has no result.

    Attributes
    ----------
    kind : str
        "CompileError", or the name of what else was raised ("BrokenProcessPool", "KilledWorker" ...).
    code, node, op : str
        Of a CompileError: "E_UNSUPPORTED" and so on; otherwise empty.
    message : str
    """

    kind: str
    code: str
    node: str
    op: str
    message: str


@dataclasses.dataclass(frozen=True)
class Point:
    """One model on one machine for one objective; the numbers are None if there is an error.

    Attributes
    ----------
    model, target, objective : str
        As they were asked for; `machine` is the FAMILY/MACHINE that it was.
    energy_pj, time_us, cycles, macs : float or None
        Of one inference: pJ, microseconds, cycles of one worker, multiply-accumulates.
    peak_memory_bytes : int or None
        Of intermediate values that are alive at once.
    unpriced : int or None
        Nodes that the numbers leave out, because nothing is known of what runs them: see `Cost.fallbacks`.
    error : PointError or None
    key : str
        The result's address: a hash of model, machine, options and compiler.
    """

    model: str
    target: str
    objective: str
    machine: str | None
    energy_pj: float | None
    time_us: float | None
    cycles: float | None
    macs: float | None
    peak_memory_bytes: int | None
    unpriced: int | None
    error: PointError | None
    key: str

    def to_dict(self) -> dict[str, typing.Any]:
        """Flat: a row of a table; the error is its message, or ""."""
        row = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        row["error"] = self.error.message if self.error else ""
        return row


@dataclasses.dataclass(frozen=True, repr=False)
class Exploration:
    """The results of a sweep, in the order of models, then targets, then objectives.

    Attributes
    ----------
    points : tuple of Point
    """

    points: tuple[Point, ...]
    _results: _store.Store = dataclasses.field(compare=False)

    @property
    def errors(self) -> tuple[Point, ...]:
        """The points without a result."""
        return tuple(point for point in self.points if point.error)

    def rows(self) -> list[dict[str, typing.Any]]:
        """A flat row for each point: `pandas.DataFrame(exploration.rows())`."""
        return [point.to_dict() for point in self.points]

    def cost(self, point: Point) -> Cost:
        """All that is known of a point. ValueError if it has no result."""
        outcome = self._results.read(point.key)
        if not outcome or "report" not in outcome:
            why = point.error.message if point.error else "its file is gone"
            raise ValueError(f"no result for {point.model} on {point.target}: {why}")
        return Cost.from_json(outcome["report"])

    def pareto(self, model: str | None = None) -> tuple[Point, ...]:
        """The points of a model that no other one of it beats in energy and time, the fastest first.

        `model` may be left out if there is one only.
        """
        names = list(dict.fromkeys(point.model for point in self.points))
        if model is None and len(names) != 1:
            raise ValueError(f"which model? {', '.join(names)}")
        if model is not None and model not in names:
            raise ValueError(f"no model '{model}' in this sweep, but {', '.join(names)}")
        return front(point for point in self.points if model in (None, point.model))

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Writes energy over time for each model, with the Pareto front.

        One file without references to others: .svg a picture, .html or .htm a page with the numbers too.
        """
        from . import _plot

        path = os.fspath(path)
        if path.lower().endswith((".html", ".htm")):
            text = _plot.page(self)
        elif path.lower().endswith(".svg"):
            text = _plot.svg(self)
        else:
            raise ValueError(f"'{path}' ends neither in .svg nor in .html")
        pathlib.Path(path).write_text(text, encoding="utf-8")

    def _repr_html_(self) -> str:
        from . import _plot

        return _plot.svg(self)

    def __iter__(self) -> typing.Iterator[Point]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"<exploration of {len(self.points)} points, {len(self.errors)} of them failed>"


def explore(
    models: typing.Any,
    targets: typing.Any,
    objectives: typing.Any = ("latency",),
    *,
    shapes: Shapes | collections.abc.Mapping[str, Shapes] | None = None,
    executor: typing.Any = None,
    max_workers: int | None = None,
    folder: str | os.PathLike[str] | typing.Literal[False] | None = None,
    progress: bool | None = None,
    **options: typing.Any,
) -> Exploration:
    """Estimates every model on every machine for every objective, in parallel.

    Results are kept on disk under a hash of all that they depend on (model, machine, options,
    compiler), so that a sweep that was stopped goes on where it was, and a larger one computes only
    what is new. A point that fails is recorded and stops nothing.

    Parameters
    ----------
    models : path, bytes or onnx.ModelProto; a list of them; or {name: model}
        Workers on other computers must see the same paths; bytes and ModelProto travel.
    targets : str or path, or a list of them
        FAMILY, FAMILY/MACHINE or a machine's FILE.yaml. The worker's processor runs what a device
        leaves to the host, and decides what FAMILY alone means: name one by `mcpu` where they differ.
    objectives : str or list of str
        "latency", "energy", "edp".
    shapes : {input name: shape}, or {model name: {input name: shape}}
        For inputs whose shapes the models leave open.
    executor : concurrent.futures.Executor or dask.distributed.Client
        Runs the estimates; it is not shut down. None: threads of this process, for the compiler
        releases the GIL.
    max_workers : int
        Threads, if there is no executor (None: one for each processor); with one, the tasks that it
        has at a time (None: all of them).
    folder : path or False
        Of the results. None: aicc/explore in the user's cache folder; False: nothing is kept.
    progress : bool
        Whether to draw a progress bar on stderr. None: if that is a terminal.
    **options
        The other flags of the command line, underscores for dashes.

    Returns
    -------
    Exploration
        In the order of models, targets and objectives, whatever the order of execution.

    Raises
    ------
    ValueError
        For an empty list, or two models of one name.
    TypeError
        For what is neither a model nor an executor.
    """
    if max_workers is not None and max_workers < 1:
        raise ValueError("max_workers is at least 1")
    store = _store.Store(None if folder is False else pathlib.Path(folder or _store.default_folder()))
    with tempfile.TemporaryDirectory(prefix="aicc-") as temporary:
        jobs = _jobs(_models(models, temporary), _listed(targets), _listed(objectives), shapes, options)
        sweep = _Sweep(jobs, store, progress)
        sweep.run(executor, max_workers)
    points = (Point(job.model.name, job.target, job.objective, **sweep.results[job.key], key=job.key) for job in jobs)
    return Exploration(tuple(points), store)


def front(points: typing.Iterable[Point]) -> tuple[Point, ...]:
    """Those that no other one beats in energy and time, the fastest first; of equal ones the first.

    A point that leaves nodes out costs less for that reason, and does not count.
    """
    best, result = math.inf, []
    for point in sorted((p for p in points if not p.error and not p.unpriced), key=lambda p: (p.time_us, p.energy_pj)):
        if point.energy_pj < best:
            best = point.energy_pj
            result.append(point)
    return tuple(result)


# ------------------------------------------------------------------ what there is to do


@dataclasses.dataclass(frozen=True)
class _Model:
    """A model: its file, or its bytes where the file is not the user's."""

    name: str
    path: str
    data: bytes | None


@dataclasses.dataclass(frozen=True)
class _Job:
    """A point that may have to be computed."""

    model: _Model
    target: str  # As it was asked for.
    machine: str  # The same, from any folder.
    objective: str
    shapes: dict[str, tuple[int, ...]]
    options: dict[str, typing.Any]
    key: str
    files: tuple[str, ...]  # That it depends on.


def _listed(value: typing.Any) -> list[str]:
    """One or several names as a list."""
    values = [value] if isinstance(value, (str, os.PathLike)) else list(value)
    if not values:
        raise ValueError("a sweep needs a model, a target and an objective at least")
    return [os.fspath(each) for each in values]


def _models(models: typing.Any, folder: str) -> list[_Model]:
    if isinstance(models, (str, bytes, bytearray, memoryview, os.PathLike)) or hasattr(models, "SerializeToString"):
        models = [models]
    named = isinstance(models, collections.abc.Mapping)
    given = list(models.items()) if named else [(_model_name(model), model) for model in models]
    if not given:
        raise ValueError("a sweep needs a model, a target and an objective at least")
    count = collections.Counter(name for name, _ in given)
    result = []
    for index, (name, model) in enumerate(given):
        own = os.path.join(folder, str(index))
        os.mkdir(own)
        path = os.path.abspath(_model_file(model, own))
        is_file = isinstance(model, (str, os.PathLike))
        if count[name] > 1 and is_file:
            name = os.fspath(model)
        result.append(_Model(name, path, None if is_file else pathlib.Path(path).read_bytes()))
    names = [model.name for model in result]
    if len(set(names)) < len(names):
        raise ValueError("two models have one name; give them as {name: model}")
    return result


def _model_name(model: typing.Any) -> str:
    if isinstance(model, (str, os.PathLike)):
        return pathlib.Path(model).stem
    return model.graph.name or "model" if hasattr(model, "graph") else "model"


def _shapes_of(model: str, shapes: typing.Any) -> dict[str, tuple[int, ...]]:
    shapes = shapes or {}
    if any(isinstance(shape, collections.abc.Mapping) for shape in shapes.values()):
        shapes = shapes.get(model) or {}
    return {name: tuple(map(int, shape)) for name, shape in shapes.items()}


def _jobs(models: list[_Model], targets: list[str], objectives: list[str], shapes, options) -> list[_Job]:
    machines = {target: _store.target_contents(target, options) for target in targets}
    libraries = [os.fspath(path) for path in [options.get("load_target")] if path]
    shared = {name: str(value) for name, value in options.items()}
    jobs = []
    for model in models:
        contents = _store.model_contents(model.path)
        files = [os.path.join(os.path.dirname(model.path), name) for name in contents]
        for target in targets:
            for objective in objectives:
                own = _shapes_of(model.name, shapes)
                key = _store.point_key({
                    "model": contents, "machine": machines[target], "objective": objective, "shapes": own,
                    "options": shared, "libraries": [_store.model_contents(path) for path in libraries],
                })  # fmt: skip
                machine, depends = target, (*files, *libraries)
                if _store.is_machine_file(target):
                    machine = os.path.abspath(target)
                    depends += (machine,)
                jobs.append(_Job(model, target, machine, objective, own, options, key, depends))
    return jobs


# ------------------------------------------------------------------ doing it


class _Sweep:
    """Jobs, those of their results that are there, and the work that gives the others."""

    def __init__(self, jobs: list[_Job], store: _store.Store, progress: bool | None) -> None:
        self.store = store
        self.results: dict[str, dict[str, typing.Any]] = {}
        self.missing: dict[str, _Job] = {}
        for job in jobs:
            try:
                self.results[job.key] = _summary(store.read(job.key) or {})
            except (KeyError, TypeError, ValueError):  # Not there, or cut short.
                self.missing.setdefault(job.key, job)
        self.stamps = {job.key: _store.stamp(job.files) for job in self.missing.values()}
        self.progress = Progress(len(self.results) + len(self.missing), len(self.results), progress)

    def run(self, executor: typing.Any, max_workers: int | None) -> None:
        workers = max_workers or os.cpu_count() or 1
        try:
            if executor is None:
                self._run_in_threads(workers)
            else:
                self._submit(_as_executor(executor), workers, max_workers)
        finally:
            self.progress.close()

    def _run_in_threads(self, workers: int) -> None:
        pool = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="aicc-explore")
        try:
            self._submit(pool, workers, workers)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, executor: concurrent.futures.Executor, workers: int, at_once: int | None) -> None:
        """Keeps `at_once` chunks with the executor until all are done."""
        waiting = collections.deque(_chunks(list(self.missing.values()), workers))
        running: dict[concurrent.futures.Future, tuple[_Job, ...]] = {}
        try:
            while waiting or running:
                while waiting and (at_once is None or len(running) < at_once):
                    chunk = waiting.popleft()
                    try:
                        running[executor.submit(run_chunk, chunk)] = chunk
                    except Exception as error:  # The executor does not work any more.
                        self._failed(chunk, error)
                done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    waiting.extend(self._collect(running.pop(future), future))
        finally:
            for future in running:
                future.cancel()

    def _collect(self, chunk: tuple[_Job, ...], future: concurrent.futures.Future) -> list[tuple[_Job, ...]]:
        """Keeps what a chunk gave; returns the chunks to try in its place if its worker died."""
        try:
            outcomes = future.result()
        except Exception as error:
            if len(chunk) > 1:
                return [(job,) for job in chunk]
            self._failed(chunk, error)
            return []
        for job, (outcome, lasting) in zip(chunk, outcomes):
            unchanged = _store.stamp(job.files) == self.stamps[job.key]
            self._keep(job, outcome, lasting and unchanged)
        return []

    def _failed(self, chunk: tuple[_Job, ...], error: Exception) -> None:
        for job in chunk:
            self._keep(job, _error(error), False)

    def _keep(self, job: _Job, outcome: dict, lasting: bool) -> None:
        self.store.write(job.key, outcome, lasting)
        self.results[job.key] = _summary(outcome)
        self.progress.add("error" in outcome)


def _as_executor(executor: typing.Any) -> concurrent.futures.Executor:
    if isinstance(executor, concurrent.futures.Executor):
        return executor
    if hasattr(executor, "get_executor"):  # dask.distributed.Client
        return executor.get_executor(pure=False)
    raise TypeError(
        f"an executor is a concurrent.futures.Executor or a dask.distributed.Client, not {type(executor).__name__}"
    )


def _chunks(jobs: list[_Job], workers: int) -> list[tuple[_Job, ...]]:
    """Jobs of one model each, so that a worker reads it once for all of them."""
    size = max(1, min(LARGEST_CHUNK, len(jobs) // (workers * CHUNKS_PER_WORKER)))
    by_model: dict[_Model, list[_Job]] = {}
    for job in jobs:
        by_model.setdefault(job.model, []).append(job)
    return [tuple(own[i : i + size]) for own in by_model.values() for i in range(0, len(own), size)]


# Of each thread that computes points: the model that it has read.
_worker = threading.local()


def run_chunk(chunk: tuple[_Job, ...]) -> list[tuple[dict, bool]]:
    """(outcome, whether it would be the same another time) of each job; runs on a worker."""
    with tempfile.TemporaryDirectory(prefix="aicc-") as folder:
        model = chunk[0].model
        path = model.path if model.data is None else _model_file(model.data, folder)
        return [_run_job(job, path) for job in chunk]


def _run_job(job: _Job, path: str) -> tuple[dict, bool]:
    try:
        if not hasattr(_worker, "prepared"):
            _worker.prepared = _native.Prepared()
        text = _estimate._estimate_json(path, job.machine, job.shapes, job.objective, _worker.prepared, **job.options)
        Cost.from_json(text)
        return {"report": text}, True
    except CompileError as error:
        # What a file system or an internal error says may be otherwise the next time.
        return _error(error), error.status != 70 and error.code != "E_IO"
    except Exception as error:
        return _error(error), False


def _error(error: Exception) -> dict:
    if not isinstance(error, CompileError):
        return {"error": dataclasses.asdict(PointError(type(error).__name__, "", "", "", str(error)))}
    first = next((d.message for d in error.diagnostics if d.severity == "error"), str(error))
    return {"error": dataclasses.asdict(PointError("CompileError", error.code, error.node, error.op, first))}


def _summary(outcome: dict) -> dict[str, typing.Any]:
    """What a Point holds of an outcome; whole reports stay on disk."""
    if "error" in outcome:
        numbers = dict.fromkeys(("machine", "energy_pj", "time_us", "cycles", "macs", "peak_memory_bytes", "unpriced"))
        return {**numbers, "error": PointError(**outcome["error"])}
    cost = Cost.from_json(outcome["report"])
    priced = {node["name"] for node in cost.report["nodes"]}
    return {
        "machine": cost.target,
        "energy_pj": cost.energy_pj,
        "time_us": cost.time_us,
        "cycles": cost.cycles,
        "macs": cost.macs,
        "peak_memory_bytes": cost.peak_memory_bytes,
        "unpriced": sum(fallback["node"] not in priced for fallback in cost.fallbacks),
        "error": None,
    }
