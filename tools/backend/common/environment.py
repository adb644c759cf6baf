"""The virtual environments, one for each requirements file: `.venv`, and `.venv-NAME` for `requirements-NAME.txt`.

Only the standard library is used here: this is what installs the rest.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from backend.common.paths import ROOT, TOOLS, shown


def install(names: list[str]) -> int:
    """Installs the named environments, or the commands' own without a name."""
    for name in names or [""]:
        ensure(name)
    return 0


def ensure(name: str) -> str:
    """Installs what is missing and returns the environment's interpreter."""
    suffix = f"-{name}" if name else ""
    requirements, directory = TOOLS / f"requirements{suffix}.txt", ROOT / f".venv{suffix}"
    if not requirements.exists():
        sys.exit(f"There is no {shown(requirements)}.")
    python, installed = directory / "bin" / "python", directory / ".installed"
    wanted = stamp(requirements, directory)
    if not python.exists() or not installed.exists() or installed.read_text() != wanted:
        _create(directory, requirements, python)
        installed.write_text(wanted)
    return str(python)


def is_current(python: str) -> bool:
    """Whether this process runs under that interpreter."""
    return Path(sys.prefix).resolve() == Path(python).parents[1].resolve()


def stamp(requirements: Path, directory: Path) -> str:
    """What an environment was made of. Its programs name their interpreter by its path, so a moved one is made anew."""
    return f"{hashlib.sha256(requirements.read_bytes()).hexdigest()} {directory}\n"


def _create(directory: Path, requirements: Path, python: Path) -> None:
    print(f"· installing {shown(requirements)} into {directory.name}", file=sys.stderr, flush=True)
    shutil.rmtree(directory, ignore_errors=True)
    # Not the interpreter of another environment, which may go.
    base = getattr(sys, "_base_executable", sys.executable)
    created = subprocess.run([base, "-m", "venv", str(directory)], stdout=sys.stderr)
    if created.returncode != 0:
        sys.exit(
            "Python could not create a virtual environment (see above); "
            "on Debian and Ubuntu the package python3-venv is what is missing."
        )
    # The file lists everything that is needed: nothing is taken that it does not name, and nothing but what it names.
    only_these = ["--require-hashes", "--no-deps", "-r", str(requirements)]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, *only_these], stdout=sys.stderr)
    if installed.returncode != 0:
        sys.exit(f"pip could not install {shown(requirements)} (see above).")
