"""One line of JSON for each request and each fault, without anything that identifies a person.

A session's address is its key, so lines name the route and not the path. Addresses and keys appear
as pseudonyms: the first 12 hexadecimal digits of an HMAC-SHA-256 under the server's secret.
"""

import hashlib
import hmac
import json
import logging
import sys
import time
from typing import Any

from flask import Flask, Response, g, request

from webmushra_app.config import Config
from webmushra_app.timestamps import moment

NAME = "webmushra_app"


class JsonFormatter(logging.Formatter):
    """Formats a record, with what was given as ``extra={"fields": …}``, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line = {"time": moment(), "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ListeningTestApp(Flask):
    """Flask, but the log line of a fault names the route instead of the path, which holds keys."""

    def log_exception(self, exc_info: Any) -> None:
        """Log a fault with its traceback."""
        route = request.url_rule.rule if request.url_rule else "no route"
        self.logger.error("fault in %s [%s]", route, request.method, exc_info=exc_info)


def pseudonym(text: str, *, secret_key: str) -> str:
    """Make a name that tells requests of one origin apart without telling the origin."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()[:12]


def register(app: Flask, config: Config) -> None:
    """Log to standard error: JSON for every request, or plain warnings only."""
    log = logging.getLogger(NAME)
    handler = logging.StreamHandler(sys.stderr)
    log.handlers = [handler]
    log.propagate = config.log_format != "json"
    if config.log_format != "json":
        log.handlers = []
        return
    handler.setFormatter(JsonFormatter())
    log.setLevel(logging.INFO)

    @app.before_request
    def start_timing() -> None:
        g.started_s = time.perf_counter()

    @app.after_request
    def log_request(response: Response) -> Response:
        token = (request.view_args or {}).get("token", "")
        fields = {
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "ms": round((time.perf_counter() - g.started_s) * 1000, 1),
            "address": pseudonym(request.remote_addr or "", secret_key=config.secret_key),
            "session": token and pseudonym(token, secret_key=config.secret_key),
        }
        log.info("request", extra={"fields": fields})
        return response
