"""Serves the page's own files alone, for tests that need no listening test around them."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

STATIC = Path(__file__).parents[2] / "webmushra_app" / "static"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Audio engine</title>")

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextlib.contextmanager
def serve_static_files() -> Iterator[str]:
    """Serve them on a free port, with an empty page at the root; yields the address."""
    handler = functools.partial(_Handler, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
