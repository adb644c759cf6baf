"""`secret`: puts the app secret and the private signing key into the secret that only `login` reads."""

import argparse
import json
from pathlib import Path
from typing import Any

import keys
import keys_command
import places
import wechat_account
from console import StackError, say
from deployment import ALIAS
from doctor_stack import PLACEHOLDER

# Each of them is given the public keys.
CHECK_TOKENS = ("login", "users", "presign")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("secret", help="put app secret and signing key into a deployed stack's secret")
    parser.add_argument("--stack", default="", help="a stack deployed to AWS")
    parser.add_argument("--keys", type=Path, default=keys_command.DIRECTORY, help="where the signing keys are")
    parser.add_argument("--anyway", action="store_true", help="even if what is deployed does not know the key yet")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.stack:
        raise StackError("Name the deployed stack, as in `make secret STACK=wechat-backend`.")
    with places.failures_told("The secret cannot be replaced"):
        place = places.on_aws()
        stack = place.stack(arguments.stack)
        kid, private = _signing_key(arguments.keys)
        if not arguments.anyway:
            _ensure_known(place, stack, private)
        client, arn = place.client("secretsmanager"), stack.output("SecretArn")
        app_secret = _app_secret(stack) or _present_app_secret(client, arn)
        document = {"wechat_app_secret": app_secret, "jwt_private_jwk": private}
        client.put_secret_value(SecretId=arn, SecretString=json.dumps(document))
    say(f"The secret of {stack.name} holds the app secret, and the private half of key {kid}.")
    say("Environments that start from now on use it, those that run within an hour.")
    say(f"`make doctor STACK={stack.name} WECHAT=1` asks WeChat whether it takes the app secret.")
    return 0


def _signing_key(directory: Path) -> tuple[str, Any]:
    """This machine's private key, and its name."""
    files = keys.files_in(directory)
    if not files.private_jwk.exists():
        raise StackError("There are no signing keys yet: run `make keys`.")
    kid = keys.read_pair(files).current
    return kid, json.loads(files.private_jwk.read_text())


def _ensure_known(place: places.Place, stack: places.DeployedStack, private: Any) -> None:
    """Makes sure that the functions that run accept the key's tokens."""
    for name in CHECK_TOKENS:
        known = places.configuration(place, f"{stack.name}-{name}", ALIAS).variables.get("JWT_JWKS", "")
        try:
            keys.checked_private_key(private, keys.public_keys(known))
        except StackError as error:
            raise StackError(
                f"{error} {stack.name}-{name} runs with other keys: deploy what `make keys` printed, then come back."
            ) from error


def _app_secret(stack: places.DeployedStack) -> str:
    """What the person gives, if it could be one; nothing if they leave the old one."""
    given = wechat_account.given_secret("Enter keeps the one that is there already")
    if given and stack.talks_to_wechat and not wechat_account.SECRET.fullmatch(given):
        raise StackError("That is no app secret of WeChat's: 32 hexadecimal digits. Nothing was changed.")
    return given


def _present_app_secret(client: Any, arn: str) -> str:
    """The app secret that is there already."""
    try:
        present = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])["wechat_app_secret"]
    except (ValueError, TypeError, KeyError):
        present = PLACEHOLDER
    if present == PLACEHOLDER:
        raise StackError(
            "There is no app secret yet: give it in WECHAT_APP_SECRET, or type it in when you are asked at a terminal."
        )
    return present
