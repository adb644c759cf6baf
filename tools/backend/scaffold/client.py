"""The client for mini-programs, which is generated from openapi.yaml where Node is there."""

import os
import shutil
import subprocess

from backend.common.console import CommandError, say, step
from backend.common.paths import ROOT

OLDEST_NODE = (20, 10)


def rebuild() -> None:
    """Writes the client's types and methods anew; leaves them as they are without Node."""
    if not has_node():
        say("· the client is left as it is: it needs Node 20.10. With it: make client")
        return
    with step("writing the client's types and methods"):
        made = subprocess.run(
            ["make", "--no-print-directory", "client"], cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL
        )
    if made.returncode != 0:
        raise CommandError("`make client` failed, as it says above; nothing was changed.")


def has_node() -> bool:
    """Whether there is a Node that is new enough."""
    if shutil.which("node") is None:
        return False
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True)
    parts = asked.stdout.strip().removeprefix("v").split(".")
    return len(parts) >= 2 and all(part.isdigit() for part in parts[:2]) and tuple(map(int, parts[:2])) >= OLDEST_NODE


def _environment() -> dict[str, str]:
    """Without the words of the `make` that runs this, which are not the client's."""
    return {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "NAME")
    }
