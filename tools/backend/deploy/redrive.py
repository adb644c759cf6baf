"""`redrive`: shows what is in the dead-letter queues, and moves it back to where it came from."""

import argparse
import json
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backend.common import aws, stacks
from backend.common.arguments import Commands, add_stack_or_local
from backend.common.console import CommandError, confirmed, say
from backend.common.stacks import QUEUES, DeployedStack, QueuePair

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

SHOWN = 5
BATCH = 10
SECONDS_TO_MOVE = 600
# Long enough to send ten messages and to delete them. If that is interrupted, they are visible again after it.
SECONDS_HIDDEN = 60
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
NOT_OFFERED = ("InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation")
# What is shown of a message is what these let through: ids that we made, and nothing a person wrote.
USER_ID = re.compile(r"u[a-z2-7]{26}")
OBJECT_KEY = re.compile(rf"u/{USER_ID.pattern}/[0-9a-z]{{26}}\.[a-z0-9]{{1,5}}")
EVENT_NAME = re.compile(r"(s3:)?Object[A-Za-z]+:[A-Za-z*]+")


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "redrive", help="show the dead-letter queues and move their messages back", description=__doc__
    )
    add_stack_or_local(parser)
    parser.add_argument("--queue", default="", help="upload-events, purge or moderation; all without it")
    parser.add_argument("--yes", action="store_true", help="move without asking")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    queues = _chosen(arguments.queue)
    try:
        with stacks.failures_reported("The queues cannot be reached"):
            account, name = aws.of_stack(arguments.stack, arguments.endpoint)
            stack = stacks.describe(account, name)
            for queue in queues:
                _redrive(account.sqs, stack, queue, ask=not arguments.yes)
    except KeyboardInterrupt:
        say("Stopped; what was not moved is still in the dead-letter queue.")
        return 130
    return 0


def _chosen(name: str) -> tuple[QueuePair, ...]:
    queues = tuple(queue for queue in QUEUES if name in ("", queue.name))
    if not queues:
        raise CommandError(f"QUEUE must be one of {', '.join(queue.name for queue in QUEUES)}, and {name!r} is not.")
    return queues


def _redrive(sqs: "SQSClient", stack: DeployedStack, queue: QueuePair, ask: bool) -> None:
    source, dead_letters = stack.output(queue.source), stack.output(queue.dead_letters)
    count, in_flight = _counts(sqs, dead_letters)
    if in_flight:
        say(f"{queue.name}: {in_flight} more in flight with another reader; they are left for the next time")
    if count == 0:
        say(f"{queue.name}: the dead-letter queue is empty")
        return
    say(f"{queue.name}: {_messages(count)} in the dead-letter queue")
    shown = _peek(sqs, dead_letters)
    for message in shown:
        say(f"  {_line(queue, message)}")
    if count > len(shown):
        say("  …")
    if ask and not confirmed(f"Move {_messages(count)} back to {queue.name}?"):
        say("  nothing was moved")
        return
    moved = _move(sqs, source, dead_letters, count)
    say(f"  moved {_messages(moved)} back")


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _counts(sqs: "SQSClient", queue: str) -> tuple[int, int]:
    """How many messages can be received, and how many are in flight; SQS gives both approximately."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def _peek(sqs: "SQSClient", queue: str) -> "list[MessageTypeDef]":
    """The first few messages, which everybody else can receive all the while."""
    received = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=SHOWN,
        VisibilityTimeout=0,
        WaitTimeSeconds=1,
        AttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
    )
    return list({message["MessageId"]: message for message in received.get("Messages", [])}.values())


def _line(queue: QueuePair, message: "MessageTypeDef") -> str:
    attributes = message["Attributes"]
    sent = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)
    seconds = (datetime.now(UTC) - sent).total_seconds()
    # Showing it was a receive too.
    receives = int(attributes["ApproximateReceiveCount"]) - 1
    return f"{age(seconds):>5} old, receive count {receives}: {summary(queue, message['Body'])}"


def age(seconds: float) -> str:
    """A time span in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def summary(queue: QueuePair, body: str) -> str:
    """What a message is about, as far as it may be shown."""
    try:
        content = json.loads(body)
        return _upload_event(content) if queue.name == "upload-events" else _deleted_account(content)
    except (ValueError, TypeError, KeyError, AttributeError):
        return "a message of another shape"


