"""MiniStack: DynamoDB, S3, SQS, Secrets Manager, CloudFormation, the HTTP API and Lambda in one local process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.common import aws
from backend.common.aws import Aws
from backend.common.constants import CREDENTIALS, HOST, REGION
from backend.common.paths import TOOLS
from backend.local.processes import Child, running

# The functions run as the emulator's children and inherit its environment, so it gets nothing but these.
INHERITED = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_BACKTRACE")


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    url: str
    process: Child
    aws: Aws


@contextmanager
def run_emulator(port: int, state: Path, logs: Path) -> Iterator[Emulator]:
    """Runs MiniStack with everything it writes below `state`."""
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "backend.local.emulator_program"]
    with running("The emulator", command, _environment(url, port, state), logs / "emulator.log") as process:
        process.wait_until_answers(f"{url}/_ministack/health")
        yield Emulator(url, process, aws.emulated(url))


def _environment(url: str, port: int, state: Path) -> dict[str, str]:
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return (
        inherited
        | CREDENTIALS
        | {
            "PYTHONPATH": str(TOOLS),
            "AWS_REGION": REGION,
            # What the functions call. Without it they would call AWS.
            "AWS_ENDPOINT_URL": url,
            "GATEWAY_PORT": str(port),
            # Without these two it listens on every interface.
            "BIND_HOST": HOST,
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_HOST": HOST,
            # Signatures, POST policies and the functions' roles are enforced.
            "AUTH": "true",
            "LAMBDA_EXECUTOR": "local",
            # Points away from Docker, which the emulator would otherwise look for when it starts and ends.
            "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
            "TMPDIR": str(scratch),
            "STATE_DIR": str(state / "emulator"),
            "S3_DATA_DIR": str(state / "s3"),
        }
    )
