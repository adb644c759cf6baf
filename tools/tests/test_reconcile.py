"""The rules that bucket and table are held to."""

import json
import unittest
from datetime import UTC, datetime

from backend.deploy.reconcile.repair import event
from backend.deploy.reconcile.rules import (
    DIGITS,
    Account,
    Finding,
    Kind,
    Record,
    Version,
    epoch,
    issued_at,
    judge,
    missing,
)

USER = "u" + "a" * 26
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def upload_id(milliseconds: int, generation: int) -> str:
    number = (milliseconds << 80 | generation << 64) << 2
    return "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(26)))


UPLOAD = upload_id(1_700_000_000_000, 2)
KEY = f"u/{USER}/{UPLOAD}.jpg"
ACCOUNT = Account(epoch=2)


def version(identifier: str = "v1", latest: bool = True, marker: bool = False) -> Version:
    return Version(KEY, identifier, NOW, latest, marker)


def record(status: str, named: str | None = None, to_remove: str | None = None) -> Record:
    return Record(UPLOAD, status, named, to_remove, KEY)


def kind(stored: Version, of: Record | None, account: Account = ACCOUNT) -> Kind | None:
    finding = judge(stored, of, account)
    return finding.kind if finding else None


class Rules(unittest.TestCase):
    def test_an_id_tells_when_it_was_issued_and_for_which_account(self) -> None:
        self.assertEqual((issued_at(UPLOAD), epoch(UPLOAD)), (1_700_000_000.0, 2))
        self.assertEqual(version().names, (USER, UPLOAD))
        self.assertIsNone(Version("u/x/y.jpg", "v", NOW, True, False).names)

    def test_a_version_is_named_or_goes(self) -> None:
        self.assertIsNone(kind(version(), record("ready", "v1")))
        self.assertEqual(kind(version(), record("ready", "v2")), Kind.UNNAMED)
        self.assertEqual(kind(version(), record("ready", "v1", to_remove="v1")), Kind.UNNAMED)
        self.assertEqual(kind(version(), record("rejected", "v1")), Kind.UNNAMED)
        self.assertEqual(kind(version(), None), Kind.UNNAMED)
        self.assertEqual(kind(version(), record("pending")), Kind.WAITING)

    def test_what_belongs_to_an_ended_account_goes_whatever_names_it(self) -> None:
        self.assertEqual(kind(version(), record("ready", "v1"), Account(epoch=3)), Kind.ENDED)

    def test_a_picture_that_a_profile_shows_is_left_alone(self) -> None:
        self.assertEqual(kind(version(), None, Account(2, KEY, "v1")), Kind.PICTURE_ALONE)
        self.assertFalse(Kind.PICTURE_ALONE.repaired)

    def test_a_marker_that_hides_something_is_announced(self) -> None:
        marker = version("m", marker=True)
        self.assertEqual(kind(marker, record("ready", "v1")), Kind.HIDDEN)
        self.assertEqual(kind(version("m", latest=False, marker=True), record("ready", "v1")), Kind.UNNAMED)
        self.assertEqual(kind(marker, record("rejected")), Kind.UNNAMED)

    def test_a_record_without_its_version_is_found(self) -> None:
        self.assertEqual([found.kind for found in missing(record("ready", "v1"), ACCOUNT)], [Kind.MISSING])
        self.assertEqual(list(missing(record("pending"), ACCOUNT)), [])
        self.assertEqual(list(missing(record("ready", "v1"), Account(epoch=3))), [])

    def test_events_are_those_of_s3(self) -> None:
        waiting = json.loads(event("b", Finding(Kind.WAITING, version())))["Records"][0]
        self.assertEqual(
            (waiting["eventName"], waiting["eventTime"]), ("ObjectCreated:Put", "2026-01-02T03:04:05.000Z")
        )
        self.assertEqual(waiting["s3"]["object"]["key"], KEY)
        gone = json.loads(event("b", Finding(Kind.MISSING, version())))["Records"][0]
        self.assertEqual(gone["eventName"], "ObjectRemoved:Delete")
        self.assertNotIn("size", gone["s3"]["object"])
