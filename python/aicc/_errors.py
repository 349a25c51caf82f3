"""What went wrong with a model, in its own terms."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler. Unknown strings are empty, an unknown opset is 0."""

    severity: str  # "error", "warning", "remark" or "note"
    code: str  # "E_PARSE", "E_UNSUPPORTED" ...
    file: str
    node: str  # name of the ONNX node, "#<index>" if it has none
    op: str
    opset: int
    message: str
    help: str
    notes: tuple

    def __str__(self):
        node = f" node '{self.node}'" if self.node else ""
        details = ", ".join(part for part in (self.op, f"opset {self.opset}" if self.opset else "") if part)
        where = f"{node} ({details}):" if node and details else f"{node}:" if node else ""
        lines = [f"{self.file or 'aicc'}: {self.severity}:{where} {self.message}"]
        lines += [f"note: {note}" for note in self.notes]
        if self.help:
            lines.append(f"help: {self.help}")
        return "\n".join(lines)


class CompileError(Exception):
    """A model that cannot be compiled.

    code, node and op are those of the first error; diagnostics holds all messages; status is the
    exit code that the command line would end with.
    """

    def __init__(self, diagnostics, status):
        self.diagnostics = list(diagnostics)
        self.status = status
        errors = [d for d in self.diagnostics if d.severity == "error"]
        self.code = errors[0].code if errors else ""
        self.node = errors[0].node if errors else ""
        self.op = errors[0].op if errors else ""
        super().__init__("\n".join(map(str, self.diagnostics)) or f"the compiler failed with status {status}")


def checked(status, diagnostics):
    """The messages of the native part as Diagnostics; raises CompileError unless `status` is 0."""
    diagnostics = [Diagnostic(**{**d, "notes": tuple(d["notes"])}) for d in diagnostics]
    if status:
        raise CompileError(diagnostics, status)
    return diagnostics
