"""A deployed stack: its state, its parameters and its functions, and everything else that belongs to it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from backend.common import functions, stacks
from backend.common.aws import Aws
from backend.common.console import CommandError
from backend.common.constants import ALIAS
from backend.deploy import wechat_account
from backend.deploy.doctor.api import check_build, check_domains, check_ping, list_domains
from backend.deploy.doctor.push import check_push
from backend.deploy.doctor.secrets import check_jwks, check_secrets
from backend.deploy.doctor.subject import Subject
from backend.deploy.doctor.watching import check_alarms, check_dead_letters, check_monitoring, check_subscription
from backend.deploy.findings import Findings, Level


def check_stack(findings: Findings, account: Aws, name: str, api: str, key_directory: Path, ask_wechat: bool) -> None:
    """Everything about one stack. What AWS does not let the person see is said, and the rest goes on."""
    try:
        stack = stacks.describe(account, name)
        subject = Subject(findings, account, stack, (api or stack.output("ApiUrl")).rstrip("/"), key_directory)
    except CommandError as error:
        findings.problem("stack", str(error))
        return
    except (ClientError, BotoCoreError) as error:
        findings.note("stack", f"not checked: {error}")
        return
    findings.add(*status(stack.name, stack.status))
    _check_parameters(subject)
    _check_functions(subject)
    secret = check_secrets(subject)
    check_jwks(subject, secret)
    app_secret = str(secret["wechat_app_secret"]) if ask_wechat and secret else None
    if app_secret:
        wechat_account.probe(findings, subject.wechat_url, subject.parameter("WechatAppId"), app_secret)
    check_ping(subject)
    check_push(subject, app_secret)
    check_build(subject)
    check_domains(subject)
    check_dead_letters(subject)
    check_monitoring(subject)
    check_alarms(subject)
    check_subscription(subject)
    list_domains(subject)
    wechat_account.note_addresses(findings)


def status(name: str, status: str) -> tuple[Level, str, str]:
    """What a stack's status in CloudFormation means."""
    if status in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"):
        return Level.NOTE, "stack", f"{status}: the last deployment was rolled back; the stack's events say why"
    if status.endswith("IN_PROGRESS"):
        return Level.NOTE, "stack", f"{status}: look again when it is done"
    if status == "ROLLBACK_COMPLETE":
        advice = "the stack's events in CloudFormation say why. Delete the stack before you deploy again"
        return Level.PROBLEM, "stack", f"{status}: the first deployment failed; {advice}"
    if status.endswith("FAILED") or status == "DELETE_COMPLETE":
        return Level.PROBLEM, "stack", f"{status}: the stack's events in CloudFormation say why"
    return Level.OK, "stack", f"{name}, {status}"


def _check_parameters(subject: Subject) -> None:
    if subject.stack.talks_to_wechat:
        wechat_account.check_app_id(subject.findings, subject.parameter("WechatAppId"))
    else:
        base_url = subject.parameter("WechatApiBaseUrl")
        subject.findings.note("WechatApiBaseUrl", f"is {base_url}: shapes of ids and secrets are not checked")
    for name, text in notable(subject.stack.parameters):
        subject.findings.note(name, text)
    for name, text in wrong(subject.stack.parameters):
        if subject.emulated:
            subject.findings.note(name, text)
        else:
            subject.findings.problem(name, text)


def notable(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Values that may be meant, and that have a price."""
    named = parameters.get("ApiDomainName", "") != ""
    for name, values, text in (
        ("AdminOpenids", ("",), "is empty: no login makes an administrator; `make admin` sets it"),
        ("LoginRateLimit", ("0",), "is 0: logins of one address are not limited"),
        (
            "ApiDefaultEndpoint",
            ("true",) if named else (),
            "is true: once every client uses ApiDomainName, false closes the address that AWS gave the API",
        ),
        ("CorsOrigins", ("*",), "is *: pages of every site may call the API"),
        ("LogLevel", ("TRACE", "DEBUG"), "is below INFO: logs are paid by the byte"),
        (
            "GradualDeployment",
            ("false",),
            "is false: a new version gets all requests at once, and no alarm rolls it back",
        ),
        ("AlarmEmail", ("",), "is empty: alarms notify no one"),
    ):
        if parameters.get(name) in values:
            yield name, text


def wrong(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Values that only an emulator needs."""
    if parameters.get("AwsEndpointUrl"):
        yield "AwsEndpointUrl", "is set: the functions do not talk to AWS. Empty it"
    if parameters.get("TlsOnly") == "false":
        yield "TlsOnly", "is false: bucket and queues take plain HTTP. Only an emulator needs that"


def _check_functions(subject: Subject) -> None:
    """Whether the functions that answer are the ones that were deployed last."""
    behind: list[str] = []
    try:
        for name in functions.names():
            function = f"{subject.stack.name}-{name}"
            deployed = stacks.configuration(subject.aws, function, "$LATEST")
            running = stacks.configuration(subject.aws, function, ALIAS)
            if changed := running.differences(deployed):
                behind.append(f"{name} ({', '.join(changed)})")
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("functions", f"not checked: {error}")
        return
    if not behind:
        subject.findings.ok("functions", "all run with the code and the variables that were deployed last")
    elif subject.stack.status.endswith("IN_PROGRESS"):
        subject.findings.note("functions", f"about to change: {'; '.join(behind)}")
    else:
        advice = f"their alias `{ALIAS}` is at an older version. Deploy again, with `make deploy`"
        subject.findings.problem("functions", f"do not run with what was deployed last: {'; '.join(behind)}; {advice}")
