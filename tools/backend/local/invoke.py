"""`invoke`: runs one function's release binary in the Lambda image, against the stack of `make dev`.

SAM puts a function's container on Docker's bridge network, whatever `--docker-network host` says, and from there
nothing is reached that listens on 127.0.0.1. So the stack's ports are served on the bridge too while it runs.
"""

import argparse
import asyncio
import errno
import ipaddress
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from backend.common import functions, running
from backend.common.arguments import Commands
from backend.common.console import CommandError
from backend.common.constants import CREDENTIALS, HOST, REGION
from backend.common.functions import Function
from backend.common.paths import EVENTS, ROOT, shown

SAM = ROOT / ".venv-sam" / "bin" / "sam"
BUILD_TOOLS = ROOT / ".venv-build" / "bin"
# Where Docker has a machine of its own for containers, this name leads to the person's.
DESKTOP_HOST = "host.docker.internal"
BRIDGE = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("invoke", help="run a function in the Lambda image", description=__doc__)
    parser.add_argument("function", choices=functions.names())
    parser.add_argument("--event", type=Path, help="a file such as those in events/, one of which is taken without it")
    parser.add_argument("--arch", default="x86_64", help="arm64 or x86_64")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- …", help="more arguments of `sam local invoke`")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    stack = running.find("")
    function = next(f for f in functions.declared() if f.name == arguments.function)
    event = arguments.event or sample_event(function, sample_events())
    architecture = ["--parameter-overrides", f"Architecture={arguments.arch}"]
    env = os.environ | {"SAM_CLI_TELEMETRY": "0", "PATH": f"{BUILD_TOOLS}:{os.environ['PATH']}"}
    build = [str(SAM), "build", function.logical_id, *architecture]
    if code := subprocess.run(build, cwd=ROOT, env=env).returncode:
        return code
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    invoke = [str(SAM), "local", "invoke", function.logical_id, "--event", str(event), *architecture, *words]
    return asyncio.run(_invoke(invoke, json.dumps(stack.environments)))


def sample_events() -> dict[str, str]:
    """The names of the files in events/, and the route that each one's request takes; nothing for a message."""
    documents = {file.name: json.loads(file.read_text()) for file in sorted(EVENTS.glob("*.json"))}
    return {name: document.get("routeKey", "") for name, document in documents.items()}


def sample_event(function: Function, samples: dict[str, str]) -> Path:
    """The file that is named after a function, or the one for the first of its routes that has one."""
    routes = [f"{route.method} {route.path}" for route in function.routes]
    fitting = [name for route in routes for name, taken in samples.items() if taken == route]
    for name in (f"{function.name}.json", *fitting):
        if name in samples:
            return EVENTS / name
    raise CommandError(f"No file in {shown(EVENTS)}/ is for {function.name}: name one with EVENT=….")


async def _invoke(command: Sequence[str], variables: str) -> int:
    host, servers = await _reachable(sorted(set(re.findall(rf"http://{re.escape(HOST)}:(\d+)", variables))))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "env.json"
        file.write_text(variables.replace(f"http://{HOST}:", f"http://{host}:"))
        env = os.environ | CREDENTIALS | {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"}
        process = await asyncio.create_subprocess_exec(*command, "--env-vars", str(file), cwd=ROOT, env=env)
        try:
            return await process.wait()
        finally:
            for server in servers:
                server.close()


async def _reachable(ports: list[str]) -> tuple[str, list[asyncio.Server]]:
    """The host's address as containers see it, and what serves the ports there."""
    gateway = _gateway()
    try:
        return gateway, [await asyncio.start_server(_forward_to(int(port)), gateway, int(port)) for port in ports]
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return DESKTOP_HOST, []
        raise CommandError(f"The stack's ports cannot be served to containers: {error.strerror}.") from error


def _gateway() -> str:
    """The host's address on the bridge. Some engines do not report it: then it is the subnet's first."""
    command = ["docker", "network", "inspect", "bridge", "--format", BRIDGE]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise CommandError("Docker does not answer; `sam local invoke` needs it.") from error
    try:
        subnet, *gateway = output
        return gateway[0] if gateway else str(next(ipaddress.ip_network(subnet).hosts()))
    except ValueError:
        raise CommandError(f"Docker's network `bridge` has no subnet: {' '.join(output)!r}.") from None


def _forward_to(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    return forward


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
