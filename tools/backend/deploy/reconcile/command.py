"""`reconcile`: compares the bucket with the table, shows what does not belong together, and repairs it if asked to."""

import argparse
from datetime import timedelta

from backend.common import aws, stacks
from backend.common.arguments import Commands, add_stack_or_local
from backend.common.console import say
from backend.deploy.reconcile.compare import compare, show
from backend.deploy.reconcile.read import Store, extensions
from backend.deploy.reconcile.repair import repair

PAGE = 1000


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "reconcile", help="compare the bucket with the table, and repair what differs", description=__doc__
    )
    add_stack_or_local(parser)
    parser.add_argument("--minutes", type=int, default=60, help="what is younger is left alone")
    parser.add_argument("--yes", action="store_true", help="repair, after showing")
    parser.add_argument("--page", type=int, default=PAGE, help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        with stacks.failures_reported("Bucket and table cannot be compared"):
            account, name = aws.of_stack(arguments.stack, arguments.endpoint)
            stack = stacks.describe(account, name)
            store = Store(
                s3=account.s3,
                dynamodb=account.dynamodb,
                bucket=stack.output("BucketName"),
                table=stack.output("TableName"),
                page=arguments.page,
                extensions=extensions(),
            )
            younger = timedelta(minutes=arguments.minutes)
            found = compare(store, younger)
            show(store, found, younger)
            if not any(kind.repaired for kind in found.counts):
                return 0
            if not arguments.yes:
                say("Nothing was changed. YES=1 repairs it.")
                return 0
            repair(store, younger, account.sqs, stack.output("UploadEventsQueueUrl"))
    except KeyboardInterrupt:
        say("Stopped; what is not repaired yet is found again the next time.")
        return 130
    return 0
