"""Copies what the functions log into one file each."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backend.common.aws import Aws
from backend.common.constants import LOCAL_STACK

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

SECONDS_BETWEEN = 1.0
PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId")


@contextmanager
def copied(aws: Aws, functions: Sequence[str], directory: Path) -> Iterator[None]:
    """Appends the functions' log lines to `<function>.log` in the directory until the context ends."""
    # What fails is tried again a second later; when the emulator has ended, nothing may wait for it.
    aws = replace(aws, config=aws.config.merge(Config(retries={"total_max_attempts": 1})))
    copiers = [_Copier(aws, name, directory / f"{name}.log") for name in functions]
    ended = threading.Event()

    def copy_until_ended() -> None:
        while not ended.wait(SECONDS_BETWEEN):
            for copier in copiers:
                copier.copy()

    thread = threading.Thread(target=copy_until_ended, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for copier in copiers:
            copier.copy()


class _Copier:
    """Copies one log group. The emulator gives every invocation a log stream of its own and writes it in one go."""

    def __init__(self, aws: Aws, function: str, file: Path) -> None:
        self._logs = aws.logs
        self._group = f"/aws/lambda/{LOCAL_STACK}-{function}"
        self._file = file
        self._since = 0
        self._copied: set[str] = set()
        file.write_text("")

    def copy(self) -> None:
        """Copies what is new. A log that cannot be read now is read the next time."""
        with suppress(ClientError, BotoCoreError):
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=self._group, startTime=self._since
            )
            self._append([event for page in pages for event in page["events"]])

    def _append(self, events: "list[FilteredLogEventTypeDef]") -> None:
        new = [event for event in events if event["logStreamName"] not in self._copied]
        if not new:
            return
        lines = [event["message"] for event in new if not event["message"].startswith(PLATFORM_LINES)]
        with self._file.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        # Two invocations may end in one millisecond, so the newest one is asked for again.
        self._since = max(event["timestamp"] for event in new)
        self._copied = {event["logStreamName"] for event in events if event["timestamp"] == self._since}
