"""Checks of a mini-program's account at WeChat."""

import getpass
import os
import re
import sys
from http.client import HTTPException
from typing import Any

from backend.common.web import ask
from backend.deploy.findings import Findings

APP_ID = re.compile(r"wx[0-9a-f]{16}")
SECRET = re.compile(r"[0-9a-f]{32}")
CONSOLE = "mp.weixin.qq.com, Development → Development settings"
SECONDS = 10
# What WeChat's refusals mean to an operator.
REFUSALS = {
    40013: "WeChat knows no such app id: copy WechatAppId from " + CONSOLE,
    40125: "the app secret is not that of the app id: reset it at " + CONSOLE + " and put it into the secret",
    40001: "the app secret is not that of the app id: reset it at " + CONSOLE + " and put it into the secret",
    40164: "this machine's address is not on the IP allow-list. Lambda's has no fixed address, so it would not be "
    "either: empty the list at " + CONSOLE + ", or give login a NAT gateway with a fixed address",
    40243: "the app secret is frozen: unfreeze it at " + CONSOLE,
    45009: "today's quota of tokens is used up: try again after midnight in China",
    45011: "this minute's quota of tokens is used up: try again later",
    48004: "WeChat has shut the account out for breaking its rules: see the messages at mp.weixin.qq.com",
    50004: "the account may not ask for tokens",
    50007: "the account is frozen: see the messages at mp.weixin.qq.com",
    89503: "an administrator of the account has to confirm the call: see their WeChat",
}


def check_app_id(findings: Findings, app_id: str) -> None:
    """Whether it could be one."""
    if APP_ID.fullmatch(app_id):
        findings.ok("app id", app_id)
    else:
        findings.problem("app id", f"{app_id!r} is none: wx and 16 hexadecimal digits, from {CONSOLE}")


def given_secret(enter: str) -> str:
    """The app secret from WECHAT_APP_SECRET, or what the person types, unseen; nothing where there is neither."""
    if secret := os.environ.get("WECHAT_APP_SECRET"):
        return secret
    return getpass.getpass(f"App secret ({enter}): ").strip() if sys.stdin.isatty() else ""


def check_secret(findings: Findings, secret: str) -> None:
    """Whether it could be one. It is not shown."""
    if SECRET.fullmatch(secret):
        findings.ok("app secret", "has the right shape")
    else:
        findings.problem(
            "app secret", f"{len(secret)} characters that are no secret of WeChat's: 32 hexadecimal digits"
        )


def note_addresses(findings: Findings) -> None:
    """What no program can look up: WeChat has no call for it."""
    findings.note(
        "IP allow-list",
        "has to be empty at WeChat (Development settings), or phone numbers fail with 40164: "
        "Lambda has no fixed address. The log line `wechat_refused_ip` names the address that was refused",
    )


def probe(findings: Findings, base_url: str, app_id: str, secret: str) -> None:
    """Asks for a token as the functions do, which neither ends the one in use nor makes a new one."""
    body = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": False}
    try:
        # No error of this call may be shown whole: the body holds the secret, and the answer a token.
        answer = ask(f"{base_url}/cgi-bin/stable_token", body, seconds=SECONDS).json()
    except (OSError, HTTPException) as error:
        findings.note("WeChat", f"not asked: {type(error).__name__}")
        return
    errcode = _errcode(answer)
    if isinstance(answer.get("access_token"), str) and errcode == 0:
        findings.ok("WeChat", "takes app id and app secret, from this machine's address")
    elif errcode in REFUSALS:
        findings.problem("WeChat", f"{errcode}: {REFUSALS[errcode]}")
    else:
        findings.problem(
            "WeChat", f"answers errcode {errcode!r}, which the error codes on its documentation pages explain"
        )


def _errcode(answer: dict[str, Any]) -> object:
    """The errcode as a number, which WeChat may write as text or with a fraction; 0 when there is none."""
    written = answer.get("errcode") or 0
    try:
        number = float(written)
    except (TypeError, ValueError):
        return written
    return int(number) if number.is_integer() else written
