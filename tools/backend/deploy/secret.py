"""`secret`: puts the app secret and the keys into the secrets of the functions that read them."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.common import aws, functions, keys, stacks
from backend.common.arguments import Commands, add_stack
from backend.common.aws import Aws
from backend.common.console import CommandError, say
from backend.common.constants import ALIAS, PLACEHOLDER
from backend.common.paths import DEPLOYMENT_KEYS
from backend.common.stacks import DeployedStack
from backend.deploy import push_secret, wechat_account

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "secret", help="put app secret and keys into a deployed stack's secrets", description=__doc__
    )
    add_stack(parser)
    parser.add_argument("--keys", type=Path, default=DEPLOYMENT_KEYS, help="where the signing keys are")
    parser.add_argument("--anyway", action="store_true", help="even if what is deployed does not know the key yet")
    refresh = parser.add_mutually_exclusive_group()
    refresh.add_argument("--rotate", action="store_true", help="a new refresh key; sessions of the present one go on")
    refresh.add_argument("--leaked", action="store_true", help="a new refresh key; sessions of all others end")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.stack:
        raise CommandError("Name the deployed stack, as in `make secret STACK=wechat-backend`.")
    with stacks.failures_reported("The secrets cannot be replaced"):
        account = aws.deployed()
        stack = stacks.describe(account, arguments.stack)
        kid, private = _signing_key(arguments.keys)
        push_keys = push_secret.given()
        _ensure_read(account, stack)
        if not arguments.anyway:
            _ensure_known(account, stack, private)
        present, refresh = _replace(account.secrets, stack, private, arguments)
        push_secret.fill(account.secrets, stack, push_keys)
    say(f"The secrets of {stack.name} hold the app secret, the private half of key {kid}, and the refresh key.")
    say("Environments that start from now on use them, those that run within an hour.")
    if arguments.leaked:
        say("Every session ends as they do: people are logged in again by their next start of the mini-program.")
        if _kid(present) == kid:
            say("The signing key is the one that was there. If that got out too, run `make keys LEAKED=1` first.")
    elif not refresh.unnamed:
        say("Sessions from before there was a refresh key are ended, for they derive from a signing key that got out.")
    say(f"`make doctor STACK={stack.name} WECHAT=1` asks WeChat whether it takes the app secret.")
    return 0


def _replace(
    client: "SecretsManagerClient", stack: DeployedStack, private: Any, arguments: argparse.Namespace
) -> tuple[Mapping[str, Any], keys.RefreshKeys]:
    """Fills both secrets; returns what the one of the keys held before, and its new refresh keys."""
    wechat, jwt = stack.output("WechatSecretArn"), stack.output("JwtSecretArn")
    before = _document(client, stack.output("SecretArn"))
    app_secret = _app_secret(stack) or _present_app_secret(_document(client, wechat), before)
    present = _document(client, jwt)
    refresh = _refresh_keys(present, before, arguments)
    _put(client, wechat, {"wechat_app_secret": app_secret})
    _put(client, jwt, {"jwt_private_jwk": private, "refresh_key": refresh.document()})
    if before.get("jwt_private_jwk", PLACEHOLDER) != PLACEHOLDER:
        _put(client, stack.output("SecretArn"), {"wechat_app_secret": PLACEHOLDER, "jwt_private_jwk": PLACEHOLDER})
        say("What the secret of earlier releases held is in two secrets now, and no longer there.")
    return present, refresh


def _signing_key(directory: Path) -> tuple[str, Any]:
    """This machine's private key, and its name."""
    files = keys.files_in(directory)
    if not files.private_jwk.exists():
        raise CommandError("There are no signing keys yet: run `make keys`.")
    kid = keys.read_pair(files).current
    return kid, json.loads(files.private_jwk.read_text())


def _ensure_read(account: Aws, stack: DeployedStack) -> None:
    """Makes sure that the function that runs reads these secrets: an earlier release knows one that held both."""
    variables = stacks.configuration(account, f"{stack.name}-login", ALIAS).variables
    if "JWT_SECRETS_ID" not in variables:
        raise CommandError(
            f"{stack.name}-login runs with an earlier release, which reads another secret: let the deployment finish, "
            "then come back."
        )


def _ensure_known(account: Aws, stack: DeployedStack, private: Any) -> None:
    """Makes sure that the functions that run accept the key's tokens."""
    for name in (function.name for function in functions.declared() if function.checks_tokens):
        known = stacks.configuration(account, f"{stack.name}-{name}", ALIAS).variables.get("JWT_JWKS", "")
        try:
            keys.checked_private_key(private, keys.public_keys(known))
        except CommandError as error:
            raise CommandError(
                f"{error} {stack.name}-{name} runs with other keys: deploy what `make keys` printed, then come back."
            ) from error


def _app_secret(stack: DeployedStack) -> str:
    """What the person gives, if it could be one; nothing if they leave the old one."""
    given = wechat_account.given_secret("Enter keeps the one that is there already")
    if given and stack.talks_to_wechat and not wechat_account.SECRET.fullmatch(given):
        raise CommandError("That is no app secret of WeChat's: 32 hexadecimal digits. Nothing was changed.")
    return given


def _present_app_secret(*documents: Mapping[str, Any]) -> str:
    """The app secret that is there already."""
    for document in documents:
        if (present := document.get("wechat_app_secret", PLACEHOLDER)) != PLACEHOLDER:
            return str(present)
    raise CommandError(
        "There is no app secret yet: give it in WECHAT_APP_SECRET, or type it in when you are asked at a terminal."
    )


def _refresh_keys(
    present: Mapping[str, Any], before: Mapping[str, Any], arguments: argparse.Namespace
) -> keys.RefreshKeys:
    """The refresh keys that are there, or one that is made here and is nowhere else; without those that are to go."""
    refresh = keys.RefreshKeys.of_document(present.get("refresh_key"))
    if refresh is None:
        refresh = keys.RefreshKeys.new()
    elif arguments.leaked:
        refresh = replace(keys.RefreshKeys.new(), unnamed=refresh.unnamed)
    elif arguments.rotate:
        refresh = refresh.rotated()
    kid = _kid(present) or _kid(before)
    known = keys.read_pair(keys.files_in(arguments.keys)).public
    forgotten = bool(kid) and kid not in known
    return replace(refresh, unnamed=refresh.unnamed and not forgotten)


def _kid(document: Mapping[str, Any]) -> str:
    """The name of the signing key in a secret; nothing if there is none."""
    jwk: Any = document.get("jwt_private_jwk")
    try:
        return str((json.loads(jwk) if isinstance(jwk, str) else jwk)["kid"])
    except (ValueError, TypeError, KeyError):
        return ""


def _document(client: "SecretsManagerClient", arn: str) -> Mapping[str, Any]:
    """What a secret holds; nothing if that is no JSON object."""
    try:
        document = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _put(client: "SecretsManagerClient", arn: str, document: Mapping[str, Any]) -> None:
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(document))
