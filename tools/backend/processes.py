"""Child processes that never outlive the stack, and the ports they listen on."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from console import StackError

HOST = "127.0.0.1"
SECONDS_TO_END = 5
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """A running server of the stack."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raises an error that tells its last words when it has ended."""
        if self.process.poll() is not None:
            raise StackError(f"{self.name} ended unexpectedly; its last words: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of its log that says anything."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "(nothing)"

    def wait_until_answers(self, url: str, seconds: float = 30) -> None:
        """Waits until `url` answers 200, or says why it never will."""
        deadline = time.monotonic() + seconds
        while not answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} did not answer within {seconds:.0f} s; its last words: {self.last_words()}"
                )
            time.sleep(0.05)


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
            raise StackError(f"{name} could not be started: {error}.") from error
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


def process_exists(pid: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False


def port_is_free(port: int) -> bool:
    """Whether something could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def free_port_near(preferred: int) -> int:
    """The preferred port, or any other when it is taken."""
    return preferred if port_is_free(preferred) else any_free_port()
