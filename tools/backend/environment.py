"""The virtual environment `.venv` with the packages of `tools/requirements.txt`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "tools" / "requirements.txt"
STAMP = VENV / ".installed"


def ensure() -> str:
    """Installs what is missing and returns the environment's interpreter."""
    python = VENV / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not python.exists() or not STAMP.exists() or STAMP.read_text() != wanted:
        _install(python)
        STAMP.write_text(wanted)
    return str(python)


def _install(python: Path) -> None:
    print("· installing the local stack's Python packages into .venv", file=sys.stderr, flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    created = subprocess.run([sys.executable, "-m", "venv", str(VENV)], stdout=sys.stderr)
    if created.returncode != 0:
        sys.exit(
            "Python could not create a virtual environment (see above); "
            "on Debian and Ubuntu the package python3-venv is what is missing."
        )
    # The file lists everything that is needed: nothing is taken that it does not name, and nothing but what it names.
    only_these = ["--require-hashes", "--no-deps", "-r", str(REQUIREMENTS)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, *only_these], stdout=sys.stderr)
    if installed.returncode != 0:
        sys.exit("pip could not install tools/requirements.txt (see above).")
