"""The real server while its database is locked for 30 s by another program, and on a full disk.

8 clients put trials and, as the page does, send the same trial again after a refusal. Prints how
many requests were refused and how, and how many acknowledged trials are lost or changed. The full
disk is a small file system in memory; mounting it needs root.

    PYTHONPATH=tests python -m benchmarks.app_outages --lock 30
"""

import argparse
import os
import random
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

from support.http_listener import write_stimulus_set

from benchmarks.app_faults import Listening, compare
from benchmarks.app_gunicorn import ours, print_row
from benchmarks.app_load import in_parallel, prepare

N_CLIENTS = 8


@contextmanager
def clients_putting(server, *, n_sessions: int):
    """Let clients put trials while the block runs; gives them, to look at afterwards."""
    stop = threading.Event()
    puts = in_parallel(lambda _: prepare(server.port, n_sessions=n_sessions), [None] * N_CLIENTS)
    listeners = [Listening(server.port, client_puts, stop) for client_puts in puts]
    for listener in listeners:
        listener.start()
    try:
        yield listeners
    finally:
        stop.set()
        for listener in listeners:
            listener.join()


def finish(what: str, listeners: list[Listening], database_url: str, **more) -> None:
    """Compare what was acknowledged with what is stored."""
    acknowledged = [put for listener in listeners for put in listener.acknowledged]
    retries = sum(listener.n_retries for listener in listeners)
    compare(what, acknowledged, database_url, refused_and_sent_again=retries, **more)


def count_acknowledged(listeners: list[Listening]) -> int:
    """Count what was acknowledged so far."""
    return sum(len(listener.acknowledged) for listener in listeners)


def lock(study: Path, folder: Path, *, seconds: float) -> None:
    """Lock the database from another program under load."""
    file = folder / "locked.sqlite3"
    with (
        ours(study, f"sqlite:///{file}") as server,
        clients_putting(server, n_sessions=12) as listeners,
    ):
        time.sleep(2)
        with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            before = count_acknowledged(listeners)
            time.sleep(seconds)
            during = count_acknowledged(listeners) - before
            other.execute("ROLLBACK")
        time.sleep(3)
        after = count_acknowledged(listeners) - before - during
    finish(
        f"database locked by another program for {seconds:g} s",
        listeners,
        f"sqlite:///{file}",
        acknowledged_during=during,
        acknowledged_after=after,
    )


def fill(study: Path, folder: Path) -> None:
    """Fill the disk under load, and make room again."""
    small = folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        print_row("disk full", not_run="no file system can be mounted here")
        return
    url = f"sqlite:///{small}/ratings.sqlite3"
    try:
        with ours(study, url) as server, clients_putting(server, n_sessions=12) as listeners:
            time.sleep(1)
            ballast = small / "ballast"
            with ballast.open("wb") as file:
                try:
                    while True:
                        file.write(random.randbytes(65536))
                        file.flush()
                except OSError:
                    pass
            time.sleep(4)
            full = count_acknowledged(listeners)
            refused = sum(listener.n_retries for listener in listeners)
            ballast.unlink(missing_ok=True)
            time.sleep(3)
            after = count_acknowledged(listeners) - full
        finish("disk full for 4 s", listeners, url, refused_while_full=refused, saved_after=after)
    finally:
        subprocess.run(["umount", small], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=float, default=30.0, metavar="SECONDS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_stimulus_set(folder / "set", n_items=30)
        fill(study, folder)
        lock(study, folder, seconds=options.lock)


if __name__ == "__main__":
    main()
