"""Compares what aicc compiles with a reference, and finds the first node that differs.

    python -m aicc.verify MODEL.onnx [--per-node] [--shape=INPUT:1x3x224x224 ...] [--seed=N]

Inputs are random unless --inputs gives them. With --per-node the values between the nodes are
compared too, in the order of the graph; where they all agree although the outputs do not (the
difference needs the nodes to be fused), the model is cut at one value after another until the
first value that differs is found.

Exit status: 0 all agree, 4 something differs, 1 bad model or input, 3 unsupported.
Needs onnx, and onnxruntime unless --reference=onnx.
"""

import argparse
import os
import pathlib
import sys
import tempfile

import numpy
import onnx
from onnx import helper

from ._compile import compile
from ._errors import CompileError

# ------------------------------------------------------------------ the model


def fixed_shapes(model, shapes):
    """{input: shape} of every input that is not an initializer; unknown extents are 1."""
    initial = {tensor.name for tensor in model.graph.initializer}
    result = {}
    for value in model.graph.input:
        if value.name in initial:
            continue
        declared = value.type.tensor_type.shape.dim
        result[value.name] = tuple(shapes.get(value.name) or (d.dim_value or 1 for d in declared))
    unknown = set(shapes) - set(result)
    if unknown:
        raise ValueError(f"the model has no input {', '.join(sorted(map(repr, unknown)))}")
    return result


def random_inputs(model, shapes, seed):
    """Seeded inputs: normal floats, small non-negative integers."""
    random, result = numpy.random.default_rng(seed), {}
    for value in model.graph.input:
        if value.name not in shapes:
            continue
        dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        if numpy.issubdtype(dtype, numpy.integer) or dtype == numpy.bool_:
            array = random.integers(0, 2, shapes[value.name])
        else:
            array = random.standard_normal(shapes[value.name])
        result[value.name] = array.astype(dtype)
    return result


def with_outputs(model, names, arrays):
    """A copy of the model whose outputs are the values `names`, typed as `arrays` found them."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    for name in names:
        array = arrays[name]
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        copy.graph.output.append(helper.make_tensor_value_info(name, kind, array.shape))
    return copy


def cut_at(model, name, array):
    """A copy of the model that computes the value `name` and nothing that it does not need."""
    copy = with_outputs(model, [name], {name: array})
    needed, nodes = {name}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
            for graph in subgraphs(node):
                needed.update(name for inner in graph.node for name in inner.input)
    del copy.graph.node[:]
    copy.graph.node.extend(reversed(nodes))
    return copy


def subgraphs(node):
    """The graphs inside a node (If, Loop, Scan), at any depth."""
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            if graph.node:
                yield graph
                for inner in graph.node:
                    yield from subgraphs(inner)


# ------------------------------------------------------------------ running


def run_reference(model, inputs, kind, folder):
    """{output: value} from ONNX Runtime ("ort") or the reference evaluator ("onnx")."""
    names = [value.name for value in model.graph.output]
    if kind == "onnx":
        from onnx.reference import ReferenceEvaluator

        return dict(zip(names, ReferenceEvaluator(model).run(names, inputs)))
    import onnxruntime

    path = os.path.join(folder, "reference.onnx")
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, inputs)))


def run_compiled(model, inputs, shapes, target, folder, name):
    path = os.path.join(folder, f"{name}.onnx")
    onnx.save(model, path)
    compiled = compile(path, target=target, shapes=shapes)
    return compiled.run({spec.name: inputs[spec.name] for spec in compiled.inputs})


def error_of(got, want):
    """(largest absolute error, that error over the largest absolute value of `want`)."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return numpy.inf, numpy.inf
    if not want.size:
        return 0.0, 0.0
    if want.dtype == numpy.bool_:
        got, want = got.astype(numpy.uint8), want.astype(numpy.uint8)
    got, want = got.astype(numpy.float64), want.astype(numpy.float64)
    same = (got == want) | (numpy.isnan(got) & numpy.isnan(want))
    with numpy.errstate(invalid="ignore"):
        distance = numpy.where(same, 0.0, numpy.abs(got - want))
    worst = float(distance.max())
    if numpy.isnan(worst):
        return numpy.inf, numpy.inf
    finite = numpy.abs(want[numpy.isfinite(want)])
    scale = float(finite.max()) if finite.size else 0.0
    return worst, worst / scale if scale else (numpy.inf if worst else 0.0)


# ------------------------------------------------------------------ comparing


