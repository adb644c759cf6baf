"""Fills the secret of the message push, for `make secret`."""

import json
import os
from typing import TYPE_CHECKING

from backend.common.console import say
from backend.common.push import PATH, PushKeys
from backend.common.stacks import DeployedStack

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

OUTPUT = "PushSecretArn"


def fill(client: "SecretsManagerClient", stack: DeployedStack, given: PushKeys | None) -> None:
    """Puts the keys that are given, or new ones where there are none, and tells what to enter in WeChat's console."""
    if OUTPUT not in stack.outputs:
        if given:
            say("The message push is off, so PUSH_TOKEN and PUSH_AES_KEY went nowhere: deploy MessagePush=true first.")
        return
    arn = stack.outputs[OUTPUT]
    if given:
        _put(client, arn, given)
        say("The secret of the message push holds PUSH_TOKEN and PUSH_AES_KEY.")
    elif not _is_filled_in(client, arn):
        made = PushKeys.new()
        _put(client, arn, made)
        say(_to_be_entered(stack, made))


def given() -> PushKeys | None:
    """What the caller's environment gives."""
    return PushKeys.given(os.environ)


def _is_filled_in(client: "SecretsManagerClient", arn: str) -> bool:
    try:
        document = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    except ValueError:
        return False
    return isinstance(document, dict) and PushKeys.of_document(document) is not None


def _put(client: "SecretsManagerClient", arn: str, keys: PushKeys) -> None:
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(keys.document()))


def _to_be_entered(stack: DeployedStack, made: PushKeys) -> str:
    return f"""
Enter this in WeChat's console (Development → Development settings → Message push); it is shown this once:

  URL             {stack.output("ApiUrl").rstrip("/")}{PATH}
  Token           {made.token}
  EncodingAESKey  {made.aes_key}
  encryption      secure mode
  data format     JSON
"""
