"""What the secrets hold, and whether it belongs to the public keys that are deployed."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from backend.common import keys
from backend.common.console import CommandError
from backend.common.constants import PLACEHOLDER
from backend.deploy import wechat_account
from backend.deploy.doctor.subject import Subject


def check_secrets(subject: Subject) -> Mapping[str, Any] | None:
    """What the secrets hold, if they can be used."""
    try:
        found = {output: _filled_in(subject, output) for output in ("WechatSecretArn", "JwtSecretArn", "SecretArn")}
    except (ClientError, BotoCoreError) as error:
        _secrets_not_read(subject, error)
        return None
    held = found["SecretArn"] | found["JwtSecretArn"] | found["WechatSecretArn"]
    missing = [member for member in ("wechat_app_secret", "jwt_private_jwk") if member not in held]
    if missing:
        subject.findings.problem("secrets", f"lack {' and '.join(missing)}, or are not JSON: {subject.put_secret}")
        return None
    if found["WechatSecretArn"] and found["JwtSecretArn"]:
        subject.findings.ok("secrets", "are filled in")
    else:
        advice = f"`make secret STACK={subject.stack.name}` moves it"
        subject.findings.note("secrets", f"are, in part, still in the one of earlier releases: {advice}")
    if keys.RefreshKeys.of_document(held.get("refresh_key")) is None:
        subject.findings.note(
            "refresh key", f"there is none, so sessions derive from the signing key: {subject.put_secret}"
        )
    if subject.stack.talks_to_wechat:
        wechat_account.check_secret(subject.findings, str(held["wechat_app_secret"]))
    return held


def _filled_in(subject: Subject, output: str) -> dict[str, Any]:
    """The members of a secret that have been filled in; none if it is not JSON, or if the stack has no such secret."""
    if output not in subject.stack.outputs:
        return {}
    client = subject.aws.secrets
    text = client.get_secret_value(SecretId=subject.stack.outputs[output])["SecretString"]
    try:
        members = json.loads(text).items()
    except (ValueError, AttributeError):
        return {}
    return {name: value for name, value in members if value != PLACEHOLDER}


def _secrets_not_read(subject: Subject, error: Exception) -> None:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    if code == "ResourceNotFoundException":
        subject.findings.problem("secrets", f"are not there: {subject.put_secret}")
    else:
        subject.findings.note("secrets", f"not checked: they cannot be read with these credentials ({code})")


def check_jwks(subject: Subject, secret: Mapping[str, Any] | None) -> None:
    """Whether the public keys that are deployed are those of the secret, and of this machine."""
    try:
        deployed = keys.public_keys(subject.parameter("JwtJwks"))
    except CommandError as error:
        subject.findings.problem("JwtJwks", f"{error} Run `make keys`, and deploy what it prints")
        return
    if secret is not None:
        _check_private_key(subject, deployed, secret["jwt_private_jwk"])
    files = keys.files_in(subject.key_directory)
    if not files.private_jwk.exists() or not files.public_jwks.exists():
        subject.findings.note("signing keys", "are not on this machine, so only what is deployed was compared")
        return
    try:
        here = keys.read_pair(files)
    except CommandError as error:
        subject.findings.problem("signing keys", str(error))
        return
    if here.public == deployed:
        subject.findings.ok("JwtJwks", f"holds the keys of this machine ({len(deployed)})")
    else:
        subject.findings.note(
            "JwtJwks",
            "differs from the keys of this machine: deploy it if those are this stack's keys, "
            "and replace the secret's key after that",
        )


def _check_private_key(subject: Subject, deployed: Mapping[str, str], private: object) -> None:
    try:
        kid = keys.checked_private_key(private, deployed)
    except CommandError as error:
        subject.findings.problem("signing key", f"{error} No token can be issued or checked until both belong together")
        return
    if kid == next(iter(deployed)):
        subject.findings.ok("signing key", f"the secret's key {kid} is the current one of JwtJwks")
    else:
        subject.findings.note(
            "signing key", "the secret still holds the previous key: replace it to finish the rotation"
        )
