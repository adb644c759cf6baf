"""What the API answers, from which commit it was deployed, and the names that lead to it."""

from http.client import HTTPException
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from backend.common import stacks
from backend.common.release import own_build, own_release
from backend.common.web import ask
from backend.deploy.doctor.subject import Subject


def check_ping(subject: Subject) -> None:
    """Whether the API answers, and as which release."""
    try:
        answer = ask(f"{subject.api}/v1/ping")
    except (OSError, HTTPException) as error:
        subject.findings.problem("ping", f"{subject.api} does not answer: {error}")
        return
    release = answer.json().get("version")
    if answer.status != 200 or not release:
        subject.findings.problem("ping", f"{subject.api}/v1/ping answers {answer.status}; the logs of login say why")
    elif release == own_release():
        subject.findings.ok("ping", f"{subject.api} answers as release {release}")
    else:
        subject.findings.note("ping", f"{subject.api} answers as release {release}, and this tree is {own_release()}")


def check_build(subject: Subject) -> None:
    """From which commit the stack was deployed. The API does not answer with it."""
    if not own_build():
        return
    try:
        build = stacks.build_of(subject.aws, subject.stack.name)
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("build", f"not checked: {error}")
        return
    if build == own_build():
        subject.findings.ok("build", f"{build}, as this tree")
    else:
        subject.findings.note("build", f"{build or 'unknown'}, and this tree is {own_build()}")


def check_domains(subject: Subject) -> None:
    """Whether names of the operator's lead to where they should. The CDN refuses what is no object."""
    _check_domain(subject, "ApiDomainName", "ApiDomainTarget", 200)
    _check_domain(subject, "AssetsDomainName", "AssetsDomainTarget", 403)
    if subject.stack.outputs.get("UploadsUrl"):
        subject.findings.note(
            "uploads",
            "whether they work through UploadsUrl cannot be checked from here: upload one picture from a phone",
        )


def _check_domain(subject: Subject, parameter: str, output: str, right: int) -> None:
    name, target = subject.parameter(parameter), subject.stack.outputs.get(output)
    if not name or not target:
        return
    try:
        status = ask(f"https://{name}/v1/ping").status
    except (OSError, HTTPException) as error:
        subject.findings.problem("domain", f"{name} does not answer ({error}): its DNS record has to point to {target}")
        return
    if status == right:
        subject.findings.ok("domain", f"{name} answers")
    else:
        subject.findings.problem(
            "domain", f"{name}/v1/ping answers {status}: the name leads to something else, and not to {target}"
        )


def list_domains(subject: Subject) -> None:
    """The hosts that belong on WeChat's lists of domains."""
    bucket = urlsplit(subject.stack.outputs.get("UploadsUrl", "")).netloc or _bucket_host(subject)
    assets_url = subject.parameter("AssetsBaseUrl") or subject.stack.outputs.get("AssetsUrl", "")
    assets = urlsplit(assets_url).netloc
    avatars = f"; for avatars also https://{assets}" if assets else ""
    api = subject.parameter("ApiDomainName") or urlsplit(subject.api).netloc
    findings = subject.findings
    findings.note("request", f"on WeChat's list: https://{api}; with PUT tickets also https://{bucket}")
    findings.note("uploadFile", f"on WeChat's list: https://{bucket}")
    findings.note("downloadFile", f"on WeChat's list: https://{bucket}{avatars}")
    findings.note(
        "ICP",
        "WeChat takes names with an ICP filing only. AWS's own names (execute-api, s3) are for trying out with "
        "the domain check switched off; to publish, use names that you have filed: ApiDomainName, UploadsDomainName, AssetsDomainName",
    )


def _bucket_host(subject: Subject) -> str:
    bucket, region = subject.stack.outputs.get("BucketName", "(no output BucketName)"), subject.aws.region
    return f"{bucket}.s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
