"""200 slow connections beside a healthy participant: without nginx, and behind it.

The slow ones send a request's header, or its body, a byte every two seconds and never end; one that
is closed comes again at once. Beside them a participant of another address asks for the session
four times a second and waits 5 s at most. Only loopback, bounded by ``--seconds``.

    PYTHONPATH=tests python -m benchmarks.app_slow --connections 200 --seconds 60
"""

import argparse
import http.client
import json
import selectors
import socket
import ssl
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from support.deployment import TRUST_ANYTHING, Deployment, GunicornAlone, find_nginx
from support.http_listener import write_stimulus_set

from benchmarks.app_gunicorn import print_row
from benchmarks.app_load import begin_session

HEALTHY_ADDRESS = "127.0.0.2"
PATIENCE_S = 5.0
PAUSE_S = 2.0
BEGINNINGS = {
    "header": b"GET /api/v1/study HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "body": b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 5000\r\n\r\n{",
}


class Healthy:
    """The participant's connection, over TLS or not; ``json`` is what `begin_session` needs."""

    def __init__(self, port: int, *, tls: bool) -> None:
        self.port, self.tls = port, tls
        self.patience_s = 60.0  # while the server starts

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Ask on a connection of its own."""
        where = {"timeout": self.patience_s, "source_address": (HEALTHY_ADDRESS, 0)}
        if self.tls:
            asked = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=TRUST_ANYTHING, **where
            )
        else:
            asked = http.client.HTTPConnection("127.0.0.1", self.port, **where)
        try:
            asked.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = asked.getresponse()
            return response.status, response.read()
        finally:
            asked.close()

    def json(self, method: str, path: str, body=None):
        """Send and read JSON."""
        sent = None if body is None else json.dumps(body).encode()
        status, content = self.ask(method, path, sent)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status}")
        return json.loads(content)


class Slow(threading.Thread):
    """Keeps so many slow connections under way until it is stopped."""

    def __init__(self, port: int, n_connections: int, beginning: bytes, *, tls: bool) -> None:
        super().__init__()
        self.port, self.beginning, self.tls = port, beginning, tls
        self.stop = threading.Event()
        self.under_way = threading.Event()
        self.n_closed = 0
        self._n_connections = n_connections

    def run(self) -> None:
        """Send a byte to each in turns."""
        connections = [self._connect() for _ in range(self._n_connections)]
        self.under_way.set()
        while not self.stop.wait(PAUSE_S):
            for at, connection in enumerate(connections):
                if connection is None or _is_closed(connection):
                    self.n_closed += connection is not None
                    connections[at] = self._connect()
                    continue
                with suppress(OSError):
                    connection.send(b"a")
        for connection in connections:
            if connection is not None:
                connection.close()

    def _connect(self) -> socket.socket | None:
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            if self.tls:
                connection = TRUST_ANYTHING.wrap_socket(connection)
            connection.sendall(self.beginning)
        except OSError:
            return None
        return connection


def _is_closed(connection: socket.socket) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(0):
            return False
    try:
        return not connection.recv(65536)
    except (OSError, ssl.SSLError):
        return True


def measure(what: str, port: int, kind: str, *, n_connections: int, seconds: float, tls: bool):
    """Ask beside slow connections, and after them until an answer comes."""
    healthy = Healthy(port, tls=tls)
    path = f"/api/v1/sessions/{begin_session(healthy)['token']}"
    healthy.patience_s = PATIENCE_S
    slow = Slow(port, n_connections, BEGINNINGS[kind], tls=tls)
    slow.start()
    slow.under_way.wait()
    latencies_ms, failed = [], 0
    until_s = time.perf_counter() + seconds
    while (started_s := time.perf_counter()) < until_s:
        try:
            status, _ = healthy.ask("GET", path)
            failed += status != 200
            latencies_ms.append((time.perf_counter() - started_s) * 1000)
        except OSError:
            failed += 1
        time.sleep(0.25)
    slow.stop.set()
    slow.join()
    ended_s = time.perf_counter()
    while time.perf_counter() < ended_s + 60:
        with suppress(OSError):
            if healthy.ask("GET", path)[0] == 200:
                break
    print_row(
        f"{n_connections} slow {kind}s, {what}",
        answered=len(latencies_ms),
        failed=failed,
        median_ms=statistics.median(latencies_ms) if latencies_ms else None,
        longest_ms=max(latencies_ms, default=None),
        slow_ones_closed_and_opened_again=slow.n_closed,
        answers_again_after_s=time.perf_counter() - ended_s,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    size = {"n_connections": options.connections, "seconds": options.seconds}
    for kind in BEGINNINGS:
        with tempfile.TemporaryDirectory() as name:
            study = write_stimulus_set(Path(name) / "set")
            with GunicornAlone(Path(name), study) as server:
                measure("gunicorn alone", server.port, kind, tls=False, **size)
        if not find_nginx():
            print_row("behind nginx", not_run="nginx is missing: apt-get install nginx")
            continue
        with tempfile.TemporaryDirectory() as name:
            study = write_stimulus_set(Path(name) / "set")
            with Deployment(Path(name), study) as site:
                measure("behind nginx", site.https_port, kind, tls=True, **size)


if __name__ == "__main__":
    main()
