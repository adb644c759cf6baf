"""`keys`: makes the key pair that a deployment signs its access tokens with."""

import argparse
from pathlib import Path

import keys
from console import say
from environment import ROOT
from stack import LOCAL

DIRECTORY = LOCAL / "keys" / "deployment"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("keys", help="make or rotate a deployment's signing keys")
    parser.add_argument("--keys", type=Path, default=DIRECTORY, help="where the signing keys are")
    parser.add_argument("--leaked", action="store_true", help="forget the present key, which somebody else has")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    had_some = keys.files_in(arguments.keys).public_jwks.exists()
    files = keys.rotate(arguments.keys, kept=1) if arguments.leaked else keys.rotate(arguments.keys)
    say(f"Public keys, for the template's parameter JwtJwks ({_shown(files.public_jwks)}):\n")
    print(files.public_jwks.read_text(), flush=True)
    say(
        f"\nPrivate key, which `make secret` puts into a deployment's secret:\n"
        f"  {_shown(files.private_jwk)}   (readable by you alone; keep it out of git, mail and chat)\n"
    )
    if arguments.leaked:
        say("The previous key is forgotten. First `make secret STACK=… ANYWAY=1`, then deploy JwtJwks, at once:")
        say("until then the previous key can sign tokens for anyone. Access tokens fail then, and phones refresh.")
        say("If the deployment's secret was read, too, give `make secret` LEAKED=1: it holds the refresh key.")
    elif had_some:
        say("The previous public key is still listed: deploy JwtJwks first, then `make secret STACK=…`.")
        say("Tokens signed with the previous key stay valid until they expire.")
    return 0


def _shown(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
