"""`new-function`: makes a function of one's own that works, with all that deploys, describes, watches and tests it.

All of it or nothing: what fails on the way, or is interrupted, leaves the tree as it was.
"""

import argparse
import shutil
import subprocess

from backend.common.arguments import Commands
from backend.common.console import CommandError, say, step
from backend.common.paths import ROOT
from backend.scaffold import names, tree
from backend.scaffold.client import rebuild
from backend.scaffold.names import Name
from backend.scaffold.plan import Kind, plan


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("new-function", help="make a function of your own", description=__doc__)
    parser.add_argument("name", help="its name, such as orders")
    parser.add_argument("--queue", action="store_true", help="it works on the messages of a queue")
    parser.add_argument("--no-count", action="store_true", help="leave the budget generous instead of counting")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    name = names.parse(arguments.name)
    names.check_free(name, ROOT)
    kind = Kind.QUEUE if arguments.queue else Kind.HTTP
    try:
        _make(name, kind)
    except KeyboardInterrupt:
        say("Interrupted; the tree is as it was.")
        return 130
    if not arguments.no_count:
        _count(name)
    say(_next(name, kind))
    return 0


def _make(name: Name, kind: Kind) -> None:
    made = plan(name, kind)
    change = tree.addition(made, ROOT)
    with tree.restored_on_failure(change, ROOT):
        with step(
            f"writing {len(made.files)} files of {name.kebab}, and what {_count_of_others(change)} others say of it"
        ):
            tree.write(change, ROOT)
        if kind is Kind.HTTP:
            rebuild()


def _count_of_others(change: tree.Change) -> int:
    return sum((ROOT / path).exists() for path in change.texts)


def _count(name: Name) -> None:
    """Writes what the function costs into the budget, which stays generous without valgrind, or if interrupted."""
    again = f"make budget ARGS='--only {name.kebab} --write'"
    if shutil.which("valgrind") is None:
        say(f"· its budget is generous: nothing counts without valgrind. With it: {again}")
        return
    bench = ["cargo", "run", "--quiet", "--profile", "bench-tool", "-p", "bench", "--"]
    steps = (
        (
            "building the release binary, to count what it costs (some minutes; Ctrl-C leaves the budget generous)",
            ["cargo", "build", "--release", "-p", name.kebab],
        ),
        ("counting instructions, size and calls", [*bench, "budget", "--only", f"{name.kebab} ", "--write"]),
    )
    try:
        for doing, command in steps:
            with step(doing):
                if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
                    raise CommandError(f"{command[0]} failed, as it says above; the function is made. Then: {again}")
    except KeyboardInterrupt:
        say(f"  left generous. Later: {again}")


def _next(name: Name, kind: Kind) -> str:
    tests = f"make test ARGS='-p system-tests --test api -- {name.snake}'"
    if kind is Kind.QUEUE:
        return f"""
{name.kebab} is made, and works on the messages of {name.pascal}Queue. Next:

  {tests}
  make dev

docs/extending.md says how another function sends to the queue. `make remove-function NAME={name.kebab}` undoes all.
"""
    return f"""
{name.kebab} is made. Next:

  {tests}
  make dev
  TOKEN=$(curl -s http://127.0.0.1:9000/v1/login -H 'content-type: application/json' -d '{{"code":"alice-1"}}' \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -s http://127.0.0.1:9000/v1/{name.kebab} -H "authorization: Bearer $TOKEN" \\
    -H 'content-type: application/json' -d '{{"title":"The first"}}'

What is stored of each is in functions/{name.kebab}/src/item.rs. `make remove-function NAME={name.kebab}` undoes all.
"""
