"""Writes what listeners gave as CSV: ``ratings.csv``, ``participants.csv``, ``events.csv``.

Conventions: UTF-8, a header line, the columns of the database's own names and units, booleans as 0
and 1, nothing as an empty cell. Rows stream from one consistent state of the database, so that a
large table needs no memory and a running test is not disturbed. A text that a spreadsheet might
take for a formula (it begins with ``= + - @``, a tab or a carriage return) gets an apostrophe in
front, and so does one that begins with an apostrophe: taking one leading apostrophe off gives
every text back.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session as DbSession

from webmushra_app import models
from webmushra_app.db import Database, DatabaseError

RATING_COLUMNS = (
    "study",
    "session",
    "participant",
    "item",
    "family",
    "condition",
    "kind",
    "score",
    "trial_position",
    "stimulus_position",
    "plays",
    "listened_s",
    "trial_time_s",
    "rated_at",
    "comment",
    "training",
    "simulated",
)
RATINGS_LONG = table("ratings_long", *map(column, RATING_COLUMNS))
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
ROWS_AT_ONCE = 1000

Row = Sequence[Any]


def escape_cell(value: Any) -> Any:
    """Turn a value into a cell that no spreadsheet takes for a formula.

    >>> [escape_cell(value) for value in ("007", "=1+1", "'", True, None, -3.5)]
    ['007', "'=1+1", "''", 1, '', -3.5]
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def export(database: Database, folder: Path) -> dict[str, int]:
    """Write the three tables into a folder, which is made if need be.

    Returns
    -------
    dict
        File name → number of rows.

    Raises
    ------
    DatabaseError
        If the database isn't one of ours, or the folder cannot be written.
    """
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with database.reading() as db:
            for name, write in TABLES.items():
                columns, rows = write(db)
                written[name] = _write_csv(folder / name, columns, rows)
    except OSError as error:
        raise DatabaseError(f"{folder}: {error.strerror}; choose another folder with -o") from None
    return written


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a table beside its final name and move it there when it is whole."""
    partial = path.with_suffix(".part")
    count = 0
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for count, row in enumerate(rows, 1):  # noqa: B007 – the last count is the answer
            writer.writerow(map(escape_cell, row))
    partial.replace(path)
    return count


def _ratings(db: DbSession) -> tuple[Sequence[str], Iterator[Row]]:
    ordered = select(RATINGS_LONG).order_by(
        "study", "session", "trial_position", "stimulus_position"
    )
    rows = db.execute(ordered.execution_options(yield_per=ROWS_AT_ONCE))
    booleans = {RATING_COLUMNS.index("training"), RATING_COLUMNS.index("simulated")}
    return RATING_COLUMNS, (
        [int(value) if n in booleans else value for n, value in enumerate(row)] for row in rows
    )


def _participants(db: DbSession) -> tuple[Sequence[str], Iterator[Row]]:
    questions = sorted(
        {
            question["id"]
            for study in db.scalars(select(models.Study))
            for question in study.settings["questionnaire"]
        }
    )
    columns = [
        *("study", "session", "participant", "language", "simulated", "consent_version"),
        *("started_at", "finished_at", "trials", "trials_done", "level_set_db", "level_db"),
        *("headphones_passed", "headphones_correct", "headphones_total", "headphones_attempts"),
        *("completion_code", "prolific_study", "prolific_session"),
        *(f"answer_{question}" for question in questions),
    ]
    trials = (
        select(
            models.Trial.session_id,
            func.count().label("all"),
            func.count(models.Trial.finished_at).label("done"),
        )
        .group_by(models.Trial.session_id)
        .subquery()
    )
    sittings = (
        select(models.Session, models.Study.name, trials.c.all, trials.c.done)
        .join(models.Study, models.Study.id == models.Session.study_id)
        .join(trials, trials.c.session_id == models.Session.id)
        .order_by(models.Session.started_at, models.Session.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )

    def rows() -> Iterator[Row]:
        for session, study, n_trials, n_done in db.execute(sittings):
            headphones = session.headphones or {}
            answers = session.questionnaire or {}
            yield [
                *(study, session.id, session.participant, session.language, session.simulated),
                *(session.consent_version, session.started_at, session.finished_at),
                *(n_trials, n_done, session.level_set_db, session.level_db),
                *(headphones.get(key) for key in ("passed", "correct", "total", "attempts")),
                session.completion_code if session.finished_at else None,
                *(session.external.get(key) for key in ("STUDY_ID", "SESSION_ID")),
                *(answers.get(question) for question in questions),
            ]

    return columns, rows()


def _events(db: DbSession) -> tuple[Sequence[str], Iterator[Row]]:
    columns = [
        *("session", "page", "seq", "received_at", "at_s", "kind"),
        *("trial_position", "stimulus_position", "detail"),
    ]
    ordered = (
        select(*(getattr(models.Event, name) for name in ("session_id", *columns[1:])))
        .order_by(models.Event.session_id, models.Event.page, models.Event.seq)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    rows = db.execute(ordered)
    return columns, ([*row[:-1], json.dumps(row[-1], ensure_ascii=False)] for row in rows)


TABLES = {
    "ratings.csv": _ratings,
    "participants.csv": _participants,
    "events.csv": _events,
}
