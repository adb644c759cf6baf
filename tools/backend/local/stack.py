"""The whole stack: emulator, mock WeChat server, deployment and API, up for as long as a context lasts."""

import json
import os
import platform
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.common import functions, keys
from backend.common.console import CommandError, step
from backend.common.constants import CREDENTIALS, REGION
from backend.common.paths import LOCAL_KEYS, RUNNING
from backend.common.push import PATH as PUSH_PATH
from backend.common.push import PushKeys
from backend.common.running import process_exists
from backend.local import function_logs
from backend.local.build import WECHAT_SERVER
from backend.local.deployment import Deployment, deploy
from backend.local.emulator import Emulator, run_emulator
from backend.local.gateway import run_gateway
from backend.local.ports import Ports
from backend.local.wechat import APP_ID, APP_SECRET, PUSH_KEYS, WeChat, run_wechat

# What the caller's environment may change about the deployed functions, and the template's name for it.
OVERRIDES = {
    "ADMIN_OPENIDS": "AdminOpenids",
    "ASSETS_BASE_URL": "AssetsBaseUrl",
    "AVATAR_MAX_BYTES": "AvatarMaxBytes",
    "CONTENT_CHECK_MEDIA": "ContentCheckMedia",
    "LOGIN_RATE_LIMIT": "LoginRateLimit",
    "UPLOADS_BASE_URL": "UploadsBaseUrl",
    "UPLOAD_DAILY_LIMIT": "UploadDailyLimit",
    "UPLOAD_MAX_BYTES": "UploadMaxBytes",
    "UPLOAD_PENDING_LIMIT": "UploadPendingLimit",
    "UPLOAD_TOTAL_BYTES": "UploadTotalBytes",
    "UPLOAD_TYPES": "UploadTypes",
    "WECHAT_APP_ID": "WechatAppId",
}
LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
SECONDS_FOR_PING = 30
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    api_url: str
    wechat: WeChat
    emulator: Emulator
    deployment: Deployment
    logs: Path

    def environment(self) -> dict[str, str]:
        """What a test needs to find the stack: its outputs, `TableName` as `STACK_TABLE_NAME`, and its servers."""
        outputs = {_variable(name): value for name, value in self.deployment.outputs.items()}
        return (
            CREDENTIALS
            | outputs
            | {
                "AWS_REGION": REGION,
                "AWS_ENDPOINT_URL": self.emulator.url,
                "STACK_API_URL": self.api_url,
                "STACK_WECHAT_URL": self.wechat.url,
            }
        )

    def check(self) -> None:
        """Raises an error when one of the servers has ended."""
        for child in (self.emulator.process, self.wechat.process):
            if child is not None:
                child.check()


def _variable(output: str) -> str:
    return "STACK" + re.sub("([A-Z])", r"_\1", output).upper()


@contextmanager
def run_stack(binaries: Mapping[str, Path], ports: Ports, logs: Path) -> Iterator[Stack]:
    """Brings everything up, yields it once the API answers, and takes everything down."""
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    signing_keys = keys.ensure(LOCAL_KEYS)
    push_keys = PushKeys.given(os.environ) or PUSH_KEYS
    with ExitStack() as context:
        state = context.enter_context(_scratch_directory())
        wechat = context.enter_context(run_wechat(binaries[WECHAT_SERVER], ports.wechat, logs))
        with step("starting the emulator"):
            emulator = context.enter_context(run_emulator(ports.emulator, state, logs))
        with step("deploying template.yaml"):
            deployment = deploy(emulator, binaries, _parameters(wechat.url, signing_keys))
            _fill_secrets(emulator, deployment, signing_keys, push_keys)
        context.enter_context(function_logs.copied(emulator.aws, functions.names(), logs))
        api_url = context.enter_context(run_gateway(ports.api, ports.emulator, deployment.api_id))
        with step("waiting for GET /v1/ping"):
            for path in ("/v1/ping", "/ping"):
                _wait_for(path, f"{api_url}{path}")
        wechat.push_to(f"{api_url}{PUSH_PATH}", push_keys)
        yield Stack(api_url, wechat, emulator, deployment, logs)


@contextmanager
def _scratch_directory() -> Iterator[Path]:
    """Room for one stack's data. What a killed stack left behind goes first."""
    directory = RUNNING / str(os.getpid())
    for other in RUNNING.glob("*"):
        if other == directory or not process_exists(int(other.name)):
            shutil.rmtree(other, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(path: str, url: str) -> None:
    """The first answer takes a cold start. An answer that is no success will not become one."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_FOR_PING):
            return
    except urllib.error.HTTPError as error:
        raise CommandError(f"GET {path} answers {error.code}: {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise CommandError(f"GET {path} is not answered: {error}.") from error


def _parameters(wechat_url: str, signing_keys: keys.KeyFiles) -> dict[str, str]:
    """The template's parameters: what differs from AWS, then what the caller overrides."""
    local = {
        "WechatAppId": APP_ID,
        "WechatApiBaseUrl": wechat_url,
        "AdminOpenids": "admin",
        "LoginRateLimit": "0",
        "MessagePush": "true",
        "JwtJwks": signing_keys.public_jwks.read_text(),
        "CorsOrigins": "*",
        "Architecture": _architecture(),
        "GradualDeployment": "false",
        "Monitoring": "full",
        "TlsOnly": "false",
    }
    given = {OVERRIDES[name]: os.environ[name] for name in OVERRIDES if name in os.environ}
    return local | given | _log_level()


def _log_level() -> dict[str, str]:
    """The level in RUST_LOG. A filter there, such as `shared=debug`, is meant for other programs."""
    level = os.environ.get("RUST_LOG", "").upper()
    return {"LogLevel": level} if level in LOG_LEVELS else {}


def _architecture() -> str:
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise CommandError(f"The functions run on x86_64 and arm64; this machine is {machine}.")
    return ARCHITECTURES[machine]


def _fill_secrets(emulator: Emulator, deployment: Deployment, signing_keys: keys.KeyFiles, push_keys: PushKeys) -> None:
    jwt = {
        "jwt_private_jwk": signing_keys.private_jwk.read_text(),
        "refresh_key": keys.RefreshKeys.new().document(),
    }
    wechat = {"wechat_app_secret": os.environ.get("WECHAT_APP_SECRET", APP_SECRET)}
    push = push_keys.document()
    for output, value in (("WechatSecretArn", wechat), ("JwtSecretArn", jwt), ("PushSecretArn", push)):
        emulator.aws.secrets.put_secret_value(SecretId=deployment.outputs[output], SecretString=json.dumps(value))
