"""`remove-function`: undoes `new-function`, byte for byte; what was edited beside the function's own text stays.

A function that was changed since it was made is not removed; the files are named.
"""

import argparse

from backend.common.arguments import Commands
from backend.common.console import CommandError, say, step
from backend.common.paths import ROOT
from backend.scaffold import names, tree
from backend.scaffold.client import rebuild
from backend.scaffold.names import Name
from backend.scaffold.plan import Kind, plan


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("remove-function", help="undo new-function", description=__doc__)
    parser.add_argument("name", help="the function's name")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    name = names.parse(arguments.name)
    kind = _kind(name)
    change = tree.removal(plan(name, kind), ROOT)
    with tree.restored_on_failure(change, ROOT):
        with step(f"removing {name.kebab}"):
            tree.write(change, ROOT)
        if kind is Kind.HTTP:
            rebuild()
    say(f"{name.kebab} is gone. A deployed stack has it until the next `make deploy`, and keeps its items.")
    return 0


def _kind(name: Name) -> Kind:
    """What the function was made as."""
    made = ROOT / "tests/support/own" / f"{name.snake}.rs"
    if not made.is_file():
        raise CommandError(f"There is no function {name.kebab!r} that `make new-function` has made.")
    return Kind.QUEUE if "Built::Queue" in made.read_text() else Kind.HTTP
