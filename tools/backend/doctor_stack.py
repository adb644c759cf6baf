"""What `doctor` looks at once a stack is deployed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

import keys
import places
import wechat_account
from build import FUNCTIONS
from console import StackError
from deployment import ALIAS
from findings import Findings
from redrive import ROUTES
from smoke import own_build, own_release
from web import ask

PLACEHOLDER = "replace-me"
ALARMS_AT_ONCE = 100


@dataclass(frozen=True)
class _Case:
    """A deployed stack and what is needed to look at it."""

    findings: Findings
    place: places.Place
    stack: places.DeployedStack
    api: str
    key_directory: Path

    def parameter(self, name: str) -> str:
        return self.stack.parameters.get(name, "")

    @property
    def emulated(self) -> bool:
        """Whether an emulator stands in for AWS, where some of what would be wrong is as it should be."""
        return urlsplit(self.api).scheme == "http"

    @property
    def put_secret(self) -> str:
        """What fills the secrets."""
        return f"fill them with `make secret STACK={self.stack.name}`"


def look_at_stack(
    findings: Findings, place: places.Place, name: str, api: str, key_directory: Path, ask_wechat: bool
) -> None:
    """Everything about one stack. What AWS does not let the person see is said, and the rest goes on."""
    try:
        stack = place.stack(name)
        case = _Case(findings, place, stack, (api or stack.output("ApiUrl")).rstrip("/"), key_directory)
    except StackError as error:
        findings.problem("stack", str(error))
        return
    except (ClientError, BotoCoreError) as error:
        findings.note("stack", f"not checked: {error}")
        return
    _look_at_status(case)
    _look_at_parameters(case)
    _look_at_functions(case)
    secret = _look_at_secrets(case)
    _look_at_jwks(case, secret)
    if ask_wechat and secret is not None:
        base_url = case.parameter("WechatApiBaseUrl") or places.WECHAT
        app_secret = str(secret.get("wechat_app_secret"))
        wechat_account.probe(findings, base_url, case.parameter("WechatAppId"), app_secret)
    _look_at_ping(case)
    _look_at_build(case)
    _look_at_domains(case)
    _look_at_dead_letters(case)
    _look_at_alarms(case)
    _look_at_subscription(case)
    _tell_domains(case)
    wechat_account.tell_about_addresses(findings)


def _look_at_status(case: _Case) -> None:
    status = case.stack.status
    if status in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"):
        case.findings.note("stack", f"{status}: the last deployment was rolled back; the stack's events say why")
    elif status.endswith("IN_PROGRESS"):
        case.findings.note("stack", f"{status}: look again when it is done")
    elif status == "ROLLBACK_COMPLETE":
        advice = "the stack's events in CloudFormation say why. Delete the stack before you deploy again"
        case.findings.problem("stack", f"{status}: the first deployment failed; {advice}")
    elif status.endswith("FAILED") or status == "DELETE_COMPLETE":
        case.findings.problem("stack", f"{status}: the stack's events in CloudFormation say why")
    else:
        case.findings.ok("stack", f"{case.stack.name}, {status}")


def _look_at_parameters(case: _Case) -> None:
    if case.stack.talks_to_wechat:
        wechat_account.look_at_app_id(case.findings, case.parameter("WechatAppId"))
    else:
        base_url = case.parameter("WechatApiBaseUrl")
        case.findings.note("WechatApiBaseUrl", f"is {base_url}: shapes of ids and secrets are not checked")
    worth_saying = {
        "AdminOpenids": case.parameter("AdminOpenids") == "" and "is empty: nobody can become an administrator",
        "LoginRateLimit": case.parameter("LoginRateLimit") == "0" and "is 0: logins of one address are not limited",
        "ApiDefaultEndpoint": case.parameter("ApiDomainName") != ""
        and case.parameter("ApiDefaultEndpoint") == "true"
        and "is true: once every client uses ApiDomainName, false closes the address that AWS gave the API",
        "CorsOrigins": case.parameter("CorsOrigins") == "*" and "is *: pages of every site may call the API",
        "LogLevel": case.parameter("LogLevel") in ("TRACE", "DEBUG") and "is below INFO: logs are paid by the byte",
        "GradualDeployment": case.parameter("GradualDeployment") == "false"
        and "is false: a new version gets all requests at once, and no alarm rolls it back",
        "AlarmEmail": case.parameter("AlarmEmail") == ""
        and "AlarmEmail" in case.stack.parameters
        and "is empty: alarms tell nobody",
    }
    for name, text in worth_saying.items():
        if text:
            case.findings.note(name, text)
    wrong = {
        "AwsEndpointUrl": case.parameter("AwsEndpointUrl") and "is set: the functions do not talk to AWS. Empty it",
        "TlsOnly": case.parameter("TlsOnly") == "false"
        and "is false: bucket and queues take plain HTTP. Only an emulator needs that",
    }
    for name, text in wrong.items():
        if text and case.emulated:
            case.findings.note(name, text)
        elif text:
            case.findings.problem(name, text)


def _look_at_functions(case: _Case) -> None:
    """Whether the functions that answer are the ones that were deployed last."""
    behind: list[str] = []
    try:
        for name in FUNCTIONS:
            function = f"{case.stack.name}-{name}"
            deployed = places.configuration(case.place, function, "$LATEST")
            running = places.configuration(case.place, function, ALIAS)
            if changed := running.differences(deployed):
                behind.append(f"{name} ({', '.join(changed)})")
    except (ClientError, BotoCoreError) as error:
        case.findings.note("functions", f"not checked: {error}")
        return
    if not behind:
        case.findings.ok("functions", "all run with the code and the variables that were deployed last")
    elif case.stack.status.endswith("IN_PROGRESS"):
        case.findings.note("functions", f"about to change: {'; '.join(behind)}")
    else:
        advice = f"their alias `{ALIAS}` is at an older version. Deploy again, with `make deploy`"
        case.findings.problem("functions", f"do not run with what was deployed last: {'; '.join(behind)}; {advice}")


# ---- the secret and the keys


def _look_at_secrets(case: _Case) -> Mapping[str, Any] | None:
    """What the secrets hold, if they can be used."""
    try:
        found = {output: _filled_in(case, output) for output in ("WechatSecretArn", "JwtSecretArn", "SecretArn")}
    except (ClientError, BotoCoreError) as error:
        return _secrets_not_read(case, error)
    held = found["SecretArn"] | found["JwtSecretArn"] | found["WechatSecretArn"]
    missing = [member for member in ("wechat_app_secret", "jwt_private_jwk") if member not in held]
    if missing:
        case.findings.problem("secrets", f"lack {' and '.join(missing)}, or are not JSON: {case.put_secret}")
        return None
    if found["WechatSecretArn"] and found["JwtSecretArn"]:
        case.findings.ok("secrets", "are filled in")
    else:
        advice = f"`make secret STACK={case.stack.name}` moves it"
        case.findings.note("secrets", f"are, in part, still in the one of earlier releases: {advice}")
    if keys.RefreshKeys.of_document(held.get("refresh_key")) is None:
        case.findings.note("refresh key", f"there is none, so sessions derive from the signing key: {case.put_secret}")
    if case.stack.talks_to_wechat:
        wechat_account.look_at_secret(case.findings, str(held["wechat_app_secret"]))
    return held


def _filled_in(case: _Case, output: str) -> dict[str, Any]:
    """What a secret holds that somebody has put there; nothing if it is not JSON, or of an earlier release's stack."""
    if output not in case.stack.outputs:
        return {}
    client = case.place.client("secretsmanager")
    text = client.get_secret_value(SecretId=case.stack.outputs[output])["SecretString"]
    try:
        members = json.loads(text).items()
    except (ValueError, AttributeError):
        return {}
    return {name: value for name, value in members if value != PLACEHOLDER}


