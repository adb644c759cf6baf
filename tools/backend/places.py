"""Where a stack is: on AWS, as the person's own settings say, or on this machine."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

import deployment
import emulator
import sam_local
from console import StackError

SECONDS_TO_CONNECT = 5
SECONDS_TO_ANSWER = 20
WECHAT = "https://api.weixin.qq.com"


@dataclass(frozen=True)
class Place:
    """A region of an account, and the way to its services."""

    client: Callable[[str], Any]

    @property
    def region(self) -> str:
        """The region's name."""
        return self.client("cloudformation").meta.region_name

    def stack(self, name: str) -> "DeployedStack":
        """A stack that was deployed there."""
        try:
            described = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                raise StackError(f"There is no stack {name!r} in {self.region} of this account.") from error
            raise
        return DeployedStack(
            name=name,
            status=described["StackStatus"],
            outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
            parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in described.get("Parameters", [])},
        )


@dataclass(frozen=True)
class DeployedStack:
    """What CloudFormation tells of a stack."""

    name: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def output(self, name: str) -> str:
        """An output that every stack of this template has."""
        if name not in self.outputs:
            raise StackError(f"The stack has no output {name}; it was not deployed from this template.")
        return self.outputs[name]

    @property
    def talks_to_wechat(self) -> bool:
        """Whether it is WeChat itself: what stands in for it has ids and secrets of its own."""
        return self.parameters.get("WechatApiBaseUrl", "") in ("", WECHAT)


@dataclass(frozen=True)
class Configuration:
    """What a function is in one version."""

    code: str
    variables: Mapping[str, str]
    description: str

    def differences(self, other: "Configuration") -> list[str]:
        """The names of what another version has otherwise; values may be long, or nobody's to read."""
        names = sorted(self.variables.keys() | other.variables.keys())
        names = [name for name in names if self.variables.get(name) != other.variables.get(name)]
        return names if self.code == other.code else ["code", *names]


def configuration(place: Place, function: str, qualifier: str) -> Configuration:
    """What a function is in a version, or in the one behind an alias."""
    found = place.client("lambda").get_function_configuration(FunctionName=function, Qualifier=qualifier)
    variables = found.get("Environment", {}).get("Variables", {})
    return Configuration(found["CodeSha256"], variables, found.get("Description", ""))


def build_of(place: Place, stack: str) -> str:
    """The release and the commit that a stack's functions were deployed from, as the version that runs describes it."""
    return configuration(place, f"{stack}-login", deployment.ALIAS).description


@contextmanager
def failures_told(what: str) -> Iterator[None]:
    """Ends a command with what AWS did not do, and why."""
    try:
        yield
    except (NoCredentialsError, NoRegionError) as error:
        raise StackError(
            "AWS cannot be reached without a region and credentials: set AWS_PROFILE, or AWS_REGION and keys."
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise StackError(f"{what}: {error}") from error


def on_aws() -> Place:
    """AWS, as the person's own settings say."""
    # boto3 does not read the variable that every other tool takes the region from.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=SECONDS_TO_CONNECT,
        read_timeout=SECONDS_TO_ANSWER,
    )
    return Place(lambda service: session.client(service, config=config))


def on_this_machine(endpoint: str = "") -> tuple[Place, str]:
    """A stack on this machine, that of `make dev` unless the address of its emulator is given, and its name."""
    url = endpoint or sam_local.endpoint()
    if url is None:
        raise StackError("No local stack runs: start one with `make dev`, or name a deployed one with STACK=….")
    return Place(lambda service: emulator.client(url, service)), deployment.STACK
