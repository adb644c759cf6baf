"""The binaries that the stack runs, as cargo builds them."""

import json
import shutil
import subprocess
from pathlib import Path

from console import StackError
from environment import ROOT

FUNCTIONS = ("login", "users", "presign", "s3-event", "purge")
WECHAT_STANDIN = "wechat-standin"


def build_binaries() -> dict[str, Path]:
    """Builds the workspace's binaries and returns where each one lies. Cargo's progress goes to the terminal."""
    if shutil.which("cargo") is None:
        raise StackError("cargo is not on the PATH; the functions are Rust and need it (https://rustup.rs).")
    command = ["cargo", "build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        raise StackError("The binaries could not be built; cargo says why above.")
    binaries = _executables(built.stdout)
    missing = [name for name in (*FUNCTIONS, WECHAT_STANDIN) if name not in binaries]
    if missing:
        raise StackError(f"cargo built no binary named {', '.join(missing)}.")
    return binaries


def _executables(messages: str) -> dict[str, Path]:
    """The executables that cargo's messages name, wherever its target directory is."""
    parsed = (json.loads(line) for line in messages.splitlines() if line.startswith("{"))
    artifacts = (message for message in parsed if message.get("reason") == "compiler-artifact")
    return {a["target"]["name"]: Path(a["executable"]) for a in artifacts if a.get("executable")}
