"""Which functions there are, and what template.yaml and openapi.yaml say of each. Nothing lists them by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from backend.common.console import CommandError
from backend.common.paths import OPENAPI, ROOT, TEMPLATE, shown

FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True)
class Route:
    """A route of the API."""

    method: str
    path: str

    @property
    def is_plain(self) -> bool:
        """Whether it can be asked as it is: a GET of a path that names nothing."""
        return self.method == "GET" and "{" not in self.path


@dataclass(frozen=True)
class Function:
    """A function, as template.yaml declares it."""

    name: str
    logical_id: str
    variables: frozenset[str]
    routes: tuple[Route, ...]

    @property
    def checks_tokens(self) -> bool:
        """Whether it is given the public keys: a new key has to reach it before tokens are signed with it."""
        return "JWT_JWKS" in self.variables


def names() -> list[str]:
    """The functions' names, which are those of their folders, as the Makefile has them."""
    return sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml"))


def read_yaml(file: Path) -> dict[str, Any]:
    """A YAML document, in which CloudFormation's short forms (`!Ref`) are spelled out."""
    try:
        document = yaml_parse(file.read_text())
    except YAMLError as error:
        raise CommandError(f"{shown(file)} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{shown(file)} holds no mapping.")
    return document


def resources(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources of a template that stand by themselves; loops (`Fn::ForEach::…`) are left out."""
    return {name: resource for name, resource in template["Resources"].items() if isinstance(resource, dict)}


@cache
def declared() -> tuple[Function, ...]:
    """The functions of template.yaml, which have to be those of the folders."""
    functions = parse(read_yaml(TEMPLATE))
    if (there := sorted(function.name for function in functions)) != names():
        raise CommandError(f"template.yaml declares {', '.join(there)}, and functions/ holds {', '.join(names())}.")
    return functions


def parse(template: Mapping[str, Any]) -> tuple[Function, ...]:
    """The functions of a template."""
    shared = template.get("Globals", {}).get("Function", {})
    return tuple(
        _function(logical_id, resource, shared)
        for logical_id, resource in resources(template).items()
        if resource["Type"] == FUNCTION
    )


def _function(logical_id: str, resource: Mapping[str, Any], shared: Mapping[str, Any]) -> Function:
    properties = resource["Properties"]
    own, common = (part.get("Environment", {}).get("Variables", {}) for part in (properties, shared))
    events = [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "HttpApi"]
    return Function(
        name=resource["Metadata"]["BuildProperties"]["Binary"],
        logical_id=logical_id,
        variables=frozenset({*own, *common}),
        routes=tuple(Route(event["Method"].upper(), event["Path"]) for event in events),
    )


def guarded_reads() -> list[tuple[Function, Route]]:
    """One route of each function that can be read as it is, and only with a token."""
    return one_guarded_read_each(declared(), read_yaml(OPENAPI))


def one_guarded_read_each(functions: tuple[Function, ...], api: Mapping[str, Any]) -> list[tuple[Function, Route]]:
    """The first route of each function that is a plain GET, and that openapi.yaml asks a token for."""
    chosen = []
    for function in functions:
        routes = (route for route in function.routes if route.is_plain and _needs_token(api, route))
        if route := next(routes, None):
            chosen.append((function, route))
    return chosen


def _needs_token(api: Mapping[str, Any], route: Route) -> bool:
    operation = api["paths"].get(route.path, {}).get(route.method.lower(), {})
    return bool(operation.get("security", api.get("security", [])))
