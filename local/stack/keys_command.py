"""`keys`: makes the key pair that a deployment signs its access tokens with."""

import argparse
import json

import keys
from console import say
from environment import ROOT
from stack import LOCAL

DIRECTORY = LOCAL / "keys" / "deployment"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    commands.add_parser("keys", help="make or rotate a deployment's signing keys").set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    files = keys.rotate(DIRECTORY)
    public = files.public_jwks.read_text()
    rotated = len(json.loads(public)["keys"]) > 1
    say(f"Public keys, for the template's parameter JwtJwks ({files.public_jwks.relative_to(ROOT)}):\n")
    print(public, flush=True)
    say(
        f"\nPrivate key, for the field jwt_private_jwk of the secret that the stack's output SecretArn names:\n"
        f"  {files.private_jwk.relative_to(ROOT)}   (readable by you alone; keep it out of git, mail and chat)\n"
    )
    if rotated:
        say("The previous public key is still listed: deploy JwtJwks first, then replace the secret's key.")
        say("Tokens signed with the previous key stay valid until they expire.")
    return 0
