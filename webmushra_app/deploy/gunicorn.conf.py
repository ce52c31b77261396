"""Configuration of gunicorn in production: ``gunicorn -c gunicorn.conf.py``.

Settings of the listening test come from ``AUTOFX_*`` environment variables (see
``webmushra_app.config``); gunicorn's are ``AUTOFX_BIND``, ``AUTOFX_WORKERS``, ``AUTOFX_THREADS``.
A wrong setting, database or stimulus set stops the start with one line.
"""

import os
import sys

wsgi_app = "webmushra_app:create_app()"
bind = os.environ.get("AUTOFX_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("AUTOFX_WORKERS", "2"))
threads = int(os.environ.get("AUTOFX_THREADS", "8"))
worker_class = "webmushra_app.server.FairWorker"  # threads
preload_app = True  # migrates and imports once, and workers share the memory of the code
graceful_timeout = 30  # requests under way are answered before a worker ends
keepalive = 30
backlog = 2048
limit_request_line = 2048
limit_request_fields = 40
worker_tmp_dir = "/dev/shm"  # a slow disk must not look like a dead worker  # noqa: S108
control_socket_disable = True
loglevel = "warning"


def post_fork(_server: object, _worker: object) -> None:
    """Let a thread back in soon after a wait: the one that commits has others waiting for it."""
    sys.setswitchinterval(0.0005)
