"""A queue of writers: one thread of one process at a time, in the order of arrival.

SQLite admits one writer; the others poll after pauses that grow to 100 ms. A queue in front of it,
of threads by a lock and of processes by ``flock`` on a file beside the database, wakes the next
writer at once instead. Correctness doesn't depend on it: SQLite's own lock still decides, also for
programs that don't use this queue.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SUFFIX = "-turn"
"""Of the lock file's name; servers of all versions on one database must agree on it."""


class WriterQueue:
    """The queue of the writers to one database.

    Parameters
    ----------
    database : str
        Path of the SQLite file; empty for a database in memory.
    timeout_s : float
        How long a thread waits for the others of its process.
    """

    def __init__(self, database: str, *, timeout_s: float) -> None:
        self._file = database and database + SUFFIX
        self._timeout_s = timeout_s
        self._lock = threading.Lock()

    @contextmanager
    def acquired(self) -> Iterator[None]:
        """Wait until this thread is the only writer; the next one follows when the block ends.

        Raises
        ------
        TimeoutError
            If the writers before need longer than ``timeout_s``.
        """
        if not self._lock.acquire(timeout=self._timeout_s):
            raise TimeoutError("the writers before took too long")
        try:
            with self._file_locked():
                yield
        finally:
            self._lock.release()

    @contextmanager
    def _file_locked(self) -> Iterator[None]:
        file = self._open_file()
        if file is None:
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)  # which also ends the lock, as the end of the process does

    def _open_file(self) -> int | None:
        """Open the file to queue at; where it can't be made (a full disk) there is no queue."""
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            return os.open(self._file, flags, 0o600) if self._file else None
        except OSError:
            return None
