"""`reconcile`: compares the bucket with the table, shows what does not belong together, and repairs it if asked to."""

import argparse
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import places
import reconcile_read
from console import StackError, say
from reconcile_read import Store
from reconcile_rules import Finding, Kind, Version

PAGE = 1000
SHOWN = 5
WORKERS = 8
# What DeleteObjects and SendMessageBatch take.
REMOVALS, MESSAGES = 1000, 10
SECONDS_BEFORE_PROGRESS, SECONDS_BETWEEN_PROGRESS = 2, 10
# User ids begin with `u`, and go on with one of these; in the order of the bucket's keys.
FIRST = "234567abcdefghijklmnopqrstuvwxyz"
EVENTS = {
    Kind.WAITING: "ObjectCreated:Put",
    Kind.HIDDEN: "ObjectRemoved:DeleteMarkerCreated",
    Kind.MISSING: "ObjectRemoved:Delete",
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("reconcile", help="compare the bucket with the table, and repair what differs")
    parser.add_argument("--stack", default="", help="a stack deployed to AWS; the one of `make dev` without it")
    parser.add_argument("--endpoint", default="", help="another local stack's emulator")
    parser.add_argument("--minutes", type=int, default=60, help="what is younger is left alone")
    parser.add_argument("--yes", action="store_true", help="repair, after showing")
    parser.add_argument("--page", type=int, default=PAGE, help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        with places.failures_told("Bucket and table cannot be compared"):
            place, name = (
                (places.on_aws(), arguments.stack) if arguments.stack else places.on_this_machine(arguments.endpoint)
            )
            stack = place.stack(name)
            store = Store(
                s3=place.client("s3"),
                dynamodb=place.client("dynamodb"),
                bucket=stack.output("BucketName"),
                table=stack.output("TableName"),
                page=arguments.page,
                extensions=reconcile_read.extensions(),
            )
            younger = timedelta(minutes=arguments.minutes)
            found = _compare(store, younger)
            _show(store, found, younger)
            if not any(kind.repaired for kind in found.counts):
                return 0
            if not arguments.yes:
                say("Nothing was changed. YES=1 repairs it.")
                return 0
            _repair(store, younger, place.client("sqs"), stack.output("UploadEventsQueueUrl"))
    except KeyboardInterrupt:
        say("Stopped; what is not repaired yet is found again the next time.")
        return 130
    return 0


# ---- comparing


@dataclass
class _Found:
    """Counts what is found, keeps some of it to show, and hands the rest on."""

    older_than: datetime
    use: Callable[[Finding], None] = lambda _: None
    counts: Counter[Kind] = field(default_factory=Counter)
    examples: dict[Kind, list[Version]] = field(default_factory=lambda: defaultdict(list))
    versions: int = 0
    young: int = 0
    accounts: int = 0
    stopped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next_progress: float = field(default_factory=lambda: time.monotonic() + SECONDS_BEFORE_PROGRESS)

    def add(self, finding: Finding) -> None:
        """Takes a finding into account, unless it is about something that may still be on its way."""
        if finding.version.stored_at >= self.older_than:
            return
        with self._lock:
            self.counts[finding.kind] += 1
            examples = self.examples[finding.kind]
            if len(examples) < SHOWN:
                examples.append(finding.version)
        self.use(finding)

    def seen(self, versions: Iterable[Version] = (), accounts: int = 0) -> None:
        """Notes how far it is, and says so now and then."""
        if self.stopped:
            raise KeyboardInterrupt
        with self._lock:
            for version in versions:
                self.versions += 1
                self.young += version.stored_at >= self.older_than
            self.accounts += accounts
            if time.monotonic() < self._next_progress:
                return
            self._next_progress = time.monotonic() + SECONDS_BETWEEN_PROGRESS
        say(f"  … {self.versions:,} versions and {self.accounts:,} accounts looked at")


def _compare(store: Store, younger: timedelta, use: Callable[[Finding], None] = lambda _: None) -> _Found:
    found = _Found(datetime.now(UTC) - younger, use)
    edges = ["", *(f"u/u{digit}" for digit in FIRST[1:]), "u0"]
    with ThreadPoolExecutor(WORKERS) as workers:
        try:
            # By way of the bucket everything that is stored; by way of the index those for whom nothing is.
            for _ in workers.map(lambda part: _compare_part(store, found, *part), zip(edges, edges[1:], strict=False)):
                pass
            for page in store.accounts():
                found.seen(accounts=len(page))
                for _ in workers.map(lambda account: _add_lost(store, found, *account), page):
                    pass
        except BaseException:
            found.stopped = True
            raise
    return found


def _compare_part(store: Store, found: _Found, after: str, until: str) -> None:
    versions = _of_ours(store, found, after, until)
    for user, stored in groupby(versions, key=lambda version: version.names[0] if version.names else ""):
        for finding in reconcile_read.differences(store, user, stored):
            found.add(finding)


def _of_ours(store: Store, found: _Found, after: str, until: str) -> Iterator[Version]:
    for page in store.versions(after, until):
        found.seen(versions=page)
        for version in page:
            if version.names is None:
                found.add(Finding(Kind.FOREIGN, version))
            else:
                yield version


def _add_lost(store: Store, found: _Found, user: str, account: Any) -> None:
    for finding in reconcile_read.lost_without_objects(store, user, account):
        found.add(finding)


def _show(store: Store, found: _Found, younger: timedelta) -> None:
    minutes = int(younger.total_seconds() // 60)
    say(f"{store.bucket} holds {found.versions:,} versions; {found.young:,} are younger than {minutes} minutes")
    for kind in Kind:
        if count := found.counts[kind]:
            say(f"{count:,} {kind.value}:")
            for version in found.examples[kind]:
                say(f"    {version.key} {version.id}")
            if count > SHOWN:
                say("    …")
    if not found.counts:
        say("Bucket and table agree.")


# ---- repairing


def _repair(store: Store, younger: timedelta, sqs: Any, queue: str) -> None:
    """Compares once more, and repairs as it goes: what was shown is not kept, for there may be a lot of it."""
    repairs = _Repairs(store, sqs, queue)
    _compare(store, younger, repairs.add)
    repairs.finish()
    say(f"Removed {repairs.removed:,} versions; sent {repairs.sent:,} events, which s3-event works on now.")


@dataclass
class _Repairs:
    """Collects repairs, and makes them a batch at a time."""

    store: Store
    sqs: Any
    queue: str
    removed: int = 0
    sent: int = 0
    _removals: list[Version] = field(default_factory=list)
    _messages: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, finding: Finding) -> None:
        """Does what the kind of finding asks for, now or with the next batch."""
        with self._lock:
            if finding.kind in EVENTS:
                self._messages.append(_event(self.store.bucket, finding))
            elif finding.kind.repaired:
                self._removals.append(finding.version)
            if len(self._messages) >= MESSAGES or len(self._removals) >= REMOVALS:
                self._make()

    def finish(self) -> None:
        """Makes the last ones."""
        with self._lock:
            self._make()

    def _make(self) -> None:
        removals, self._removals = self._removals, []
        messages, self._messages = self._messages, []
        if removals:
            objects = [{"Key": version.key, "VersionId": version.id} for version in removals]
            delete = {"Objects": objects, "Quiet": True}
            answer = self.store.s3.delete_objects(Bucket=self.store.bucket, Delete=delete)
            self.removed += len(removals) - len(answer.get("Errors", []))
            if errors := answer.get("Errors"):
                raise StackError(f"{errors[0]['Key']} could not be removed: {errors[0].get('Message', 'no reason')}")
        if messages:
            entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(messages)]
            answer = self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)
            self.sent += len(messages) - len(answer.get("Failed", []))
            if failed := answer.get("Failed"):
                raise StackError(f"An event could not be sent: {failed[0].get('Message', 'no reason')}")


def _event(bucket: str, finding: Finding) -> str:
    """The notification that S3 would send. Our keys need no escaping in it."""
    version = finding.version
    happened = version.stored_at if finding.kind is Kind.WAITING else datetime.now(UTC)
    stored = {"key": version.key, "versionId": version.id}
    if finding.kind is Kind.WAITING:
        stored |= {"size": version.size, "eTag": version.etag}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": happened.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": EVENTS[finding.kind],
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": stored},
    }
    return json.dumps({"Records": [record]})
