"""`load-aws`: a bounded load on a deployed API, made and measured by hey (https://github.com/rakyll/hey).

Bounded in rate and time, because it is paid for, and because the API's throttle would answer for the functions.
"""

import argparse
import os
import shutil
import subprocess

from backend.common import functions
from backend.common.address import api_of
from backend.common.arguments import Commands, add_stack
from backend.common.console import CommandError, say

CLIENTS = 10
MOST_REQUESTS_A_SECOND = 200
MOST_SECONDS = 600
# It touches nothing. Of every function that checks tokens, one read is asked for after it.
PING = "/v1/ping"


def add_to(commands: Commands) -> None:
    """Declares the command."""
    parser = commands.add_parser("load-aws", help="put a bounded load on a deployed API", description=__doc__)
    add_stack(parser)
    parser.add_argument("--api", default="", help="the API's address, if it is not the stack's own")
    parser.add_argument("--rate", type=int, default=20, help="requests a second")
    parser.add_argument("--seconds", type=int, default=60, help="for each of the routes")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    rate, seconds = arguments.rate, arguments.seconds
    if not 1 <= rate <= MOST_REQUESTS_A_SECOND or not 1 <= seconds <= MOST_SECONDS:
        raise CommandError(f"RATE is at most {MOST_REQUESTS_A_SECOND} a second, and SECONDS at most {MOST_SECONDS}.")
    if shutil.which("hey") is None:
        raise CommandError("hey is missing: apt-get install hey, or brew install hey.")
    api = (arguments.api or api_of(arguments.stack)).rstrip("/")
    token = os.environ.get("TOKEN", "")
    guarded = [route.path for _, route in functions.guarded_reads()]
    if not token:
        say(f"Without an access token in TOKEN only {PING} is asked, and not {' and '.join(guarded)}.")
    for path in [PING, *(guarded if token else [])]:
        print(f"==== {path}, {rate} a second for {seconds} s", flush=True)
        if code := _hey(f"{api}{path}", rate, seconds, token):
            return code
    if arguments.stack:
        say(f"Cold and warm in Logs Insights: the saved query “{arguments.stack}/latency by function, cold and warm”.")
    return 0


def _hey(url: str, rate: int, seconds: int, token: str) -> int:
    clients = min(CLIENTS, rate)
    # hey takes the rate of each of its clients.
    command = ["hey", "-z", f"{seconds}s", "-c", str(clients), "-q", str(rate / clients)]
    header = ["-H", f"authorization: Bearer {token}"] if token else []
    return subprocess.run([*command, *header, url]).returncode
