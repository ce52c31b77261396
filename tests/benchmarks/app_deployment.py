"""Restarts under load behind the real nginx: requests that failed.

While 8 clients put trials over TLS, through nginx with ``deploy/nginx.conf`` to gunicorn with
``deploy/gunicorn.conf.py``, gunicorn is restarted gently again and again (see
``tests/support/deployment.py``). Needs nginx and openssl. Only loopback.

    PYTHONPATH=tests python -m benchmarks.app_deployment --restarts 5
"""

import argparse
import http.client
import tempfile
import threading
import time
from pathlib import Path

from support.deployment import TRUST_ANYTHING, Deployment, find_nginx
from support.http_listener import write_stimulus_set

from benchmarks.app_gunicorn import print_row
from benchmarks.app_load import Connection, in_parallel, prepare

N_CLIENTS = 8


class SecureConnection(Connection):
    """A connection over TLS that trusts the certificate made here."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=60, context=TRUST_ANYTHING
        )


def measure(site: Deployment, *, n_restarts: int) -> None:
    """Restart again and again while clients put trials."""
    puts = in_parallel(
        lambda _: prepare(site.https_port, n_sessions=6, connect=SecureConnection),
        [None] * N_CLIENTS,
    )
    failed: list = []
    counts: list = []
    stop = threading.Event()

    def put(client_puts: list[tuple[str, bytes]]) -> int:
        connection = SecureConnection(site.https_port)
        done = 0
        for path, body in client_puts:
            if stop.is_set():
                break
            status, content = connection.ask("PUT", path, body)
            done += status == 200
            if status != 200:
                failed.append((status, content[:100]))
        return done

    clients = threading.Thread(target=lambda: counts.extend(in_parallel(put, puts)))
    clients.start()
    for _ in range(n_restarts):
        time.sleep(0.5)
        site.restart()
        time.sleep(1.5)
    stop.set()
    clients.join()
    print_row("restarts under load", restarts=n_restarts, saved=sum(counts), failed=len(failed))
    for failure in failed[:3]:
        print(failure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=5)
    options = parser.parse_args()
    if not find_nginx():
        raise SystemExit("nginx is missing: apt-get install nginx")
    with tempfile.TemporaryDirectory() as name:
        study = write_stimulus_set(Path(name) / "set", n_items=30)
        with Deployment(Path(name), study) as site:
            measure(site, n_restarts=options.restarts)


if __name__ == "__main__":
    main()
