"""`exec`: runs a command against a stack of its own, on free ports and with nothing in it."""

import argparse
import os
import shutil
import subprocess

from backend.common.arguments import Commands
from backend.common.console import CommandError, say
from backend.common.paths import LOGS, ROOT, shown
from backend.local import ports
from backend.local.build import build_binaries
from backend.local.processes import end_with_parent, ending
from backend.local.stack import run_stack


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("exec", help="run a command against a fresh stack", description=__doc__)
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise CommandError("exec needs a command to run, as in: exec -- cargo test")
    try:
        binaries = build_binaries()
        logs = LOGS / f"exec-{os.getpid()}"
        with run_stack(binaries, ports.any_free(), logs) as stack:
            code = _run_command(command, stack.environment() | {"STACK_LOGS": str(logs)})
    except KeyboardInterrupt:
        return 130
    if code == 0:
        shutil.rmtree(logs)
    else:
        say(f"The functions' logs are in {shown(logs)}.")
    return code


def _run_command(command: list[str], stack_environment: dict[str, str]) -> int:
    env = {**os.environ, **stack_environment}
    try:
        child = subprocess.Popen(command, cwd=ROOT, env=env, preexec_fn=end_with_parent)
    except OSError as error:
        raise CommandError(f"{command[0]} could not be run: {error}.") from error
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    if code < 0:
        say(f"{command[0]} {ending(code)}.")
    return code if code >= 0 else 128 - code
