"""The mock WeChat server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.common.constants import HOST
from backend.local.emulator import INHERITED
from backend.local.processes import Child, running

APP_ID = "wx0123456789abcdef"
APP_SECRET = "standin-secret"


@dataclass(frozen=True)
class WeChat:
    """Where the functions reach WeChat, and the mock server's process unless another WeChat was given."""

    url: str
    process: Child | None


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
