"""Entry point: `python3 tools/backend COMMAND`.

Starts under whatever Python the machine has, with nothing installed. It puts the pinned packages into `.venv`, then
starts itself again under that interpreter. `install` and `running` need no packages and stop before that.
"""

import os
import sys
from pathlib import Path

# The oldest Python that every requirements file can be installed on. The Makefile reads it here.
OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Checks the interpreter, then runs the command under the one of `.venv`."""
    if sys.version_info < OLDEST_PYTHON:  # an older one cannot read the modules below
        sys.exit(
            "This needs Python {}.{} or newer, and {} is {}. ".format(
                *OLDEST_PYTHON, sys.executable, sys.version.split()[0]
            )
            + "Name another one, as in: make dev PYTHON=python3.12"
        )
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from backend.common import environment, running

    words = sys.argv[1:]
    if words[:1] == ["install"]:
        return environment.install(words[1:])
    if words == ["running"]:
        return running.check()
    python = environment.ensure("")
    if not environment.is_current(python):
        os.execv(python, [python, *sys.argv])
    from backend import cli

    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main())
