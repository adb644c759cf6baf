"""What commands declare themselves with."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object


def add_stack(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    """The option that names a deployed stack."""
    parser.add_argument("--stack", default="", help=f"a stack deployed to AWS{otherwise}")


def add_stack_or_local(parser: argparse.ArgumentParser) -> None:
    """The options that name a deployed stack, or one on this machine."""
    add_stack(parser, "; the one of `make dev` without it")
    parser.add_argument("--endpoint", default="", help="the emulator of another stack on this machine")
