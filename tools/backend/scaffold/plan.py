"""What makes a function: the files that are its own, and the pieces of text in files of others."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from backend.common.console import CommandError
from backend.scaffold import edits
from backend.scaffold.edits import Edit, ListItem, Number, Piece
from backend.scaffold.names import Name

TEMPLATES = Path(__file__).resolve().parent / "templates"
TEMPLATE, OPENAPI = "template.yaml", "openapi.yaml"


class Kind(Enum):
    """What starts the function."""

    HTTP = "http"
    QUEUE = "queue"


@dataclass(frozen=True)
class Plan:
    """A function: its own files with their text, and its edits."""

    files: dict[str, str]
    edits: tuple[Edit, ...]


def plan(name: Name, kind: Kind) -> Plan:
    """What a function of that name and kind consists of."""
    of_kind = _http_edits(name) if kind is Kind.HTTP else _queue_edits(name)
    return Plan(_own_files(name, kind), (*_common_edits(name, kind), *of_kind))


def _own_files(name: Name, kind: Kind) -> dict[str, str]:
    folder = TEMPLATES / kind.value / "new"
    texts = {name.fill(str(file.relative_to(folder))): name.fill(file.read_text()) for file in _files(folder)}
    return {path: formatted(text) if path.endswith(".rs") else text for path, text in sorted(texts.items())}


def _files(folder: Path) -> Iterable[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


@cache
def formatted(rust: str) -> str:
    """Rust as `cargo fmt` leaves it: how lines are broken depends on the length of the name."""
    if shutil.which("rustfmt") is None:
        raise CommandError("rustfmt is not on the PATH; it comes with Rust (https://rustup.rs).")
    command = ["rustfmt", "--edition", "2024"]
    done = subprocess.run(command, input=rust, capture_output=True, text=True)
    if done.returncode != 0:
        raise CommandError(f"rustfmt does not read a template: {done.stderr.strip()}")
    return done.stdout


def _piece(name: Name, kind: Kind, file: str) -> str:
    return name.fill((TEMPLATES / kind.value / "insert" / file).read_text())


def _common_edits(name: Name, kind: Kind) -> tuple[Edit, ...]:
    module, row = f"mod {name.snake};\n", f"    {name.snake}::FUNCTION,\n"
    own, dependency = "tests/support/own/mod.rs", f'{name.kebab} = {{ path = "../functions/{name.kebab}" }}\n'
    return (
        Piece("tests/Cargo.toml", dependency, edits.sorted_after("[dependencies]\n", dependency, r".*=.*")),
        Piece("tests/api/main.rs", module, edits.sorted_after("mod access;\n", module, r"mod .*;")),
        Piece(own, module, edits.sorted_after("`FUNCTIONS` is below.\n", module, r"mod .*;")),
        Piece(own, row, edits.sorted_after("// One line for each function.\n", row, r" +\w+::FUNCTION,")),
        *_lock_edits(name, kind),
        *_budget_edits(name, kind),
        Piece(TEMPLATE, "\n" + _piece(name, kind, "resources.yaml"), edits.before("\nOutputs:\n")),
        Piece(
            TEMPLATE, _piece(name, kind, "dashboard.txt").rstrip(), edits.within("\n  Dashboard:\n", "\n        ]}\n")
        ),
        *_query_edits(name, kind),
    )


def _query_edits(name: Name, kind: Kind) -> tuple[Edit, ...]:
    of_all = ("FunctionLatencyQuery", "RequestStoryQuery", "FaultsQuery")
    queries = (*of_all, "RouteLatencyQuery") if kind is Kind.HTTP else of_all
    return tuple(ListItem(TEMPLATE, query, "LogGroupNames", f"!Ref {name.pascal}Logs") for query in queries)


def _http_edits(name: Name) -> tuple[Edit, ...]:
    tag, paths, schemas = (_piece(name, Kind.HTTP, file) for file in ("tag.yaml", "paths.yaml", "schemas.yaml"))
    return (
        Piece(OPENAPI, tag, edits.before("security:\n  - accessToken: []\n")),
        Piece(OPENAPI, "\n" + paths, edits.before("\ncomponents:\n")),
        Piece(OPENAPI, schemas, edits.before("    ErrorCode:\n")),
    )


def _queue_edits(name: Name) -> tuple[Edit, ...]:
    return (Piece(TEMPLATE, _piece(name, Kind.QUEUE, "outputs.yaml"), edits.end),)


def _lock_edits(name: Name, kind: Kind) -> tuple[Edit, ...]:
    """What cargo would add: it is there before a command looks with `--locked`."""
    manifest = (TEMPLATES / kind.value / "new/functions/sample-things/Cargo.toml").read_text()
    needed = re.findall(r"^([\w-]+)\.workspace = true$", manifest.partition("[dependencies]\n")[2], re.MULTILINE)
    listed = "".join(f' "{crate}",\n' for crate in sorted(needed))
    package = f'[[package]]\nname = "{name.kebab}"\nversion = "@VERSION@"\ndependencies = [\n{listed}]\n\n'
    dependency = f' "{name.kebab}",\n'
    tests = '[[package]]\nname = "system-tests"\n'
    return (_LockedPackage("Cargo.lock", package), _LockedDependency("Cargo.lock", dependency, tests))


@dataclass(frozen=True)
class _LockedPackage:
    """A package of the workspace, at its place in the order of names."""

    path: str
    package: str

    def insert(self, text: str) -> str:
        header = self._header()
        for found in re.finditer(r'^\[\[package\]\]\nname = "[^"]*"\n', text, re.MULTILINE):
            if found[0] > header:
                return text[: found.start()] + self._of_version(text) + text[found.start() :]
        raise edits.MisplacedError(self.path)

    def remove(self, text: str) -> str:
        package = self._of_version(text)
        if text.count(package) != 1:
            raise edits.MisplacedError(self.path)
        return text.replace(package, "")

    def _header(self) -> str:
        return self.package[: self.package.index("version = ")]

    def _of_version(self, text: str) -> str:
        """The workspace's packages have one version."""
        found = re.search(r'\nname = "shared"\nversion = "([^"]*)"\n', text)
        if not found:
            raise edits.MisplacedError(self.path)
        return self.package.replace("@VERSION@", found[1])


