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
from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

import routes
from console import StackError
from emulator import Emulator
from environment import ROOT

STACK = "local"
ALIAS = "live"
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
        emulator.client("s3").create_bucket(Bucket=ARTIFACTS)
        _create_stack(emulator, _packaged_template(emulator, binaries, parameters), parameters)
        resources = routes.physical_ids(emulator, STACK)
        routes.create(emulator, STACK, resources)
    except ClientError as error:
        raise StackError(f"The emulator refused the deployment: {error}") from error
    return Deployment(resources, _outputs(emulator))


def update_function(emulator: Emulator, name: str, binary: Path) -> None:
    """Publishes a function's rebuilt binary, points the alias at it and drops the version before."""
    client = emulator.client("lambda")
    function = f"{STACK}-{name}"
    previous = client.get_alias(FunctionName=function, Name=ALIAS)["FunctionVersion"]
    _upload(emulator, name, binary)
    published = client.update_function_code(
        FunctionName=function, S3Bucket=ARTIFACTS, S3Key=_object_key(name), Publish=True
    )
    client.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=published["Version"])
    if previous != published["Version"]:
        # The emulator keeps every version's archive in memory, and a debug build is large.
        client.delete_function(FunctionName=function, Qualifier=previous)


def _packaged_template(emulator: Emulator, binaries: Mapping[str, Path], parameters: Mapping[str, str]) -> str:
    """The template with each function's code replaced by its uploaded archive."""
    template = _read_template()
    del template["Globals"]["Function"]["CodeUri"]
    _drop_watchers(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            name = resource.pop("Metadata")["BuildProperties"]["Binary"]
            _upload(emulator, name, binaries[name])
            resource["Properties"]["CodeUri"] = f"s3://{ARTIFACTS}/{_object_key(name)}"
    # The emulator's SAM transform sees the defaults, not the values given with the stack.
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return json.dumps(template)


def _drop_watchers(template: dict[str, Any]) -> None:
    resources, outputs = template["Resources"], template["Outputs"]
    for name in [name for name, resource in resources.items() if resource["Type"] in WATCHERS]:
        del resources[name]
    for name in [name for name, output in outputs.items() if output["Value"] == {"Ref": "Dashboard"}]:
        del outputs[name]


def _read_template() -> dict[str, Any]:
    try:
        return yaml_parse((ROOT / "template.yaml").read_text())
    except YAMLError as error:
        raise StackError(f"template.yaml is no YAML: {error}") from error


def _object_key(function: str) -> str:
    return f"{function}.zip"


def _upload(emulator: Emulator, name: str, binary: Path) -> None:
    emulator.client("s3").put_object(Bucket=ARTIFACTS, Key=_object_key(name), Body=_archive(binary))


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
    emulator.client("s3").put_object(Bucket=ARTIFACTS, Key="template.json", Body=template.encode())
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{emulator.url}/{ARTIFACTS}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    while (status := _stack(emulator)["StackStatus"]).endswith("IN_PROGRESS"):
        time.sleep(0.05)
    if status != "CREATE_COMPLETE":
        raise StackError(f"template.yaml could not be deployed: {_first_failure(emulator)}")


def _stack(emulator: Emulator) -> dict[str, Any]:
    return emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]


def _first_failure(emulator: Emulator) -> str:
    events = emulator.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return _stack(emulator).get("StackStatusReason", "the emulator gives no reason")
    first = min(failed, key=lambda event: event["Timestamp"])
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _outputs(emulator: Emulator) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in _stack(emulator)["Outputs"]}
