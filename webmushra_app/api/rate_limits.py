"""Limits of requests for each address and each session, so that nobody takes the server alone.

Counts live in the worker's memory: they cost microseconds, need no other service, and with ``n``
workers an address gets at most ``n`` times its limit. Behind a proxy the address is the one that
the proxy reports (see ``proxies`` in `webmushra_app.config`).
"""

import threading
import time
from collections import Counter

from flask import Flask, request

from webmushra_app.api.responses import Refusal
from webmushra_app.config import Config

SESSION_SHARE = 0.5
"""A single session may use this share of its address's limit."""


class Limit:
    """At most so many events a key in each window of time.

    >>> limit = Limit(2, per_s=60)
    >>> [limit.allows("a"), limit.allows("a"), limit.allows("a"), limit.allows("b")]
    [True, True, False, True]
    """

    def __init__(self, count: int, *, per_s: float) -> None:
        self._count = count
        self._per_s = per_s
        self._window = -1
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def allows(self, key: str) -> bool:
        """Count one event and tell whether it is within the limit; a limit of 0 allows all."""
        if not self._count:
            return True
        window = int(time.monotonic() / self._per_s)
        with self._lock:
            if window != self._window:
                self._window = window
                self._seen.clear()
            self._seen[key] += 1
            return self._seen[key] <= self._count


def register(app: Flask, config: Config) -> None:
    """Refuse requests over the limits with 429."""
    by_address = Limit(config.requests_per_minute, per_s=60)
    by_session = Limit(int(config.requests_per_minute * SESSION_SHARE), per_s=60)
    beginnings = Limit(config.sessions_per_hour, per_s=3600)
    posts = Limit(config.posts_per_hour // 10, per_s=3600)
    posts_of_all = Limit(config.posts_per_hour, per_s=3600)

    @app.before_request
    def refuse_too_many() -> None:
        address = request.remote_addr or ""
        token = (request.view_args or {}).get("token", "")
        if not by_address.allows(address) or (token and not by_session.allows(token)):
            raise Refusal(429, "too many requests at once; wait a minute")
        if request.endpoint == "participant.begin" and not beginnings.allows(address):
            raise Refusal(429, "too many sessions were begun from this address; try again later")
        if request.endpoint == "collect.collect" and not (
            posts.allows(address) and posts_of_all.allows("all")
        ):
            raise Refusal(429, "too many results were posted; try again in an hour")
