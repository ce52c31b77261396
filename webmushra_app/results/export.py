"""Writes what participants gave as files: CSV, JSON, and webMUSHRA's ``mushra.csv``.

``FILES`` is the list: a file's name → its table and its format. Rows stream from one consistent
state of the database, so that a large table needs no memory and a running test is not disturbed.

Conventions: UTF-8; in CSV a header line, booleans as 0 and 1, nothing as an empty cell. A text that
a spreadsheet might take for a formula (it begins with ``= + - @``, a tab or a carriage return) gets
an apostrophe in front, and so does one that begins with an apostrophe: taking one leading
apostrophe off gives every text back. JSON is a list of objects, with every value as it is.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.orm import Session as DbSession

from webmushra_app.database.connection import Database, DatabaseError
from webmushra_app.results import tables

FORMULA_STARTS = frozenset("=+-@\t\r'")
ROWS_AT_ONCE = 500


def escape_cell(value: Any) -> Any:
    """Turn a value into a cell that no spreadsheet takes for a formula.

    >>> [escape_cell(value) for value in ("007", "=1+1", "'", True, None, -3.5)]
    ['007', "'=1+1", "''", 1, '', -3.5]
    """
    if isinstance(value, str):
        return "'" + value if value[:1] in FORMULA_STARTS else value
    if isinstance(value, bool):
        return int(value)
    return "" if value is None else value


def write_csv(table: tables.Table) -> Iterator[str]:
    """Write a table as CSV, some hundred rows at a time."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escape_cell, table.columns))
    rows = iter(table.rows)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        writer.writerows([map(escape_cell, row) for row in some])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()  # the header, where there was no row


def write_json(table: tables.Table) -> Iterator[str]:
    """Write a table as a JSON list of objects, a line each."""
    before = "[\n"
    for row in table.rows:
        record = dict(zip(table.columns, row, strict=True))
        yield before + json.dumps(record, ensure_ascii=False, default=str)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


class File(NamedTuple):
    """One file of the export."""

    read: Callable[..., tables.Table]
    write: Callable[[tables.Table], Iterator[str]]
    holds: str


FILES = {
    "ratings.csv": File(tables.ratings, write_csv, "every rating that counts, a row each"),
    "participants.csv": File(tables.participants, write_csv, "every session, with its answers"),
    "events.csv": File(tables.events, write_csv, "what happened in the participants’ pages"),
    "excluded.csv": File(tables.excluded, write_csv, "excluded sessions’ ratings, and why"),
    "mushra.csv": File(tables.mushra, write_csv, "the ratings as webMUSHRA writes them"),
    "ratings.json": File(tables.ratings, write_json, "the same as ratings.csv"),
    "participants.json": File(tables.participants, write_json, "the same as participants.csv"),
    "events.json": File(tables.events, write_json, "the same as events.csv"),
}


def write_lines(db: DbSession, name: str, *, study: str | None = None) -> Iterator[str]:
    """Write one file of the export, piece by piece.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
    name : str
        One of `FILES`.
    study : str, optional
        Only this study; by default all.
    """
    file = FILES[name]
    return file.write(file.read(db, study))


def export(database: Database, folder: Path, *, study: str | None = None) -> dict[str, int]:
    """Write all files into a folder, which is made if need be.

    Parameters
    ----------
    database : Database
    folder : Path
        Files of the same names in it are replaced.
    study : str, optional
        Only this study; by default all.

    Returns
    -------
    dict
        File name → number of rows.

    Raises
    ------
    DatabaseError
        If the database isn't one of ours, or the folder cannot be written.
    """
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with database.reading() as db:
            return {
                name: _write_file(folder / name, file.write, file.read(db, study))
                for name, file in FILES.items()
            }
    except OSError as error:
        raise DatabaseError(f"{folder}: {error.strerror}; choose another folder with -o") from None


def _write_file(path: Path, write: Callable[..., Iterator[str]], table: tables.Table) -> int:
    """Write a file beside its final name, move it there when it is whole, and count its rows."""
    n_rows = 0

    def counted() -> Iterator[tables.Cells]:
        nonlocal n_rows
        for row in table.rows:
            n_rows += 1
            yield row

    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    with partial.open("w", newline="", encoding="utf-8") as file:
        file.writelines(write(tables.Table(table.columns, counted())))
    partial.replace(path)
    return n_rows
