"""What `doctor` has to say: one line for each thing it checked."""

from dataclasses import dataclass, field
from enum import Enum

WIDTH = 17


class Level(Enum):
    """How a finding is to be taken."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "PROBLEM"


@dataclass
class Findings:
    """Prints what is found as it is found, and remembers whether anything is wrong."""

    problems: int = field(default=0, init=False)

    def ok(self, subject: str, text: str) -> None:
        """It is as it should be."""
        self.add(Level.OK, subject, text)

    def note(self, subject: str, text: str) -> None:
        """It may be right: the person knows, or it could not be checked."""
        self.add(Level.NOTE, subject, text)

    def problem(self, subject: str, text: str) -> None:
        """It is wrong; `text` says what to do."""
        self.add(Level.PROBLEM, subject, text)

    def add(self, level: Level, subject: str, text: str) -> None:
        """What was found, at the level it was found to have."""
        self.problems += level is Level.PROBLEM
        print(f"{level.value:<8} {subject:<{WIDTH}} {' '.join(text.split())}", flush=True)
