"""`doctor`: looks at what a deployment needs, before it and after it, and says what to do about each finding."""

import argparse
import os
import re
import shutil
import stat
import subprocess
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

import keys
import keys_command
import places
import wechat_account
from console import StackError
from dev import API_PORT
from doctor_stack import look_at_stack
from environment import ROOT
from findings import Findings
from processes import HOST
from web import ask

SECONDS = 5
# AWS refuses what was signed five minutes ago or in five minutes.
FATAL_SKEW = 300
NOTABLE_SKEW = 30
# What an account has that is not new.
USUAL_CONCURRENCY = 1000
STACK_NAME = re.compile(r"[a-z][a-z0-9-]*")
LONGEST_BUCKET = 63
# What says that the credentials, and not the way to AWS, are what is wrong.
REFUSED = ("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("doctor", help="check an account's set-up before and after a deployment")
    parser.add_argument("--stack", default="", help="a stack deployed to AWS; before the first deployment without it")
    parser.add_argument("--name", default="", help="what the stack is to be called, before the first deployment")
    parser.add_argument("--local", action="store_true", help="the stack of `make dev`")
    parser.add_argument("--api", default="", help="the API's address, if it is not the stack's own")
    parser.add_argument("--keys", type=Path, default=keys_command.DIRECTORY, help="where the signing keys are")
    parser.add_argument(
        "--wechat", action="store_true", help="ask WeChat about app id and secret: one call of its quota"
    )
    parser.set_defaults(run=_run, uses_account=True)


def _run(arguments: argparse.Namespace) -> int:
    findings = Findings()
    try:
        if arguments.local:
            place, name = places.on_this_machine()
            api = arguments.api or f"http://{HOST}:{os.environ.get('PORT') or API_PORT}"
            look_at_stack(findings, place, name, api, arguments.keys, arguments.wechat)
        elif arguments.stack:
            if place := look_at_account(findings):
                look_at_stack(findings, place, arguments.stack, arguments.api, arguments.keys, arguments.wechat)
            else:
                findings.note("stack", "not checked, nor what belongs to it: AWS cannot be asked")
        else:
            look_before(findings, arguments.name, arguments.keys, arguments.wechat)
    except KeyboardInterrupt:
        return 130
    return 1 if findings.problems else 0


def look_before(findings: Findings, name: str, key_directory: Path, ask_wechat: bool) -> None:
    """What has to be there before the first deployment."""
    _look_at_tools(findings)
    place = look_at_account(findings)
    if name and place:
        look_at_name(findings, place, name)
    elif not name:
        findings.note("stack name", "not checked: give it in NAME")
    look_at_key_files(findings, key_directory)
    app_id = os.environ.get("WECHAT_APP_ID", "")
    if app_id:
        wechat_account.look_at_app_id(findings, app_id)
    else:
        findings.note("app id", "not checked: give it in WECHAT_APP_ID")
    if secret := wechat_account.given_secret("Enter leaves it out"):
        wechat_account.look_at_secret(findings, secret)
    else:
        findings.note("app secret", "not checked: give it in WECHAT_APP_SECRET, or at a terminal when you are asked")
    if ask_wechat and app_id and secret:
        wechat_account.probe(findings, os.environ.get("WECHAT_API_BASE_URL") or places.WECHAT, app_id, secret)
    findings.note(
        "domains",
        "after the deployment, `make doctor STACK=name` shows what to put on WeChat's three lists. "
        "They take names with HTTPS and an ICP filing: have one ready for ApiDomainName",
    )
    wechat_account.tell_about_addresses(findings)


# ---- this machine


def _look_at_tools(findings: Findings) -> None:
    _look_at_tool(findings, "cargo", ["cargo", "--version"], "install Rust from https://rustup.rs")
    if shutil.which("cc") is None:
        findings.problem("C compiler", "cc is missing; on Debian and Ubuntu: apt-get install build-essential")
    else:
        findings.ok("C compiler", "cc is there")
    for name, command in (
        ("cargo-lambda", [str(ROOT / ".venv-build/bin/cargo-lambda"), "lambda", "--version"]),
        ("sam", [str(ROOT / ".venv-sam/bin/sam"), "--version"]),
    ):
        version = _output(command)
        if version is None:
            findings.note(name, "not installed yet; `make deploy` does it")
        else:
            findings.ok(name, version)
    if _output(["docker", "version", "--format", "{{.Server.Version}}"]) is None:
        findings.note("Docker", "does not answer; only `make invoke-…` needs it")
    else:
        findings.ok("Docker", "answers")


def _look_at_tool(findings: Findings, name: str, command: list[str], advice: str) -> None:
    version = _output(command)
    if version is None:
        findings.problem(name, f"is missing; {advice}")
    else:
        findings.ok(name, version)


def _output(command: list[str]) -> str | None:
    """The first line that a command prints; nothing if it cannot be run."""
    env = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(run.stdout.splitlines()), "")


# ---- the AWS account


