"""A locked, full or lost database delays or refuses, and nothing acknowledged is lost."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import event, text

from webmushra_app.database import connection as db_module
from webmushra_app.studies.importer import import_study
from webmushra_app.studies.study import open_study

pytestmark = pytest.mark.slow

DAY_S = 86_400.0

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


@pytest.mark.parametrize("days", [-10, 10])
def test_a_clock_that_jumps_loses_and_reorders_nothing(ready, database, clock, days):
    first, second, third, *_ = [trial["id"] for trial in ready.state()["trials"]]
    ready.rate(first)
    clock.set(days=days)
    assert ready.rate(second).json["changed"] is True
    clock.set(days=0)
    assert ready.rate(third).json["changed"] is True
    with database.reading() as db:
        rows = db.execute(
            text("SELECT DISTINCT trial_position, rated_at FROM ratings_long ORDER BY 1")
        ).all()
    assert [row.trial_position for row in rows] == [1, 2, 3]
    ago_s = [
        (datetime.now(UTC) - datetime.fromisoformat(row.rated_at)).total_seconds() for row in rows
    ]
    assert ago_s == pytest.approx([0, -days * DAY_S, 0], abs=60)  # each as the clock was then
    state = ready.state()
    assert [trial["done"] for trial in state["trials"]] == [True, True, True] + [False] * 4


@on_sqlite
def test_a_session_seen_while_the_clock_was_ahead_holds_no_place(ready, database, clock):
    with database.writing() as db:
        db.execute(text("UPDATE studies SET quota = 1"))
    study = ready.client.get("/api/v1/study")
    assert study.json["open"] is False  # the one place is taken, for a day
    clock.set(days=10)
    assert ready.rate(ready.state()["next_trial"]).status_code == 200
    clock.set(days=0)
    assert ready.client.get("/api/v1/study").json["open"] is True
    assert ready.rate(ready.state()["next_trial"]).status_code == 200
    assert ready.client.get("/api/v1/study").json["open"] is False


@on_sqlite
def test_a_study_opened_after_the_clock_was_set_back_is_the_one_that_is_heard(
    ready, database, clock, make_set
):
    clock.set(days=10)
    import_study(database, make_set(name="ahead"))
    clock.set(days=0)
    import_study(database, make_set(name="now"))
    studies = ready.client.application.extensions["webmushra"].studies
    studies.reload()
    assert studies.current().study.name == "now"
    open_study(database, "ahead")
    studies.reload()
    assert studies.current().study.name == "ahead"


def refuse_writes(connection, *_record):
    connection.execute("PRAGMA query_only = ON")


@pytest.fixture
def set_read_only(database):
    """Let a database be read alone, as a disk with faults becomes, or written again."""

    def set_read_only(wanted):
        if database.is_sqlite:
            (event.listen if wanted else event.remove)(database.engine, "connect", refuse_writes)
        else:
            url = database.url
            with psycopg.connect(
                host=url.query["host"], user=url.username, dbname=url.database, autocommit=True,
                options="-c default_transaction_read_only=off",
            ) as other:  # fmt: skip
                value = "on" if wanted else "off"
                other.execute(
                    f"ALTER DATABASE postgres SET default_transaction_read_only = {value}"
                )
        database.engine.dispose()

    yield set_read_only
    if not database.is_sqlite:
        set_read_only(False)


def test_a_database_that_can_only_be_read_refuses_and_still_plays(ready, database, set_read_only):
    trial = ready.state()["next_trial"]
    body, sound = ready.result(trial), ready.trial(trial)["stimuli"][0]
    set_read_only(True)
    refused = ready.put(f"trials/{trial}", body)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert ready.hear(sound)[0]
    fetched = ready.client.application.extensions["webmushra"].fetched
    fetched.wait()
    assert ready.trial(trial)["result"] is None
    set_read_only(False)
    assert ready.put(f"trials/{trial}", body).json["changed"] is True
    ready.hear(sound)
    fetched.wait()
    with database.reading() as db:
        noted = "SELECT count(*) FROM presentations WHERE fetched_at IS NOT NULL"
        assert db.execute(text(noted)).scalar() == 1
    assert count_ratings(database) == 4


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
