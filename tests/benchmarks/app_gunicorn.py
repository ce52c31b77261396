"""Servers for the measurements: gunicorn as in production, on a socket of loopback."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "webmushra_app" / "deploy" / "gunicorn.conf.py"


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Gunicorn:
    """One gunicorn master with its workers."""

    def __init__(self, arguments: list[str], environment: dict[str, str], port: int) -> None:
        self.port = port
        started_s = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *arguments],
            env=os.environ | environment,
            cwd=ROOT,
            start_new_session=True,
        )
        self._await_answer()
        self.start_s = time.perf_counter() - started_s

    def _await_answer(self) -> None:
        for _ in range(3000):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    pass
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            except urllib.error.HTTPError:
                return  # the bare server has no such page, but it answers
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server ended at its start") from None
                time.sleep(0.01)
        raise SystemExit("the server did not answer within 30 s")

    def workers(self) -> list[int]:
        """List the workers' process ids."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def resident_mb(self) -> float:
        """Measure the resident memory of the largest worker, in MB (10^6 bytes)."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers()]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        """End it gently."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """Kill master and workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)


@contextmanager
def ours(
    study: Path,
    database_url: str,
    *,
    port: int | None = None,
    app: str | None = None,
    **environment: str,
):
    """Run the listening test as in production, 2 workers × 8 threads.

    Parameters
    ----------
    study : Path
    database_url : str
    port : int, optional
        By default a free one.
    app : str, optional
        Another factory of the app, ``benchmarks.MODULE:create_app()``.
    **environment
        Further variables.
    """
    port = port or free_port()
    settings = {
        "AUTOFX_STUDY": str(study),
        "AUTOFX_DATABASE_URL": database_url,
        "AUTOFX_SECRET_KEY": secrets.token_urlsafe(32),
        "AUTOFX_BIND": f"127.0.0.1:{port}",
        "AUTOFX_REQUESTS_PER_MINUTE": "0",
        "AUTOFX_SESSIONS_PER_HOUR": "0",
        "AUTOFX_LOG_FORMAT": "text",
    }
    another = ["--chdir", str(Path(__file__).parents[1]), app] if app else []
    server = Gunicorn(["-c", str(CONFIG), *another], settings | environment, port)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def bare(folder: Path):
    """Run the bare handler under the same gunicorn settings."""
    port = free_port()
    arguments = ["--workers", "2", "--threads", "8", "--worker-class", "gthread"]
    arguments += ["--bind", f"127.0.0.1:{port}", "--chdir", str(Path(__file__).parents[1])]
    arguments += ["--log-level", "warning", "--worker-tmp-dir", "/dev/shm"]
    arguments += ["benchmarks.app_bare_server:app"]
    server = Gunicorn(arguments, {"BARE_DATABASE": str(folder / "bare.sqlite3")}, port)
    try:
        yield server
    finally:
        server.stop()


def print_row(what: str, **figures: float | str) -> None:
    """Print one measured row, a JSON object a line."""
    rounded = {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in figures.items()
    }
    print(json.dumps({"what": what} | rounded), flush=True)
