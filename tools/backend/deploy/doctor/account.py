"""The AWS account: credentials, region and clock, what it allows, and whether a stack's name is free."""

import re
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

from backend.common import aws
from backend.common.aws import Aws
from backend.common.web import ask
from backend.deploy.findings import Findings

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


def check_account(findings: Findings) -> Aws | None:
    """The account, if it can be asked further: credentials, region, and the clock that signatures depend on."""
    try:
        account = aws.deployed()
        region = account.region
        identity = account.sts.get_caller_identity()
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
        _check_clock_of_aws(findings, account)
    except (BotoCoreError, OSError) as error:
        findings.note("credentials", f"not checked, AWS cannot be asked: {error}")
        findings.note("clock", "not compared, for the same reason")
    else:
        findings.ok("credentials", f"account {identity['Account']}, region {region}")
        _check_clock_of_aws(findings, account)
        _check_concurrency(findings, account)
        return account
    return None


def _check_concurrency(findings: Findings, account: Aws) -> None:
    try:
        limit = account.functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
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


def check_name(findings: Findings, account: Aws, name: str) -> None:
    """Whether a stack of this name can be deployed: its bucket is named after it, and stays when it is deleted."""
    subject = "stack name"
    try:
        owner = account.sts.get_caller_identity()["Account"]
        bucket = f"{name}-uploads-{owner}-{account.region}"
        most = LONGEST_BUCKET - len(bucket) + len(name)
        if not STACK_NAME.fullmatch(name) or len(name) > most:
            allowed = f"lower-case letters, digits and hyphens, a letter first, at most {most}"
            findings.problem(subject, f"{name!r}: take {allowed}")
        elif _is_there(account, bucket):
            advice = f"If {name} is deployed, ask `make doctor STACK={name}`. If it was deleted, its bucket stayed: "
            advice += "empty and delete that, or take another name"
            findings.problem(subject, f"the bucket {bucket} is there already. {advice}")
        else:
            findings.ok(subject, f"{name} is free")
    except (ClientError, BotoCoreError) as error:
        findings.note(subject, f"not checked: {error}")


def _is_there(account: Aws, bucket: str) -> bool:
    try:
        account.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return False
        raise
    return True


def _check_clock_of_aws(findings: Findings, account: Aws) -> None:
    host = urlsplit(account.sts.meta.endpoint_url)
    check_clock(findings, f"{host.scheme}://{host.netloc}/")


def check_clock(findings: Findings, url: str) -> None:
    """Compares this machine's clock with that of a server."""
    try:
        before = time.time()
        answer = ask(url, method="GET", seconds=SECONDS)
        after = time.time()
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (OSError, HTTPException, KeyError, ValueError) as error:
        findings.note("clock", f"not compared: {urlsplit(url).netloc} does not tell the time ({error})")
        return
    # The server read its clock between the two readings here, and its header has whole seconds.
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
