"""What this tree is: the release, and the commit."""

import os
import re

from backend.common.console import CommandError
from backend.common.paths import ROOT


def own_build() -> str:
    """The release and the commit of this tree, as a deployment of it describes itself; empty outside the Makefile."""
    return os.environ.get("BUILD_VERSION", "")


def own_release() -> str:
    """The release that this tree answers with."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if found is None:
        raise CommandError("Cargo.toml names no version.")
    return found[1]
