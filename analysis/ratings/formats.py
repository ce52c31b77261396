"""File formats of listening tests, each turned into the columns of the ratings table.

One table, ``FORMATS``: a name, how its header is recognised, and how its rows are converted.
webMUSHRA's ``mushra.csv`` (any age), pymushra's export, Go Listen's MUSHRA export and our own
long CSV are known; any other long CSV is read by naming its columns.

Conventions: a converter takes the file's rows with their line numbers and returns a table of text
with the columns of `RATING_COLUMNS` it can fill, the line number of each row, and notes
for the reader. Questionnaire answers are never taken over: they may identify a person.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import pandas as pd

from analysis.ratings.table import RatingsError, count
from stimuli_gen.contract import RATING_COLUMNS, RATING_NUMBERS, REQUIRED_RATING_COLUMNS

WEBMUSHRA = {
    "session_test_id": "study",
    "session_uuid": "session",
    "trial_id": "item",
    "rating_stimulus": "condition",
    "rating_score": "score",
    "rating_time": "trial_time_s",
    "rating_comment": "comment",
    "simulated": "simulated",
}
# How a text begins that the listening test's export keeps spreadsheets from calculating.
ESCAPED = re.compile(r"'[=+\-@\t\r']")
NAME_AND_DATE = ["Name", "Date"]
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
PYMUSHRA = {
    "wm_testId": "study",
    "questionaire_uuid": "session",
    "wm_id": "item",
    "responses_stimulus": "condition",
    "responses_score": "score",
    "responses_time": "trial_time_s",
    "responses_comment": "comment",
    "wm_date": "rated_at",
}


@dataclass(frozen=True)
class Lines:
    """A CSV file's rows: header first, blank lines left out, with the file's line numbers."""

    rows: list[list[str]]
    numbers: list[int]
    name: str
    decimal_comma: bool = False

    @property
    def header(self) -> list[str]:
        """The first row, trimmed."""
        return [cell.strip() for cell in self.rows[0]]

    def number(self, cell: str) -> str:
        """Return a number's text with a decimal point, where the file may have decimal commas."""
        if self.decimal_comma and DECIMAL_COMMA.fullmatch(cell.strip()):
            return cell.replace(",", ".")
        return cell


@dataclass(frozen=True)
class Converted:
    """Rows in our columns, as text."""

    table: pd.DataFrame
    row_numbers: np.ndarray
    notes: tuple[str, ...] = ()


def convert(lines: Lines, columns: dict[str, str]) -> Converted:
    """Recognise the format and convert the rows.

    Parameters
    ----------
    columns : dict
        Our column → the file's header; when given, the file is read as a long CSV.

    Raises
    ------
    RatingsError
        If no format fits, or a row has more or fewer cells than its header.
    """
    if columns:
        return _rename(lines, {**{c: c for c in RATING_COLUMNS}, **columns})
    for _, recognise, read in FORMATS:
        if recognise(lines):
            return read(lines)
    known = ", ".join(name for name, *_ in FORMATS)
    raise RatingsError(
        f"{lines.name}: unknown columns {', '.join(lines.header[:8])}; known formats: {known}; for "
        "another long CSV name its columns, e.g. --column session=subject --column item=song "
        "--column condition=system --column score=rating"
    )


def _rename(lines: Lines, columns: dict[str, str]) -> Converted:
    """Read a plain long CSV, keeping the named columns."""
    header = lines.header
    if missing := [
        v
        for k, v in columns.items()
        if v not in header and (k != v or k in REQUIRED_RATING_COLUMNS)
    ]:
        raise RatingsError(
            f"{lines.name}: no column {missing[0]!r}; its columns are {', '.join(header)}"
        )
    return _pick(lines, _same_width(lines), {v: k for k, v in columns.items() if v in header})


