"""Pages of sessions: the list of a study's, and one in detail; excluding it and taking it back."""

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession
from werkzeug.wrappers import Response as AnyResponse

from webmushra_app import timestamps
from webmushra_app.admin import audit
from webmushra_app.admin.access import blueprint, go, show
from webmushra_app.admin.progress import list_sessions
from webmushra_app.admin.screening import flag_sessions
from webmushra_app.admin.studies import STUDY, find_study
from webmushra_app.api.responses import Refusal
from webmushra_app.api.services import services
from webmushra_app.database import models

SESSION = "/sessions/<string(length=12):session_id>"
ROWS_A_PAGE = 100
MAX_EVENTS = 1000
MAX_REASON = 300


def find_session(db: DbSession, session_id: str, *, lock: bool = False) -> models.Session:
    """Find a session by the name that it has in exports.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
    session_id : str
        Twelve letters and digits.
    lock : bool
        Whether to lock its row until the transaction ends (on PostgreSQL).

    Raises
    ------
    Refusal
        404 if there is none.
    """
    wanted = select(models.Session).where(models.Session.id == session_id)
    session = db.scalar(wanted.with_for_update() if lock else wanted)
    if session is None:
        raise Refusal(404, "there is no such session")
    return session


@blueprint.get(f"{STUDY}/sessions")
def show_sessions(study_id: int) -> Response:
    """List a study's sessions, newest first."""
    page = audit.page_number()
    with services().database.reading() as db:
        study = find_study(db, study_id)
        sessions = list_sessions(db, study_id)
        flags = flag_sessions(db, study)
    shown = sessions[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]
    n_pages = -(-len(sessions) // ROWS_A_PAGE)
    return show("sessions", study=study, sessions=shown, flags=flags, page=page, n_pages=n_pages)


@blueprint.get(SESSION)
def show_session(session_id: str) -> Response:
    """Show one session: its facts, every score, and what happened in the page."""
    with services().database.reading() as db:
        session = find_session(db, session_id)
        study = find_study(db, session.study_id)
        events = db.scalars(
            select(models.Event)
            .where(models.Event.session_id == session_id)
            .order_by(models.Event.received_at, models.Event.page, models.Event.seq)
            .limit(MAX_EVENTS)
        ).all()
        flags = flag_sessions(db, study).get(session_id, [])
        trials = _trials(db, session_id)
    return show(
        "session", session=session, study=study, trials=trials, events=events, flags=flags,
        max_events=MAX_EVENTS, max_reason=MAX_REASON,
    )  # fmt: skip


def _trials(db: DbSession, session_id: str) -> list[tuple[models.Trial, str, list]]:
    """List trials with their item and their scores in the order that the participant saw."""
    rows = db.execute(
        select(models.Trial, models.Item.name)
        .join(models.Item, models.Item.id == models.Trial.item_id)
        .where(models.Trial.session_id == session_id)
        .order_by(models.Trial.position)
    ).all()
    scores = db.execute(
        select(
            models.Presentation.trial_id,
            models.Condition.name,
            models.Rating.score,
            models.Rating.plays,
        )
        .join(models.Trial, models.Trial.id == models.Presentation.trial_id)
        .join(models.Stimulus, models.Stimulus.id == models.Presentation.stimulus_id)
        .join(models.Condition, models.Condition.id == models.Stimulus.condition_id)
        .join(models.Rating, models.Rating.presentation_id == models.Presentation.id, isouter=True)
        .where(models.Trial.session_id == session_id)
        .order_by(models.Presentation.position)
    ).all()
    return [(trial, item, [s for s in scores if s.trial_id == trial.id]) for trial, item in rows]


@blueprint.post(f"{SESSION}/exclude")
def exclude(session_id: str) -> AnyResponse:
    """Leave a session out of everything that is analysed, with a reason; nothing is deleted."""
    reason = request.form.get("reason", "").strip()
    if not 0 < len(reason) <= MAX_REASON or "\0" in reason:
        raise Refusal(422, f"reason: say why, in at most {MAX_REASON} characters")
    with services().database.writing() as db:
        session = find_session(db, session_id, lock=True)
        session.excluded_at = timestamps.moment()
        session.excluded_because = reason
        study = find_study(db, session.study_id).name
        audit.record(db, "excluded", study=study, session=session_id, reason=reason)
    return go("show_session", session_id=session_id)


@blueprint.post(f"{SESSION}/include")
def include(session_id: str) -> AnyResponse:
    """Take an excluded session back."""
    with services().database.writing() as db:
        session = find_session(db, session_id, lock=True)
        session.excluded_at = session.excluded_because = None
        study = find_study(db, session.study_id).name
        audit.record(db, "included", study=study, session=session_id)
    return go("show_session", session_id=session_id)
