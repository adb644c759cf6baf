"""`keys`: makes the key pair that a deployment signs its access tokens with."""

import argparse
from pathlib import Path

from backend.common import keys
from backend.common.arguments import Commands
from backend.common.console import say
from backend.common.paths import DEPLOYMENT_KEYS, shown


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("keys", help="make or rotate a deployment's signing keys", description=__doc__)
    parser.add_argument("--keys", type=Path, default=DEPLOYMENT_KEYS, help="where the signing keys are")
    parser.add_argument("--leaked", action="store_true", help="forget the current key, which has leaked")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    had_some = keys.files_in(arguments.keys).public_jwks.exists()
    files = keys.rotate(arguments.keys, kept=1) if arguments.leaked else keys.rotate(arguments.keys)
    say(f"Public keys, for the template's parameter JwtJwks ({shown(files.public_jwks)}):\n")
    print(files.public_jwks.read_text(), flush=True)
    say(
        f"\nPrivate key, which `make secret` puts into a deployment's secret:\n"
        f"  {shown(files.private_jwk)}   (readable by you alone; keep it out of git, mail and chat)\n"
    )
    if arguments.leaked:
        say("The previous key is forgotten. First `make secret STACK=… ANYWAY=1`, then deploy JwtJwks, at once:")
        say("until then the previous key can sign tokens for anyone. Access tokens fail then, and phones refresh.")
        say("If the deployment's secret was read, too, give `make secret` LEAKED=1: it holds the refresh key.")
    elif had_some:
        say("The previous public key is still listed: deploy JwtJwks first, then `make secret STACK=…`.")
        say("Tokens signed with the previous key stay valid until they expire.")
    return 0
