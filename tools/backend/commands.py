"""What the Makefile asks of the local stack."""

import argparse
import os
import signal
import sys

import dev
import doctor
import exec_command
import keys_command
import load_aws
import reconcile
import redrive
import sam_invoke
import secret_command
import smoke
from console import StackError, say
from processes import HOST

SERVICES = ("DYNAMODB", "S3", "SQS", "SECRETS_MANAGER")
AWS_SETTINGS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_SESSION_TOKEN",
    *(f"AWS_ENDPOINT_URL_{service}" for service in SERVICES),
)


def main() -> int:
    """Runs one command and returns its exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    arguments = _parse(sys.argv[1:])
    if not _reaches_aws(arguments):
        _stay_on_this_machine()
    try:
        return arguments.run(arguments)
    except StackError as error:
        say(str(error))
        return 1


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


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/backend", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dev.add_to(commands)
    doctor.add_to(commands)
    exec_command.add_to(commands)
    keys_command.add_to(commands)
    load_aws.add_to(commands)
    reconcile.add_to(commands)
    redrive.add_to(commands)
    sam_invoke.add_to(commands)
    secret_command.add_to(commands)
    smoke.add_to(commands)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
