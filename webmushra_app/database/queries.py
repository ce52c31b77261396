"""What participants' requests execute: Core statements, built once.

Building a statement costs more than executing it, and a row costs a third of an object, so the
routes that hundreds of participants use at the same moment read rows by these statements.
"""

from typing import Any, NamedTuple

from sqlalchemy import JSON, Table, bindparam, insert, null, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webmushra_app.database import models


class SessionRow(NamedTuple):
    """The columns of a session that the participants' routes read."""

    id: str
    token: str
    language: str
    simulated: bool
    examples: dict[str, str]
    questionnaire: dict[str, Any] | None
    headphones: dict[str, Any] | None
    level_set_db: float | None
    level_db: float | None
    instructions_at: str | None
    completion_code: str
    finished_at: str | None


class TrialRow(NamedTuple):
    """One trial of a session, without its ratings."""

    id: int
    public_id: str
    reference_id: str
    position: int
    finished_at: str | None
    training: bool


class json_rows(FunctionElement):
    """Aggregates rows into one JSON array of arrays.

    A driver fetches rows one by one and releases the interpreter lock at each; one value is
    cheaper.
    """

    type = JSON()
    inherit_cache = True


@compiles(json_rows, "sqlite")
def _json_rows_in_sqlite(rows: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(rows.clauses, **options)}))"


@compiles(json_rows, "postgresql")
def _json_rows_in_postgresql(rows: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(rows.clauses, **options)}))"


def _table(model: type[models.Base]) -> Table:
    """Return the table of a model, which its type leaves open."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 – a model mapped to a join has none
    return table


_SESSION = _table(models.Session)
_TRIAL = _table(models.Trial)

STUDY = select(_table(models.Study)).where(models.Study.id == bindparam("study"))
STUDY_OF_SESSION = select(models.Session.study_id).where(models.Session.token == bindparam("token"))
SESSION = select(*(_SESSION.c[name] for name in SessionRow._fields)).where(
    models.Session.token == bindparam("token"), models.Session.study_id == bindparam("study")
)
SESSION_FOR_UPDATE = SESSION.with_for_update()
TRIALS_OF_SESSION = select(json_rows(*(_TRIAL.c[name] for name in TrialRow._fields))).where(
    models.Trial.session_id == bindparam("session")
)
"""A session's trials, in any order."""
TRIAL = select(_TRIAL).where(
    models.Trial.public_id == bindparam("trial"), models.Trial.session_id == bindparam("session")
)
PRESENTATION_IDS = select(models.Presentation.public_id, models.Presentation.id).where(
    models.Presentation.trial_id == bindparam("trial")
)
"""The browser's identifiers of a trial's stimuli, and the rows they stand for."""
PRESENTATIONS = (
    select(
        models.Presentation.public_id,
        models.Presentation.position,
        models.Stimulus.bytes,
        models.Rating.score,
        models.Rating.plays,
        models.Rating.listened_s,
    )
    .join(models.Stimulus, models.Stimulus.id == models.Presentation.stimulus_id)
    .join(models.Rating, isouter=True)
    .where(models.Presentation.trial_id == bindparam("trial"))
    .order_by(models.Presentation.position)
)
"""A trial's stimuli in this session's order, with the ratings there are."""
STIMULUS_FILE = (
    select(models.Stimulus.file, models.Presentation.id, models.Presentation.fetched_at)
    .join(models.Presentation)
    .join(models.Trial)
    .where(
        models.Presentation.public_id == bindparam("sound"),
        models.Trial.session_id == bindparam("session"),
    )
)
REFERENCE_FILE = (
    select(models.Item.reference_file)
    .join(models.Trial, models.Trial.item_id == models.Item.id)
    .where(
        models.Trial.reference_id == bindparam("sound"),
        models.Trial.session_id == bindparam("session"),
    )
)
POSITIONS = (
    select(models.Trial.public_id, models.Trial.position)
    .where(models.Trial.session_id == bindparam("session"))
    .union_all(
        select(models.Presentation.public_id, models.Presentation.position)
        .join(models.Trial, models.Trial.id == models.Presentation.trial_id)
        .where(models.Trial.session_id == bindparam("session"))
    )
)
"""Where a session's trials, and the stimuli in them, stand."""
SEEN_EVENTS = select(models.Event.seq).where(
    models.Event.session_id == bindparam("session"), models.Event.page == bindparam("page")
)

FINISH_TRIAL = (
    update(_TRIAL)
    .where(models.Trial.id == bindparam("trial"), models.Trial.finished_at.is_(None))
    .values(
        trial_time_s=bindparam("time_s"),
        comment=bindparam("new_comment"),
        draft=null(),
        finished_at=bindparam("now"),
    )
)
NOTE_FETCHED = (
    update(_table(models.Presentation))
    .where(
        models.Presentation.id == bindparam("presentation"),
        models.Presentation.fetched_at.is_(None),
    )
    .values(fetched_at=bindparam("now"))
)
INSERT_RATINGS = insert(_table(models.Rating))
STORE_DRAFT = (
    update(_TRIAL)
    .where(models.Trial.id == bindparam("trial"), models.Trial.finished_at.is_(None))
    .values(draft=bindparam("new_draft"))
)
UPDATE_SESSION = update(_SESSION).where(models.Session.id == bindparam("session"))
TOUCH_SESSION = UPDATE_SESSION.values(seen_at=bindparam("now"))
INSERT_EVENTS = insert(_table(models.Event))
