"""Runs the listening test on this machine under gunicorn, and what gunicorn lacks for it."""

import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from webmushra_app.config import is_local

THREADS = 16
HEAD_START_S = 0.001
"""Ample for an idle process to wake up and take a connection, and short for a busy one."""


class ServeError(RuntimeError):
    """An address that cannot be listened on; one line with how to fix it."""


class _Server(BaseApplication):
    """gunicorn around an app that exists already: one worker process, many threads."""

    def __init__(self, app: Flask, **settings: Any) -> None:
        self._app = app
        self._settings = settings
        super().__init__(prog="python -m webmushra_app")

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


class FairWorker(ThreadWorker):
    """A worker that lets others have a new connection first while all its threads are busy.

    Of several idle processes the kernel wakes the one that went to sleep last, so that one would
    take nearly all connections, and keep them, while the others wait for nothing.
    """

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, if nobody else did during the head start."""
        n_busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        if n_busy >= self.cfg.threads:
            time.sleep(HEAD_START_S)
        super().accept(listener)


def listen(host: str, port: int, *, public: bool = False) -> socket.socket:
    """Take an address, before anything else is started.

    Parameters
    ----------
    host : str
        An address of this machine.
    port : int
        0 takes a free one.
    public : bool
        Whether other machines may reach it without a proxy in between. A thread serves one request
        at a time, so a few connections that send slowly stop the server for everybody.

    Raises
    ------
    ServeError
        If the address is taken, isn't this machine's, or is open to others without leave.
    """
    if not (public or is_local(host)):
        raise ServeError(
            f"{host} is open to other machines, whose slow connections can stop the server; put a "
            "proxy in front of it (webmushra_app/deploy/nginx.conf), or allow it with --public"
        )
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(1024)
    except OSError as error:
        taken.close()
        raise ServeError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with --port"
        ) from None
    return taken


def address_of(taken: socket.socket) -> str:
    """Return the address that a browser on this machine opens."""
    host, port = taken.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{shown}:{port}/"


def serve(app: Flask, taken: socket.socket, *, when_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; finished requests are answered before it ends.

    Parameters
    ----------
    app : Flask
    taken : socket.socket
        Where to listen, from `listen`.
    when_ready : callable
        Called once, when requests are answered.
    """
    _Server(
        app,
        bind=f"fd://{taken.fileno()}",
        workers=1,
        worker_class="gthread",
        threads=THREADS,
        graceful_timeout=10,
        loglevel="warning",
        control_socket_disable=True,
        when_ready=lambda _server: when_ready(),
    ).run()
