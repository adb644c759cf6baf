"""Messages at the terminal, and the error that ends a command."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class CommandError(Exception):
    """Something the person can act on, said in one sentence. It ends the command."""


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


def confirmed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask on; YES=1 goes ahead without asking.")
    print(f"  {question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
