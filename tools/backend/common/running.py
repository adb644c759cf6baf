"""The stacks of `make dev` that run in this clone. Only the standard library is used here."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from backend.common.console import CommandError
from backend.common.paths import RUNNING

FILE = "dev.json"
NONE_RUNS = "No local stack runs: start one with `make dev` in another terminal"
OR_DEPLOYED = ", or name a deployed one with STACK=…"


@dataclass(frozen=True)
class RunningStack:
    """What other commands need to know of a stack that runs."""

    api_url: str
    emulator_url: str
    # Each function's environment by its logical id, as `sam local invoke --env-vars` takes it. SAM itself would put
    # logical names where the deployed functions have real ones.
    environments: Mapping[str, Mapping[str, str]]

    @property
    def port(self) -> str:
        """The port of the API."""
        return str(urlsplit(self.api_url).port)


@contextmanager
def published(stack: RunningStack) -> Iterator[None]:
    """Lets other commands find the stack for as long as the context lasts."""
    file = RUNNING / str(os.getpid()) / FILE
    file.write_text(json.dumps(asdict(stack)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find(otherwise: str = OR_DEPLOYED) -> RunningStack:
    """The stack that runs; with several, the one whose API listens on PORT."""
    stacks, port = _all(), os.environ.get("PORT")
    chosen = [stack for stack in stacks if port in (None, "", stack.port)]
    if len(chosen) == 1:
        return chosen[0]
    ports = " and ".join(sorted(stack.port for stack in stacks))
    if not stacks:
        raise CommandError(f"{NONE_RUNS}{otherwise}.")
    if not chosen:
        raise CommandError(f"No local stack runs on port {port}; those that run are on {ports}.")
    raise CommandError(f"Local stacks run on ports {ports}: choose one with PORT=….")


def check() -> int:
    """Whether exactly one stack is found, for those who need one before they go on."""
    try:
        find("")
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def process_exists(pid: int) -> bool:
    """Whether a process of that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _all() -> list[RunningStack]:
    found = []
    for file in RUNNING.glob(f"[0-9]*/{FILE}"):
        # It may end at this moment.
        with suppress(FileNotFoundError):
            if process_exists(int(file.parent.name)):
                found.append(RunningStack(**json.loads(file.read_text())))
    return found
