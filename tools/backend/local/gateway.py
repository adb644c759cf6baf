"""The API on a port of its own, with the paths that clients use.

The emulator serves an HTTP API below a path that holds the API's id; this proxy puts it at the root, and answers by
itself what API Gateway does.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend.common.constants import HOST
from backend.common.paths import REFERENCE
from backend.local import raw_path

# Of one connection, so never passed on (RFC 9110, 7.6.1). The lengths are set anew for each side.
HOP_BY_HOP = {
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# What no target of a request may hold (RFC 9112, 3.2).
CONTROL_CHARACTER = re.compile(r"[\x00-\x20\x7f]")
MAX_BODY = 10 * 1024 * 1024
UPSTREAM_SECONDS = 35
# The page about the API, which is none of the API's own.
REFERENCE_PATH = "/docs"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, emulator_port: int, api_id: str) -> None:
        super().__init__((HOST, port), _Handler)
        self.emulator_port = emulator_port
        self.prefix = f"/_aws/execute-api/{api_id}/$default"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.upstream = HTTPConnection(HOST, self.server.emulator_port, timeout=UPSTREAM_SECONDS)

    def finish(self) -> None:
        self.upstream.close()
        super().finish()

    def forward(self) -> None:
        """Passes one request on and its answer back."""
        body = self._body()
        if body is None:
            return
        target = self._target()
        if CONTROL_CHARACTER.search(target) or not raw_path.is_acceptable(target.partition("?")[0]):
            self._message(400, "Bad Request")
            return
        try:
            response = self._ask_upstream(target, body)
            self._answer(response.status, response.getheaders(), response.read())
        except (OSError, HTTPException):
            self.upstream.close()
            self._message(503, "Service Unavailable")

    def do_GET(self) -> None:
        """Answers with the page about the API, or as the API does."""
        if self.path == REFERENCE_PATH:
            self._reference()
        else:
            self.forward()

    def _reference(self) -> None:
        try:
            page, status, content_type = REFERENCE.read_bytes(), 200, "text/html; charset=utf-8"
        except FileNotFoundError:
            page, status, content_type = b"`make docs` builds this page; it needs Node.\n", 404, "text/plain"
        self._answer(status, [("content-type", content_type)], page)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = forward

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answers every other method, which no route names."""
        if name.startswith("do_"):
            return self._no_route
        raise AttributeError(name)

    def _no_route(self) -> None:
        if self._body() is not None:
            self._message(404, "Not Found")

    def _body(self) -> bytes | None:
        """The request's body, or nothing when it was refused, as API Gateway refuses one above its limit."""
        chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        try:
            body = self._chunks() if chunked else self._sized_body()
        except ValueError:
            self.close_connection = True
            self._message(400, "Bad Request")
            return None
        if body is None:
            self.close_connection = True
            self._message(413, "Request Entity Too Large")
        return body

    def _sized_body(self) -> bytes | None:
        length = int(self.headers.get("content-length", "0"))
        if length < 0:
            raise ValueError("negative length")
        return self.rfile.read(length) if length <= MAX_BODY else None

    def _chunks(self) -> bytes | None:
        body = b""
        while size := int(self.rfile.readline(64).split(b";")[0], 16):
            if size < 0 or len(body) + size > MAX_BODY:
                return None
            body += self.rfile.read(size)
            self.rfile.readline(2)
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return body

    def _target(self) -> str:
        """Path and query, in which each byte that is not ASCII is encoded: API Gateway takes UTF-8 either way."""
        # The bytes of the request line, as Latin-1.
        sent = "".join(char if char.isascii() else f"%{ord(char):02X}" for char in self.path)
        return sent if sent.startswith("/") else "/" + sent.partition("://")[2].partition("/")[2]

    def _ask_upstream(self, target: str, body: bytes) -> HTTPResponse:
        self.upstream.putrequest(self.command, self.server.prefix + target, skip_accept_encoding=True)
        for name, value in self._combined_headers().items():
            self.upstream.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            self.upstream.putheader("content-length", str(len(body)))
        self.upstream.endheaders(body)
        return self.upstream.getresponse()

    def _combined_headers(self) -> dict[str, str]:
        """The headers to pass on; a repeated one becomes a list, as API Gateway makes it."""
        combined: dict[str, str] = {}
        for name, value in self.headers.items():
            lower = name.lower()
            if lower not in HOP_BY_HOP and lower != "host":
                combined[lower] = f"{combined[lower]},{value}" if lower in combined else value
        return combined

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _message(self, status: int, message: str) -> None:
        self._answer(status, [("content-type", "application/json")], f'{{"message":"{message}"}}'.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the functions log every request themselves."""


@contextmanager
def run_gateway(port: int, emulator_port: int, api_id: str) -> Iterator[str]:
    """Serves the API until the context ends, and yields its address."""
    server = _Server(port, emulator_port, api_id)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.shutdown()
        server.server_close()
