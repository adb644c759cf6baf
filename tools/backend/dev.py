"""`dev`: the stack to work with, on fixed ports, with rebuilt functions swapped in as cargo makes them."""

import argparse
import os
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

import sam_local
from build import FUNCTIONS, build_binaries
from console import StackError, say
from deployment import update_function
from environment import ROOT
from processes import free_port_near, port_is_free
from stack import LOCAL, Ports, Stack, run_stack

API_PORT = 9000
EMULATOR_PORT = 4566
# Not 9001: there the Runtime API of `sam local invoke` listens on the host's network.
WECHAT_PORT = 9010
SECONDS_BETWEEN_LOOKS = 0.5


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    commands.add_parser("dev", help="run the stack until Ctrl-C").set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    try:
        ports = _ports()
        binaries = build_binaries()
        logs = LOCAL / "logs" / "dev"
        with run_stack(binaries, ports, logs) as stack:
            say(_welcome(stack))
            with sam_local.environment_file(stack):
                _reload_rebuilt_functions(stack, binaries)
    except KeyboardInterrupt:
        say("Stopped.")
    return 0


def _ports() -> Ports:
    """The API's port must be the one that was asked for; the others make way for whoever was there first."""
    text = os.environ.get("PORT") or str(API_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"PORT must be a port number, and {text!r} is none.")
    if not port_is_free(int(text)):
        raise StackError(f"Port {text} is taken; end what listens there, or choose another with PORT=….")
    return Ports(api=int(text), emulator=free_port_near(EMULATOR_PORT), wechat=free_port_near(WECHAT_PORT))


def _welcome(stack: Stack) -> str:
    outputs = stack.deployment.outputs
    emulator = stack.emulator.url
    control = f"control: {stack.wechat.url}/_standin" if stack.wechat.process else "given by WECHAT_API_BASE_URL"
    login = "-H 'content-type: application/json' -d '{\"code\":\"alice-1\"}'"
    return f"""
The stack is up.

  API              {stack.api_url}
  WeChat           {stack.wechat.url}   ({control})
  AWS endpoint     {emulator}   (DynamoDB, S3, SQS, Secrets Manager, logs; keys test/test, region us-east-1)
  table            {outputs["TableName"]}
  bucket           {outputs["BucketName"]}
  upload events    {outputs["UploadEventsQueueUrl"]}
    dead letters   {outputs["UploadEventsDeadLettersUrl"]}
  purge            {outputs["PurgeQueueUrl"]}
    dead letters   {outputs["PurgeDeadLettersUrl"]}
  logs             {stack.logs.relative_to(ROOT)}/   (make logs follows them)

Log in (a code works once; the next one is alice-2):

  curl -s {stack.api_url}/v1/login {login}

A function that `cargo build` rebuilds is swapped in. Ctrl-C ends everything.
"""


def _reload_rebuilt_functions(stack: Stack, binaries: dict[str, Path]) -> None:
    """Watches the functions' binaries until the person ends the stack, or one of its servers ends itself."""
    deployed = {name: _written_at(binaries[name]) for name in FUNCTIONS}
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        stack.check()
        for name in FUNCTIONS:
            written = _written_at(binaries[name])
            # One that was written a moment ago may not be complete.
            if written != deployed[name] and written < time.time() - SECONDS_BETWEEN_LOOKS:
                deployed[name] = written
                _reload(stack, name, binaries[name])


def _written_at(binary: Path) -> float:
    """When the binary was written; far in the future while there is none, as when cargo replaces it."""
    try:
        return binary.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _reload(stack: Stack, name: str, binary: Path) -> None:
    try:
        update_function(stack.emulator, name, binary)
        say(f"· reloaded {name}")
    except (ClientError, BotoCoreError, OSError) as error:
        say(f"· {name} was rebuilt but could not be swapped in: {error}")
