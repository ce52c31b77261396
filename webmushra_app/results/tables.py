"""The tables that can be exported: which columns, and where their rows come from.

Rows are fetched some hundred at a time. ``study`` is a study's name, or None for all of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Row, Select, TableClause, column, func, select, table
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.contract import RATING_COLUMNS, RATING_FLAGS
from webmushra_app.database import models

WEBMUSHRA_NAMES = {"reference": "reference"}
"""What webMUSHRA's scripts call a kind of condition, whatever its name is here."""
WEBMUSHRA_COLUMNS = (
    *("simulated", "session_uuid", "trial_id"),
    *("rating_stimulus", "rating_score", "rating_time", "rating_comment"),
)
OTHER_ANSWERS = "other_answers"
MAX_QUESTION_COLUMNS = 100
ROWS_AT_ONCE = 1000
SESSIONS_AT_ONCE = 50

Cells = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """Column names, and rows to be fetched once."""

    columns: Sequence[str]
    rows: Iterator[Cells]


def _view(name: str, *more: str) -> TableClause:
    columns = (column(c, Boolean if c in RATING_FLAGS else None) for c in (*RATING_COLUMNS, *more))
    return table(name, *columns)


RATINGS_LONG = _view("ratings_long")
ALL_RATINGS = _view("all_ratings", "excluded_at", "excluded_because")


def _of_study(query: Select, name_column: Any, study: str | None) -> Select:
    return query if study is None else query.where(name_column == study)


def _stream(db: DbSession, query: Select) -> Iterator[Cells]:
    return db.execute(query.execution_options(yield_per=ROWS_AT_ONCE))


def _session_by_session(
    db: DbSession, query: Select, view: TableClause, study: str | None
) -> Iterator[Row]:
    """Fetch a view's rows in order, some sessions at a time: no large table has to be sorted."""
    sessions = _of_study(select(models.Session.id).join(models.Study), models.Study.name, study)
    ids = iter(db.scalars(sessions.order_by(models.Study.name, models.Session.id)).all())
    ordered = query.order_by(
        *(view.c[name] for name in ("study", "session", "trial_position", "stimulus_position"))
    )
    while some := list(islice(ids, SESSIONS_AT_ONCE)):
        yield from db.execute(ordered.where(view.c.session.in_(some)))


def ratings(db: DbSession, study: str | None) -> Table:
    """Read every rating that counts, in the columns that the analysis reads."""
    rows = _session_by_session(db, select(RATINGS_LONG), RATINGS_LONG, study)
    return Table(RATING_COLUMNS, rows)


def excluded(db: DbSession, study: str | None) -> Table:
    """Read every rating of a session that an experimenter excluded, and why."""
    query = select(ALL_RATINGS).where(ALL_RATINGS.c.excluded_at.is_not(None))
    columns = (*RATING_COLUMNS, "excluded_at", "excluded_because")
    return Table(columns, _session_by_session(db, query, ALL_RATINGS, study))


def _questions(db: DbSession, study: str | None) -> list[str]:
    """List the questions that get a column: those asked, then the first ones of other answers.

    Posted results bring any questions; a column for each would let a file grow with the square of
    their number. What is over `MAX_QUESTION_COLUMNS` goes into one column, as JSON.
    """
    studies = _of_study(select(models.Study.settings), models.Study.name, study)
    asked = {question["id"] for s in db.scalars(studies) for question in s["questionnaire"]}
    answers = _of_study(
        select(models.Session.questionnaire).join(models.Study), models.Study.name, study
    ).where(models.Session.questionnaire.is_not(None))
    others: dict[str, None] = {}
    in_order = answers.order_by(models.Session.started_at, models.Session.id)
    # Closed, because what is left unread would keep a cursor open in PostgreSQL.
    with closing(db.scalars(in_order.execution_options(yield_per=ROWS_AT_ONCE))) as all_given:
        for given in all_given:
            others |= dict.fromkeys(name for name in given if name not in asked)
            if len(asked) + len(others) > MAX_QUESTION_COLUMNS:
                break
    return sorted([*asked, *list(others)[: max(0, MAX_QUESTION_COLUMNS - len(asked))]])


def _identifiers(db: DbSession, study: str | None) -> list[str]:
    """List the parameters of identifiers that get a column: those declared, then others stored.

    A study that declares others than before keeps what its earlier sessions brought.
    """
    studies = _of_study(select(models.Study.settings), models.Study.name, study)
    settings = db.scalars(studies.order_by(models.Study.id))
    names = dict.fromkeys(name for one in settings for name in one.get("id_parameters", ()))
    stored = _of_study(
        select(models.Session.external).join(models.Study), models.Study.name, study
    ).order_by(models.Session.started_at, models.Session.id)
    for external in db.scalars(stored.execution_options(yield_per=ROWS_AT_ONCE)):
        names |= dict.fromkeys(external)
    return list(names)


def _answer_cells(answers: Mapping[str, Any], questions: Sequence[str]) -> list[Any]:
    """Return a cell for each question, and one with all other answers as JSON, or None."""
    others = {name: value for name, value in answers.items() if name not in questions}
    rest = json.dumps(others, ensure_ascii=False) if others else None
    return [*(answers.get(question) for question in questions), rest]


class Attendance(NamedTuple):
    """One session, and how many trials it has and has finished; None where it has none."""

    session: models.Session
    study: str
    n_trials: int | None
    n_done: int | None


