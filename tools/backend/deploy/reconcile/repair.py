"""Makes the repairs that a comparison asks for."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from backend.common.console import CommandError, say
from backend.deploy.reconcile.compare import compare
from backend.deploy.reconcile.read import Store
from backend.deploy.reconcile.rules import Finding, Kind, Version

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import DeleteTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# What DeleteObjects and SendMessageBatch take.
REMOVALS, MESSAGES = 1000, 10
EVENTS = {
    Kind.WAITING: "ObjectCreated:Put",
    Kind.HIDDEN: "ObjectRemoved:DeleteMarkerCreated",
    Kind.MISSING: "ObjectRemoved:Delete",
}


def repair(store: Store, younger: timedelta, sqs: "SQSClient", queue: str) -> None:
    """Compares once more, and repairs as it goes: what was shown is not kept, for there may be a lot of it."""
    repairs = _Repairs(store, sqs, queue)
    compare(store, younger, repairs.add)
    repairs.finish()
    say(f"Removed {repairs.removed:,} versions; sent {repairs.sent:,} events, which s3-event works on now.")


@dataclass
class _Repairs:
    """Collects repairs, and makes them a batch at a time."""

    store: Store
    sqs: "SQSClient"
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
                self._messages.append(event(self.store.bucket, finding))
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
            self._remove(removals)
        if messages:
            self._send(messages)

    def _remove(self, versions: list[Version]) -> None:
        delete: DeleteTypeDef = {
            "Objects": [{"Key": version.key, "VersionId": version.id} for version in versions],
            "Quiet": True,
        }
        errors = self.store.s3.delete_objects(Bucket=self.store.bucket, Delete=delete).get("Errors", [])
        self.removed += len(versions) - len(errors)
        if errors:
            raise CommandError(f"{errors[0]['Key']} could not be removed: {errors[0].get('Message', 'no reason')}")

    def _send(self, messages: list[str]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "MessageBody": body} for index, body in enumerate(messages)
        ]
        failed = self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries).get("Failed", [])
        self.sent += len(messages) - len(failed)
        if failed:
            raise CommandError(f"An event could not be sent: {failed[0].get('Message', 'no reason')}")


def event(bucket: str, finding: Finding) -> str:
    """The notification that S3 would send. Our keys need no escaping in it."""
    version = finding.version
    happened = version.stored_at if finding.kind is Kind.WAITING else datetime.now(UTC)
    stored: dict[str, str | int] = {"key": version.key, "versionId": version.id}
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
