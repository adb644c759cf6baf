"""The commands and their arguments. Only this module knows all of them."""

import argparse
import os
import signal

from backend.common.console import CommandError, say
from backend.common.constants import HOST
from backend.deploy import admin, keys, load, redrive, secret, smoke
from backend.deploy.doctor import command as doctor
from backend.deploy.reconcile import command as reconcile
from backend.local import dev, exec, invoke
from backend.scaffold import new, remove, trial

COMMANDS = (dev, exec, invoke, keys, secret, admin, doctor, smoke, load, redrive, reconcile, new, remove, trial)
SERVICES = ("DYNAMODB", "S3", "SQS", "SECRETS_MANAGER")
AWS_SETTINGS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_SESSION_TOKEN",
    *(f"AWS_ENDPOINT_URL_{service}" for service in SERVICES),
)


def main(words: list[str]) -> int:
    """Runs one command and returns its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    arguments = parser().parse_args(words)
    if not _reaches_aws(arguments):
        _stay_on_this_machine()
    try:
        code: int = arguments.run(arguments)
    except CommandError as error:
        say(str(error))
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tools/backend", description="The project's commands; `make` has them all.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    commands.add_parser(
        "install", help="install a virtual environment, such as `sam`; the commands' own without a name"
    )
    commands.add_parser("running", help="whether a stack of `make dev` runs")
    return parser


def _reaches_aws(arguments: argparse.Namespace) -> bool:
    """Whether the command is about the person's own account."""
    uses_account = getattr(arguments, "uses_account", False) and not arguments.local
    return bool(getattr(arguments, "stack", "")) or uses_account


def _stay_on_this_machine() -> None:
    """Forgets the person's own AWS account and proxy, here and in everything that is started from here."""
    for name in AWS_SETTINGS:
        os.environ.pop(name, None)
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), HOST)))


def _interrupt(*_: object) -> None:
    """Unwinds whatever is going on, once: a second Ctrl-C must not cut the clean-up short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