def _attribute(name: str) -> Callable[[Attendance], Any]:
    return lambda row: getattr(row.session, name)


def _headphones(key: str) -> Callable[[Attendance], Any]:
    return lambda row: (row.session.headphones or {}).get(key)


PARTICIPANT_COLUMNS: dict[str, Callable[[Attendance], Any]] = {
    "study": lambda row: row.study,
    "session": _attribute("id"),
    "participant": _attribute("participant"),
    "language": _attribute("language"),
    "simulated": _attribute("simulated"),
    "consent_version": _attribute("consent_version"),
    "started_at": _attribute("started_at"),
    "finished_at": _attribute("finished_at"),
    "trials": lambda row: row.n_trials or 0,
    "trials_done": lambda row: row.n_done or 0,
    "level_set_db": _attribute("level_set_db"),
    "level_db": _attribute("level_db"),
    "headphones_passed": _headphones("passed"),
    "headphones_correct": _headphones("correct"),
    "headphones_total": _headphones("total"),
    "headphones_attempts": _headphones("attempts"),
    "completion_code": lambda row: row.session.finished_at and row.session.completion_code,
    "excluded_at": _attribute("excluded_at"),
    "excluded_because": _attribute("excluded_because"),
}
"""The columns of ``participants.csv``, before one for each identifier and each question."""


def participants(db: DbSession, study: str | None) -> Table:
    """Read every session: how far it came, its identifiers, its answers and its settings."""
    identifiers = _identifiers(db, study)
    questions = _questions(db, study)
    trials = (
        select(
            models.Trial.session_id,
            func.count().label("all"),
            func.count(models.Trial.finished_at).label("done"),
        )
        .group_by(models.Trial.session_id)
        .subquery()
    )
    sessions = (
        select(models.Session, models.Study.name, trials.c.all, trials.c.done)
        .join(models.Study, models.Study.id == models.Session.study_id)
        .join(trials, trials.c.session_id == models.Session.id, isouter=True)
        .order_by(models.Session.started_at, models.Session.id)
    )

    def rows() -> Iterator[Cells]:
        for row in map(
            Attendance._make, _stream(db, _of_study(sessions, models.Study.name, study))
        ):
            answers = row.session.questionnaire or {}
            cells = [read(row) for read in PARTICIPANT_COLUMNS.values()]
            given = [row.session.external.get(name) for name in identifiers]
            yield [*cells, *given, *_answer_cells(answers, questions)]

    id_columns = (f"id_{name}" for name in identifiers)
    answer_columns = (f"answer_{question}" for question in questions)
    return Table([*PARTICIPANT_COLUMNS, *id_columns, *answer_columns, OTHER_ANSWERS], rows())


def events(db: DbSession, study: str | None) -> Table:
    """Read what happened in the participants' pages; the detail as JSON."""
    columns = [
        *("session", "page", "seq", "received_at", "at_s", "kind"),
        *("trial_position", "stimulus_position", "detail"),
    ]
    query = (
        select(*(getattr(models.Event, name) for name in ("session_id", *columns[1:])))
        .join(models.Session, models.Session.id == models.Event.session_id)
        .join(models.Study, models.Study.id == models.Session.study_id)
        .order_by(models.Event.session_id, models.Event.page, models.Event.seq)
    )
    rows = _stream(db, _of_study(query, models.Study.name, study))
    return Table(columns, ([*row[:-1], json.dumps(row[-1], ensure_ascii=False)] for row in rows))


def mushra(db: DbSession, study: str | None) -> Table:
    """Read every rating that counts, as webMUSHRA's ``mushra.csv``: its columns, times in ms.

    Training is left out, because the format cannot mark it; ``simulated`` stands among the
    questionnaire's columns, which are free.
    """
    questions = _questions(db, study)
    columns = [
        *("session_test_id", *(_answer_name(question) for question in questions), OTHER_ANSWERS),
        *WEBMUSHRA_COLUMNS,
    ]
    wanted = ("study", "session", "simulated", "item", "kind", "condition", "score")
    query = select(*(RATINGS_LONG.c[name] for name in (*wanted, "trial_time_s", "comment")))
    scores = _session_by_session(db, query.where(~RATINGS_LONG.c.training), RATINGS_LONG, study)

    def rows() -> Iterator[Cells]:
        for session, group in groupby(scores, key=attrgetter("session")):
            answers = _answer_cells(_answers(db, session), questions)
            for row in group:
                stimulus = WEBMUSHRA_NAMES.get(row.kind, row.condition)
                yield [
                    *(row.study, *answers, row.simulated, session, row.item),
                    *(stimulus, row.score, _in_ms(row.trial_time_s), row.comment),
                ]

    return Table(columns, rows())


def _answer_name(question: str) -> str:
    """Name a question's column in ``mushra.csv``: as itself, or with a prefix if that is taken.

    >>> [_answer_name(question) for question in ("age", "rating_score", "answer_age")]
    ['age', 'answer_rating_score', 'answer_answer_age']
    """
    taken = ("session_test_id", OTHER_ANSWERS, *WEBMUSHRA_COLUMNS)
    is_taken = question in taken or question.startswith("answer_")
    return f"answer_{question}" if is_taken else question


def _answers(db: DbSession, session_id: str) -> dict[str, Any]:
    asked = select(models.Session.questionnaire).where(models.Session.id == session_id)
    return db.scalar(asked) or {}


def _in_ms(time_s: float | None) -> float | None:
    return None if time_s is None else round(time_s * 1000, 3)
