"""What `doctor` has to say: one line for each thing it looked at."""

from dataclasses import dataclass, field

WIDTH = 17


@dataclass
class Findings:
    """Prints what is found as it is found, and remembers whether anything is wrong."""

    problems: int = field(default=0, init=False)

    def ok(self, subject: str, text: str) -> None:
        """It is as it should be."""
        self._line("ok", subject, text)

    def note(self, subject: str, text: str) -> None:
        """It may be right: the person knows, or it could not be looked at."""
        self._line("note", subject, text)

    def problem(self, subject: str, text: str) -> None:
        """It is wrong; `text` says what to do."""
        self.problems += 1
        self._line("PROBLEM", subject, text)

    def _line(self, level: str, subject: str, text: str) -> None:
        print(f"{level:<8} {subject:<{WIDTH}} {' '.join(text.split())}", flush=True)
