"""The mock WeChat server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.common.console import CommandError
from backend.common.constants import HOST
from backend.common.push import PushKeys
from backend.common.web import ask
from backend.local.emulator import INHERITED
from backend.local.processes import Child, running

APP_ID = "wx0123456789abcdef"
APP_SECRET = "standin-secret"
PUSH_KEYS = PushKeys("standintoken", "standin012345678901234567890123456789012345")


@dataclass(frozen=True)
class WeChat:
    """Where the functions reach WeChat, and the mock server's process unless another WeChat was given."""

    url: str
    process: Child | None

    def push_to(self, url: str, keys: PushKeys) -> None:
        """Enters the message push's address in the mock server's console, which verifies it."""
        if self.process is None:
            return
        settings = {"url": url, "token": keys.token, "aes_key": keys.aes_key}
        answer = ask(f"{self.url}/_standin/console", settings)
        if answer.status != 204:
            raise CommandError(f"The message push does not work: {answer.body.decode(errors='replace')}")


@contextmanager
def run_wechat(binary: Path, port: int, logs: Path) -> Iterator[WeChat]:
    """Runs the mock server, unless WECHAT_API_BASE_URL names another WeChat."""
    if given := os.environ.get("WECHAT_API_BASE_URL"):
        yield WeChat(given, None)
        return
    url = f"http://{HOST}:{port}"
    env = {name: os.environ[name] for name in INHERITED if name in os.environ}
    command = [str(binary), "--listen", f"{HOST}:{port}"]
    with running("The mock WeChat server", command, env, logs / "wechat.log") as process:
        process.wait_until_answers(f"{url}/_standin/health")
        yield WeChat(url, process)
