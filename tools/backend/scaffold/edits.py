"""Edits of files as text: each can be made, and found again to be taken back. What stands beside them stays."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class MisplacedError(Exception):
    """An edit has no place in the file, or its own text is not as it was written."""


class Edit(Protocol):
    """A piece of text in a file that is there already."""

    @property
    def path(self) -> str:
        """The file, from the root."""

    def insert(self, text: str) -> str:
        """The file's text with the piece."""

    def remove(self, text: str) -> str:
        """The file's text without the piece."""


@dataclass(frozen=True)
class Piece:
    """Text at a place in a file."""

    path: str
    text: str
    place: Callable[[str], int]

    def insert(self, text: str) -> str:
        at = self.place(text)
        return text[:at] + self.text + text[at:]

    def remove(self, text: str) -> str:
        if text.count(self.text) != 1:
            raise MisplacedError(self.path)
        return text.replace(self.text, "")


@dataclass(frozen=True)
class Number:
    """A line with numbers in it, which may be others by now, under a comment that may be gone."""

    path: str
    text: str
    comment: str
    place: Callable[[str], int]

    def insert(self, text: str) -> str:
        at = self.place(text)
        return text[:at] + self.comment + self.text + text[at:]

    def remove(self, text: str) -> str:
        line = re.sub(r"(?<==\\ )[0-9]+", "[0-9]+", re.escape(self.text))
        found, count = re.subn(rf"(?m)^(?:{re.escape(self.comment)})?{line}", "", text)
        if count != 1:
            raise MisplacedError(self.path)
        return found


@dataclass(frozen=True)
class ListItem:
    """One item more of a list in a resource of template.yaml, in brackets or with a line for each."""

    path: str
    resource: str
    key: str
    item: str

    def insert(self, text: str) -> str:
        start, end = self._region(text)
        region = text[start:end]
        if flow := re.search(rf"{self.key}: \[[^]\n]*(?=\])", region):
            return text[: start + flow.end()] + f", {self.item}" + text[start + flow.end() :]
        if block := re.search(rf"{self.key}:\n(?: +- [^\n]*\n)+", region):
            at = start + block.end()
            return text[:at] + f"{self._indent(block[0])}- {self.item}\n" + text[at:]
        raise MisplacedError(f"{self.key} of {self.resource}")

    def remove(self, text: str) -> str:
        start, end = self._region(text)
        escaped = re.escape(self.item)
        region, count = re.subn(rf"(?m), {escaped}(?=[,\]])|^ +- {escaped}\n", "", text[start:end])
        if count != 1:
            raise MisplacedError(self.path)
        return text[:start] + region + text[end:]

    def _region(self, text: str) -> tuple[int, int]:
        start = _only(text, f"\n  {self.resource}:\n")
        following = re.search(r"\n(?:  )?[A-Z#]", text[start + len(self.resource) + 4 :])
        return start, start + len(self.resource) + 4 + (following.start() if following else len(text))

    @staticmethod
    def _indent(block: str) -> str:
        return block.splitlines()[-1].partition("-")[0]


def before(anchor: str) -> Callable[[str], int]:
    """The place before a text that is there once."""
    return lambda text: _only(text, anchor)


def after(anchor: str) -> Callable[[str], int]:
    """The place behind a text that is there once."""
    return lambda text: _only(text, anchor) + len(anchor)


def sorted_after(anchor: str, line: str, run: str) -> Callable[[str], int]:
    """The place for a line among those behind `anchor` that are like `run`, in their order."""

    def place(text: str) -> int:
        at = _only(text, anchor) + len(anchor)
        for found in re.finditer(r".*\n", text[at:]):
            if not re.fullmatch(run, found[0].rstrip("\n")) or found[0] > line:
                return at + found.start()
        return len(text)

    return place


def within(start: str, end: str) -> Callable[[str], int]:
    """The place before the first `end` behind `start`, which is there once."""

    def place(text: str) -> int:
        at = text.find(end, _only(text, start))
        if at < 0:
            raise MisplacedError(end)
        return at

    return place


def end(text: str) -> int:
    """The place behind everything."""
    return len(text)


def _only(text: str, anchor: str) -> int:
    if text.count(anchor) != 1:
        raise MisplacedError(f"the line {anchor.strip().splitlines()[0]!r}")
    return text.index(anchor)
