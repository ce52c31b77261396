"""Many small durable transactions for the price of one: group commit.

A durable commit waits for the disk, and SQLite lets one writer in at a time. So writers who arrive
while the disk is busy are gathered, and whoever's turn comes next writes what all of them brought
in one transaction. Nobody is answered before that transaction is on the disk. If one piece of work
fails, nothing of the group is kept, and each piece is done again in a transaction of its own.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

T = TypeVar("T")
Work = Callable[[Connection], T]


class _Job(Generic[T]):
    """One writer's work and what came of it."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
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
        Opens a block that one thread at a time may be in.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        turn: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._begin = begin
        self._turn = turn
        self._waiting: deque[_Job] = deque()

    def store(self, work: Work[T]) -> T:
        """Do one piece of work in a transaction and return, after the commit, what it returned.

        Parameters
        ----------
        work : callable
            Executes statements on the connection it is given. It may be called twice, so it must
            change nothing else.
        """
        job = _Job(work)
        self._waiting.append(job)
        with self._turn():
            if not job.is_settled:
                self._settle(self._take_all())
        if job.error:
            raise job.error
        return job.value

    def _take_all(self) -> list[_Job]:
        jobs = []
        while self._waiting:
            jobs.append(self._waiting.popleft())
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
