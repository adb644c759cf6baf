"""The API's routes.

The emulator creates an HTTP API but ignores the OpenAPI document in which SAM puts its routes; they are created from
that same document here.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backend.common.aws import Aws
from backend.common.constants import REGION

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client

METHODS = {"get", "post", "put", "patch", "delete"}
INTEGRATION = "x-amazon-apigateway-integration"
CORS = "x-amazon-apigateway-cors"


def create(aws: Aws, stack: str, resources: Mapping[str, str]) -> None:
    """Creates the integrations and routes, and sets the CORS headers, of the transformed template's API."""
    document = _api_document(aws, stack)
    gateway = aws.apigateway
    names = {**resources, "AWS::Partition": "aws", "AWS::Region": REGION}
    integrations: dict[str, str] = {}
    for path, operations in document["paths"].items():
        for method in METHODS & operations.keys():
            uri = _substitute(operations[method][INTEGRATION]["uri"]["Fn::Sub"], names)
            if uri not in integrations:
                integrations[uri] = _create_integration(gateway, resources["Api"], uri)
            gateway.create_route(
                ApiId=resources["Api"],
                RouteKey=f"{method.upper()} {path}",
                Target=f"integrations/{integrations[uri]}",
            )
    _set_cors(gateway, resources["Api"], document[CORS])


def _api_document(aws: Aws, stack: str) -> dict[str, Any]:
    answer = aws.cloudformation.get_template(StackName=stack, TemplateStage="Processed")
    body = answer["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    document: dict[str, Any] = template["Resources"]["Api"]["Properties"]["Body"]
    return document


def _substitute(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda match: names[match[1]], text)


def _create_integration(gateway: "ApiGatewayV2Client", api: str, uri: str) -> str:
    created = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )
    return created["IntegrationId"]


def _set_cors(gateway: "ApiGatewayV2Client", api: str, cors: Mapping[str, Any]) -> None:
    gateway.update_api(
        ApiId=api,
        CorsConfiguration={
            "AllowOrigins": cors["allowOrigins"].split(","),
            "AllowMethods": cors["allowMethods"],
            "AllowHeaders": cors["allowHeaders"],
            "ExposeHeaders": cors["exposeHeaders"],
            "MaxAge": cors["maxAge"],
        },
    )
