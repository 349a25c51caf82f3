"""Runs `aicc --emit=check` on a model and says how it ended."""

import json
import subprocess

from conftest import is_sanitized, tool

SECONDS = 20
# Bounds memory; mapped files and libraries count, too. AddressSanitizer reserves terabytes of addresses.
ADDRESS_SPACE_KIB = "unlimited" if is_sanitized() else 4 << 20


def check(model, *flags):
    """(exit code, first error or None); fails on a signal or a hang."""
    command = f'ulimit -v {ADDRESS_SPACE_KIB}; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", command, "aicc", tool("aicc"), "--emit=check", "--diagnostics=json", *flags, str(model)],
        capture_output=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (0, 1, 2, 3), f"exit code {done.returncode}: {done.stderr[-500:]!r}"
    errors = []
    for line in done.stderr.decode(errors="replace").splitlines():
        diagnostic = json.loads(line)
        if diagnostic["severity"] == "error":
            errors.append(diagnostic)
    assert bool(errors) == (done.returncode != 0), done.stderr
    return done.returncode, errors[0] if errors else None


EXIT_CODES = {"E_UNSUPPORTED": 3, "E_USAGE": 2}


def expect_class(model, expected, *flags):
    """The model is refused with this class of error, and the exit code that goes with it."""
    code, error = check(model, *flags)
    assert error, f"accepted, expected {expected}"
    assert error["code"] == expected, error
    assert code == EXIT_CODES.get(expected, 1)
    assert error["message"] and "\n" not in error["message"]
    return error
