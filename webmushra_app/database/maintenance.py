"""Keeps the ratings safe: back up while the test runs, restore, and look for what is wrong.

An SQLite backup is made with SQLite's online backup interface: one consistent state, while
participants go on. A PostgreSQL backup is ``pg_dump``'s custom format, restored by ``pg_restore``.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.manifest import ManifestError, read_manifest, verify_files
from webmushra_app.database import models
from webmushra_app.database.connection import Database, DatabaseError, open_existing


def back_up(database: Database, file: Path) -> None:
    """Write the database's present state into a new file.

    Raises
    ------
    DatabaseError
        If the file exists, cannot be written, or PostgreSQL's programs are missing.
    """
    if file.exists():
        raise DatabaseError(f"{file}: exists already; choose another name for the backup")
    partial = file.with_name(file.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(0o600)
        if database.is_sqlite:
            _copy_sqlite(Path(database.url.database or ""), partial)
        else:
            _run_postgres("pg_dump", database, "--format=custom", f"--file={partial}")
        partial.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"{file}: cannot be written: {error}") from None
    finally:
        partial.unlink(missing_ok=True)


def note_backup(database: Database, file: Path) -> None:
    """Write down that a backup was made, so that a withdrawal can name it."""
    with database.writing() as db:
        detail = {"file": str(file.resolve())}
        db.add(models.Audit(address="command line", action="backed up", detail=detail))


def restore(database: Database, file: Path) -> None:
    """Make a database from a backup; one that holds anything is never overwritten.

    Raises
    ------
    DatabaseError
        If the backup is missing or damaged, or the database isn't empty.
    """
    if not file.is_file():
        raise DatabaseError(f"{file}: no such file")
    if database.is_sqlite:
        target = Path(database.url.database or "")
        if target.exists():
            raise DatabaseError(f"{database}: exists already; move it away or restore elsewhere")
        backup = open_existing(f"sqlite:///{file.resolve()}")
        problem = next(examine(backup), None)
        backup.engine.dispose()
        if problem:
            raise DatabaseError(f"{file}: cannot be restored: {problem}")
        target.touch(0o600)
        _copy_sqlite(file, target)
    else:
        with database.engine.connect() as connection:
            if connection.dialect.has_table(connection, "alembic_version"):
                raise DatabaseError(f"{database}: is not empty; restore into a new database")
        _run_postgres(
            "pg_restore", database, "--no-owner", "--single-transaction", "--exit-on-error", file
        )


def examine(database: Database) -> Iterator[str]:
    """Look for what is wrong with a database and yield one sentence for each fault."""
    if database.is_sqlite:
        try:
            faults = list(_sqlite_faults(database))
        except sqlite3.DatabaseError as error:
            faults = [f"the file is damaged ({error}); restore a backup"]
        if faults:
            yield from faults
            return
    with database.reading() as db:
        yield from _incomplete_trials(db)
        yield from _foreign_writes(db)
        for folder, name in db.execute(select(models.Study.folder, models.Study.name)):
            yield from _study_faults(folder, name)


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as read,
        closing(sqlite3.connect(target)) as write,
    ):
        read.backup(write)


def _run_postgres(program: str, database: Database, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on a database; the password goes by the environment."""
    if not shutil.which(program):
        raise DatabaseError(f"{program} is missing; install PostgreSQL's client programs")
    url = database.url.set(drivername="postgresql", password=None)
    secret = {"PGPASSWORD": str(database.url.password)} if database.url.password else {}
    done = subprocess.run(  # noqa: S603 – the program's name is ours, and no shell reads the rest
        [program, "--dbname", url.render_as_string(), *map(str, arguments)],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DatabaseError(f"{database}: {done.stderr.strip().splitlines()[-1]}")


def _sqlite_faults(database: Database) -> Iterator[str]:
    with closing(sqlite3.connect(database.url.database or "")) as connection:
        for (message,) in connection.execute("PRAGMA integrity_check"):
            if message != "ok":
                yield f"the file is damaged ({message}); restore a backup"
        for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} refers to a row of {parent} that is gone"


def _incomplete_trials(db: DbSession) -> Iterator[str]:
    rating = exists().where(models.Rating.presentation_id == models.Presentation.id)
    trials = (
        select(models.Trial.session_id, models.Trial.position, models.Trial.finished_at)
        .join(models.Presentation, models.Presentation.trial_id == models.Trial.id)
        .group_by(models.Trial.id)
        .order_by(models.Trial.session_id, models.Trial.position)
    )
    unrated = trials.where(models.Trial.finished_at.is_not(None), ~rating)
    rated = trials.where(models.Trial.finished_at.is_(None), rating)
    for session, position, _ in db.execute(unrated):
        yield f"session {session}, trial {position}: is finished but lacks ratings"
    for session, position, _ in db.execute(rated):
        yield f"session {session}, trial {position}: has ratings but is not finished"


def _foreign_writes(db: DbSession) -> Iterator[str]:
    """Look for sessions that posts of webMUSHRA's pages could read or change, up to schema 0003."""
    sessions = (
        select(models.Session.id, models.Session.request_id, models.Session.questionnaire)
        .add_columns(models.Study.settings)
        .join(models.Study, models.Study.id == models.Session.study_id)
        .where(models.Study.folder != "")
        .order_by(models.Session.id)
    )
    for session, request_id, answers, settings in db.execute(sessions):
        if request_id.startswith("webmushra-"):
            yield f"session {session}: a webMUSHRA post could guess its ratings; exclude it"
        asked = {question["id"] for question in settings["questionnaire"]}
        if unknown := sorted(set(answers or {}) - asked):
            yield f"session {session}: has an answer to {unknown[0][:40]!r}, which is not asked"


def _study_faults(folder: str, name: str) -> Iterator[str]:
    """Look for sounds that are gone or changed; a study that another server shows has none."""
    if not folder:
        return
    try:
        manifest = read_manifest(Path(folder))
        verify_files(Path(folder), manifest)
    except ManifestError as error:
        yield f"study {name}: {error}"
        return
    for item in manifest.items:
        if len({(Path(folder) / sound.file).stat().st_size for sound in item.stimuli}) > 1:
            yield f"study {name}: item {item.id}: sizes differ and give the sounds away"


def describe(database: Database) -> str:
    """Count what a database holds, in one line."""
    with database.reading() as db:
        counts = {
            what: db.scalar(select(func.count()).select_from(table))
            for what, table in {
                "studies": models.Study,
                "sessions": models.Session,
                "ratings": models.Rating,
            }.items()
        }
        revision = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    held = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{database}: schema {revision}, {held}"
