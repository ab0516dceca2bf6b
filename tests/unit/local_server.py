"""A web server of this process that has one file."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

CONTENT = bytes(range(256)) * 3000


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT at ``url``, with ranges, and cuts the first answer when asked to.

    ranges : what was asked for, None for all of it.
    cut : bytes of the first answer; 0 is all of them.
    """

    url: str
    cut = 0
    ranges: list[str | None]

    def do_GET(self):
        if self.path != "/net.bin":
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        type(self).ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if type(self).cut:
            body, type(self).cut = body[: type(self).cut], 0
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def server() -> Iterator[type[Server]]:
    """The server, running."""
    handler = type("Handler", (Server,), {"ranges": [], "cut": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        handler.url = f"http://127.0.0.1:{running.server_port}/net.bin"
        yield handler
        running.shutdown()
        thread.join()
