"""What schemathesis has to be told about this API: how to log in, and which values only the API knows to be good."""

import itertools
import os
import time
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st

API = os.environ["STACK_API_URL"]
OPENID = os.environ["CONFORMANCE_OPENID"]
# A code works once, and other tests used some before.
NUMBERS = itertools.count(time.time_ns())

# The rules for names go beyond patterns: these are ordinary ones of several scripts.
LETTERS = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_-äñλж小明한日"
schemathesis.openapi.format("username", st.text(LETTERS, min_size=8, max_size=20))
schemathesis.openapi.format("nickname", st.text(LETTERS, min_size=1, max_size=40))
schemathesis.openapi.format("line", st.text(LETTERS, min_size=1, max_size=40))


def code(openid: str = OPENID) -> str:
    """A login code of the mock WeChat server that was not used before."""
    return f"{openid}-{next(NUMBERS)}"


def log_in(openid: str = OPENID) -> dict[str, Any]:
    """A new session."""
    response = requests.post(f"{API}/v1/login", json={"code": code(openid)}, timeout=35)
    response.raise_for_status()
    session: dict[str, Any] = response.json()
    return session


# Whom an ordinary user sees as a stranger.
SOMEBODY_ELSE = log_in("somebody")["user"]["id"]


@schemathesis.auth(refresh_interval=600)
class AccessToken:
    """Logs in once for the whole run."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return str(log_in()["access_token"])

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Closes the objects of responses: a field that is not described fails the run. The document leaves them open, so
    that clients made from it bear new fields."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                _close(operation.get("responses", {}))
    _close(raw_schema["components"])


def _close(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _close(item)
    elif isinstance(node, dict):
        # The second part of `allOf: [Problem, {properties: …}]` has no type, and closes nothing.
        if "properties" in node and "object" in node.get("type", []):
            node.setdefault("additionalProperties", False)
        for item in node.values():
            _close(item)


def _is_positive(case: schemathesis.Case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Replaces what only an earlier response can tell: codes, tokens, cursors and ids. No schema knows a good one."""
    if not _is_positive(case):
        return
    operation = case.operation.definition.raw.get("operationId")
    body = case.body if isinstance(case.body, dict) else {}
    query = case.query or {}
    if operation == "login":
        body["code"] = code()
        body.pop("create", None)
    elif operation == "setPhone":
        body["code"] = f"phone-13800138000-{next(NUMBERS)}"
    elif operation == "report":
        # Nobody reports what is their own.
        body["user"] = SOMEBODY_ELSE
        body.pop("upload", None)
    elif operation == "refresh":
        body["refresh_token"] = log_in()["refresh_token"]
    if operation == "createUser" and body.get("role") not in (None, "user", "admin"):
        # Of others, only the deployment knows which there are.
        body["role"] = "user"
    body.pop("avatar_upload_id", None)
    for fields in (body, query):
        # The limit is on another form of the name, so the schema's is wider.
        if isinstance(fields.get("username"), str):
            fields["username"] = fields["username"][:32].ljust(3, "x")
    if operation in ("changeUser", "patchUser"):
        # An id that a response held may be the caller's own.
        body.pop("role", None)
        body.pop("status", None)
    if (case.headers or {}).get("If-Match") == "0":
        # What schemathesis sends where it cannot make a text of that pattern.
        case.headers["If-Match"] = "*"
    headers = case.headers or {}
    if "Idempotency-Key" in headers and operation not in ("createUpload", "createUploads"):
        # A key is good for one body. Those two operations expect 422.
        headers["Idempotency-Key"] = str(next(NUMBERS))
    query.pop("cursor", None)
    if operation == "profiles":
        ids = query["ids"] if isinstance(query["ids"], str) else ",".join(query["ids"])
        query["ids"] = ",".join([SOMEBODY_ELSE, *ids.split(",")[:49]])
    elif operation == "readUser":
        case.path_parameters["id"] = SOMEBODY_ELSE
    elif operation == "listUsers":
        # One of three ways to ask, which a list of parameters cannot say.
        for name in list(query)[1:]:
            del query[name]
