"""Compares the whole bucket with the whole table, in parts at the same time."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from backend.common.console import say
from backend.deploy.reconcile.read import Store, differences, lost_without_objects
from backend.deploy.reconcile.rules import Account, Finding, Kind, Version

SHOWN = 5
WORKERS = 8
SECONDS_BEFORE_PROGRESS, SECONDS_BETWEEN_PROGRESS = 2, 10
# User ids begin with `u`, and go on with one of these; in the order of the bucket's keys.
FIRST = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass
class Found:
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
        say(f"  … {self.versions:,} versions and {self.accounts:,} accounts compared")


def compare(store: Store, younger: timedelta, use: Callable[[Finding], None] = lambda _: None) -> Found:
    """Compares all that is stored, and hands what is wrong to `use`."""
    found = Found(datetime.now(UTC) - younger, use)
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


def _compare_part(store: Store, found: Found, after: str, until: str) -> None:
    versions = _of_ours(store, found, after, until)
    for user, stored in groupby(versions, key=lambda version: version.names[0] if version.names else ""):
        for finding in differences(store, user, stored):
            found.add(finding)


def _of_ours(store: Store, found: Found, after: str, until: str) -> Iterator[Version]:
    for page in store.versions(after, until):
        found.seen(versions=page)
        for version in page:
            if version.names is None:
                found.add(Finding(Kind.FOREIGN, version))
            else:
                yield version


def _add_lost(store: Store, found: Found, user: str, account: Account) -> None:
    for finding in lost_without_objects(store, user, account):
        found.add(finding)


def show(store: Store, found: Found, younger: timedelta) -> None:
    """Says what was found, with some of it as examples."""
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
