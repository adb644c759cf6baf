"""The Python peer: check an access token, read the user, answer and write one log line."""

import json
import os
import sys
import time
from datetime import datetime, timezone

import boto3
import jwt
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROUTE = "GET /v1/users/me"
LEEWAY = 30
LIFETIME = 15 * 60

table = os.environ["TABLE_NAME"]
issuer = os.environ["JWT_ISSUER"]
audience = os.environ["JWT_AUDIENCE"]
keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(os.environ["JWT_JWKS"]).keys}
dynamodb = boto3.client(
    "dynamodb",
    config=Config(retries={"mode": "standard", "total_max_attempts": 3}, tcp_keepalive=True),
)
cold = True


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status = status
        self.code = code


def verify(authorization):
    scheme, _, token = (authorization or "").partition(" ")
    try:
        header = jwt.get_unverified_header(token)
        key = keys.get(header.get("kid"))
        if scheme.lower() != "bearer" or key is None or header.get("typ") != "at+jwt" or "crit" in header:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY,
            options={"require": ["exp", "nbf", "iat", "iss", "aud", "sub", "epoch"]},
        )
        if claims["exp"] - claims["iat"] > LIFETIME:
            raise jwt.InvalidTokenError
        return claims
    except jwt.PyJWTError as error:
        raise Refused(401, "unauthorized") from error


def read(claims):
    try:
        output = dynamodb.get_item(
            TableName=table,
            Key={"pk": {"S": "U#" + claims["sub"]}, "sk": {"S": "A"}},
            ConsistentRead=True,
        )
    except (BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        raise Refused(503, "temporarily_unavailable") from error
    item = output.get("Item")
    if item is None or int(item["epoch"]["N"]) != claims["epoch"]:
        raise Refused(401, "unauthorized")
    status = item["status"]["S"]
    if status == "disabled":
        raise Refused(403, "account_disabled")
    if status != "active":
        raise Refused(401, "unauthorized")
    return item


def timestamp(millis):
    """RFC 3339 without a fraction's trailing zeros."""
    seconds, fraction = divmod(millis, 1000)
    text = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{fraction:03}".rstrip("0") if fraction else "") + "Z"


def show(user, item):
    def text(name):
        return item.get(name, {}).get("S")

    return {
        "id": user,
        "nickname": text("nickname"),
        "avatar_url": None,
        "username": text("username"),
        "email": text("email"),
        "phone": text("phone"),
        "role": text("role"),
        "status": text("status"),
        "created_at": timestamp(int(item["created_at"]["N"])),
        "updated_at": timestamp(int(item["updated_at"]["N"])),
        "version": int(item["version"]["N"]),
    }


def write(started, was_cold, status, code, request_id):
    metrics = [{"Name": "duration_ms", "Unit": "Milliseconds"}]
    line = {
        "cold_start": was_cold,
        "duration_ms": time.time_ns() // 1_000_000 - started,
        "function": "users",
        "level": "INFO" if status < 500 else "ERROR",
        "message": f"{ROUTE} answered {status}",
        "request_id": request_id,
        "route": ROUTE,
        "status": status,
        "timestamp": timestamp(started),
    }
    if code:
        line["code"] = code
    if was_cold:
        line["cold_starts"] = 1
        metrics.append({"Name": "cold_starts", "Unit": "Count"})
    directive = {
        "Namespace": "WechatMiniProgram",
        "Dimensions": [["function"], ["function", "route"]],
        "Metrics": metrics,
    }
    line["_aws"] = {"Timestamp": started, "CloudWatchMetrics": [directive]}
    print(json.dumps(line, separators=(",", ":")), flush=True)


def handler(event, _context):
    global cold
    started, was_cold, cold = time.time_ns() // 1_000_000, cold, False
    status, code = 200, None
    try:
        claims = verify(event["headers"].get("authorization"))
        body = show(claims["sub"], read(claims))
    except Refused as error:
        status, code = error.status, error.code
        body = {"status": status, "code": code}
    write(started, was_cold, status, code, event["requestContext"]["requestId"])
    return {
        "statusCode": status,
        "headers": {"content-type": "application/problem+json" if code else "application/json"},
        "body": json.dumps(body, separators=(",", ":")),
        "isBase64Encoded": False,
    }
