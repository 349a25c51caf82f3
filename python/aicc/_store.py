"""Results of a sweep on disk, each under a hash of all that it depends on."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
import platform
import re
import threading
import typing

from . import _native

FORMAT = 1  # Of the files and of what goes into a key.

# A StringStringEntryProto whose key is "location", as protobuf writes it: the file of a tensor's external data.
_LOCATION = re.compile(rb"\n\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x7f])")


def default_folder() -> pathlib.Path:
    """$XDG_CACHE_HOME/aicc/explore, or ~/.cache/aicc/explore."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "aicc" / "explore"


class Store:
    """Outcomes by key: {"report": its text} or {"error": {...}}. Without a folder, in memory only.

    A report is a file as `aicc --report` writes it, which aicc-report opens.
    """

    def __init__(self, folder: pathlib.Path | None) -> None:
        self.folder = folder
        self.memory: dict[str, dict] = {}

    def paths(self, key: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Of the report, and of the error."""
        stem = (self.folder or pathlib.Path()) / key[:2] / key
        return stem.with_suffix(".json"), stem.with_suffix(".error.json")

    def read(self, key: str) -> dict | None:
        """None if there is no such outcome, or if its file is not JSON."""
        if key in self.memory or self.folder is None:
            return self.memory.get(key)
        report, error = self.paths(key)
        try:
            text = report.read_text(encoding="utf-8")
            json.loads(text)
            return {"report": text}
        except (OSError, ValueError):
            pass
        try:
            return {"error": json.loads(error.read_text(encoding="utf-8"))}
        except (OSError, ValueError):
            return None

    def write(self, key: str, outcome: dict, lasting: bool) -> None:
        """Keeps an outcome: on disk if it is `lasting`, otherwise for this process."""
        if self.folder is None or not lasting:
            self.memory[key] = outcome
            return
        report, error = self.paths(key)
        path, text = (report, outcome["report"]) if "report" in outcome else (error, json.dumps(outcome["error"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)


def point_key(contents: typing.Mapping[str, typing.Any]) -> str:
    """The address of a point: a hash of what its result depends on, the compiler included."""
    whole = {"format": FORMAT, "compiler": compiler_hash(), **contents}
    return hashlib.blake2b(json.dumps(whole, sort_keys=True).encode(), digest_size=20).hexdigest()


def model_contents(path: str) -> dict[str, str]:
    """{file name: hash} of a model and of the files that its tensors lie in; "" for a file that is not there."""
    result = {os.path.basename(path): _file_hash(path)}
    folder = os.path.dirname(path)
    try:
        data = pathlib.Path(path).read_bytes()
    except OSError:
        return result
    for match in _LOCATION.finditer(data):
        length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(match[1]))
        location = data[match.end() : match.end() + length].decode(errors="replace")
        if location not in result:
            result[location] = _file_hash(os.path.join(folder, location))
    return result


def is_machine_file(target: str) -> bool:
    """Is it a file, and not a name? As --target has it."""
    return target.endswith((".yaml", ".yml"))


def target_contents(target: str, options: typing.Mapping[str, typing.Any]) -> dict[str, str]:
    """What a target's name stands for: a file's hash; a machine of the compiler is part of the compiler's hash.

    The processor decides what a family alone means, which instructions a machine may use, and what runs beside a
    device: this computer's is part of it, if `options` do not name one.
    """
    host = {} if options.get("mcpu", "native") != "native" else {"host": _host()}
    if is_machine_file(target):
        return {"file": os.path.basename(target), "hash": _file_hash(target), **host}
    return {"name": target, **host}


def stamp(paths: typing.Iterable[str]) -> tuple:
    """Differs if one of the files was written meanwhile."""
    return tuple(_stat(path) for path in paths)


@functools.cache
def compiler_hash() -> str:
    """Of the version and of the libraries that hold the compiler, with its cost model and its machines."""
    paths = {_native.__file__}
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            mapped = (line.rstrip("\n").partition("/")[2] for line in maps)
            paths |= {f"/{path}" for path in mapped if os.path.basename(path).startswith("libaicc")}
    except OSError:  # Not Linux: libaicc lies beside the extension, as in a wheel.
        paths |= {str(path) for path in pathlib.Path(_native.__file__).parent.glob("libaicc*")}
    hashes = sorted(_file_hash(path) for path in paths)
    return hashlib.blake2b("\n".join([_native.version, *hashes]).encode(), digest_size=20).hexdigest()


@functools.cache
def _host() -> str:
    """The kind of processor that this runs on."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        flags = next(line for line in lines if line.lower().startswith(("flags", "features")))
    except (OSError, StopIteration):
        flags = platform.processor()
    return f"{platform.machine()} {flags}"


def _file_hash(path: str) -> str:
    digest = hashlib.blake2b(digest_size=20)
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def _stat(path: str) -> tuple | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
