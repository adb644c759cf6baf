"""Runs a command with the address of a DynamoDB of its own as one more argument: the emulator of the local stack.

PYTHONPATH=tools .venv/bin/python sim/judge/emulator.py COMMAND ARGUMENT…
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from backend.local import ports
from backend.local.emulator import run_emulator


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        with run_emulator(ports.any_free().emulator, state, state) as emulator:
            return subprocess.run(
                [*command, "--url", emulator.url], check=False
            ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
