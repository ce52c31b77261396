"""Many small durable transactions for the price of one: group commit.

A durable commit waits for the disk, and SQLite lets one writer in at a time. So writers who arrive
while the disk is busy are gathered; one of them leads and writes what all of them brought in one
transaction, the first of those who came meanwhile leads the next. Nobody is answered before the
transaction is on the disk, and nobody whose work is there waits any longer.

Work looks at the database and says what to write. The group writes it afterwards, everything for
one statement at once, because a statement costs more than its rows; only work about the same thing
looks after what came before it is written. Work that refuses has therefore changed nothing, and
the others' stands. If writing fails, nothing of the group is kept, and each piece is done again in
a transaction of its own.
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
"""Reads what it needs and tells its outcome and what to write."""


def write(connection: Connection, changes: Iterable[Changes]) -> None:
    """Execute the changes of several pieces of work, each statement once for all its rows."""
    rows: dict[Executable, list[Mapping[str, Any]]] = {}
    for each in changes:
        for statement, values in each:
            rows.setdefault(statement, []).extend(values)
    for statement, values in rows.items():
        connection.execute(statement, values)


class _Job(Generic[T]):
    """One writer's work and what came of it; ``woken`` when that is known or it has to lead."""

    def __init__(self, work: Work[T], about: str) -> None:
        self._work = work
        self.about = about
        self.woken = threading.Event()
        self.is_settled = False
        self.value: T
        self.error: Exception | None = None

    def look(self, connection: Connection) -> Changes:
        """Do the work up to what it writes; what it refuses is its own affair."""
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
    """Gathers the writers of one process.

    Parameters
    ----------
    begin : callable
        Opens a connection in a writing transaction that is committed when its block ends.
    turn : callable
        Opens a block that one writer at a time may be in, whatever process it is of.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._begin = begin
        self._turn = turn
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._is_led = False

    def store(self, work: Work[T], *, about: str) -> T:
        """Do one piece of work and return its outcome once what it writes is committed.

        Parameters
        ----------
        work : callable
            It may be called twice, so it must change nothing itself.
        about : str
            What the work looks at and changes, e.g. a sitting.
        """
        job = _Job(work, about)
        with self._lock:
            leads, self._is_led = not self._is_led, True
            if not leads:
                self._waiting.append(job)
        if not leads:
            job.woken.wait()
        if not job.is_settled:
            self._lead(job)
        if job.error:
            raise job.error
        return job.value

    def _lead(self, job: _Job[T]) -> None:
        """Settle one's own job and those that wait, and hand the lead on."""
        jobs = [job]
        try:
            with self._turn():
                jobs += self._take_all()
                self._settle(jobs)
        except TimeoutError as error:
            job.error, job.is_settled = error, True
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

    def _settle(self, jobs: list[_Job]) -> None:
        try:
            with self._begin() as connection:
                for together in _rounds(jobs):
                    write(connection, [job.look(connection) for job in together])
        except Exception as error:
            # Busy or full is the same for every one of them.
            if len(jobs) > 1 and not isinstance(error, OperationalError):
                for job in jobs:
                    self._settle([job])
                return
            for job in jobs:
                job.error = error
        for job in jobs:
            job.is_settled = True
