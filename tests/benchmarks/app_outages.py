"""The real server on a full disk, with a clock that jumps, and with a locked or read-only database.

8 clients put trials and, as the page does, send the same trial again after a refusal (503; any
other ends the run). Prints how many requests were refused, how many acknowledged trials are lost or
changed, and what the doctor finds. On SQLite and PostgreSQL. The full disk is a small file system
in memory; mounting it needs root. The clock jumps by ±10 days; each stored moment is compared with
when the answer came.

    PYTHONPATH=tests python -m benchmarks.app_outages --lock 30
"""

import argparse
import os
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from support.http_listener import write_stimulus_set
from support.postgres import run_postgres

from benchmarks.app_faults import Listening, compare, databases
from benchmarks.app_gunicorn import ours, print_row
from benchmarks.app_load import in_parallel, prepare
from webmushra_app.database.connection import open_existing
from webmushra_app.database.maintenance import examine

N_CLIENTS = 8
DAY_S = 86_400.0
FINISHED_AT = "SELECT public_id, finished_at FROM trials WHERE finished_at IS NOT NULL"
END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


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
    faults = list(examine(open_existing(database_url)))
    compare(what, acknowledged, database_url, refused_and_sent_again=retries, doctor=faults, **more)


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


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small file system in memory."""
    small = folder / f"small-{megabytes}"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", small], check=True)
    try:
        yield small
    finally:
        subprocess.run(["umount", "--lazy", small], check=False)


@contextmanager
def database_on(kind: str, disk: Path) -> Iterator[str]:
    """Offer a database of one kind, its files on a disk."""
    if kind == "SQLite":
        yield f"sqlite:///{disk}/ratings.sqlite3"
    else:
        (disk / "postgres").mkdir()
        with run_postgres(disk / "postgres") as url:
            yield url


def fill(kind: str, study: Path, folder: Path, *, megabytes: int) -> None:
    """Fill the disk under load, and make room again."""
    with small_disk(folder, megabytes) as small, database_on(kind, small) as url:
        with ours(study, url) as server, clients_putting(server, n_sessions=12) as listeners:
            time.sleep(1)
            ballast = small / "ballast"
            before = count_acknowledged(listeners)
            n_full = _write_until_full(ballast)
            for _ in range(20):  # what was still free in pages is used up, too
                time.sleep(0.2)
                n_full += _write_until_full(ballast)
            full = count_acknowledged(listeners)
            refused = sum(listener.n_retries for listener in listeners)
            ballast.unlink(missing_ok=True)
            time.sleep(5)
            after = count_acknowledged(listeners) - full
        finish(
            f"{kind}: disk full for 4 s",
            listeners,
            url,
            saved_while_full=full - before,
            refused_while_full=refused,
            saved_after=after,
        )


def _write_until_full(ballast: Path) -> int:
    n_written = 0
    with ballast.open("ab", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while True:
                    n_written += file.write(b"x" * size)
            except OSError:
                continue
    return n_written


def jump(kind: str, study: Path, folder: Path, url: str) -> None:
    """Set the clock ahead and back under load; compare each stored moment with the true one."""
    shift = folder / f"shift-{kind}"
    shift.write_text("0")
    clock = {"app": "benchmarks.app_shifted_clock:create_app()", "SHIFT_FILE": str(shift)}
    with ours(study, url, **clock) as server, clients_putting(server, n_sessions=12) as listeners:
        changes = []
        for days in (0, 10, -10, 0):
            new = folder / "shift-new"
            new.write_text(str(days * DAY_S))
            changes.append((time.time(), days * DAY_S))
            new.replace(shift)
            time.sleep(4)
    off_by_s = _moments_off_by(listeners, url, changes)
    finish(
        f"{kind}: clock jumps by +10, -20, +10 days",
        listeners,
        url,
        longest_off_by_s=max(off_by_s),
        days_seen=str(sorted({days for _, days in changes})),
    )


def _moments_off_by(listeners: list[Listening], url: str, changes: list) -> list[float]:
    """How far each trial's stored moment is from the clock's at the answer, in seconds."""
    engine = create_engine(url)
    with engine.connect() as connection:
        stored = dict(connection.execute(text(FINISHED_AT)).all())
    engine.dispose()
    off_by_s = []
    for listener in listeners:
        for (path, _), at in zip(listener.acknowledged, listener.acknowledged_at, strict=True):
            moment = datetime.fromisoformat(stored[path.split("/")[-1]]).timestamp()
            in_force = [shift for since, shift in changes if since <= at][-2:] or [0.0]
            off_by_s.append(min(abs(at + shift - moment) for shift in in_force))
    return off_by_s


def read_only(study: Path, url: str) -> None:
    """Let PostgreSQL refuse every change for 4 s under load."""
    with ours(study, url) as server, clients_putting(server, n_sessions=12) as listeners:
        time.sleep(1)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        for value in ("on", "off"):
            with engine.connect() as connection:
                connection.execute(text("SET default_transaction_read_only = off"))
                setting = f"ALTER DATABASE postgres SET default_transaction_read_only = {value}"
                connection.execute(text(setting))
                connection.execute(text(END_OTHERS))
            time.sleep(4)
        engine.dispose()
    finish("PostgreSQL: read-only for 4 s", listeners, url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=float, default=30.0, metavar="SECONDS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        study = write_stimulus_set(folder / "set", n_items=30)
        with databases(folder) as each:
            for kind, url in each:
                jump(kind, study, folder, url)
            read_only(study, each[-1][1])
        if os.geteuid():
            print_row("disk full", not_run="only root may mount a small file system")
        else:
            fill("SQLite", study, folder, megabytes=16)
            fill("PostgreSQL", study, folder, megabytes=160)
        lock(study, folder, seconds=options.lock)


if __name__ == "__main__":
    main()
