"""`admin`: shows who logs in as an administrator and the latest users, and adds an openid to the list or removes one.

On AWS the list is the parameter AdminOpenids: it is changed in samconfig.toml, and takes effect with `make deploy`. The
stack of `make dev` is changed at once. Either way the person logs in again to become an administrator.
"""

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.common import aws, functions, stacks
from backend.common.arguments import Commands, add_stack_or_local
from backend.common.aws import Aws
from backend.common.console import CommandError, say
from backend.common.constants import ALIAS
from backend.common.paths import SAM_CONFIG
from backend.common.stacks import DeployedStack
from backend.deploy import samconfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

LATEST = 10
VARIABLE, PARAMETER = "ADMIN_OPENIDS", "AdminOpenids"
OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A code of the mock WeChat server: the part before the last hyphen is the openid.
CODE = re.compile(r"(.+)-[0-9]+")


@dataclass(frozen=True)
class User:
    """What is shown of a user."""

    created_at: datetime
    openid: str
    nickname: str
    role: str

    def line(self) -> str:
        """The user in one line."""
        nickname = f"  {self.nickname}" if self.nickname else ""
        return f"{self.created_at:%Y-%m-%d %H:%M}  {self.openid}  {self.role}{nickname}"


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("admin", help="show or change who is an administrator", description=__doc__)
    add_stack_or_local(parser)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--openid", default="", help="whose it is")
    who.add_argument("--code", default="", help="a login code of the mock WeChat server, such as alice-1")
    parser.add_argument("--remove", action="store_true", help="take the openid off the list")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    openid = arguments.openid or _openid_of(arguments.code)
    with stacks.failures_reported("The administrators cannot be looked up"):
        account, name = aws.of_stack(arguments.stack, arguments.endpoint)
        stack = stacks.describe(account, name)
        deployed = _deployed_list(account, stack)
        if not openid:
            _show(account, stack, deployed, local=not arguments.stack)
        elif arguments.stack:
            _change_parameter(stack, openid, arguments.remove)
        else:
            _change_function(account, stack, changed(deployed, openid, arguments.remove))
    return 0


def _openid_of(code: str) -> str:
    if not code:
        return ""
    if match := CODE.fullmatch(code):
        return match[1]
    raise CommandError(f"CODE is a login code such as alice-1, and {code!r} is none.")


def changed(openids: "Sequence[str]", openid: str, remove: bool) -> list[str]:
    """The list with one openid more, or without it."""
    if not OPENID.fullmatch(openid):
        raise CommandError(f"{openid!r} is no openid: letters, digits, _ and -. `make admin` shows those of users.")
    others = [other for other in openids if other != openid]
    return others if remove else [*others, openid]


def listed(text: str) -> list[str]:
    """The openids in the parameter's text."""
    return [openid.strip() for openid in text.split(",") if openid.strip()]


def _function(stack: DeployedStack) -> str:
    """The function that is given the list."""
    name = next(function.name for function in functions.declared() if VARIABLE in function.variables)
    return f"{stack.name}-{name}"


def _deployed_list(account: Aws, stack: DeployedStack) -> list[str]:
    """The list that logins go by now."""
    return listed(stacks.configuration(account, _function(stack), ALIAS).variables.get(VARIABLE, ""))


def _show(account: Aws, stack: DeployedStack, deployed: list[str], local: bool) -> None:
    which = "" if local else f" STACK={stack.name}"
    print(f"Administrators by their login: {', '.join(deployed) or 'none'}")
    users = latest(account, stack.output("TableName"))
    print("The latest users (created, openid, role, nickname):" if users else "No user has logged in yet.")
    for user in users:
        print(f"  {user.line()}")
    print(f"`make admin{which} OPENID=…` adds one of them, REMOVE=1 with it takes one off.")
    if local and deployed and not stack.talks_to_wechat:
        print(f"The mock WeChat server logs {deployed[0]} in with the code {deployed[0]}-1, then {deployed[0]}-2 …")


def latest(account: Aws, table: str) -> list[User]:
    """The users who logged in first most lately."""
    query = account.dynamodb.query(
        TableName=table,
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :all",
        ExpressionAttributeValues={":all": {"S": "US#0"}},
        ScanIndexForward=False,
        Limit=LATEST,
    )
    # The index holds no openids.
    keys = [{"pk": item["pk"], "sk": item["sk"]} for item in query["Items"]]
    items = [account.dynamodb.get_item(TableName=table, Key=key).get("Item", {}) for key in keys]
    return [_user(item) for item in items if "openid" in item]


def _user(item: "Mapping[str, AttributeValueTypeDef]") -> User:
    def text(name: str) -> str:
        return item.get(name, {}).get("S", "")

    created = datetime.fromtimestamp(int(item.get("created_at", {}).get("N", "0")) / 1000, UTC)
    return User(created, text("openid"), text("nickname"), text("role") or "user")


def _change_parameter(stack: DeployedStack, openid: str, remove: bool) -> None:
    """Writes the parameter where `make deploy` takes it from; without that file, says what to deploy."""
    text = SAM_CONFIG.read_text() if SAM_CONFIG.exists() else ""
    if not text or samconfig.stack_name(text) != stack.name:
        value = ",".join(changed(listed(stack.parameters.get(PARAMETER, "")), openid, remove))
        say(f"There is no samconfig.toml of {stack.name} here. Deploy it with this parameter:\n")
        print(f"{PARAMETER}: {value}", flush=True)
        return
    value = ",".join(changed(listed(samconfig.parameter(text, PARAMETER)), openid, remove))
    SAM_CONFIG.write_text(samconfig.with_parameter(text, PARAMETER, value))
    say(f"{PARAMETER} is {value!r} in samconfig.toml now. `make deploy` puts it into effect, {_from_then(remove)}")


def _change_function(account: Aws, stack: DeployedStack, openids: list[str]) -> None:
    """Publishes the function of a stack on this machine with another list."""
    function, client = _function(stack), account.functions
    variables = {**stacks.configuration(account, function, "$LATEST").variables, VARIABLE: ",".join(openids)}
    client.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    version = client.publish_version(FunctionName=function)["Version"]
    client.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=version)
    say(f"Administrators by their login: {', '.join(openids) or 'none'}. Log in again for it to take effect.")
    say("A stack that is started anew has its own list again: ADMIN_OPENIDS=… make dev sets that.")


def _from_then(remove: bool) -> str:
    if remove:
        return "but takes no role away: an administrator does that, by PUT /v1/users/{id}."
    return "then log in again."
