"""Runs a command and fails unless it ends with the given exit code.

    exits.py CODE COMMAND...

A crash (a signal) is never the expected end.
"""

import subprocess
import sys

expected, command = int(sys.argv[1]), sys.argv[2:]
actual = subprocess.run(command).returncode
if actual != expected:
    sys.exit(f"exit code {actual}, expected {expected}: {' '.join(command)}")
