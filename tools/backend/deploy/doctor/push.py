"""Content checks, and the message push that brings their verdicts."""

import json
import secrets
from http.client import HTTPException

from botocore.exceptions import BotoCoreError, ClientError

from backend.common.push import PATH, PushKeys
from backend.common.web import ask
from backend.deploy import wechat_account
from backend.deploy.doctor.subject import Subject
from backend.deploy.push_secret import OUTPUT

CHECKS = ("ContentCheckMedia", "ContentCheckText")
RELEASE = (
    "WeChat refuses or limits a mini-program that shows what people upload or write unchecked (rule 5.18). "
    "BEFORE A RELEASE set ContentCheckMedia and ContentCheckText to enforce and MessagePush to true, deploy, run "
    "`make secret`, and enter the message push in WeChat's console; without any such content, nothing is needed"
)


def check_push(subject: Subject, app_secret: str | None) -> None:
    """Whether contents are checked, and messages of WeChat's get here; with `app_secret` WeChat is asked, too."""
    is_on = subject.parameter("MessagePush") == "true"
    _check_policies(subject, is_on)
    if not is_on:
        text = "is off: withdrawn consent and deleted WeChat accounts are not heard of. MessagePush=true turns it on"
        subject.findings.note("message push", text)
        return
    keys = _keys(subject)
    if keys and _check_address(subject, keys) and app_secret:
        wechat_account.check_callback(
            subject.findings, subject.wechat_url, subject.parameter("WechatAppId"), app_secret
        )


def _check_policies(subject: Subject, is_on: bool) -> None:
    off = [name for name in CHECKS if subject.parameter(name) in ("", "off")]
    if off:
        subject.findings.note("CONTENT CHECKS", f"ARE OFF ({', '.join(off)}): {RELEASE}")
    else:
        policies = ", ".join(f"{name}={subject.parameter(name)}" for name in CHECKS)
        subject.findings.ok("content checks", policies)
    if "ContentCheckMedia" not in off and not is_on:
        text = "is off, so no verdict on a picture gets here, and each waits for a person: set MessagePush to true"
        subject.findings.problem("message push", text)


def _keys(subject: Subject) -> PushKeys | None:
    """What the secret holds."""
    try:
        text = subject.aws.secrets.get_secret_value(SecretId=subject.stack.output(OUTPUT))["SecretString"]
        document = json.loads(text)
    except (ClientError, BotoCoreError) as error:
        subject.findings.note("message push", f"not checked: its secret cannot be read ({error})")
        return None
    except ValueError:
        document = None
    keys = PushKeys.of_document(document) if isinstance(document, dict) else None
    if keys is None:
        subject.findings.problem("message push", f"its secret is not filled in: {subject.put_secret}")
    return keys


def _check_address(subject: Subject, keys: PushKeys) -> bool:
    """Verifies the address as WeChat's console does."""
    echo = secrets.token_hex(8)
    try:
        answer = ask(f"{subject.api}{keys.verification(echo)}")
    except (OSError, HTTPException) as error:
        subject.findings.problem("message push", f"{subject.api}{PATH} does not respond: {type(error).__name__}")
        return False
    if answer.status == 200 and answer.body == echo.encode():
        subject.findings.ok("message push", f"{subject.api}{PATH} proves that it knows the Token, as WeChat will ask")
        return True
    reasons = {
        403: "the function has another Token: it reads the secret again within a minute, so try again then",
        404: "the function has no keys yet: it reads the secret again within a minute, so try again then",
    }
    reason = reasons.get(answer.status, "the function's log says why")
    subject.findings.problem("message push", f"{subject.api}{PATH} answers {answer.status}: {reason}")
    return False
