"""Many small durable transactions for the price of one: group commit.

A durable commit waits for the disk, and SQLite lets one writer in at a time. So writers who arrive
while the disk is busy are gathered; one of them leads and writes what all of them brought in one
transaction, the first of those who came meanwhile leads the next. Nobody is answered before the
transaction is on the disk, and nobody whose work is there waits any longer. If one piece of work
fails, nothing of the group is kept, and each piece is done again in a transaction of its own.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

T = TypeVar("T")
Work = Callable[[Connection], T]


class _Job(Generic[T]):
    """One writer's work and what came of it; ``woken`` when that is known or it has to lead."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.woken = threading.Event()
        self.is_settled = False
        self.value: T
        self.error: Exception | None = None

    def settle(self, value: T) -> None:
        self.value, self.is_settled = value, True

    def fail(self, error: Exception) -> None:
        self.error, self.is_settled = error, True


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

    def store(self, work: Work[T]) -> T:
        """Do one piece of work in a transaction and return, after the commit, what it returned.

        Parameters
        ----------
        work : callable
            Executes statements on the connection it is given. It may be called twice, so it must
            change nothing else.
        """
        job = _Job(work)
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
            job.fail(error)
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
                values = [job.work(connection) for job in jobs]
        except OperationalError as error:  # busy or full: the same for every one of them
            for job in jobs:
                job.fail(error)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].fail(error)
            else:
                for job in jobs:
                    self._settle([job])
        else:
            for job, value in zip(jobs, values, strict=True):
                job.settle(value)
