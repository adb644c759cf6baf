"""The binaries that the stack runs, as cargo builds them."""

import json
import shutil
import subprocess
from pathlib import Path

from backend.common import functions
from backend.common.console import CommandError
from backend.common.paths import ROOT

WECHAT_SERVER = "wechat-standin"


def build_binaries() -> dict[str, Path]:
    """Builds the workspace's binaries and returns where each one lies. Cargo's progress goes to the terminal."""
    if shutil.which("cargo") is None:
        raise CommandError("cargo is not on the PATH; the functions are Rust and need it (https://rustup.rs).")
    command = ["cargo", "build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        raise CommandError("The binaries could not be built; cargo says why above.")
    binaries = executables(built.stdout)
    missing = [name for name in (*functions.names(), WECHAT_SERVER) if name not in binaries]
    if missing:
        raise CommandError(f"cargo built no binary named {', '.join(missing)}.")
    return binaries


def executables(messages: str) -> dict[str, Path]:
    """The executables that cargo's messages name, wherever its target directory is."""
    parsed = (json.loads(line) for line in messages.splitlines() if line.startswith("{"))
    artifacts = (message for message in parsed if message.get("reason") == "compiler-artifact")
    return {a["target"]["name"]: Path(a["executable"]) for a in artifacts if a.get("executable")}