def _secrets_not_read(case: _Case, error: Exception) -> None:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if code == "ResourceNotFoundException":
        case.findings.problem("secrets", f"are not there: {case.put_secret}")
    else:
        case.findings.note("secrets", f"not checked: they cannot be read with these credentials ({code})")


def _look_at_jwks(case: _Case, secret: Mapping[str, Any] | None) -> None:
    try:
        deployed = keys.public_keys(case.parameter("JwtJwks"))
    except StackError as error:
        case.findings.problem("JwtJwks", f"{error} Run `make keys`, and deploy what it prints")
        return
    if secret is not None:
        _look_at_private_key(case, deployed, secret["jwt_private_jwk"])
    files = keys.files_in(case.key_directory)
    if not files.private_jwk.exists() or not files.public_jwks.exists():
        case.findings.note("signing keys", "are not on this machine, so only what is deployed was compared")
        return
    try:
        here = keys.read_pair(files)
    except StackError as error:
        case.findings.problem("signing keys", str(error))
        return
    if here.public == deployed:
        case.findings.ok("JwtJwks", f"holds the keys of this machine ({len(deployed)})")
    else:
        case.findings.note(
            "JwtJwks",
            "differs from the keys of this machine: deploy it if those are this stack's keys, "
            "and replace the secret's key after that",
        )


