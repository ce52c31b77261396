"""Durable trial saves a second against a bare Flask + SQLite handler, in the same run.

32 clients, gunicorn 2 × 8, SQLite with ``synchronous=FULL``. Each client has its sessions ready
and puts one finished trial after the other; nothing else is timed. Rounds of ours and of the bare
handler take turns, so that both meet the same machine; the median of the rounds' ratios counts.
Only loopback, bounded by ``--rounds`` × ``--seconds``.

    PYTHONPATH=tests python -m benchmarks.app_load --rounds 5 --seconds 4
"""

import argparse
import http.client
import json
import secrets
import sqlite3
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from support.consent import CONSENT_VERSION
from support.http_listener import write_stimulus_set

from benchmarks.app_gunicorn import bare, ours, print_row

N_CLIENTS = 32
JSON = {"Content-Type": "application/json"}
ANSWERS = {"musical_background": "amateur", "hearing": "normal", "device": "headphones"}
STEPS = {
    "questionnaire": {"answers": ANSWERS},
    "level": {"level_db": -20},
    "headphones": {"correct": 6, "total": 6, "passed": True},
    "instructions": {},
}


class Connection:
    """One kept-alive connection that speaks JSON."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        self.http.request(method, path, body, JSON if body else {})
        response = self.http.getresponse()
        return response.status, response.read()

    def json(self, method: str, path: str, body=None):
        status, content = self.ask(
            method, path, body if body is None else json.dumps(body).encode()
        )
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {content[:200]!r}")
        return json.loads(content)


def begin_session(connection: Connection) -> dict:
    """Consent and do the steps; gives the session's state."""
    wish = {
        "request_id": secrets.token_urlsafe(16),
        "consent_version": CONSENT_VERSION,
        "language": "en",
        "simulated": True,
    }
    state = connection.json("POST", "/api/v1/sessions", wish)
    for step, body in STEPS.items():
        connection.json("PUT", f"/api/v1/sessions/{state['token']}/steps/{step}", body)
    return state


def trial_body(trial: dict, *, score: float) -> bytes:
    """Make a finished trial."""
    ratings = [
        {"stimulus": stimulus["id"], "score": score, "plays": 2, "listened_s": 5.0}
        for stimulus in trial["stimuli"]
    ]
    return json.dumps({"ratings": ratings, "trial_time_s": 30.0, "comment": ""}).encode()


def prepare(port: int, *, n_sessions: int, connect=Connection) -> list[tuple[str, bytes]]:
    """Begin sessions and make the bodies of all their trials: what one client will put."""
    connection = connect(port)
    puts = []
    for _ in range(n_sessions):
        state = begin_session(connection)
        for summary in state["trials"]:
            path = f"/api/v1/sessions/{state['token']}/trials/{summary['id']}"
            trial = connection.json("GET", path)
            puts.append((path, trial_body(trial, score=float(len(puts) % 101))))
    return puts


def in_parallel(work, arguments: list) -> list:
    """Run one thread for each argument and gather what they return."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(work, arguments))


@dataclass
class Outcome:
    """What became of many puts."""

    latencies_ms: list[float]
    acknowledged: list[tuple[str, bytes]]
    took_s: float
    refused: int

    @property
    def rate(self) -> float:
        """Acknowledged trials a second."""
        return len(self.acknowledged) / self.took_s


def put_all(port: int, puts_by_client: list, *, seconds: float) -> Outcome:
    """Put trials for some seconds, each client one after the other."""
    outcome = Outcome([], [], 0.0, 0)
    until_s = time.perf_counter() + seconds

    def put(puts: list[tuple[str, bytes]]) -> None:
        connection = Connection(port)
        for path, body in puts:
            started_s = time.perf_counter()
            if started_s > until_s:
                break
            status, _ = connection.ask("PUT", path, body)
            if status == 200:
                outcome.latencies_ms.append((time.perf_counter() - started_s) * 1000)
                outcome.acknowledged.append((path, body))
            else:
                outcome.refused += 1

    started_s = time.perf_counter()
    in_parallel(put, puts_by_client)
    outcome.took_s = time.perf_counter() - started_s
    return outcome


def report(what: str, rounds: list[Outcome], **more) -> None:
    """Print one row over all rounds."""
    latencies_ms = [value for outcome in rounds for value in outcome.latencies_ms]
    cuts = statistics.quantiles(latencies_ms, n=100)
    print_row(
        what,
        saves=len(latencies_ms),
        saves_per_s=statistics.median(outcome.rate for outcome in rounds),
        p50_ms=cuts[49],
        p95_ms=cuts[94],
        p99_ms=cuts[98],
        refused=sum(outcome.refused for outcome in rounds),
        **more,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_stimulus_set(folder / "set", n_items=30)
        database = folder / "ratings.sqlite3"
        our_rounds, bare_rounds = [], []
        with ours(study, f"sqlite:///{database}") as server, bare(folder) as baseline:
            print_row("start to first answer", seconds=server.start_s)
            for _ in range(options.rounds):
                puts = in_parallel(lambda _: prepare(server.port, n_sessions=2), [None] * N_CLIENTS)
                our_rounds.append(put_all(server.port, puts, seconds=options.seconds))
                bare_rounds.append(put_all(baseline.port, puts, seconds=options.seconds))
            resident_mb = server.resident_mb()
        report("ours, 32 clients, 2 x 8, SQLite FULL", our_rounds, worker_resident_mb=resident_mb)
        report("bare Flask + SQLite, the same", bare_rounds)
        with closing(sqlite3.connect(database)) as connection:
            (stored,) = connection.execute(
                "SELECT count(*) FROM trials WHERE finished_at IS NOT NULL"
            ).fetchone()
        acknowledged = sum(len(outcome.acknowledged) for outcome in our_rounds)
        print_row("acknowledged and lost", trials=acknowledged - stored)
        ratios = [o.rate / b.rate for o, b in zip(our_rounds, bare_rounds, strict=True)]
        print_row(
            "ours / bare", ratio=statistics.median(ratios), least=min(ratios), greatest=max(ratios)
        )


if __name__ == "__main__":
    main()
