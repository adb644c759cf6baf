"""The way to AWS's services, and to those of the emulator of a stack on this machine."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from backend.common import running
from backend.common.constants import CREDENTIALS, LOCAL_STACK, REGION

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

SECONDS_TO_CONNECT = 5
SECONDS_TO_ANSWER = 20


@dataclass(frozen=True)
class Aws:
    """A region of an account, by one client for each service."""

    session: boto3.Session
    config: Config
    endpoint: str | None = None

    @property
    def region(self) -> str:
        """The region's name."""
        return self.cloudformation.meta.region_name

    @cached_property
    def apigateway(self) -> "ApiGatewayV2Client":
        return self.session.client("apigatewayv2", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        return self.session.client("cloudwatch", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def functions(self) -> "LambdaClient":
        return self.session.client("lambda", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self.session.client("secretsmanager", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def sns(self) -> "SNSClient":
        return self.session.client("sns", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", config=self.config, endpoint_url=self.endpoint)

    @cached_property
    def sts(self) -> "STSClient":
        return self.session.client("sts", config=self.config, endpoint_url=self.endpoint)


def deployed() -> Aws:
    """AWS, as the person's own settings say."""
    # boto3 does not read the variable that every other tool takes the region from.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=SECONDS_TO_CONNECT,
        read_timeout=SECONDS_TO_ANSWER,
    )
    return Aws(session, config)


def emulated(endpoint: str) -> Aws:
    """The services of the emulator at an address."""
    session = boto3.Session(
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    config = Config(s3={"addressing_style": "path"}, retries={"mode": "standard"})
    return Aws(session, config, endpoint)


def of_stack(stack: str, endpoint: str = "") -> tuple[Aws, str]:
    """Where a stack is, and its name: one deployed to AWS, or without a name the one on this machine.

    On this machine that is the stack of `make dev`, unless the address of its emulator is given.
    """
    if stack:
        return deployed(), stack
    return emulated(endpoint or running.find().emulator_url), LOCAL_STACK