def _look_at_private_key(case: _Case, deployed: Mapping[str, str], private: object) -> None:
    try:
        kid = keys.checked_private_key(private, deployed)
    except StackError as error:
        case.findings.problem("signing key", f"{error} No token can be issued or checked until both belong together")
        return
    if kid == next(iter(deployed)):
        case.findings.ok("signing key", f"the secret's key {kid} is the current one of JwtJwks")
    else:
        case.findings.note("signing key", "the secret still holds the previous key: replace it to finish the rotation")


# ---- what it does


def _look_at_ping(case: _Case) -> None:
    try:
        answer = ask(f"{case.api}/v1/ping")
    except (OSError, HTTPException) as error:
        case.findings.problem("ping", f"{case.api} does not answer: {error}")
        return
    release = answer.json().get("version")
    if answer.status != 200 or not release:
        case.findings.problem("ping", f"{case.api}/v1/ping answers {answer.status}; the logs of login say why")
    elif release == own_release():
        case.findings.ok("ping", f"{case.api} answers as release {release}")
    else:
        case.findings.note("ping", f"{case.api} answers as release {release}, and this tree is {own_release()}")


def _look_at_build(case: _Case) -> None:
    """From which commit the stack was deployed. Nothing that the API answers tells it."""
    if not own_build():
        return
    try:
        build = places.build_of(case.place, case.stack.name)
    except (ClientError, BotoCoreError) as error:
        case.findings.note("build", f"not checked: {error}")
        return
    if build == own_build():
        case.findings.ok("build", f"{build}, as this tree")
    else:
        case.findings.note("build", f"{build or 'not told'}, and this tree is {own_build()}")


def _look_at_domains(case: _Case) -> None:
    """Whether names of the operator's lead to where they should. The CDN refuses what is no object."""
    _look_at_domain(case, "ApiDomainName", "ApiDomainTarget", 200)
    _look_at_domain(case, "AssetsDomainName", "AssetsDomainTarget", 403)


def _look_at_domain(case: _Case, parameter: str, output: str, right: int) -> None:
    name, target = case.parameter(parameter), case.stack.outputs.get(output)
    if not name or not target:
        return
    try:
        status = ask(f"https://{name}/v1/ping").status
    except (OSError, HTTPException) as error:
        case.findings.problem("domain", f"{name} does not answer ({error}): its DNS record has to point to {target}")
        return
    if status == right:
        case.findings.ok("domain", f"{name} answers")
    else:
        case.findings.problem(
            "domain", f"{name}/v1/ping answers {status}: the name leads to something else, and not to {target}"
        )


