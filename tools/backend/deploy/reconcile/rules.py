"""What `reconcile` holds bucket and table to: each stored version is named by a record, or goes.

Nothing here reads or changes anything. What a file is, and which state a record takes, is never judged: where an event
was lost, it is sent again, and `s3-event` decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

USER = re.compile(r"u[a-z2-7]{26}")
# Crockford's base 32 in lower case: digits sort before letters, so ids sort by age (shared/src/base32.rs).
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
UPLOAD = re.compile(rf"[{DIGITS}]{{26}}")
OBJECT_KEY = re.compile(rf"u/({USER.pattern})/({UPLOAD.pattern})\.[a-z0-9]{{1,5}}")
# The states in which a record names the version that it was decided by. All others but `pending` name none.
NAMING = ("checking", "review", "ready")


class Kind(Enum):
    """What can be found, and what is done about it."""

    UNNAMED = "that no record names, to be removed"
    ENDED = "of accounts that have ended, to be removed"
    WAITING = "whose record still waits for them, to be announced again"
    HIDDEN = "hidden by a delete marker, to be announced again"
    MISSING = "named by a record, but not there, to be announced as removed"
    PICTURE_GONE = "named by a profile as its picture, but not there; the person can choose another one"
    PICTURE_ALONE = "shown by a profile as its picture, but named by no record; left alone"
    FOREIGN = "under a key that is not ours; left alone"

    @property
    def repaired(self) -> bool:
        """Whether something is done about it."""
        return self not in (Kind.PICTURE_GONE, Kind.PICTURE_ALONE, Kind.FOREIGN)


@dataclass(frozen=True)
class Version:
    """A version, or a delete marker, as the bucket lists it."""

    key: str
    id: str
    stored_at: datetime
    latest: bool
    marker: bool
    size: int = 0
    etag: str = ""

    @property
    def names(self) -> tuple[str, str] | None:
        """The user and the upload that the key names."""
        match = OBJECT_KEY.fullmatch(self.key)
        return (match[1], match[2]) if match else None


@dataclass(frozen=True)
class Record:
    """An upload's record, as far as it matters here."""

    upload: str
    status: str
    version: str | None
    to_remove: str | None
    key: str

    @property
    def named(self) -> str | None:
        """The version that it names; one that it lists for removal does not count."""
        return self.version if self.status in NAMING and self.version != self.to_remove else None


@dataclass(frozen=True)
class Account:
    """A user item, as far as it matters here; without one, an account that never was."""

    epoch: int = 0
    picture: str | None = None
    picture_version: str | None = None

    def shows(self, version: Version) -> bool:
        """Whether the profile shows it."""
        return (version.key, version.id) == (self.picture, self.picture_version)


@dataclass(frozen=True)
class Finding:
    """One version, and what is wrong with it."""

    kind: Kind
    version: Version


def issued_at(upload: str) -> float:
    """When an upload's ticket was issued, in seconds: the first 48 of the id's bits are milliseconds."""
    return (_number(upload) >> 80) / 1000


def epoch(upload: str) -> int:
    """The generation of the account that it belongs to: 15 bits, after the purpose's one."""
    return _number(upload) >> 64 & 0x7FFF


def _number(upload: str) -> int:
    number = 0
    for digit in upload:
        number = number * 32 + DIGITS.index(digit)
    # 26 digits hold 130 bits, of which the last two are none.
    return number >> 2


def judge(version: Version, record: Record | None, account: Account) -> Finding | None:
    """What is wrong with something stored under a key of ours."""
    kind = _judge_marker(version, record) if version.marker else _judge_version(version, record, account)
    return Finding(kind, version) if kind else None


def _judge_marker(marker: Version, record: Record | None) -> Kind | None:
    lives = record is not None and (record.status == "pending" or record.named is not None)
    # An older one hides nothing, and would be the last thing of an upload that is gone.
    return Kind.HIDDEN if lives and marker.latest else Kind.UNNAMED


def _judge_version(version: Version, record: Record | None, account: Account) -> Kind | None:
    upload = version.names[1] if version.names else ""
    if epoch(upload) < account.epoch:
        return Kind.ENDED
    if record is not None and record.status == "pending":
        return Kind.WAITING
    if record is not None and record.named == version.id:
        return None
    return Kind.PICTURE_ALONE if account.shows(version) else Kind.UNNAMED


def missing(record: Record, account: Account) -> Iterator[Finding]:
    """What is wrong with a record whose version is not stored."""
    if record.named is None or epoch(record.upload) < account.epoch:
        return
    stored_at = datetime.fromtimestamp(issued_at(record.upload)).astimezone()
    yield Finding(Kind.MISSING, Version(record.key, record.named, stored_at, latest=False, marker=False))
