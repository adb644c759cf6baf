"""`doctor`: checks what a deployment needs, before it and after it, and says what to do about each finding."""

import argparse
import os
from pathlib import Path

from backend.common import aws, running
from backend.common.arguments import Commands, add_stack
from backend.common.constants import LOCAL_STACK, WECHAT_API
from backend.common.paths import DEPLOYMENT_KEYS, LOCAL_KEYS
from backend.deploy import wechat_account
from backend.deploy.doctor.account import check_account, check_name
from backend.deploy.doctor.machine import check_key_files, check_tools
from backend.deploy.doctor.stack import check_stack
from backend.deploy.findings import Findings


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser(
        "doctor", help="check an account's set-up before and after a deployment", description=__doc__
    )
    add_stack(parser, "; before the first deployment without it")
    parser.add_argument("--name", default="", help="what the stack is to be called, before the first deployment")
    parser.add_argument("--local", action="store_true", help="the stack of `make dev`")
    parser.add_argument("--api", default="", help="the API's address, if it is not the stack's own")
    parser.add_argument("--keys", type=Path, help="where the signing keys are, if not in the usual place")
    parser.add_argument(
        "--wechat", action="store_true", help="ask WeChat about app id and secret: one call of its quota"
    )
    parser.set_defaults(run=_run, uses_account=True)


def _run(arguments: argparse.Namespace) -> int:
    findings = Findings()
    directory = arguments.keys or (LOCAL_KEYS if arguments.local else DEPLOYMENT_KEYS)
    try:
        if arguments.local:
            stack = running.find("")
            account = aws.emulated(stack.emulator_url)
            api = arguments.api or stack.api_url
            check_stack(findings, account, LOCAL_STACK, api, directory, arguments.wechat)
        elif arguments.stack:
            if found := check_account(findings):
                check_stack(findings, found, arguments.stack, arguments.api, directory, arguments.wechat)
            else:
                findings.note("stack", "not checked, nor what belongs to it: AWS cannot be asked")
        else:
            _check_before(findings, arguments.name, directory, arguments.wechat)
    except KeyboardInterrupt:
        return 130
    return 1 if findings.problems else 0


def _check_before(findings: Findings, name: str, key_directory: Path, ask_wechat: bool) -> None:
    """What has to be there before the first deployment."""
    check_tools(findings)
    account = check_account(findings)
    if name and account:
        check_name(findings, account, name)
    elif not name:
        findings.note("stack name", "not checked: give it in NAME")
    check_key_files(findings, key_directory)
    _check_wechat(findings, ask_wechat)
    findings.note(
        "domains",
        "after the deployment, `make doctor STACK=name` shows what to put on WeChat's three lists. "
        "They take names with HTTPS and an ICP filing: have one ready for ApiDomainName",
    )
    wechat_account.note_addresses(findings)


def _check_wechat(findings: Findings, ask_wechat: bool) -> None:
    app_id = os.environ.get("WECHAT_APP_ID", "")
    if app_id:
        wechat_account.check_app_id(findings, app_id)
    else:
        findings.note("app id", "not checked: give it in WECHAT_APP_ID")
    if secret := wechat_account.given_secret("Enter leaves it out"):
        wechat_account.check_secret(findings, secret)
    else:
        findings.note("app secret", "not checked: give it in WECHAT_APP_SECRET, or at a terminal when you are asked")
    if ask_wechat and app_id and secret:
        wechat_account.probe(findings, os.environ.get("WECHAT_API_BASE_URL") or WECHAT_API, app_id, secret)
