"""Acknowledged and lost, duplicated or changed: nothing, whatever happens to the server.

Three runs on SQLite and on PostgreSQL, each ending with every acknowledged trial compared with the
database, value by value:

- 32 clients put trials for ``--seconds`` (60);
- the same trial is put 2, 3 and 5 times at the same moment, 40 times each;
- workers or the master are killed with SIGKILL at random under load, ``--kills`` (50) times;
  clients go on as the page does: they send the same trial again until it is acknowledged.

Only loopback, bounded in time.

    PYTHONPATH=tests python -m benchmarks.app_faults --seconds 60 --kills 50
"""

import argparse
import http.client
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from support.http_listener import write_stimulus_set
from support.postgres import run_postgres
from tqdm import tqdm

from benchmarks.app_gunicorn import free_port, ours, print_row
from benchmarks.app_load import N_CLIENTS, Connection, in_parallel, prepare, put_all

PAUSE_S = 0.1
STORED = """
SELECT trials.public_id, presentations.public_id, ratings.score
FROM ratings
JOIN presentations ON presentations.id = ratings.presentation_id
JOIN trials ON trials.id = presentations.trial_id
"""


def stored_scores(database_url: str) -> dict[str, dict[str, float]]:
    """Read what the database holds: trial → stimulus → score."""
    engine = create_engine(database_url)
    scores: dict[str, dict[str, float]] = {}
    n_rows = 0
    with engine.connect() as connection:
        for trial, stimulus, score in connection.execute(text(STORED)):
            scores.setdefault(trial, {})[stimulus] = score
            n_rows += 1
    engine.dispose()
    duplicated = n_rows - sum(map(len, scores.values()))
    if duplicated:
        raise SystemExit(f"{duplicated} ratings are there twice")
    return scores


def compare(what: str, acknowledged: list[tuple[str, bytes]], database_url: str, **more) -> None:
    """Print how many acknowledged trials are lost or changed, and how many are half stored."""
    scores = stored_scores(database_url)
    lost = changed = 0
    for path, body in acknowledged:
        sent = {r["stimulus"]: r["score"] for r in json.loads(body)["ratings"]}
        stored = scores.get(path.split("/")[-1])
        lost += stored is None
        changed += stored is not None and stored != sent
    half = sum(len(ratings) != 4 for ratings in scores.values())
    n = len(acknowledged)
    print_row(what, acknowledged=n, lost=lost, changed=changed, half_stored=half, **more)
    if lost or changed or half:
        raise SystemExit("a rating was lost or changed")


class Listening(threading.Thread):
    """A client that sends each trial again until it is acknowledged, as the page does."""

    def __init__(self, port: int, puts: list[tuple[str, bytes]], stop: threading.Event) -> None:
        super().__init__()
        self.port, self.puts, self.stop = port, puts, stop
        self.acknowledged: list[tuple[str, bytes]] = []
        self.acknowledged_at: list[float] = []
        self.n_retries = 0

    def run(self) -> None:
        connection = Connection(self.port)
        for path, body in self.puts:
            while not self.stop.is_set():
                try:
                    status, content = connection.ask("PUT", path, body)
                except (OSError, http.client.HTTPException):
                    connection = Connection(self.port)
                    status, content = 0, b""
                if status == 200:
                    self.acknowledged.append((path, body))
                    self.acknowledged_at.append(time.time())
                    break
                if status not in (0, 503):
                    raise SystemExit(f"PUT {path}: {status} {content!r}")
                self.n_retries += 1
                time.sleep(PAUSE_S)


def kill_at_random(study: Path, database_url: str, *, kills: int, rng: random.Random) -> None:
    """Kill workers and master under load and compare at the end."""
    port = free_port()
    with ours(study, database_url, port=port) as server:
        puts = in_parallel(lambda _: prepare(port, n_sessions=12), [None] * N_CLIENTS)
    stop = threading.Event()
    listeners = [Listening(port, client_puts, stop) for client_puts in puts]
    killed = {"worker": 0, "master": 0}
    with tqdm(total=kills, unit="kill", desc="SIGKILL under load", leave=False) as bar:
        started = False
        while bar.n < kills and (not started or any(thread.is_alive() for thread in listeners)):
            with ours(study, database_url, port=port) as server:
                if not started:
                    for listener in listeners:
                        listener.start()
                    started = True
                for _ in range(min(5, kills - bar.n)):
                    time.sleep(rng.uniform(0.05, 0.4))
                    if rng.random() < 0.2:
                        server.kill()
                        killed["master"] += 1
                        bar.update()
                        break
                    workers = server.workers()
                    if workers:
                        os.kill(rng.choice(workers), signal.SIGKILL)
                        killed["worker"] += 1
                        bar.update()
    stop.set()
    for listener in listeners:
        listener.join()
    acknowledged = [put for listener in listeners for put in listener.acknowledged]
    retries = sum(listener.n_retries for listener in listeners)
    compare("SIGKILL at random under load", acknowledged, database_url, retries=retries, **killed)


def put_for_a_minute(study: Path, database_url: str, *, seconds: float) -> None:
    """Let 32 clients put trials and compare; whenever they are through, they begin new sessions."""
    acknowledged: list[tuple[str, bytes]] = []
    took_s = refused = 0
    with ours(study, database_url) as server:
        while took_s < seconds:
            puts = in_parallel(lambda _: prepare(server.port, n_sessions=12), [None] * N_CLIENTS)
            outcome = put_all(server.port, puts, seconds=seconds - took_s)
            acknowledged += outcome.acknowledged
            took_s += outcome.took_s
            refused += outcome.refused
    compare("32 clients", acknowledged, database_url, seconds=took_s, refused=refused)


def put_at_once(study: Path, database_url: str, *, rounds: int = 40) -> None:
    """Put the same trial K times at the same moment and compare."""
    with ours(study, database_url) as server:
        puts = prepare(server.port, n_sessions=4)
        for n_at_once in (2, 3, 5):
            chosen, puts = puts[:rounds], puts[rounds:]
            n_changed = [0]

            def put(args: tuple, barrier: threading.Barrier, counts: list[int] = n_changed) -> None:
                connection = Connection(server.port)
                barrier.wait()
                status, content = connection.ask("PUT", *args)
                if status != 200:
                    raise SystemExit(f"PUT: {status} {content!r}")
                counts[0] += json.loads(content)["changed"]

            for trial in chosen:
                barrier = threading.Barrier(n_at_once)
                in_parallel(lambda _, t=trial, b=barrier: put(t, b), [None] * n_at_once)
            compare(
                f"K = {n_at_once} at once x {rounds}",
                chosen,
                database_url,
                duplicated=n_changed[0] - len(chosen),
            )


@contextmanager
def databases(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Offer one new database of each kind."""
    with tempfile.TemporaryDirectory(prefix="autofx-") as data, run_postgres(data) as url:
        yield [("SQLite", f"sqlite:///{folder}/ratings.sqlite3"), ("PostgreSQL", url)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_stimulus_set(folder / "set", n_items=30)
        with databases(folder) as each:
            for kind, url in each:
                print_row(kind)
                put_at_once(study, url)
                put_for_a_minute(study, url, seconds=options.seconds)
                kill_at_random(study, url, kills=options.kills, rng=random.Random(1))


if __name__ == "__main__":
    main()
