"""Entry point of the local stack: `python3 tools/backend COMMAND`.

Runs on whatever Python 3 the machine has and needs nothing installed: it makes sure that the pinned packages are in
`.venv`, then hands over to `commands.py` under that interpreter. `install` stops there.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Checks the interpreter, then changes to the environment's own."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        sys.exit("The local stack needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    import environment

    python = environment.ensure()
    if sys.argv[1:] == ["install"]:
        return
    commands = str(Path(__file__).resolve().with_name("commands.py"))
    os.execv(python, [python, commands, *sys.argv[1:]])


if __name__ == "__main__":
    main()
