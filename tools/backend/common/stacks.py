"""Stacks, as CloudFormation and Lambda describe them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from backend.common.aws import Aws
from backend.common.console import CommandError
from backend.common.constants import ALIAS, WECHAT_API


@dataclass(frozen=True)
class DeployedStack:
    """A stack, as CloudFormation describes it."""

    name: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def output(self, name: str) -> str:
        """An output that every stack of this template has."""
        if name not in self.outputs:
            raise CommandError(f"The stack has no output {name}; it was not deployed from this template.")
        return self.outputs[name]

    @property
    def talks_to_wechat(self) -> bool:
        """Whether it is WeChat itself: the mock server has ids and secrets of its own."""
        return self.parameters.get("WechatApiBaseUrl", "") in ("", WECHAT_API)


@dataclass(frozen=True)
class Configuration:
    """What a function is in one version."""

    code: str
    variables: Mapping[str, str]
    description: str

    def differences(self, other: "Configuration") -> list[str]:
        """The names of what differs in another version. Values are not shown: they may be long, or confidential."""
        names = sorted(self.variables.keys() | other.variables.keys())
        names = [name for name in names if self.variables.get(name) != other.variables.get(name)]
        return names if self.code == other.code else ["code", *names]


@dataclass(frozen=True)
class QueuePair:
    """A queue and its dead-letter queue: the stack's outputs that name them."""

    name: str
    source: str
    dead_letters: str


QUEUES = (
    QueuePair("upload-events", "UploadEventsQueueUrl", "UploadEventsDeadLettersUrl"),
    QueuePair("purge", "PurgeQueueUrl", "PurgeDeadLettersUrl"),
    QueuePair("moderation", "ModerationQueueUrl", "ModerationDeadLettersUrl"),
)


def describe(aws: Aws, name: str) -> DeployedStack:
    """A stack that was deployed there."""
    try:
        described = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise CommandError(f"There is no stack {name!r} in {aws.region} of this account.") from error
        raise
    return DeployedStack(
        name=name,
        status=described["StackStatus"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in described.get("Parameters", [])},
    )


def resources(aws: Aws, stack: str, kind: str = "") -> dict[str, str]:
    """What a stack's logical ids stand for; those of one type only, if it is given."""
    pages = aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
    return {
        summary["LogicalResourceId"]: summary["PhysicalResourceId"]
        for summary in summaries
        if kind in ("", summary["ResourceType"]) and summary.get("PhysicalResourceId")
    }


def configuration(aws: Aws, function: str, qualifier: str) -> Configuration:
    """What a function is in a version, or in the one behind an alias."""
    found = aws.functions.get_function_configuration(FunctionName=function, Qualifier=qualifier)
    variables = found.get("Environment", {}).get("Variables", {})
    return Configuration(found["CodeSha256"], variables, found.get("Description", ""))


def build_of(aws: Aws, stack: str) -> str:
    """The release and the commit that a stack's functions were deployed from, as the version that runs describes it."""
    return configuration(aws, f"{stack}-login", ALIAS).description


@contextmanager
def failures_reported(what: str) -> Iterator[None]:
    """Ends a command with what AWS did not do, and why."""
    try:
        yield
    except (NoCredentialsError, NoRegionError) as error:
        raise CommandError(
            "AWS cannot be reached without a region and credentials: set AWS_PROFILE, or AWS_REGION and keys."
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise CommandError(f"{what}: {error}") from error