def _look_at_dead_letters(case: _Case) -> None:
    for route in ROUTES:
        subject = "dead letters"
        queue = case.stack.outputs.get(route.dead_letters, "")
        try:
            attributes = case.place.client("sqs").get_queue_attributes(
                QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
            )["Attributes"]
        except (ClientError, BotoCoreError) as error:
            case.findings.note(subject, f"{route.name}: not checked: {error}")
            continue
        count = int(attributes["ApproximateNumberOfMessages"])
        if count:
            advice = f"find the cause in the logs, then `make redrive STACK={case.stack.name} QUEUE={route.name}`"
            case.findings.problem(subject, f"{route.name}: {count}; {advice}")
        else:
            case.findings.ok(subject, f"{route.name}: none")


def _look_at_alarms(case: _Case) -> None:
    try:
        names = _resources(case, "AWS::CloudWatch::Alarm")
        states = _alarm_states(case, names)
    except (ClientError, BotoCoreError) as error:
        case.findings.note("alarms", f"not checked: {error}")
        return
    in_state = {state: sorted(name for name in states if states[name] == state) for state in states.values()}
    for name in in_state.get("ALARM", []):
        case.findings.problem("alarm", f"{name} is in ALARM: docs/operations.md says what to do first")
    # The table's are so until the first throttle or error, all of them in a stack's first minutes; others never.
    if blind := in_state.get("INSUFFICIENT_DATA"):
        case.findings.note("alarms", f"{len(blind)} of {len(states)} have had no data yet: {', '.join(blind)}")
    if not states:
        case.findings.note("alarms", "the stack has none")
    elif "ALARM" not in in_state:
        case.findings.ok("alarms", f"none of {len(states)} is in ALARM")


def _look_at_subscription(case: _Case) -> None:
    if not case.parameter("AlarmEmail"):
        return
    try:
        client = case.place.client("sns")
        topics = _resources(case, "AWS::SNS::Topic")
        answers = [client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] for topic in topics]
    except (ClientError, BotoCoreError) as error:
        case.findings.note("AlarmEmail", f"not checked: {error}")
        return
    waiting = [s["Endpoint"] for found in answers for s in found if s["SubscriptionArn"] == "PendingConfirmation"]
    if waiting:
        case.findings.problem("AlarmEmail", f"{waiting[0]} has not confirmed: follow the link in the message from AWS")
    else:
        case.findings.ok("AlarmEmail", "is told of alarms")


def _resources(case: _Case, kind: str) -> list[str]:
    pages = case.place.client("cloudformation").get_paginator("list_stack_resources")
    resources = [r for page in pages.paginate(StackName=case.stack.name) for r in page["StackResourceSummaries"]]
    return [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == kind and r.get("PhysicalResourceId")]


def _alarm_states(case: _Case, names: list[str]) -> dict[str, str]:
    client = case.place.client("cloudwatch")
    states: dict[str, str] = {}
    for start in range(0, len(names), ALARMS_AT_ONCE):
        page = client.describe_alarms(AlarmNames=names[start : start + ALARMS_AT_ONCE], MaxRecords=ALARMS_AT_ONCE)
        states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in page["MetricAlarms"]}
    return states


# ---- WeChat's lists


def _tell_domains(case: _Case) -> None:
    bucket = _bucket_host(case)
    assets_url = case.parameter("AssetsBaseUrl") or case.stack.outputs.get("AssetsUrl", "")
    assets = urlsplit(assets_url).netloc
    avatars = f"; for avatars also https://{assets}" if assets else ""
    api = case.parameter("ApiDomainName") or urlsplit(case.api).netloc
    findings = case.findings
    findings.note("request", f"on WeChat's list: https://{api}; with PUT tickets also https://{bucket}")
    findings.note("uploadFile", f"on WeChat's list: https://{bucket}")
    findings.note("downloadFile", f"on WeChat's list: https://{bucket}{avatars}")
    findings.note(
        "ICP",
        "WeChat takes names with an ICP filing only. AWS's own names (execute-api, s3) are for trying out with "
        "the domain check switched off; to publish, use names that you have filed: ApiDomainName, AssetsDomainName",
    )


def _bucket_host(case: _Case) -> str:
    bucket, region = case.stack.outputs.get("BucketName", "(no output BucketName)"), case.place.region
    return f"{bucket}.s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
