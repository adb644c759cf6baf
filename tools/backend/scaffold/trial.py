"""`try-new-function`: makes a function as docs/extending.md says, and one more for a queue, in a copy of the tree.

It runs their tests and the template's rules, calls the API by curl and by the client, removes both, and compares every
byte. The copy keeps its place below .local, and cargo builds into this tree's target directory: only the workspace's
own crates are compiled anew. `--everything` runs `make lint`, `make test` and `make budget` with both functions.
"""

import argparse
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from backend.common.arguments import Commands
from backend.common.console import CommandError, say, step
from backend.common.paths import LOCAL, ROOT
from backend.local import ports
from backend.scaffold import tutorial

COPY = LOCAL / "scaffold" / "tree"
# Longer than this, and something waits for what does not come.
MOST_MINUTES, MOST_MINUTES_OF_EVERYTHING = 30, 180
TUTORIAL, WORKER = "orders", "notices"
NARROW = f"make test ARGS='-p system-tests --test api -- {WORKER}'\n"
EVERYTHING = "make lint\nmake test\nmake budget\n"


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "try-new-function", help="try the generator in a copy of the tree", description=__doc__
    )
    parser.add_argument("--everything", action="store_true", help="run all checks with the functions")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    checks, minutes = (EVERYTHING, MOST_MINUTES_OF_EVERYTHING) if arguments.everything else (NARROW, MOST_MINUTES)
    for name in (TUTORIAL, WORKER):
        if (ROOT / "functions" / name).exists():
            say(f"Left out: functions/{name} is there already, and docs/extending.md makes it.")
            return 0
    started = time.monotonic()
    with step("copying the tree"):
        files = _copied()
    before = _contents(files)
    script = tutorial.script(COPY / "docs/extending.md", ports.any_free().api, checks)
    made = f"make new-function NAME={WORKER} QUEUE=1 COUNT=0\n"
    _bash(f"set -e\n{made}{script}make remove-function NAME={WORKER}\n", minutes * 60)
    if differences := _differences(before):
        raise CommandError("The tree is not as it was before: " + ", ".join(differences))
    say(f"Made, tried and removed; every byte is as it was ({(time.monotonic() - started) / 60:.0f} min).")
    return 0


def _copied() -> list[str]:
    """Copies what git would commit, and removes from the copy what it would not. Returns the files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]
    COPY.mkdir(parents=True, exist_ok=True)
    for path in _walked() - set(files):
        (COPY / path).unlink()
    for path in files:
        (COPY / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, COPY / path)
    _share_node_modules()
    return files


def _share_node_modules() -> None:
    for package in ("client", "tools/reference"):
        ours, link = ROOT / package / "node_modules", COPY / package / "node_modules"
        if ours.is_dir() and not link.exists():
            link.symlink_to(ours)


def _walked() -> set[str]:
    """The copy's files, without what its commands install and build."""
    left_out = {"node_modules", "target", ".local", ".tools", "__pycache__"}
    found = set()
    for folder, folders, names in os.walk(COPY):
        folders[:] = [name for name in folders if name not in left_out and not name.startswith(".venv")]
        found |= {str((Path(folder) / name).relative_to(COPY)) for name in names}
    return found


def _contents(paths: list[str]) -> dict[str, bytes]:
    return {path: (COPY / path).read_bytes() for path in paths}


def _differences(before: dict[str, bytes]) -> list[str]:
    there = _walked()
    changed = [path for path, content in before.items() if path not in there or (COPY / path).read_bytes() != content]
    return sorted({*changed, *(there - before.keys())})


def _bash(script: str, seconds: int) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    environment["CARGO_TARGET_DIR"] = str(ROOT / "target")
    # Nothing of the copy is compiled a second time.
    environment["CARGO_INCREMENTAL"] = "0"
    running = subprocess.Popen(["bash", "-c", script], cwd=COPY, env=environment, start_new_session=True)
    try:
        code = running.wait(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"It took more than {seconds // 60} minutes.") from error
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()
    if code != 0:
        raise CommandError(f"A command failed, as it says above; the copy is in {COPY.relative_to(ROOT)}.")
