"""MiniStack, with two things changed that the functions would notice: its HTTP API decodes a path once, and its S3
knows no `If-None-Match` in a presigned query, which the real one takes for the header.

`emulator.py` runs this file.
"""

import sys
from typing import Any

from ministack import app
from ministack.services import apigateway, s3

from backend.local import raw_path

invoke = apigateway._invoke_lambda_proxy
merge_headers = s3._merge_hoisted_amz_headers


async def _invoke(integration: Any, api_id: str, stage: str, path: str, *rest: Any, **named: Any) -> Any:
    return await invoke(integration, api_id, stage, raw_path.decoded_twice(path), *rest, **named)


def _merge_headers(headers: dict[str, str], query: dict[str, Any]) -> dict[str, str]:
    """Comes after the signature was checked, and before the request is routed."""
    merged = merge_headers(headers, query)
    condition = s3._qp(query, "If-None-Match", "")
    return {**merged, "if-none-match": condition} if condition else merged


s3._merge_hoisted_amz_headers = _merge_headers
apigateway.decode_http_api_path = raw_path.decoded_once
apigateway._invoke_lambda_proxy = _invoke

if __name__ == "__main__":
    sys.exit(app.main())
