"""`exec`: runs a command against a stack of its own, on free ports and with nothing in it."""

import argparse
import os
import shutil
import subprocess

from build import build_binaries
from console import StackError, say
from environment import ROOT
from processes import any_free_port, end_with_parent
from stack import LOCAL, Ports, run_stack


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("exec", help="run a command against a fresh stack")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise StackError("exec needs a command to run, as in: exec -- cargo test")
    try:
        binaries = build_binaries()
        ports = Ports(api=any_free_port(), emulator=any_free_port(), wechat=any_free_port())
        logs = LOCAL / "logs" / f"exec-{os.getpid()}"
        with run_stack(binaries, ports, logs) as stack:
            code = _run_command(command, stack.environment() | {"STACK_LOGS": str(logs)})
    except KeyboardInterrupt:
        return 130
    if code == 0:
        shutil.rmtree(logs)
    else:
        say(f"The functions' logs are in {logs.relative_to(ROOT)}.")
    return code


def _run_command(command: list[str], stack_environment: dict[str, str]) -> int:
    env = {**os.environ, **stack_environment}
    try:
        child = subprocess.Popen(command, cwd=ROOT, env=env, preexec_fn=end_with_parent)
    except OSError as error:
        raise StackError(f"{command[0]} could not be run: {error}.") from error
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    return code if code >= 0 else 128 - code
