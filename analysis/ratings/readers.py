"""Reads ratings from a database or a file, whatever wrote them, into one checked table.

A database is our own: the view ``ratings_long`` in SQLite or PostgreSQL. A file is a CSV in one of
the formats of ``formats``. A *map file* (TOML) adds what a foreign file lacks: labels
and kinds of conditions, families of items, which items are training, the scale and the columns::

    scale = [1, 5]
    [columns]
    score = "rating"
    [conditions.C1]
    label = "Our codec"
    kind = "estimated"
    [families]
    "*_single" = "single"
    [training]
    items = ["warm-up*"]
"""

import codecs
import csv
import hashlib
import io
import re
import tomllib
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.ratings.addresses import is_sqlite, parse_url, without_password
from analysis.ratings.formats import Lines, convert
from analysis.ratings.table import EMAIL, Ratings, RatingsError, check
from stimuli_gen.contract import (
    RATING_COLUMNS,
    SCORE_SCALE,
    ConditionKind,
    describe_validation_error,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

VIEW = "ratings_long"
SEPARATOR = re.compile(r"sep=(.)$", re.I)
ALL_RATINGS = "all_ratings"
EXCLUDED_NOTE = (
    "Sessions that the experimenter excluded before this analysis: {n} (their ratings and the "
    "reasons are in the listening test's export, excluded.csv)."
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionMap(_Strict):
    """What to call a condition and what kind of thing it is."""

    label: str | None = None
    kind: ConditionKind | None = None


class TrainingMap(_Strict):
    """Items whose scores are practice, by name or pattern (``*`` and ``?``)."""

    items: tuple[str, ...] = ()


class Mapping(_Strict):
    """A map file's content; all of it optional."""

    scale: tuple[float, float] | None = None
    columns: dict[str, str] = {}
    conditions: dict[str, ConditionMap] = {}
    families: dict[str, str] = {}
    training: TrainingMap = TrainingMap()


def read_mapping(path: Path) -> Mapping:
    """Read a map file.

    Raises
    ------
    RatingsError
        If it is missing, is not TOML, or has an unknown key.
    """
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RatingsError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RatingsError(f"{path}: not a TOML file: {error}") from None
    except ValidationError as error:
        raise RatingsError(f"{path}: {describe_validation_error(error, Mapping)}") from None


def read_file(path: Path, mapping: Mapping | None = None, *, study: str | None = None) -> Ratings:
    """Read a CSV file of any known format.

    Parameters
    ----------
    path : Path
        The file.
    mapping : Mapping, optional
        What a map file adds: labels, kinds, families, training, scale, columns.
    study : str, optional
        The study to read; needed where the file holds several.

    Raises
    ------
    RatingsError
        If the file cannot be read, its format is unknown, or a row is wrong.
    """
    mapping = mapping or Mapping()
    if unknown := set(mapping.columns) - set(RATING_COLUMNS):
        raise RatingsError(
            f"no such column {sorted(unknown)[0]!r}; ours: {', '.join(RATING_COLUMNS)}"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RatingsError(f"{path}: {error.strerror}") from None
    converted = convert(_split(data, path), mapping.columns)
    table, rows = _one_study(converted.table, converted.row_numbers, study, path.name)
    return _apply(
        check(
            table,
            source=path.name,
            sha256=hashlib.sha256(data).hexdigest(),
            scale=mapping.scale,
            row_numbers=rows,
            notes=converted.notes,
        ),
        mapping,
    )


def _split(data: bytes, path: Path) -> Lines:
    """Cut a CSV into rows; comma, semicolon or tab, whichever its first line has most of.

    Excel's first line ``sep=;`` names the delimiter and is no row. Where commas do not delimit,
    they may be decimal.
    """
    text = _decode(data, path)
    if not text.strip():
        raise RatingsError(f"{path}: the file is empty")
    skipped = 0
    lines = [line for line in text.splitlines() if line.strip()]
    named = SEPARATOR.match(lines[0])
    if named:
        delimiter = named[1]
        skipped = text.index(lines[0]) + len(lines[0])
    else:
        delimiter = max(",;\t", key=lines[0].count)
    line_offset = text[:skipped].count("\n")
    reader = csv.reader(io.StringIO(text[skipped:], newline=""), delimiter=delimiter)
    rows, numbers = [], []
    try:
        for row in reader:
            if any(map(str.strip, row)):
                rows.append(row)
                numbers.append(reader.line_num + line_offset)
    except csv.Error as error:
        row_number = reader.line_num + line_offset
        raise RatingsError(f"{path} row {row_number}: {error}") from None
    if not rows:
        raise RatingsError(f"{path}: the file is empty")
    return Lines(rows, numbers, path.name, decimal_comma=delimiter != ",")


def _decode(data: bytes, path: Path) -> str:
    """Decode UTF-8 or UTF-16 (by its byte order mark), else Windows's Western encoding."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        if b"\0" in data[:4096]:
            raise RatingsError(
                f"{path}: not a text file (a ratings file is CSV; for a database use "
                "--database sqlite:///FILE)"
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_database(url: str, mapping: Mapping | None = None, *, study: str | None = None) -> Ratings:
    """Read the view ``ratings_long`` of a listening test's database.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, e.g. ``sqlite:///ratings.sqlite3`` or ``postgresql+psycopg://host/name``.
    mapping : Mapping, optional
        What a map file adds.
    study : str, optional
        The study to read; needed where the database holds several.

    Raises
    ------
    RatingsError
        If the database is missing, unreadable, or no listening test's.
    """
    mapping = mapping or Mapping()
    address = parse_url(url)
    table, n_excluded = _fetch(address, study)
    digest = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
    table, _ = _one_study(table, None, study, without_password(address))
    notes = (EXCLUDED_NOTE.format(n=n_excluded),) if n_excluded else ()
    name = Path(address.database or "").name if is_sqlite(address) else address.database
    source = f"{name}" if is_sqlite(address) else f"database {name}"
    scale = mapping.scale or SCORE_SCALE  # the listening test has no other
    checked = check(table, source=source, sha256=digest, scale=scale, notes=notes)
    return _apply(checked, mapping)


def _fetch(address: "sa.URL", study: str | None) -> tuple[pd.DataFrame, int]:
    """Return the view's rows and the number of sessions that experimenters excluded."""
    import sqlalchemy as sa  # noqa: PLC0415 - as in `addresses.parse_url`

    order = ("study", "session", "trial_position", "stimulus_position", "item", "condition")
    columns: list[sa.ColumnClause] = [sa.column(name) for name in RATING_COLUMNS]
    query = sa.select(*columns).select_from(sa.table(VIEW)).order_by(*order)
    try:
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            table = pd.DataFrame(connection.execute(query).fetchall(), columns=list(RATING_COLUMNS))
            return table, _count_excluded(connection, study)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise RatingsError(
            f"{without_password(address)}: cannot read {VIEW}: {reason} "
            "(is this a listening test's database?)"
        ) from None


def _count_excluded(connection: "sa.Connection", study: str | None) -> int:
    """Count the sessions that experimenters left out by hand; `VIEW` doesn't show them."""
    import sqlalchemy as sa  # noqa: PLC0415 - as in `addresses.parse_url`

    if not sa.inspect(connection).has_table(ALL_RATINGS):
        return 0
    session: sa.ColumnClause = sa.column("session")
    query = sa.select(sa.func.count(session.distinct())).select_from(sa.table(ALL_RATINGS))
    query = query.where(sa.column("excluded_at").is_not(None))
    if study is not None:
        query = query.where(sa.column("study") == study)
    return connection.execute(query).scalar_one()


def _one_study(
    table: pd.DataFrame, rows: np.ndarray | None, study: str | None, name: str
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Keep one study's rows; refuse to mix several."""
    if table.empty:
        raise RatingsError(f"{name}: no ratings yet; let at least one participant finish a trial")
    if "study" not in table:
        return table, rows
    studies = sorted(set(table["study"].fillna("").astype(str).str.strip()))
    if study is None and len(studies) > 1:
        raise RatingsError(
            f"{name}: {len(studies)} studies in one place ({', '.join(studies)}); "
            f"choose one with --study {studies[-1]}"
        )
    if study is None:
        return table, rows
    if study not in studies:
        raise RatingsError(f"{name}: no study {study!r}; there are: {', '.join(studies)}")
    keep = (table["study"].astype(str).str.strip() == study).to_numpy()
    return table[keep].reset_index(drop=True), None if rows is None else rows[keep]


def _apply(ratings: Ratings, mapping: Mapping) -> Ratings:
    """Name kinds, labels, families and training by the map file."""
    table = ratings.table.copy()
    _refuse_unused(mapping.conditions, set(table["condition"]), "conditions", ratings.source)
    for condition, entry in mapping.conditions.items():
        if entry.kind:
            table.loc[table["condition"] == condition, "kind"] = entry.kind
    for pattern, family in mapping.families.items():
        hit = [item for item in set(table["item"]) if fnmatchcase(item, pattern)]
        _refuse_unused({pattern: family}, {pattern} if hit else set(), "items", ratings.source)
        table.loc[table["item"].isin(hit), "family"] = family
    practice = [
        item
        for item in set(table["item"])
        if any(fnmatchcase(item, pattern) for pattern in mapping.training.items)
    ]
    table.loc[table["item"].isin(practice), "training"] = True
    if table["training"].all():
        raise RatingsError(f"{ratings.source}: only training trials, no ratings to analyse")
    notes = ratings.notes
    if practice:
        notes = tuple(n for n in notes if "reads like training" not in n)
    if table["session"].str.fullmatch(EMAIL.pattern).any():
        table["session"] = table["participant_code"]
        notes = (*notes, "Sessions named by e-mail addresses were renamed.")
    labels = {c: e.label for c, e in mapping.conditions.items() if e.label}
    return replace(ratings, table=table, notes=notes, labels=labels)


def _refuse_unused(named: dict, present: set[str], what: str, source: str) -> None:
    if unknown := [name for name in named if name not in present]:
        raise RatingsError(f"{source}: the map names {unknown[0]!r}, but no such {what} were rated")
