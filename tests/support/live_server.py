"""The real server as a process of its own, which can be killed and started again."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

STORED = """
SELECT ratings_long.*
FROM ratings_long JOIN sessions ON sessions.id = ratings_long.session
WHERE sessions.token = ? ORDER BY trial_position, stimulus_position
"""


class LiveServer:
    """``python -m webmushra_app`` on a free port, with a SQLite database in ``folder``.

    ``environment`` adds variables, such as ``AUTOFX_PREFIX``.
    """

    def __init__(self, folder: Path, *, study: Path, **environment: str) -> None:
        self.folder = folder
        self.study = study
        self.environment = environment
        self.database = folder / "ratings.sqlite3"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start, and wait until the server says where it listens."""
        database_url = f"sqlite:///{self.database}"
        command = ["-m", "webmushra_app", "--study", self.study, "--database", database_url]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | self.environment
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, *command, "--port", str(self.port)],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended at once, with status {self.process.wait()}")
        self.address = re.search(r"http://\S+", line)[0].rstrip("/")

    def kill(self) -> None:
        """End the server and its workers at once, as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Read the database as it is on disk."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()


def stored_ratings(server: LiveServer, token: str) -> list[sqlite3.Row]:
    """Read a session's rows of ``ratings_long``, in the order of presentation."""
    return server.rows(STORED, token)


def stored_scores(server: LiveServer, token: str) -> list[list[float]]:
    """Read a session's scores, one list a finished trial, in the order of presentation."""
    trials: dict[int, list[float]] = {}
    for row in stored_ratings(server, token):
        trials.setdefault(row["trial_position"], []).append(row["score"])
    return list(trials.values())
