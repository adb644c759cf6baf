"""Swaps functions in as cargo rebuilds them."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from backend.common.console import say
from backend.local.deployment import update_function
from backend.local.stack import Stack

SECONDS_BETWEEN = 0.5


@dataclass
class Deployed:
    """What was swapped in last: when it was written, and its content."""

    written_at: float
    content: str

    @staticmethod
    def now(binary: Path) -> "Deployed":
        """What the binary is now."""
        return Deployed(_written_at(binary), _content(binary))


def watch(stack: Stack, binaries: Mapping[str, Path]) -> None:
    """Watches the functions' binaries until the person ends the stack, or one of its servers ends itself."""
    deployed = {name: Deployed.now(binary) for name, binary in binaries.items()}
    while True:
        time.sleep(SECONDS_BETWEEN)
        stack.check()
        for name, binary in binaries.items():
            look(deployed[name], binary, partial(_swap_in, stack, name, binary))


def look(deployed: Deployed, binary: Path, swap_in: Callable[[], None]) -> None:
    """Swaps a binary in that was rebuilt, unless it is the same as before."""
    written_at = _written_at(binary)
    # One that was written a moment ago may not be complete.
    if written_at in (deployed.written_at, float("inf")) or written_at > time.time() - SECONDS_BETWEEN:
        return
    deployed.written_at = written_at
    if (content := _content(binary)) != deployed.content:
        deployed.content = content
        swap_in()


def _written_at(binary: Path) -> float:
    """When the binary was written; far in the future while there is none, as when cargo replaces it."""
    try:
        return binary.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _content(binary: Path) -> str:
    with binary.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _swap_in(stack: Stack, name: str, binary: Path) -> None:
    try:
        update_function(stack.emulator.aws, name, binary)
        say(f"· reloaded {name}")
    except (ClientError, BotoCoreError, OSError) as error:
        say(f"· {name} was rebuilt but could not be swapped in: {error}")
