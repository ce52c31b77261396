"""Backups are whole, restoring overwrites nothing, and the doctor finds what is wrong."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from stimuli_gen.manifest import file_sha256
from webmushra_app.database import maintenance
from webmushra_app.database.connection import Database, DatabaseError, open_existing

pytestmark = pytest.mark.slow


@pytest.fixture
def rated(listener, database):
    """A database with one whole session."""
    listener.take_the_test()
    return database


@pytest.fixture
def new_url(database_url, fast_folder):
    """Name a second database, which holds nothing."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{fast_folder}/restored.sqlite3"
        return
    plain = database_url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored")
        yield database_url.replace("/postgres?", "/restored?")
        connection.execute("DROP DATABASE restored WITH (FORCE)")


def ratings(database):
    with database.reading() as db:
        return db.execute(text("SELECT * FROM ratings_long ORDER BY item, condition")).all()


def faults(database):
    return list(maintenance.examine(database))


def test_a_backup_restores_every_rating(rated, new_url, tmp_path):
    file = tmp_path / "backup"
    maintenance.back_up(rated, file)
    restored = Database(new_url)
    maintenance.restore(restored, file)
    assert ratings(restored) == ratings(rated)
    assert faults(restored) == []
    restored.engine.dispose()


def test_a_backup_taken_during_a_write_holds_what_was_committed(rated, tmp_path):
    before = ratings(rated)
    with rated.writing() as db:
        db.execute(text("UPDATE ratings SET plays = 77"))
        maintenance.back_up(rated, tmp_path / "backup")
        db.rollback()
    if rated.is_sqlite:
        copy = open_existing(f"sqlite:///{tmp_path}/backup")
        assert ratings(copy) == before
        copy.engine.dispose()


def test_a_backup_never_replaces_a_file(rated, tmp_path):
    (tmp_path / "backup").write_text("precious")
    with pytest.raises(DatabaseError, match="exists already"):
        maintenance.back_up(rated, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "precious"


def test_restoring_never_overwrites_a_database(rated, tmp_path):
    maintenance.back_up(rated, tmp_path / "backup")
    with pytest.raises(DatabaseError, match=r"exists already|is not empty"):
        maintenance.restore(rated, tmp_path / "backup")


def test_a_healthy_database_has_no_fault(rated):
    assert faults(rated) == []
    assert maintenance.describe(rated).endswith("1 studies, 1 sessions, 28 ratings")


def test_lost_ratings_are_found(rated):
    with rated.writing() as db:
        db.execute(
            text(
                "DELETE FROM ratings WHERE presentation_id IN (SELECT min(presentation_id) "
                "FROM ratings)"
            )
        )
        session = db.execute(text("SELECT id FROM sessions")).scalar()
    assert faults(rated) == [f"session {session}, trial 1: is finished but lacks ratings"]


def test_ratings_of_an_open_trial_are_found(rated):
    with rated.writing() as db:
        db.execute(text("UPDATE trials SET finished_at = NULL WHERE position = 3"))
    (fault,) = faults(rated)
    assert fault.endswith("trial 3: has ratings but is not finished")


def test_changed_and_missing_sounds_are_found(rated, stimulus_set):
    next((stimulus_set / "audio").iterdir()).write_bytes(b"other")
    (fault,) = faults(rated)
    assert "changed since the set was made" in fault
    shutil.rmtree(stimulus_set)
    (fault,) = faults(rated)
    assert "no such file" in fault


def test_sounds_that_their_size_gives_away_are_found(rated, stimulus_set):
    path = stimulus_set / "manifest.json"
    manifest = json.loads(path.read_text())
    stimulus = manifest["items"][2]["stimuli"][1]
    longer = stimulus_set / stimulus["file"]
    longer.write_bytes(longer.read_bytes() + b"x")
    stimulus["sha256"] = file_sha256(longer)
    path.write_text(json.dumps(manifest))
    (fault,) = faults(rated)
    assert fault == "study study: item item1: sizes differ and give the sounds away"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_sqlite_file_is_found(rated):
    rated.engine.dispose()
    with Path(rated.url.database).open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xa5" * 4096 * 3)
    assert any("damaged" in fault for fault in faults(rated))
    with pytest.raises(DatabaseError, match="cannot be restored: the file is damaged"):
        maintenance.restore(Database("sqlite:///elsewhere.db"), Path(rated.url.database))
