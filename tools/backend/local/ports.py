"""The ports that the stack's servers listen on."""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from backend.common.console import CommandError
from backend.common.constants import HOST

API_PORT = 9000
EMULATOR_PORT = 4566
# Not 9001: there the Runtime API of `sam local invoke` listens on the host's network.
WECHAT_PORT = 9010


@dataclass(frozen=True)
class Ports:
    """Where the three servers listen."""

    api: int
    emulator: int
    wechat: int


def any_free() -> Ports:
    """Ports that nothing listens on."""
    with ExitStack() as held:
        # All at once, so that none is handed out twice.
        sockets = [held.enter_context(socket.socket()) for _ in range(3)]
        for probe in sockets:
            probe.bind((HOST, 0))
        api, emulator, wechat = (probe.getsockname()[1] for probe in sockets)
    return Ports(api, emulator, wechat)


def preferred() -> Ports:
    """The usual ports. The API's must be the one that was asked for; the others move when theirs is taken."""
    text = os.environ.get("PORT") or str(API_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT must be a port number, and {text!r} is none.")
    api = int(text)
    if not _is_free(api):
        raise CommandError(f"Port {text} is taken; end what listens there, or choose another with PORT=….")
    others = any_free()
    emulator = EMULATOR_PORT if api != EMULATOR_PORT and _is_free(EMULATOR_PORT) else others.emulator
    wechat = WECHAT_PORT if api != WECHAT_PORT and _is_free(WECHAT_PORT) else others.wechat
    return Ports(api, emulator, wechat)


def _is_free(port: int) -> bool:
    """Whether the port could be listened on, and nothing answers there: on macOS, only the latter detects a server
    that listens on every address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
