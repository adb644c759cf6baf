"""Lets `sam local invoke` run a function against the stack."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stack import LOCAL, Stack

# What `--env-vars` is given. SAM itself would put logical names where the deployed functions have real ones.
FILE = LOCAL / "sam-env.json"


@contextmanager
def environment_file(stack: Stack) -> Iterator[None]:
    """Keeps a file with the functions' environment for as long as the stack runs."""
    client = stack.emulator.client("lambda")
    physical_names = {configuration["FunctionName"] for configuration in client.list_functions()["Functions"]}
    variables = {
        logical: _variables(client, physical) | {"AWS_ENDPOINT_URL": stack.emulator.url}
        for logical, physical in stack.deployment.resources.items()
        if physical in physical_names
    }
    FILE.write_text(json.dumps(variables, indent=2))
    try:
        yield
    finally:
        FILE.unlink(missing_ok=True)


def endpoint() -> str | None:
    """Where the emulator of the running stack listens."""
    try:
        functions = json.loads(FILE.read_text())
    except FileNotFoundError:
        return None
    return next(iter(functions.values()))["AWS_ENDPOINT_URL"]


def _variables(client: Any, function: str) -> dict[str, str]:
    return client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
