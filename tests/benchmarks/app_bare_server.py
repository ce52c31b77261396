"""The baseline of the load measurements: the least that Flask and SQLite need to store a trial.

One handler parses the JSON and inserts it as one row, durably (WAL, ``synchronous=FULL``); no
identity, no validation, no idempotence. Run by ``app_load.py`` under the same gunicorn settings.
"""

import json
import os
import sqlite3
import threading

from flask import Flask, request

DATABASE = os.environ.get("BARE_DATABASE", "bare.sqlite3")
local = threading.local()
app = Flask(__name__)


def connection() -> sqlite3.Connection:
    """Get this thread's connection."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(DATABASE, timeout=30, isolation_level=None)
        local.connection.execute("PRAGMA journal_mode=WAL")
        local.connection.execute("PRAGMA synchronous=FULL")
        local.connection.execute("CREATE TABLE IF NOT EXISTS trials (body TEXT)")
    return local.connection


@app.put("/<path:_any>")
def store(_any: str) -> dict:
    """Store one body."""
    body = json.dumps(request.get_json())
    connection().execute("BEGIN IMMEDIATE")
    connection().execute("INSERT INTO trials VALUES (?)", (body,))
    connection().execute("COMMIT")
    return {"stored": True}
