"""`smoke`: asks an API the few questions whose answers show that a deployment works, without a person to log in."""

import argparse
import secrets
import time
from collections.abc import Callable
from http.client import HTTPException

from backend.common import aws, functions, stacks
from backend.common.address import api_of
from backend.common.arguments import Commands, add_stack
from backend.common.console import CommandError
from backend.common.release import own_build, own_release
from backend.common.web import Answer, ask

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


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("smoke", help="try a deployed or local API", description=__doc__)
    add_stack(parser, "; the one of `make dev` without it")
    parser.add_argument("--api", default="", help="the API's address, if it is not the stack's own")
    parser.add_argument("--version", default="", help="the release that has to answer; this tree's without it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    api = (arguments.api or api_of(arguments.stack)).rstrip("/")
    print(api, flush=True)
    checks = _checks(api, arguments.version or own_release())
    if arguments.stack and (build := own_build()):
        checks.append(("it was deployed from this tree", lambda: _build(arguments.stack, build)))
    failures = [check for check in checks if not _passes(*check)]
    return 1 if failures else 0


def _checks(api: str, release: str) -> list[tuple[str, Callable[[], str | None]]]:
    """Each check says what is wrong, if something is."""
    code = secrets.token_hex(16)
    guarded = [
        (f"{function.name} asks for a token", lambda path=route.path: unauthorized(ask(f"{api}{path}")))
        for function, route in functions.guarded_reads()
    ]
    return [
        ("the release answers", lambda: ping(ask(f"{api}/v1/ping"), release)),
        *guarded,
        ("the gateway refuses an unknown path", lambda: no_route(ask(f"{api}/v1/{code}"))),
        ("WeChat refuses an unknown login code", lambda: login(ask(f"{api}/v1/login", {"code": code}))),
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
        raise CommandError(f"The API does not answer: {error}") from error


def ping(answer: Answer, release: str) -> str | None:
    """Whether the release is the one that was asked for."""
    said = answer.json()
    if answer.status != 200 or said.get("message") != "pong":
        return summary(answer)
    return None if said.get("version") == release else f"it is release {said.get('version')}, and not {release}"


def _build(stack: str, build: str) -> str | None:
    with stacks.failures_reported("The functions cannot be looked up"):
        deployed = stacks.build_of(aws.deployed(), stack)
    return None if deployed == build else f"it is {deployed}, and not {build}"


def unauthorized(answer: Answer) -> str | None:
    """Whether a request without a token is refused as it should be."""
    right = answer.status == 401 and answer.media_type == PROBLEM and answer.json().get("code") == "unauthorized"
    return None if right else summary(answer)


def no_route(answer: Answer) -> str | None:
    """Whether the gateway has no such route."""
    return None if answer.status == 404 else summary(answer)


def login(answer: Answer) -> str | None:
    """Whether WeChat was asked, and refused."""
    code = answer.json().get("code")
    if answer.status == 401 and code == "wechat_code_invalid":
        return None
    return LOGIN_FAULTS.get(str(code)) or summary(answer)


def summary(answer: Answer) -> str:
    """Another answer than the right one, without its text: what should have been refused may hold a token."""
    said = answer.json() if answer.media_type == PROBLEM else {}
    code = said.get("code")
    known = f" with code {code}" if isinstance(code, str) and code.replace("_", "").isalpha() and len(code) < 40 else ""
    return f"the answer is {answer.status}, {answer.media_type or 'no content type'}{known}"
