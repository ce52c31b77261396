"""A locked, full or lost database delays or refuses, and nothing acknowledged is lost."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import event, text

from webmushra_app import timestamps
from webmushra_app.database import connection as db_module

pytestmark = pytest.mark.slow

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what only a database in one file can suffer."""
on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
"""For what only a database behind a connection can suffer."""


@pytest.fixture
def ready(make_app, make_listener, stimulus_set, monkeypatch):
    """A listener before the first trial, on a server that soon gives up waiting."""
    monkeypatch.setattr(db_module, "BUSY_TIMEOUT_S", 0.3)
    listener = make_listener(make_app(stimulus_set))
    listener.begin()
    listener.do_steps()
    return listener


@pytest.fixture
def database(ready):
    return ready.client.application.extensions["webmushra"].database


def count_ratings(database):
    with database.reading() as db:
        return db.execute(text("SELECT count(*) FROM ratings")).scalar()


def end_connections(url):
    """End all connections of PostgreSQL but our own, as its restart does."""
    with psycopg.connect(host=url.query["host"], user=url.username, dbname=url.database) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


@on_sqlite
def test_a_database_locked_by_another_program_delays_and_then_refuses(ready, database):
    trial = ready.state()["next_trial"]
    body = ready.result(trial)
    with closing(sqlite3.connect(database.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = ready.put(f"trials/{trial}", body)
        other.execute("ROLLBACK")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "2"
    assert refused.json["detail"] == ("the database is busy or full, nothing was stored; try again")
    assert count_ratings(database) == 0
    assert ready.put(f"trials/{trial}", body).json["changed"] is True
    assert count_ratings(database) == 4


@on_sqlite
def test_a_full_disk_refuses_and_loses_nothing_acknowledged(ready, database):
    trials = [trial["id"] for trial in ready.state()["trials"]]
    ready.rate(trials[0])

    def limit(connection, *_record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    database.engine.dispose()
    event.listen(database.engine, "connect", limit)
    for trial in trials[1:]:
        refused = ready.rate(trial, comment="a long comment " * 130)
        if refused.status_code != 200:
            break
    assert refused.status_code == 503
    stored = count_ratings(database)
    done = [trial for trial in ready.state()["trials"] if trial["done"]]
    assert stored == 4 * len(done) >= 4
    event.remove(database.engine, "connect", limit)
    database.engine.dispose()
    for trial in ready.state()["trials"]:
        assert trial["done"] or ready.rate(trial["id"]).status_code == 200
    assert count_ratings(database) == 4 * 7


def test_a_clock_set_back_loses_and_reorders_nothing(ready, database, monkeypatch):
    first, second, *_ = [trial["id"] for trial in ready.state()["trials"]]
    ready.rate(first)
    monkeypatch.setattr(timestamps, "moment", lambda **_: "2001-01-01T00:00:00.000Z")
    assert ready.rate(second).json["changed"] is True
    with database.reading() as db:
        rows = db.execute(
            text("SELECT DISTINCT trial_position, rated_at FROM ratings_long ORDER BY 1")
        ).all()
    assert [row.trial_position for row in rows] == [1, 2]
    assert rows[0].rated_at > rows[1].rated_at == "2001-01-01T00:00:00.000Z"
    state = ready.state()
    assert [trial["done"] for trial in state["trials"]] == [True, True] + [False] * 5


@on_postgresql
def test_a_restart_of_postgresql_between_two_requests_goes_unnoticed(ready, database):
    ready.state()
    end_connections(database.url)
    ready.rate_all()
    assert count_ratings(database) == 4 * 7


@on_postgresql
def test_a_connection_lost_while_storing_refuses_and_stores_nothing(ready, database):
    trial = ready.state()["next_trial"]
    body = ready.result(trial)

    def lose(_connection, _cursor, statement, *_more):
        if statement.startswith("INSERT INTO ratings"):
            end_connections(database.url)

    event.listen(database.engine, "before_cursor_execute", lose)
    refused = ready.put(f"trials/{trial}", body)
    event.remove(database.engine, "before_cursor_execute", lose)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "2"
    assert count_ratings(database) == 0
    assert ready.put(f"trials/{trial}", body).json["changed"] is True
    assert count_ratings(database) == 4
