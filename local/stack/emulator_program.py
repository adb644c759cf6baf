"""MiniStack, with the one thing changed that the functions would notice: its HTTP API decodes a path once.

`emulator.py` runs this file.
"""

import sys
from typing import Any

from ministack import app
from ministack.services import apigateway

import raw_path

invoke = apigateway._invoke_lambda_proxy


async def _invoke(integration: Any, api_id: str, stage: str, path: str, *rest: Any, **named: Any) -> Any:
    return await invoke(integration, api_id, stage, raw_path.decoded_twice(path), *rest, **named)


apigateway.decode_http_api_path = raw_path.decoded_once
apigateway._invoke_lambda_proxy = _invoke

if __name__ == "__main__":
    sys.exit(app.main())
