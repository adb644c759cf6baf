"""Checks of a mini-program's account at WeChat."""

import getpass
import os
import re
import sys
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from backend.common.web import ask
from backend.deploy.findings import Findings

APP_ID = re.compile(r"wx[0-9a-f]{16}")
SECRET = re.compile(r"[0-9a-f]{32}")
CONSOLE = "mp.weixin.qq.com, Development → Development settings"
SECONDS = 10
# WeChat pings from several networks before it answers.
CALLBACK_SECONDS = 30
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
    try:
        answer = _ask_for_token(base_url, app_id, secret)
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


def check_callback(findings: Findings, base_url: str, app_id: str, secret: str) -> None:
    """Has WeChat look for the message push's address from its networks.

    https://developers.weixin.qq.com/doc/oplatform/developers/dev/api/base/api_callbackcheck.html
    """
    try:
        token = str(_ask_for_token(base_url, app_id, secret).get("access_token", ""))
        body = {"action": "all", "check_operator": "DEFAULT"}
        # No error of this call may be shown whole: the address holds the token.
        answer = ask(f"{base_url}/cgi-bin/callback/check?access_token={quote(token)}", body, seconds=CALLBACK_SECONDS)
        found = answer.json()
    except (OSError, HTTPException) as error:
        findings.note("WeChat's callback", f"not asked: {type(error).__name__}")
        return
    if errcode := _errcode(found):
        findings.note(
            "WeChat's callback",
            f"WeChat did not look for the address: errcode {errcode!r}. Is the message push entered in its console?",
        )
        return
    lost = [str(ping.get("ip")) for ping in _list(found, "ping") if ping.get("package_loss") != "0%"]
    if not _list(found, "dns"):
        findings.problem("WeChat's callback", "WeChat finds no address for the domain that its console has")
    elif lost:
        # Gateways need not answer pings.
        findings.note("WeChat's callback", f"WeChat resolves the domain; not all pings to {', '.join(lost)} came back")
    else:
        findings.ok("WeChat's callback", "WeChat resolves the domain that its console has, and reaches it")


def _list(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = answer.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _ask_for_token(base_url: str, app_id: str, secret: str) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": False}
    # No error of this call may be shown whole: the body holds the secret, and the answer a token.
    return ask(f"{base_url}/cgi-bin/stable_token", body, seconds=SECONDS).json()


def _errcode(answer: dict[str, Any]) -> object:
    """The errcode as a number, which WeChat may write as text or with a fraction; 0 when there is none."""
    written = answer.get("errcode") or 0
    try:
        number = float(written)
    except (TypeError, ValueError):
        return written
    return int(number) if number.is_integer() else written