@dataclass(frozen=True)
class _LockedDependency:
    """A line among the dependencies of a package."""

    path: str
    line: str
    package: str

    def insert(self, text: str) -> str:
        start, end = self._region(text)
        at = next(
            (
                start + found.start()
                for found in re.finditer(r'^ ".*\n', text[start:end], re.MULTILINE)
                if found[0] > self.line
            ),
            end,
        )
        return text[:at] + self.line + text[at:]

    def remove(self, text: str) -> str:
        start, end = self._region(text)
        if text.count(self.line, start, end) != 1:
            raise edits.MisplacedError(self.path)
        return text[:start] + text[start:end].replace(self.line, "") + text[end:]

    def _region(self, text: str) -> tuple[int, int]:
        package = text.find(self.package)
        start = text.find("dependencies = [\n", package)
        end = text.find("]\n", start)
        if -1 in (package, start, end):
            raise edits.MisplacedError(self.path)
        return start, end


# Far more than such a function needs: until somebody counts, the budget is not in the way.
_SIZE, _COLD, _WARM = 12_000_000, 12_000_000, 5_000_000


def _budget_edits(name: Name, kind: Kind) -> tuple[Edit, ...]:
    path = "bench/budget.toml"
    generous = f"# Generous until it is counted: make budget ARGS='--only {name.kebab} --write'\n"
    job = f"POST /v1/{name.kebab}" if kind is Kind.HTTP else "1 message"
    size = f"{name.kebab} = {_SIZE}\n"
    counts = f'"{name.kebab} {job}" = {{ cold = {_COLD}, warm = {_WARM} }}\n'
    return (
        Number(path, size, generous, edits.within("[size]\n", "\n[instructions]\n")),
        Number(path, counts, generous, edits.end),
    )
