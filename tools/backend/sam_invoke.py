"""`sam-invoke`: runs `sam local invoke` against the stack of `make dev`.

SAM puts a function's container on Docker's bridge network, whatever `--docker-network host` says, and from there
nothing is reached that listens on 127.0.0.1. So the stack's ports are served on the bridge too while it runs.
"""

import argparse
import asyncio
import errno
import ipaddress
import os
import re
import subprocess
import tempfile
from pathlib import Path

import sam_local
from console import StackError
from emulator import CREDENTIALS, REGION
from environment import ROOT
from processes import HOST

# Where Docker has a machine of its own for containers, this name leads to the person's.
DESKTOP_HOST = "host.docker.internal"
BRIDGE = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("sam-invoke", help="run `sam local invoke …` against the stack of `make dev`")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    try:
        variables = sam_local.FILE.read_text()
    except FileNotFoundError:
        raise StackError("Run `make dev` in another terminal first: the function talks to its stack.") from None
    return asyncio.run(_invoke(command, variables))


async def _invoke(command: list[str], variables: str) -> int:
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
        raise StackError(f"The stack's ports cannot be served to containers: {error.strerror}.") from error


def _gateway() -> str:
    """The host's address on the bridge. Some engines do not tell the one that they chose: it is the subnet's first."""
    command = ["docker", "network", "inspect", "bridge", "--format", BRIDGE]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError("Docker does not answer; `sam local invoke` needs it.") from error
    try:
        subnet, *gateway = told
        return gateway[0] if gateway else str(next(ipaddress.ip_network(subnet).hosts()))
    except ValueError:
        raise StackError(f"Docker's network `bridge` has no subnet: {' '.join(told)!r}.") from None


def _forward_to(port: int):  # noqa: ANN202 - asyncio's own callback type has no public name
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
