"""`smoke`: asks an API the few questions whose answers show that a deployment works, without a person to log in."""

import argparse
import os
import re
import secrets
import time
from collections.abc import Callable
from http.client import HTTPException

import places
from console import StackError
from dev import API_PORT
from environment import ROOT
from processes import HOST
from web import Answer, ask

# A new name may take a moment to be known everywhere.
ATTEMPTS = 3
SECONDS_BETWEEN = 3
PROBLEM = "application/problem+json"
# What the login answers instead, and what that says.
LOGIN_FAULTS = {
    "wechat_config": "WeChat refuses the app id or the app secret; `make doctor STACK=… WECHAT=1` tells which",
    "wechat_unavailable": "WeChat does not answer the function",
    "internal": "the secret cannot be used; `make doctor STACK=…` tells why",
    "temporarily_unavailable": "Secrets Manager or the table does not answer",
    "rate_limited": "this address has logged in too often within the minute; wait for one",
}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares the command."""
    parser = commands.add_parser("smoke", help="try a deployed or local API")
    parser.add_argument("--stack", default="", help="a stack deployed to AWS")
    parser.add_argument("--api", default="", help="the API's address, if it is not the stack's own")
    parser.add_argument("--version", default="", help="the release that has to answer; this tree's without it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    api = (arguments.api or address_of(arguments.stack)).rstrip("/")
    release = arguments.version or own_release()
    print(f"{api}, release {release}", flush=True)
    checks = _checks(api, release)
    if arguments.stack and (build := own_build()):
        checks.append(("it was deployed from this tree", lambda: _build(arguments.stack, build)))
    failures = [check for check in checks if not _passes(*check)]
    return 1 if failures else 0


def address_of(stack: str) -> str:
    """Where a stack's API is reached; that of the stack of `make dev` without a name."""
    if not stack:
        return f"http://{HOST}:{os.environ.get('PORT') or API_PORT}"
    with places.failures_told("The stack cannot be looked up"):
        return places.on_aws().stack(stack).output("ApiUrl")


def own_build() -> str:
    """The release and the commit of this tree, as a deployment of it describes itself; nothing if nobody told."""
    return os.environ.get("BUILD_VERSION", "")


def own_release() -> str:
    """The release that this tree answers with."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    if found is None:
        raise StackError("Cargo.toml names no version.")
    return found[1]


def _checks(api: str, release: str) -> list[tuple[str, Callable[[], str | None]]]:
    """Each check says what is wrong, if something is."""
    code = secrets.token_hex(16)
    return [
        ("the release answers", lambda: _ping(ask(f"{api}/v1/ping"), release)),
        ("users asks for a token", lambda: _unauthorized(ask(f"{api}/v1/users/me"))),
        ("presign asks for a token", lambda: _unauthorized(ask(f"{api}/v1/uploads"))),
        ("a stranger's path ends at the gateway", lambda: _no_route(ask(f"{api}/v1/{code}"))),
        ("WeChat refuses a code it never gave", lambda: _login(ask(f"{api}/v1/login", {"code": code}))),
    ]


def _passes(name: str, check: Callable[[], str | None]) -> bool:
    fault = _attempted(check)
    print(f"ok      {name}" if fault is None else f"FAILED  {name}: {fault}", flush=True)
    return fault is None


def _attempted(check: Callable[[], str | None]) -> str | None:
    for _ in range(ATTEMPTS - 1):
        try:
            return check()
        except (OSError, HTTPException):
            time.sleep(SECONDS_BETWEEN)
    try:
        return check()
    except (OSError, HTTPException) as error:
        raise StackError(f"The API does not answer: {error}") from error


def _ping(answer: Answer, release: str) -> str | None:
    said = answer.json()
    if answer.status != 200 or said.get("message") != "pong":
        return _otherwise(answer)
    return None if said.get("version") == release else f"it is release {said.get('version')}, and not {release}"


def _build(stack: str, build: str) -> str | None:
    with places.failures_told("The functions cannot be looked up"):
        deployed = places.build_of(places.on_aws(), stack)
    return None if deployed == build else f"it is {deployed}, and not {build}"


def _unauthorized(answer: Answer) -> str | None:
    right = answer.status == 401 and answer.media_type == PROBLEM and answer.json().get("code") == "unauthorized"
    return None if right else _otherwise(answer)


def _no_route(answer: Answer) -> str | None:
    return None if answer.status == 404 else _otherwise(answer)


def _login(answer: Answer) -> str | None:
    code = answer.json().get("code")
    if answer.status == 401 and code == "wechat_code_invalid":
        return None
    return LOGIN_FAULTS.get(str(code)) or _otherwise(answer)


def _otherwise(answer: Answer) -> str:
    """Another answer than the right one: nobody has logged in, so its text is nobody's secret."""
    return f"{answer.status} {answer.media_type} {answer.body[:300].decode(errors='replace')}"
