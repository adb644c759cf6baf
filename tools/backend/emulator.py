"""MiniStack: DynamoDB, S3, SQS, Secrets Manager, CloudFormation, the HTTP API and Lambda in one local process."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from processes import HOST, Child, running

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# The functions run as the emulator's children and inherit its environment, so it gets nothing but these.
INHERITED = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_BACKTRACE")


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    url: str
    process: Child

    def client(self, service: str) -> Any:
        """A boto3 client of one of its services."""
        return client(self.url, service)


def client(url: str, service: str) -> Any:
    """A boto3 client of a service of the emulator at `url`."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )


@contextmanager
def run_emulator(port: int, state: Path, logs: Path) -> Iterator[Emulator]:
    """Runs MiniStack with everything it writes below `state`."""
    url = f"http://{HOST}:{port}"
    command = [sys.executable, str(Path(__file__).with_name("emulator_program.py"))]
    with running("The emulator", command, _environment(url, port, state), logs / "emulator.log") as process:
        process.wait_until_answers(f"{url}/_ministack/health")
        yield Emulator(url, process)


def _environment(url: str, port: int, state: Path) -> dict[str, str]:
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return (
        inherited
        | CREDENTIALS
        | {
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
