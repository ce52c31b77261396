"""The schema refuses what must not be, and every older database comes up to date."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from webmushra_app.database import connection as db_module
from webmushra_app.database.connection import HEAD, Database, DatabaseError, upgrade
from webmushra_app.database.models import Base

CONTRACT = [
    *("study", "session", "participant", "item", "family", "condition", "kind", "score"),
    *("trial_position", "stimulus_position", "plays", "listened_s", "trial_time_s"),
    *("rated_at", "comment", "training", "simulated"),
]

POPULATED_AT_0001 = """
INSERT INTO studies VALUES (1, 's', 'S', '.', 'x', '{}', '2026-01-01T00:00:00.000Z');
INSERT INTO conditions VALUES (1, 1, 'reference', 'Reference', 'reference');
INSERT INTO items VALUES (1, 1, 'i', 'delay', 'in', FALSE, 'r.wav', 1, 2.5);
INSERT INTO stimuli VALUES (1, 1, 1, 'a.wav', 1);
INSERT INTO sessions (id, token, request_id, study_id, participant, external, language, simulated,
    consent_version, examples, completion_code, started_at, seen_at)
    VALUES ('abc', 't', 'r', 1, '007', '{}', 'en', FALSE, '1', '{}', 'C', '', '');
INSERT INTO trials (id, public_id, reference_id, session_id, item_id, position, training,
    trial_time_s, comment, finished_at) VALUES (1, 'p', 'q', 'abc', 1, 1, FALSE, 9.5, '', '');
INSERT INTO presentations VALUES (1, 'o', 1, 1, 1);
INSERT INTO ratings VALUES (1, 99.5, 2, 5.0, '2026-01-01T00:00:00.000Z');
"""


@pytest.fixture
def rated(listener, database):
    """A database with one finished trial."""
    listener.begin()
    listener.do_steps()
    listener.rate(listener.state()["next_trial"])
    return database


def test_the_view_has_exactly_the_contracts_columns(database):
    columns = [column["name"] for column in inspect(database.engine).get_columns("ratings_long")]
    assert columns == CONTRACT


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ratings SET score = 100.5",
        "UPDATE ratings SET score = -1",
        "UPDATE ratings SET score = NULL",
        "UPDATE ratings SET plays = -1",
        "UPDATE trials SET position = 1",
        "UPDATE trials SET item_id = (SELECT min(item_id) FROM trials)",
        "UPDATE presentations SET stimulus_id = (SELECT min(stimulus_id) FROM presentations)",
        "UPDATE sessions SET study_id = 999",
        "DELETE FROM items",
        "INSERT INTO ratings SELECT * FROM ratings",
    ],
)
def test_the_schema_refuses_what_must_not_be(rated, change):
    with pytest.raises(IntegrityError), rated.writing() as db:
        db.execute(text(change))


def test_an_older_populated_database_is_brought_up_to_date(database_url):
    database = Database(database_url)
    with database.begin() as connection:
        upgrade(connection, database, revision="0001")
    with database.begin() as connection:
        for statement in POPULATED_AT_0001.strip().split(";\n"):
            connection.execute(text(statement))
    database.prepare()
    with database.reading() as db:
        row = db.execute(text("SELECT * FROM ratings_long")).one()._asdict()
    assert (row["session"], row["participant"], row["score"]) == ("abc", "007", 99.5)
    database.engine.dispose()


def test_an_older_collected_session_no_longer_shares_its_identity_with_others(database_url):
    database = Database(database_url)
    with database.begin() as connection:
        upgrade(connection, database, revision="0001")
    with database.begin() as connection:
        for statement in POPULATED_AT_0001.strip().split(";\n"):
            connection.execute(text(statement))
        connection.execute(text("UPDATE studies SET folder = ''"))
    database.prepare()
    with database.reading() as db:
        assert db.execute(text("SELECT content_sha256 FROM collected_sessions")).scalar() == "r"
        assert db.execute(text("SELECT request_id FROM sessions")).scalar() != "r"
    database.engine.dispose()


def test_the_newest_migration_is_the_one_the_code_expects():
    scripts = ScriptDirectory(str(Path(db_module.__file__).with_name("migrations")))
    assert scripts.get_current_head() == HEAD


def test_migrations_and_models_describe_the_same_tables(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_of_a_newer_version_is_left_alone(database, database_url):
    with database.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="written by a newer version"):
        Database(database_url).prepare()


def test_sqlite_commits_durably_and_checks_foreign_keys(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/r.sqlite3")
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    database.engine.dispose()


def test_a_refused_change_leaves_nothing_behind(rated):
    with pytest.raises(DBAPIError), rated.writing() as db:
        db.execute(text("UPDATE ratings SET plays = 77"))
        db.execute(text("UPDATE ratings SET score = 1000"))
    with rated.reading() as db:
        assert 77 not in db.execute(text("SELECT plays FROM ratings")).scalars().all()


def test_a_reader_sees_one_state_while_others_write(rated):
    count = text("SELECT count(*) FROM ratings")
    with rated.reading() as reader:
        before = reader.execute(count).scalar()
        rated.store(lambda _: (None, [(text("DELETE FROM ratings"), [{}])]), about="all")
        assert reader.execute(count).scalar() == before == 4
    with rated.reading() as reader:
        assert reader.execute(count).scalar() == 0


def test_listeners_who_arrive_at_once_are_dealt_balanced_parts(
    make_app, make_listener, stimulus_set
):
    (stimulus_set / "study.toml").write_text("[listening_test]\nitems_per_listener = 3\n")
    app = make_app(stimulus_set)
    listeners = [make_listener(app) for _ in range(12)]
    together(*(listener.begin for listener in listeners))
    with app.extensions["webmushra"].database.reading() as db:
        counts = db.execute(
            text("SELECT count(*) FROM trials WHERE NOT training GROUP BY item_id")
        ).scalars()
        assert list(counts) == [6] * 6


@pytest.mark.parametrize("n_at_once", [2, 3, 5])
def test_the_same_trial_put_at_once_is_stored_once(listener, database, n_at_once):
    listener.begin()
    listener.do_steps()
    trial = listener.state()["next_trial"]
    body = listener.result(trial)
    app = listener.client.application
    answers = []

    def put():
        response = app.test_client().put(f"{listener.address}/trials/{trial}", json=body)
        answers.append((response.status_code, response.json["changed"]))

    together(*[put] * n_at_once)
    assert sorted(answers) == [(200, False)] * (n_at_once - 1) + [(200, True)]
    with database.reading() as db:
        assert db.execute(text("SELECT count(*) FROM ratings")).scalar() == 4


def together(*actions):
    """Do things at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(actions))

    def run(action):
        barrier.wait()
        action()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
