"""What listeners' requests execute: Core statements, built once.

Building a statement costs more than executing it, and rows cost a third of what objects do, so the
routes that hundreds of listeners use at the same moment read rows by these statements.
"""

from typing import Any, NamedTuple

from sqlalchemy import JSON, bindparam, insert, null, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from webmushra_app.database import models


class SessionRow(NamedTuple):
    """What the listeners' routes know of a sitting."""

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


class PlannedTrial(NamedTuple):
    """One line of a sitting's plan."""

    id: int
    public_id: str
    reference_id: str
    position: int
    finished_at: str | None
    training: bool


class json_rows(FunctionElement):
    """Aggregates rows into one JSON array of arrays.

    A driver hands rows over one by one, and lets other threads in at each; one value is cheaper.
    """

    type = JSON()
    inherit_cache = True


@compiles(json_rows, "sqlite")
def _json_rows_in_sqlite(rows: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(rows.clauses, **options)}))"


@compiles(json_rows, "postgresql")
def _json_rows_in_postgresql(rows: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(rows.clauses, **options)}))"


_SESSION = models.Session.__table__
_TRIAL = models.Trial.__table__

STUDY = select(models.Study.__table__).where(models.Study.id == bindparam("study"))
STUDY_OF_SESSION = select(models.Session.study_id).where(models.Session.token == bindparam("token"))
SESSION = select(*(_SESSION.c[name] for name in SessionRow._fields)).where(
    models.Session.token == bindparam("token"), models.Session.study_id == bindparam("study")
)
SESSION_TO_CHANGE = SESSION.with_for_update()
PLAN = select(json_rows(*(_TRIAL.c[name] for name in PlannedTrial._fields))).where(
    models.Trial.session_id == bindparam("session")
)
"""A sitting's trials, in any order."""
TRIAL = select(_TRIAL).where(
    models.Trial.public_id == bindparam("trial"), models.Trial.session_id == bindparam("session")
)
PRESENTED = select(models.Presentation.public_id, models.Presentation.id).where(
    models.Presentation.trial_id == bindparam("trial")
)
"""The identifiers that the browser knows, and the rows that they mean."""
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
    select(models.Stimulus.file)
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
"""Where a sitting's trials, and the stimuli in them, stand."""
SEEN_EVENTS = select(models.Event.seq).where(
    models.Event.session_id == bindparam("session"), models.Event.page == bindparam("page")
)

FINISH = (
    update(_TRIAL)
    .where(models.Trial.id == bindparam("trial"), models.Trial.finished_at.is_(None))
    .values(
        trial_time_s=bindparam("time_s"),
        comment=bindparam("said"),
        draft=null(),
        finished_at=bindparam("now"),
    )
)
RATE = insert(models.Rating.__table__)
KEEP_DRAFT = (
    update(_TRIAL)
    .where(models.Trial.id == bindparam("trial"), models.Trial.finished_at.is_(None))
    .values(draft=bindparam("kept"))
)
CHANGE = update(_SESSION).where(models.Session.id == bindparam("session"))
SEE = CHANGE.values(seen_at=bindparam("now"))
NOTE_EVENTS = insert(models.Event.__table__)