def _upload_event(content: Mapping[str, Any]) -> str:
    events = [f"{record['eventName']} {record['s3']['object']['key']}" for record in content["Records"]]
    return ", ".join(_known(event) for event in events) or "a notification without records"


def _known(event: str) -> str:
    name, _, key = event.partition(" ")
    name = name if EVENT_NAME.fullmatch(name) else "an unknown event"
    return f"{name} {key if OBJECT_KEY.fullmatch(key) else '(a key of another shape)'}"


def _deleted_account(content: Mapping[str, Any]) -> str:
    user, epoch = content["uid"], int(content["epoch"])
    return f"account {user}, generation {epoch}" if USER_ID.fullmatch(user) else "an account id of another shape"


def _move(sqs: "SQSClient", source: str, dead_letters: str, count: int) -> int:
    """Moves messages by the service's own task, or one by one where it has none."""
    arn = _arn(sqs, dead_letters)
    try:
        sqs.start_message_move_task(SourceArn=arn, DestinationArn=_arn(sqs, source))
    except ClientError as error:
        if error.response["Error"]["Code"] not in NOT_OFFERED:
            raise
        return _move_by_hand(sqs, source, dead_letters, count)
    return _wait_for(sqs, arn)


def _arn(sqs: "SQSClient", queue: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _wait_for(sqs: "SQSClient", arn: str) -> int:
    """Follows a move to its end. A queue has one at a time, so the newest is ours."""
    deadline = time.monotonic() + SECONDS_TO_MOVE
    while time.monotonic() < deadline:
        newest = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
        moved = int(newest.get("ApproximateNumberOfMessagesMoved", 0))
        if newest["Status"] == "COMPLETED":
            return moved
        if newest["Status"] in ENDED:
            reason = newest.get("FailureReason", "no reason is given")
            raise CommandError(f"The move ended as {newest['Status']} after {_messages(moved)}: {reason}.")
        time.sleep(1)
    raise CommandError("The move is still going on; the SQS console shows how far it is.")


def _move_by_hand(sqs: "SQSClient", source: str, dead_letters: str, count: int) -> int:
    """Sends each message before deleting it: cut off in between, it is there twice, which its function takes.

    Moves no more than were counted: one that fails at once again is not moved in circles.
    """
    moved = 0
    while moved < count:
        received = sqs.receive_message(
            QueueUrl=dead_letters,
            MaxNumberOfMessages=min(BATCH, count - moved),
            VisibilityTimeout=SECONDS_HIDDEN,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        messages = received.get("Messages", [])
        if not messages:
            break
        entries = [_entry(index, message) for index, message in enumerate(messages)]
        sent = sqs.send_message_batch(QueueUrl=source, Entries=entries)
        arrived = [messages[int(entry["Id"])] for entry in sent.get("Successful", [])]
        _delete(sqs, dead_letters, arrived)
        moved += len(arrived)
        if failed := sent.get("Failed"):
            raise CommandError(
                f"Moved {_messages(moved)}, then one was refused: {failed[0].get('Message', 'no reason')}"
            )
    return moved


def _entry(index: int, message: "MessageTypeDef") -> "SendMessageBatchRequestEntryTypeDef":
    attributes = message.get("MessageAttributes", {})
    return {"Id": str(index), "MessageBody": message["Body"], "MessageAttributes": attributes}


def _delete(sqs: "SQSClient", queue: str, messages: "Iterable[MessageTypeDef]") -> None:
    entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
    ]
    if entries:
        sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