def look_at_account(findings: Findings) -> places.Place | None:
    """The account, if it can be asked further: credentials, region, and the clock that signatures depend on."""
    try:
        place = places.on_aws()
        region = place.region
        identity = place.client("sts").get_caller_identity()
    except NoRegionError:
        findings.problem("region", "none is set: set AWS_REGION, or the region of your AWS profile")
    except NoCredentialsError:
        findings.problem(
            "credentials", "there are none: set AWS_PROFILE, or run `aws configure sso` or `aws configure`"
        )
    except ProfileNotFound as error:
        findings.problem("credentials", f"{error}; AWS_PROFILE has to name one that `aws configure` made")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        advice = "get new ones, as with `aws sso login`" if code in REFUSED else "see also the clock"
        findings.problem("credentials", f"AWS refuses them ({code}): {advice}")
        _look_at_clock(findings, place)
    except (BotoCoreError, OSError) as error:
        findings.note("credentials", f"not checked, AWS cannot be asked: {error}")
        findings.note("clock", "not compared, for the same reason")
    else:
        findings.ok("credentials", f"account {identity['Account']}, region {region}")
        _look_at_clock(findings, place)
        _look_at_concurrency(findings, place)
        return place
    return None


def _look_at_concurrency(findings: Findings, place: places.Place) -> None:
    try:
        limit = place.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except (ClientError, BotoCoreError, KeyError) as error:
        findings.note("concurrency", f"not checked: {error}")
        return
    if limit < USUAL_CONCURRENCY:
        findings.note(
            "concurrency",
            f"{limit} invocations at once in this account and region, as new accounts have it: enough to try it out. "
            f"Before you publish, ask for {USUAL_CONCURRENCY} (Service Quotas, AWS Lambda, Concurrent executions)",
        )
    else:
        findings.ok("concurrency", f"{limit} invocations at once in this account and region")


def look_at_name(findings: Findings, place: places.Place, name: str) -> None:
    """Whether a stack of this name can be deployed: its bucket is named after it, and stays when it is deleted."""
    subject = "stack name"
    try:
        account = place.client("sts").get_caller_identity()["Account"]
        bucket = f"{name}-uploads-{account}-{place.region}"
        most = LONGEST_BUCKET - len(bucket) + len(name)
        if not STACK_NAME.fullmatch(name) or len(name) > most:
            allowed = f"lower-case letters, digits and hyphens, a letter first, at most {most}"
            findings.problem(subject, f"{name!r}: take {allowed}")
        elif _is_there(place, bucket):
            advice = f"If {name} is deployed, ask `make doctor STACK={name}`. If it was deleted, its bucket stayed: "
            advice += "empty and delete that, or take another name"
            findings.problem(subject, f"the bucket {bucket} is there already. {advice}")
        else:
            findings.ok(subject, f"{name} is free")
    except (ClientError, BotoCoreError) as error:
        findings.note(subject, f"not checked: {error}")


def _is_there(place: places.Place, bucket: str) -> bool:
    try:
        place.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return False
        raise
    return True


def _look_at_clock(findings: Findings, place: places.Place) -> None:
    host = urlsplit(place.client("sts").meta.endpoint_url)
    look_at_clock(findings, f"{host.scheme}://{host.netloc}/")


def look_at_clock(findings: Findings, url: str) -> None:
    """Compares this machine's clock with that of a server."""
    try:
        before = time.time()
        answer = ask(url, method="GET", seconds=SECONDS)
        after = time.time()
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (OSError, HTTPException, KeyError, ValueError) as error:
        findings.note("clock", f"not compared: {urlsplit(url).netloc} does not tell the time ({error})")
        return
    # The server's time lies within the question, and is told in whole seconds.
    skew = max(before - there - 1, there - after, 0)
    direction = "ahead" if before > there else "behind"
    if skew > FATAL_SKEW:
        findings.problem(
            "clock", f"{skew:.0f} s {direction}: AWS refuses signatures; set it by NTP (timedatectl set-ntp true)"
        )
    elif skew > NOTABLE_SKEW:
        findings.note("clock", f"{skew:.0f} s {direction}; at {FATAL_SKEW} s AWS refuses signatures. Set it by NTP")
    else:
        findings.ok("clock", f"within {NOTABLE_SKEW} s of {urlsplit(url).netloc}")


# ---- the keys


def look_at_key_files(findings: Findings, directory: Path) -> None:
    """Whether the key pair is there, belongs together, and is nobody else's to read."""
    files = keys.files_in(directory)
    if not files.private_jwk.exists() or not files.public_jwks.exists():
        findings.problem("signing keys", "there are none: run `make keys`")
        return
    try:
        pair = keys.read_pair(files)
    except StackError as error:
        findings.problem("signing keys", str(error))
        return
    if stat.S_IMODE(files.private_jwk.stat().st_mode) & 0o077:
        findings.problem("signing keys", f"others can read the private key: chmod 600 {files.private_jwk.name}")
        return
    findings.ok("signing keys", f"key {pair.current}, {len(pair.public)} public in all")
