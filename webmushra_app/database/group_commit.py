"""Many small durable transactions for the price of one: group commit.

A durable commit waits for the disk, and SQLite admits one writer at a time. So jobs that arrive
while the disk is busy are gathered; the thread of the first one leads: it writes all of them in one
transaction, and hands the lead to the first job that arrived meanwhile. A job ends when its
transaction is on the disk, and no later.

A job has two phases. It reads the database and returns its pending writes; then the group writes
those of all jobs, everything for one statement at once, because a statement costs more than its
rows. Two jobs about the same thing (a session) come in successive rounds, so that the second reads
what the first wrote. A job that raises while it reads has written nothing, and the others go on. If
writing fails, the transaction is rolled back and each job is run again in one of its own.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")
Changes = Sequence[tuple[Executable, Sequence[Mapping[str, Any]]]]
"""Statements and the rows of values to execute each with."""
Work = Callable[[Connection], tuple[T, Changes]]
"""Reads what it needs; returns its outcome and its pending writes."""


def write(connection: Connection, changes: Iterable[Changes]) -> None:
    """Execute the pending writes of several jobs, each statement once for all its rows."""
    rows: dict[Executable, list[Mapping[str, Any]]] = {}
    for each in changes:
        for statement, values in each:
            rows.setdefault(statement, []).extend(values)
    for statement, values in rows.items():
        connection.execute(statement, values)


class _Job(Generic[T]):
    """One writer's work and its outcome; ``woken`` is set when it has one or has to lead."""

    def __init__(self, work: Work[T], about: str) -> None:
        self._work = work
        self.about = about
        self.woken = threading.Event()
        self.is_done = False
        self.value: T
        self.error: Exception | None = None

    def read(self, connection: Connection) -> Changes:
        """Run the read phase and return the pending writes.

        An exception is stored on the job, so that other jobs are unaffected; a fault of the
        database is raised, because it concerns all of them.
        """
        self.error = None
        try:
            self.value, changes = self._work(connection)
        except DBAPIError:
            raise
        except Exception as error:
            self.error = error
            return ()
        return changes


def _rounds(jobs: Iterable[_Job]) -> list[list[_Job]]:
    """Sort jobs, in their order, into rounds in which no two are about the same."""
    rounds: list[list[_Job]] = []
    n_before: Counter[str] = Counter()
    for job in jobs:
        if n_before[job.about] == len(rounds):
            rounds.append([])
        rounds[n_before[job.about]].append(job)
        n_before[job.about] += 1
    return rounds


class GroupCommit:
    """Gathers the jobs of one process into transactions.

    Parameters
    ----------
    begin : callable
        Opens a connection in a writing transaction that is committed when its block ends.
    queue : callable
        Opens a block that one writer of all processes at a time may be in.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        queue: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._begin = begin
        self._queue = queue
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._is_led = False

    def store(self, work: Work[T], *, about: str) -> T:
        """Run one job and return its outcome once its writes are committed.

        Parameters
        ----------
        work : callable
            Its read phase; it may run twice, so it must change nothing itself.
        about : str
            What the job reads and changes, e.g. a session's key.
        """
        job = _Job(work, about)
        with self._lock:
            leads, self._is_led = not self._is_led, True
            if not leads:
                self._waiting.append(job)
        if not leads:
            job.woken.wait()
        if not job.is_done:
            self._lead(job)
        if job.error:
            raise job.error
        return job.value

    def _lead(self, job: _Job[T]) -> None:
        """Run this job and those that wait, and hand the lead on."""
        jobs = [job]
        try:
            with self._queue():
                jobs += self._take_all()
                self._run(jobs)
        except TimeoutError as error:
            job.error, job.is_done = error, True
        finally:
            with self._lock:
                following = [self._waiting.popleft()] if self._waiting else []
                self._is_led = bool(following)
            for each in jobs + following:
                each.woken.set()

    def _take_all(self) -> list[_Job]:
        with self._lock:
            jobs = list(self._waiting)
            self._waiting.clear()
        return jobs

    def _run(self, jobs: list[_Job]) -> None:
        try:
            with self._begin() as connection:
                for together in _rounds(jobs):
                    write(connection, [job.read(connection) for job in together])
        except Exception as error:
            # A busy or full database fails every one of them alike.
            if len(jobs) > 1 and not isinstance(error, OperationalError):
                for job in jobs:
                    self._run([job])
                return
            for job in jobs:
                job.error = error
        for job in jobs:
            job.is_done = True