def _pick(lines: Lines, body: list[tuple[int, list[str]]], names: dict[str, str]) -> Converted:
    header = lines.header
    read = [theirs for theirs in header if theirs in names]
    if repeated := [theirs for theirs in read if read.count(theirs) > 1]:
        raise RatingsError(f"{lines.name}: two columns {repeated[0]!r}; rename or remove one")
    data = {
        ours: [lines.number(row[at]) if ours in RATING_NUMBERS else row[at] for _, row in body]
        for at, theirs in enumerate(header)
        if (ours := names.get(theirs))
    }
    unread = [theirs for theirs in header if theirs and theirs not in names]
    notes = (f"Columns left unread: {', '.join(unread)}.",) if unread else ()
    numbers = np.array([number for number, _ in body], int)
    return Converted(pd.DataFrame(data, dtype=object), numbers, notes)


def _unescape(converted: Converted) -> Converted:
    """Take off the apostrophe that the listening test's export puts before formulas."""
    for name, column in converted.table.items():
        escaped = {text: text[1:] for text in column.unique() if ESCAPED.match(text)}
        if escaped:
            converted.table[name] = column.replace(escaped)
    return converted


def _same_width(lines: Lines) -> list[tuple[int, list[str]]]:
    """Rows with their line numbers; refuse a row of another width and skip repeated headers."""
    header, body = lines.header, []
    for number, row in zip(lines.numbers[1:], lines.rows[1:], strict=True):
        if row[0].strip() == header[0] and _cells(row) == header:
            continue
        if len(row) != len(header):
            raise RatingsError(
                f"{lines.name} row {number}: {len(row)} cells where the header has {len(header)}; "
                "repair the row, or split the file where its header changed"
            )
        body.append((number, row))
    return body


def _read_webmushra(lines: Lines) -> Converted:
    """Read webMUSHRA's mushra.csv: times in ms; older files have no session_uuid."""
    converted = _unescape(_pick(lines, _same_width(lines), WEBMUSHRA))
    table, notes = converted.table, converted.notes
    if "session" not in table:
        table["session"] = _separate_sessions(lines, table)
        notes = (
            *notes,
            f"The file has no session_uuid: {table['session'].nunique()} sessions were separated "
            "by the questionnaire and by trials that start over.",
        )
    return Converted(_seconds(table), converted.row_numbers, notes)


def _separate_sessions(lines: Lines, table: pd.DataFrame) -> list[str]:
    """Separate the sessions of a file without session ids.

    webMUSHRA appends a session at a time, so a new one begins where the questionnaire's answers
    change or a stimulus of the session comes again.
    """
    questions = [at for at, name in enumerate(lines.header) if name not in WEBMUSHRA]
    answers = [[row[at] for at in questions] for _, row in _same_width(lines)]
    session, before = 0, None
    seen: set[tuple[str, str]] = set()
    out = []
    for answer, item, condition in zip(answers, table["item"], table["condition"], strict=True):
        if answer != before or (item, condition) in seen:
            session, seen, before = session + 1, set(), answer
        seen.add((item, condition))
        out.append(f"session {session}")
    return out


def _seconds(table: pd.DataFrame) -> pd.DataFrame:
    """Turn webMUSHRA's milliseconds into seconds; leave what is no number for the check."""
    if "trial_time_s" in table:
        milliseconds = pd.to_numeric(table["trial_time_s"], errors="coerce")
        table["trial_time_s"] = milliseconds / 1000
    return table


def _read_pymushra(lines: Lines) -> Converted:
    """Read pymushra's export: one row a response; its spelling is ``questionaire``."""
    converted = _pick(lines, _same_width(lines), PYMUSHRA)
    table, numbers, notes = converted.table, converted.row_numbers, converted.notes
    if "wm_type" in lines.header:
        types = _pick(lines, _same_width(lines), {"wm_type": "type"}).table["type"]
        keep = (types == "mushra").to_numpy()
        if not keep.all():
            n = int((~keep).sum())
            were = "was" if n == 1 else "were"
            left_out = f"{count(n, 'row')} of other page types than mushra {were} left out."
            notes = (*notes, left_out)
            table, numbers = table[keep].reset_index(drop=True), numbers[keep]
    return Converted(_seconds(table), numbers, notes)