class Verifier:
    """One model with one set of inputs and the reference's values for them."""

    def __init__(self, model, shapes, inputs, options, folder):
        self.model, self.shapes, self.inputs = model, shapes, inputs
        self.options, self.folder = options, folder
        self.name = pathlib.Path(options.model).stem

    def agrees(self, got, want):
        worst, relative = error_of(got, want)
        return worst <= self.options.atol or relative <= self.options.rtol

    def compile_and_run(self, model):
        return run_compiled(model, self.inputs, self.shapes, self.options.target, self.folder, self.name)

    def reference(self, model):
        return run_reference(model, self.inputs, self.options.reference, self.folder)

    def compare_outputs(self):
        """Prints a line for each output; whether all agree."""
        want, got, good = self.reference(self.model), self.compile_and_run(self.model), True
        for name, value in want.items():
            worst, relative = error_of(got[name], value)
            agrees = self.agrees(got[name], value)
            good &= agrees
            print(
                f"{'ok  ' if agrees else 'FAIL'} output '{name}' {value.dtype}{list(value.shape)}: "
                f"max error {worst:.3g}, relative to the largest value {relative:.3g}"
            )
            if got[name].shape != value.shape or got[name].dtype != value.dtype:
                print(f"     aicc gives {got[name].dtype}{list(got[name].shape)}")
        return good

    def values(self):
        """[(value name, node)] for every tensor that a node of the main graph writes, in order."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        writers = [(name, node) for node in model.graph.node for name in node.output if name]
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name, _ in writers)
        found = self.reference(model)
        self.want = {name: value for name, value in found.items() if isinstance(value, numpy.ndarray)}
        return [(name, node) for name, node in writers if name in self.want]

    def first_difference(self):
        """(value, node, got) of the first value that differs from the reference, or None."""
        writers = self.values()
        names = [name for name, _ in writers]
        got = self.compile_and_run(with_outputs(self.model, names, self.want))
        for name, node in writers:
            if not self.agrees(got[name], self.want[name]):
                return name, node, got[name]
        print(f"all {len(names)} values agree when each is an output", file=sys.stderr)
        return self.first_difference_when_cut(writers)

    def first_difference_when_cut(self, writers):
        """The same where the nodes stay fused: bisects over the values, one compilation each."""

        def differs(index):
            name = writers[index][0]
            got = self.compile_and_run(cut_at(self.model, name, self.want[name]))[name]
            return None if self.agrees(got, self.want[name]) else got

        low, high, found = 0, len(writers) - 1, differs(len(writers) - 1)
        if found is None:
            return None
        while low < high:
            middle = (low + high) // 2
            got = differs(middle)
            if got is None:
                low = middle + 1
            else:
                high, found = middle, got
        return (*writers[high], found)

    def report(self, name, node, got):
        want = self.want[name]
        worst, relative = error_of(got, want)
        index = next(i for i, n in enumerate(self.model.graph.node) if name in n.output)
        print(f"first difference: node '{node.name or f'#{index}'}' ({node.op_type}), output '{name}'")
        print(f"  max error {worst:.3g}, relative {relative:.3g}; {want.dtype}{list(want.shape)}")
        if got.shape == want.shape and want.size:
            distance = numpy.abs(got.astype(numpy.float64) - want.astype(numpy.float64))
            where = numpy.unravel_index(int(numpy.nan_to_num(distance, nan=numpy.inf).argmax()), want.shape)
            print(f"  at {list(map(int, where))}: aicc {got[where]}, reference {want[where]}")
        for source in node.input:
            producer = next((n for n in self.model.graph.node if source in n.output), None)
            if producer is not None:
                print(f"  '{source}' comes from node '{producer.name}' ({producer.op_type})")


def parse_shape(text):
    name, _, dims = text.rpartition(":")
    try:
        return name, tuple(int(n) for n in dims.split("x") if n)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not INPUT:1x3x224x224") from None


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="python -m aicc.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--per-node", action="store_true", help="find the first node that differs")
    parser.add_argument("--shape", action="append", default=[], type=parse_shape, metavar="INPUT:DIMS")
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs")
    parser.add_argument("--inputs", metavar="FILE.npz", help="inputs by name, instead of random ones")
    parser.add_argument("--reference", choices=["ort", "onnx"], default="ort")
    parser.add_argument("--target", default="cpu")
    parser.add_argument("--rtol", type=float, default=1e-4, help="relative to the largest value of a tensor")
    parser.add_argument("--atol", type=float, default=0.0)
    return parser.parse_args(argv)


def main(argv=None):
    options = arguments(argv)
    try:
        model = onnx.load(options.model)
        shapes = dict(options.shape)
        if options.inputs:
            inputs = dict(numpy.load(options.inputs))
            shapes = {name: array.shape for name, array in inputs.items()}
        shapes = fixed_shapes(model, shapes)
        if not options.inputs:
            inputs = random_inputs(model, shapes, options.seed)
        with tempfile.TemporaryDirectory(prefix="aicc-verify-") as folder:
            verifier = Verifier(model, shapes, inputs, options, folder)
            good = verifier.compare_outputs()
            if options.per_node:
                found = verifier.first_difference()
                if found:
                    verifier.report(*found)
                    good = False
        return 0 if good else 4
    except CompileError as error:
        print(error, file=sys.stderr)
        return error.status
    except (OSError, ValueError, TypeError) as error:
        print(f"{options.model}: error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
