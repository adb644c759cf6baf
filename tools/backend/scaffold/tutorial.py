"""The commands of docs/extending.md, "Your first endpoint in ten minutes", as one script: as they are written."""

import re
from pathlib import Path

HEADING = "## Your first endpoint in ten minutes"
DEFAULT_API = "127.0.0.1:9000"
STACK = "make dev"
REMOVAL = "make remove-function"

# `make dev` runs until Ctrl-C: here beside the commands that follow, and no longer than the script.
START = """make dev &
stack=$!
trap 'kill $stack; wait $stack || true' EXIT
until curl -sf "http://{api}/v1/ping"; do kill -0 $stack; sleep 1; done
"""
STOP = "kill $stack; wait $stack || true; trap - EXIT\n"


def blocks(document: Path) -> list[str]:
    """What the section tells a reader to type, block by block."""
    section = document.read_text().partition(f"\n{HEADING}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    if not any(STACK in block.splitlines() for block in found) or not any(REMOVAL in block for block in found):
        raise ValueError(f"{document} has no tutorial with `{STACK}` and `{REMOVAL}`")
    return found


def script(document: Path, port: int, before_removal: str) -> str:
    """The whole of it, with the API on that port, and more commands before the function is removed."""
    api = DEFAULT_API.replace("9000", str(port))
    lines = [f"set -euo pipefail\nexport PORT={port}\n"]
    for block in blocks(document):
        text = block.replace(DEFAULT_API, api)
        if REMOVAL in text:
            lines += [STOP, before_removal]
        lines.append(re.sub(rf"^{STACK}\n", lambda _: START.format(api=api), text, flags=re.MULTILINE))
    return "".join(lines)
