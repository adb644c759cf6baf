"""This machine: the tools, and the files of the signing keys."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

from backend.common import keys
from backend.common.console import CommandError
from backend.common.paths import ROOT
from backend.deploy.findings import Findings


def check_tools(findings: Findings) -> None:
    """What building and deploying need."""
    if (version := _output(["cargo", "--version"])) is None:
        findings.problem("cargo", "is missing; install Rust from https://rustup.rs")
    else:
        findings.ok("cargo", version)
    if shutil.which("cc") is None:
        findings.problem("C compiler", "cc is missing; on Debian and Ubuntu: apt-get install build-essential")
    else:
        findings.ok("C compiler", "cc is there")
    for name, command in (
        ("cargo-lambda", [str(ROOT / ".venv-build/bin/cargo-lambda"), "lambda", "--version"]),
        ("sam", [str(ROOT / ".venv-sam/bin/sam"), "--version"]),
    ):
        if (version := _output(command)) is None:
            findings.note(name, "not installed yet; `make deploy` does it")
        else:
            findings.ok(name, version)
    if _output(["docker", "version", "--format", "{{.Server.Version}}"]) is None:
        findings.note("Docker", "does not answer; only `make invoke-…` needs it")
    else:
        findings.ok("Docker", "answers")


def _output(command: list[str]) -> str | None:
    """The first line that a command prints; nothing if it cannot be run."""
    env = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(run.stdout.splitlines()), "")


def check_key_files(findings: Findings, directory: Path) -> None:
    """Whether the key pair is there, belongs together, and is readable by its owner only."""
    files = keys.files_in(directory)
    if not files.private_jwk.exists() or not files.public_jwks.exists():
        findings.problem("signing keys", "there are none: run `make keys`")
        return
    try:
        pair = keys.read_pair(files)
    except CommandError as error:
        findings.problem("signing keys", str(error))
        return
    if stat.S_IMODE(files.private_jwk.stat().st_mode) & 0o077:
        findings.problem("signing keys", f"others can read the private key: chmod 600 {files.private_jwk.name}")
        return
    findings.ok("signing keys", f"key {pair.current}, {len(pair.public)} public in all")