def _read_golisten(lines: Lines) -> Converted:
    """Read Go Listen's MUSHRA export: one row a session, one column a sound.

    Above the answers stand a row of tags, a row of sound file names and the header
    ``Name, Date, questions…`` (the last two in either order). A page's sounds are columns side by
    side under one title; its file names, without folder and ending, are the conditions.
    """
    top = _golisten_titles(lines)
    if top is None:
        raise RatingsError(f"{lines.name}: no row of page titles; export the test again")
    dated = _cells(lines.rows[top])[:2] == NAME_AND_DATE
    titles = _cells(lines.rows[top])
    above = [*lines.rows[:top], *lines.rows[top + 1 : top + 2]]
    files = next((_cells(r) for r in above if sum(_is_sound(c) for c in r) >= 2), None)
    if files is None:
        raise RatingsError(f"{lines.name}: no row of sound file names; export the test again")
    first = top + (2 if files == _cells(lines.rows[min(top + 1, len(lines.rows) - 1)]) else 1)
    pages = _golisten_pages(titles, files)
    data, numbers = defaultdict(list), []
    for number, row in zip(lines.numbers[first:], lines.rows[first:], strict=True):
        for at, (title, condition) in pages.items():
            if at < len(row) and row[at].strip():
                data["session"].append(f"row {number}")
                data["item"].append(title)
                data["condition"].append(condition)
                data["score"].append(lines.number(row[at]))
                data["training"].append(str(title.lower().startswith("training")))
                data["rated_at"].append(row[1] if dated else "")
                numbers.append(number)
    notes = ["Go Listen names no sessions: each row of the file counts as one participant."]
    practice = {title for title, _ in pages.values() if title.lower().startswith("training")}
    if practice:
        notes.append(f"Go Listen's training pages were left out: {', '.join(sorted(practice))}.")
    return Converted(pd.DataFrame(dict(data), dtype=object), np.array(numbers, int), tuple(notes))


def _cells(row: list[str]) -> list[str]:
    return [cell.strip() for cell in row]


def _is_sound(cell: str) -> bool:
    return bool(re.search(r"\.(wav|flac|mp3|ogg|m4a)$", cell.strip(), re.I))


def _golisten_pages(titles: list[str], files: list[str]) -> dict[int, tuple[str, str]]:
    """Column → (page's name, condition); pages of one title are numbered in order."""
    pages, starts, title = {}, [], ""
    for at, file in enumerate(files):
        if not _is_sound(file):
            continue
        if at < len(titles) and titles[at]:
            title = titles[at].removesuffix(" rating")
            starts.append(title)
        repeat = starts.count(title)
        name = title if starts[-1:] != [title] or repeat < 2 else f"{title} {repeat}"
        pages[at] = (name, PurePath(file).stem)
    return pages


def _has(*names: str):
    return lambda lines: set(names) <= set(lines.header)


def _golisten_titles(lines: Lines) -> int | None:
    """Find the row of page titles: the one with name and date, else the one with "… rating"."""
    top = [_cells(row) for row in lines.rows[:4]]
    for n, row in enumerate(top):
        if row[:2] == NAME_AND_DATE:
            return n
    for n, row in enumerate(top):
        if any(cell.endswith(" rating") for cell in row):
            return n
    return None


def _is_golisten(lines: Lines) -> bool:
    files = any(sum(map(_is_sound, row)) >= 2 for row in lines.rows[:4])
    named = any(_cells(row)[:2] == NAME_AND_DATE for row in lines.rows[:4])
    return named or (files and _golisten_titles(lines) is not None)


FORMATS = (
    ("webMUSHRA", _has("trial_id", "rating_stimulus", "rating_score"), _read_webmushra),
    (
        "pymushra",
        _has("wm_id", "questionaire_uuid", "responses_stimulus", "responses_score"),
        _read_pymushra,
    ),
    ("Go Listen", _is_golisten, _read_golisten),
    (
        "AutoFX ratings",
        _has(*REQUIRED_RATING_COLUMNS),
        lambda lines: _unescape(_rename(lines, {c: c for c in RATING_COLUMNS})),
    ),
)
