"""Many listeners at once, each a whole session of 10 trials with pauses compressed 20 times.

A listener begins at a random moment of the first 15 s, downloads each trial's sounds, pauses as
long as a trial takes (60 s on average, log-normal, divided by 20), keeps a draft half-way, and puts
the trial. Prints how many sessions were completed, errors, and the latencies of all requests and of
the durable saves alone. Only loopback.

    PYTHONPATH=tests python -m benchmarks.app_listeners --listeners 500
"""

import argparse
import asyncio
import json
import random
import secrets
import statistics
import tempfile
import time
from pathlib import Path

from support.consent import CONSENT_VERSION
from support.http_listener import write_stimulus_set

from benchmarks.app_gunicorn import ours, print_row
from benchmarks.app_load import STEPS, trial_body

ARRIVAL_S = 15.0
TRIAL_S = 60.0
COMPRESSION = 20.0
STUDY_TOML = "[listening_test]\nitems_per_listener = 9\n"


class Browser:
    """One kept-alive HTTP/1.1 connection, asynchronous and as small as it can be."""

    def __init__(self, port: int, latencies: dict[str, list[float]]) -> None:
        self.port = port
        self.latencies = latencies
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send one request; an error or a status of 400 and above raises."""
        started_s = time.perf_counter()
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in answer[1:] if line)
        content = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            writer.close()
            self.streams = None
        status = int(answer[0].split()[1])
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {content[:200]!r}")
        kind = "saves" if method == "PUT" and "/trials/" in path and "draft" not in path else "rest"
        self.latencies[kind].append((time.perf_counter() - started_s) * 1000)
        return content

    async def json(self, method: str, path: str, body=None):
        content = json.dumps(body).encode() if body is not None else b""
        return json.loads(await self.ask(method, path, content))

    def leave_idle(self) -> None:
        """Close the connection, as browsers and proxies do during a long pause."""
        if self.streams:
            self.streams[1].close()
            self.streams = None


async def take_the_test(port: int, latencies: dict, rng: random.Random) -> None:
    """One listener's whole session."""
    await asyncio.sleep(rng.uniform(0, ARRIVAL_S))
    browser = Browser(port, latencies)
    await browser.json("GET", "/api/v1/study")
    wish = {"consent_version": CONSENT_VERSION, "language": "en"}
    wish["request_id"] = secrets.token_urlsafe(16)
    state = await browser.json("POST", "/api/v1/sessions", wish | {"simulated": True})
    base = f"/api/v1/sessions/{state['token']}"
    for step, body in STEPS.items():
        await browser.json("PUT", f"{base}/steps/{step}", body)
    for summary in state["trials"]:
        path = f"{base}/trials/{summary['id']}"
        trial = await browser.json("GET", path)
        for sound in (trial["reference"], *trial["stimuli"]):
            await browser.ask("GET", sound["url"])
        result = trial_body(trial, score=float(rng.randrange(101)))
        for write in (("PUT", f"{path}/draft", result), ("PUT", path, result)):
            browser.leave_idle()
            await asyncio.sleep(rng.lognormvariate(-0.045, 0.3) * TRIAL_S / COMPRESSION / 2)
            await browser.ask(*write)
    await browser.ask("POST", f"{base}/finish")
    browser.leave_idle()


async def run(port: int, *, n_listeners: int) -> tuple[list, dict[str, list[float]]]:
    latencies: dict[str, list[float]] = {"saves": [], "rest": []}
    sessions = [take_the_test(port, latencies, random.Random(n)) for n in range(n_listeners)]
    return await asyncio.gather(*sessions, return_exceptions=True), latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = write_stimulus_set(folder / "set", n_items=30, listening_test=STUDY_TOML)
        with ours(study, f"sqlite:///{folder}/ratings.sqlite3") as server:
            started_s = time.perf_counter()
            outcomes, latencies = asyncio.run(run(server.port, n_listeners=options.listeners))
            took_s = time.perf_counter() - started_s
            resident_mb = server.resident_mb()
    errors = [outcome for outcome in outcomes if outcome is not None]
    cuts = {kind: statistics.quantiles(values, n=100) for kind, values in latencies.items()}
    print_row(
        "listeners at once, 10 trials each",
        listeners=options.listeners,
        completed=len(outcomes) - len(errors),
        errors=len(errors),
        seconds=took_s,
        requests=sum(map(len, latencies.values())),
        p50_ms=cuts["rest"][49],
        p99_ms=cuts["rest"][98],
        saves_p50_ms=cuts["saves"][49],
        saves_p99_ms=cuts["saves"][98],
        worker_resident_mb=resident_mb,
    )
    for error in errors[:3]:
        print(repr(error))


if __name__ == "__main__":
    main()
