"""The name of a new function: its forms, and whether it can be one in this tree."""

import re
from dataclasses import dataclass
from pathlib import Path

from backend.common.console import CommandError

FORM = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")
SHORTEST, LONGEST = 3, 24
# Rust's, those reserved for later among them.
KEYWORDS = """
    abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl
    in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type
    typeof union unsafe unsized use virtual where while yield
"""
# The compiler's own crates, and folders of cargo's and of this workspace.
CRATES = "alloc backend core examples functions main own proc-macro std support test tests target"
# The types that a template imports, and would then have twice.
TYPES = "App Arc Caller Changes Error Id Items Json Line Message Outcome Patch Response State Stored"


@dataclass(frozen=True)
class Name:
    """A name, in each of the forms in which the tree has it."""

    kebab: str

    @property
    def snake(self) -> str:
        """As a crate and a module: `gift_cards`."""
        return self.kebab.replace("-", "_")

    @property
    def pascal(self) -> str:
        """In the template's logical ids: `GiftCards`."""
        return "".join(word.capitalize() for word in self.kebab.split("-"))

    @property
    def item(self) -> str:
        """One of them, as a type: `GiftCard`."""
        *words, last = self.kebab.split("-")
        return "".join(word.capitalize() for word in (*words, singular(last)))

    @property
    def prose(self) -> str:
        """In a sentence: `gift cards`."""
        return self.kebab.replace("-", " ")

    def replacements(self) -> tuple[tuple[str, str], ...]:
        """What the templates say, and what to say instead. The longer ones come first."""
        return (
            ("sample-things", self.kebab),
            ("sample_things", self.snake),
            ("SampleThings", self.pascal),
            ("SampleThing", self.item),
            ("sample things", self.prose),
            ("Sample things", self.prose.capitalize()),
        )

    def fill(self, text: str) -> str:
        """A template's text, about this function."""
        for sample, own in self.replacements():
            text = text.replace(sample, own)
        return text


def singular(word: str) -> str:
    """One of what the word names; the word itself where that is not plain."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"(ss|x|z|ch|sh)es$", word):
        return word[:-2]
    if word.endswith("s") and not re.search(r"(s|u|i)s$|news$", word):
        return word[:-1]
    return word


def parse(text: str) -> Name:
    """A name, which has the right form."""
    if not text:
        raise CommandError("NAME is missing: make new-function NAME=orders")
    if not FORM.fullmatch(text):
        raise CommandError(
            f"{text!r} is no name of a function: lower-case letters and digits in words that begin with a letter,"
            " with a hyphen between them, such as gift-cards."
        )
    if not SHORTEST <= len(text) <= LONGEST:
        raise CommandError(f"{text!r} has {len(text)} characters, and a function's name {SHORTEST} to {LONGEST}.")
    return Name(text)


def check_free(name: Name, root: Path) -> None:
    """Refuses a name that something in the tree has, or that Rust or cargo keep for themselves."""
    for problem in _problems(name, root):
        raise CommandError(f"{name.kebab!r} cannot be a function's name: {problem}.")


def _problems(name: Name, root: Path) -> list[str]:
    template, openapi = ((root / file).read_text() for file in ("template.yaml", "openapi.yaml"))
    lock, modules = (root / "Cargo.lock").read_text(), (root / "tests/api/main.rs").read_text()
    known = (
        ((root / "functions" / name.kebab).exists(), "there is such a function already"),
        (name.kebab in KEYWORDS.split(), "it is a word of Rust's"),
        (name.kebab in CRATES.split(), "it is a crate or a folder that is there already"),
        (name.item in TYPES.split(), f"the type {name.item} is there already"),
        (f'\nname = "{name.kebab}"\n' in lock or f'\nname = "{name.snake}"\n' in lock, "a crate is called so"),
        (f"mod {name.snake};" in modules, "the tests have a module that is called so"),
        (f"  /v1/{name.kebab}:" in openapi or f"  /v1/{name.kebab}/" in openapi, "openapi.yaml has such a path"),
        (_has_key(openapi, f"    {name.item}"), f"openapi.yaml has a schema {name.item}"),
        (
            _has_key(template, f"  {name.pascal}[A-Z][A-Za-z]*"),
            f"template.yaml has resources that begin with {name.pascal}",
        ),
        (any((root / "events").glob(f"{name.kebab}*.json")), "events/ has files that begin so"),
    )
    return [problem for holds, problem in known if holds]


def _has_key(yaml: str, key: str) -> bool:
    return re.search(rf"^{key}:", yaml, re.MULTILINE) is not None
