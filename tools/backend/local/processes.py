"""Child processes that never outlive the stack, and the ports they listen on."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from backend.common.console import CommandError
from backend.common.paths import shown

SECONDS_TO_END = 5
PR_SET_PDEATHSIG = 1
# What is shown of a log's last line, which may be a whole request.
LONGEST_LINE = 200


@dataclass(frozen=True)
class Child:
    """A running server of the stack."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raises an error that says how it ended, when it has."""
        if (code := self.process.poll()) is not None:
            raise CommandError(f"{self.name} {ending(code)}. {self.last_line()}")

    def last_line(self) -> str:
        """The last line of its log that says anything, and where to read the others."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        last = f"its last line: {lines[-1][:LONGEST_LINE]}" if lines else "nothing in it"
        return f"Its log is {shown(self.log)}, {last}"

    def wait_until_answers(self, url: str, seconds: float = 30) -> None:
        """Waits until `url` answers 200, or says why it never will."""
        deadline = time.monotonic() + seconds
        while not answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise CommandError(f"{self.name} did not answer within {seconds:.0f} s. {self.last_line()}")
            time.sleep(0.05)


def ending(code: int) -> str:
    """How a process ended, as the person would say it."""
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name} (exit status {128 - code})"
    except ValueError:
        return f"was killed by signal {-code} (exit status {128 - code})"


@contextmanager
def running(name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[Child]:
    """Runs `command` in a process group of its own for as long as the context lasts; its output goes to `log`."""
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        except OSError as error:
            raise CommandError(f"{name} could not be started: {error}.") from error
    try:
        yield Child(name, process, log)
    finally:
        end_group(process)


def end_with_parent() -> None:
    """Asks Linux to end this process when its parent is killed too abruptly to do so itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_group(leader: "subprocess.Popen[bytes]") -> None:
    """Ends a process and whatever it started: politely first."""
    _signal_group(leader, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        leader.wait(SECONDS_TO_END)
    # Also when the leader is gone: the processes it started may have ignored the signal.
    _signal_group(leader, signal.SIGKILL)
    leader.wait()


def _signal_group(leader: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader.pid, number)


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
