"""`dev`: the stack to work with, on fixed ports, with rebuilt functions swapped in as cargo makes them."""

import argparse

from backend.common import functions, stacks
from backend.common.arguments import Commands
from backend.common.console import say
from backend.common.constants import LOCAL_STACK
from backend.common.paths import LOGS, shown
from backend.common.running import RunningStack, published
from backend.local import ports, reload
from backend.local.build import build_binaries
from backend.local.gateway import REFERENCE_PATH
from backend.local.stack import Stack, run_stack


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "dev",
        help="run the stack until Ctrl-C",
        description=__doc__,
        epilog="The environment variable PORT moves the API; WECHAT_API_BASE_URL names another WeChat.",
    )
    parser.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    try:
        chosen = ports.preferred()
        binaries = build_binaries()
        logs = LOGS / ("dev" if chosen.api == ports.API_PORT else f"dev-{chosen.api}")
        with run_stack(binaries, chosen, logs) as stack, published(_running(stack)):
            say(_welcome(stack))
            reload.watch(stack, {name: binaries[name] for name in functions.names()})
    except KeyboardInterrupt:
        say("Stopped.")
    return 0


def _running(stack: Stack) -> RunningStack:
    """What other commands need to know of the stack."""
    aws, url = stack.emulator.aws, stack.emulator.url
    environments = {
        function.logical_id: {
            **stacks.configuration(aws, f"{LOCAL_STACK}-{function.name}", "$LATEST").variables,
            "AWS_ENDPOINT_URL": url,
        }
        for function in functions.declared()
    }
    return RunningStack(stack.api_url, url, environments)


def _welcome(stack: Stack) -> str:
    outputs = stack.deployment.outputs
    control = f"control: {stack.wechat.url}/_standin" if stack.wechat.process else "given by WECHAT_API_BASE_URL"
    port = stack.logs.name.removeprefix("dev").removeprefix("-")
    logs = f"PORT={port} make logs" if port else "make logs"
    login = "-H 'content-type: application/json' -d '{\"code\":\"alice-1\"}'"
    return f"""
The stack is up.

  API              {stack.api_url}
  reference        {stack.api_url}{REFERENCE_PATH}   (every route, to read and to try)
  WeChat           {stack.wechat.url}   ({control})
  AWS endpoint     {stack.emulator.url}   (DynamoDB, S3, SQS, Secrets Manager, logs; keys test/test, region us-east-1)
  table            {outputs["TableName"]}
  bucket           {outputs["BucketName"]}
  upload events    {outputs["UploadEventsQueueUrl"]}
    dead letters   {outputs["UploadEventsDeadLettersUrl"]}
  purge            {outputs["PurgeQueueUrl"]}
    dead letters   {outputs["PurgeDeadLettersUrl"]}
  moderation       {outputs["ModerationQueueUrl"]}
    dead letters   {outputs["ModerationDeadLettersUrl"]}
  logs             {shown(stack.logs)}/   (`{logs}` follows them)

Log in (a code works once; the next one is alice-2; admin-1 logs in an administrator):

  curl -s {stack.api_url}/v1/login {login}

A function that `cargo build` rebuilds is swapped in. Ctrl-C ends everything.
"""
