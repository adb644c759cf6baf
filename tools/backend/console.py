"""What the local stack says to the person in front of it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class StackError(Exception):
    """Something the person can act on, said in one sentence."""


def say(line: str) -> None:
    """One line of progress. It goes to stderr, so that a command's own output stays clean."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Announces what is being done, and how long it took when that was noticeable."""
    say(f"· {doing}")
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    if seconds > 2:
        say(f"  done in {seconds:.0f} s")
