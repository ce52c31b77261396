"""Notes that nobody waits for: a thread in the background stores all that have come meanwhile.

A durable commit waits for the disk. What a request notes in passing need not: its row is gathered
here, and the thread stores the rows of many requests in one transaction (on SQLite together with
whatever else is committed then, see `database.group_commit`). A server that ends gently stores its
rows first; one that is killed loses those of the last moment.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy.exc import DBAPIError

log = logging.getLogger("webmushra_app")

Row = Mapping[str, Any]


class DeferredWrites:
    """Gathers rows, the first one of each key, and stores them in the order of their keys.

    Parameters
    ----------
    store : callable
        Stores rows in one transaction. Rows that it fails to store come again with the next ones.
    """

    def __init__(self, store: Callable[[Sequence[Row]], object]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._rows: dict[int, Row] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deferred-writes")
        self._next: Future[None] | None = None

    def add(self, key: int, row: Row) -> None:
        """Have a row stored soon."""
        with self._lock:
            self._rows.setdefault(key, row)
            if self._next is None:
                self._next = self._thread.submit(self._store_all)

    def wait(self) -> None:
        """Wait until all that was added before has been tried to store."""
        self._thread.submit(lambda: None).result()

    def _store_all(self) -> None:
        with self._lock:
            rows, self._rows, self._next = self._rows, {}, None
        try:
            # In one order, so that two servers never wait for each other's rows.
            self._store([rows[key] for key in sorted(rows)])
        except (DBAPIError, TimeoutError) as error:
            log.warning("%d notes were not stored yet: %s", len(rows), type(error).__name__)
            with self._lock:
                self._rows = rows | self._rows
