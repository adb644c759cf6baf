"""How API Gateway reads the path of a request to an HTTP API: it decodes it twice.

The route is looked for in the path decoded once, the function gets it decoded twice, and what follows a `?` after the
first time is lost. So a live API answers: vokerhttp/testdata/ingress-paths.json in github.com/hotsock/voker.
"""

import re
from urllib.parse import unquote

NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def decoded_once(path: str) -> str:
    """The path in which the route is looked for."""
    return unquote(path).partition("?")[0]


def decoded_twice(once: str) -> str:
    """What the function gets as `rawPath`, from the path decoded once."""
    return unquote(once)


def is_acceptable(path: str) -> bool:
    """Whether the gateway takes the path as it was sent: it refuses one that leaves a `%` which begins no escape."""
    return NO_ESCAPE.search(decoded_once(path)) is None
