"""Deploys `template.yaml` to the emulator, as `sam package` and `sam deploy` would to AWS."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from backend.common import functions, stacks
from backend.common.aws import Aws
from backend.common.console import CommandError
from backend.common.constants import ALIAS
from backend.common.constants import LOCAL_STACK as STACK
from backend.common.paths import TEMPLATE
from backend.local import routes
from backend.local.emulator import Emulator

ARTIFACTS = "local-artifacts"
# What only watches the stack. The emulator knows neither saved queries nor alarms on an expression, and the dashboard
# names every alarm.
WATCHERS = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition"}


@dataclass(frozen=True)
class Deployment:
    """A deployed stack: what its logical names stand for, and its outputs."""

    resources: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def api_id(self) -> str:
        """The id under which the emulator serves the API."""
        return self.resources["Api"]


def deploy(emulator: Emulator, binaries: Mapping[str, Path], parameters: Mapping[str, str]) -> Deployment:
    """Uploads the functions, creates the stack and its routes."""
    try:
        emulator.aws.s3.create_bucket(Bucket=ARTIFACTS)
        for name in functions.names():
            _upload(emulator.aws, name, binaries[name])
        template = packaged(functions.read_yaml(TEMPLATE), parameters)
        _create_stack(emulator, json.dumps(template), parameters)
        resources = stacks.resources(emulator.aws, STACK)
        routes.create(emulator.aws, STACK, resources)
    except ClientError as error:
        raise CommandError(f"The emulator refused the deployment: {error}") from error
    return Deployment(resources, stacks.describe(emulator.aws, STACK).outputs)


def update_function(aws: Aws, name: str, binary: Path) -> None:
    """Publishes a function's rebuilt binary, points the alias at it and drops the version before."""
    client = aws.functions
    function = f"{STACK}-{name}"
    previous = client.get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"]
    _upload(aws, name, binary)
    published = client.update_function_code(
        FunctionName=function, S3Bucket=ARTIFACTS, S3Key=_object_key(name), Publish=True
    )
    client.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=published["Version"])
    if previous != published["Version"]:
        # The emulator keeps every version's archive in memory, and a debug build is large.
        client.delete_function(FunctionName=function, Qualifier=previous)


def packaged(template: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template with each function's code replaced by its uploaded archive, without what only watches."""
    template["Resources"] = {name: r for name, r in template["Resources"].items() if not _watches(r)}
    template["Outputs"] = {name: o for name, o in template["Outputs"].items() if o["Value"] != {"Ref": "Dashboard"}}
    del template["Globals"]["Function"]["CodeUri"]
    for resource in functions.resources(template).values():
        if resource["Type"] == functions.FUNCTION:
            name = resource.pop("Metadata")["BuildProperties"]["Binary"]
            resource["Properties"]["CodeUri"] = f"s3://{ARTIFACTS}/{_object_key(name)}"
    # The emulator's SAM transform sees the defaults, not the values given with the stack.
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return template


def _watches(resource: Any) -> bool:
    """Whether a resource, or every resource of a loop (its name, its values, its body), only watches the stack."""
    declared = [resource] if isinstance(resource, dict) else resource[2].values()
    return all(one["Type"] in WATCHERS for one in declared)


def _object_key(function: str) -> str:
    return f"{function}.zip"


def _upload(aws: Aws, name: str, binary: Path) -> None:
    aws.s3.put_object(Bucket=ARTIFACTS, Key=_object_key(name), Body=_archive(binary))


def _archive(binary: Path) -> bytes:
    """A deployment package: the binary as an executable `bootstrap`."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry, binary.read_bytes())
    return content.getvalue()


def _create_stack(emulator: Emulator, template: str, parameters: Mapping[str, str]) -> None:
    # By way of S3, because the template is too long for the request itself.
    emulator.aws.s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=template.encode())
    emulator.aws.cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{emulator.url}/{ARTIFACTS}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    while (status := stacks.describe(emulator.aws, STACK).status).endswith("IN_PROGRESS"):
        time.sleep(0.05)
    if status != "CREATE_COMPLETE":
        raise CommandError(f"template.yaml could not be deployed: {_first_failure(emulator.aws)}")


def _first_failure(aws: Aws) -> str:
    events = aws.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("FAILED")]
    if not failed:
        return aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0].get(
            "StackStatusReason", "the emulator gives no reason"
        )
    first = min(failed, key=lambda event: event["Timestamp"])
    return f"{first.get('LogicalResourceId')}: {first.get('ResourceStatusReason', 'no reason given')}"
