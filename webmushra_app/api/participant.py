"""Blueprint of the participant's way through a session: pages, consent, steps, events, finish."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for
from sqlalchemy import Connection, select

from webmushra_app import timestamps
from webmushra_app.api import openapi, schemas
from webmushra_app.api.responses import Refusal, answer, read_body
from webmushra_app.api.services import services
from webmushra_app.api.session import (
    begin_session,
    check_answers,
    check_language,
    describe_session,
    find_session,
    level_range_db,
    list_trials,
    why_closed,
)
from webmushra_app.database import models, queries
from webmushra_app.database.group_commit import Changes
from webmushra_app.database.queries import SessionRow, TrialRow

blueprint = Blueprint("participant", __name__)
API = openapi.PREFIX
Trials = list[TrialRow]
Columns = dict[str, Any]
"""Columns of a session and their new values."""


@blueprint.get("/")
@blueprint.get("/s/<opaque:token>")
def page(token: str = "") -> str:
    """Serve the participant's page; it reads the session's key from its own address."""
    study = services().study
    language = study.settings.languages[0]
    return render_template(
        "listen.html", language=language, title=study.settings.title.get(language, study.title)
    )


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer once the database has answered."""
    with services().database.connect() as db:
        db.execute(select(models.Study.id).limit(1))
    return answer(schemas.Health(status="ok"))


@blueprint.get(f"{API}/openapi.json")
def document() -> Response:
    """Serve the description of this API."""
    return jsonify(openapi.build_document())


@blueprint.get(f"{API}/study")
@blueprint.get(f"{API}/sessions/<opaque:token>/study")
def show_study(token: str = "") -> Response:
    """Describe the open study, or the one that a session belongs to."""
    study, settings = services().study, services().study.settings
    with services().database.connect() as db:
        if token:
            find_session(db, study, token)
        row = db.execute(queries.STUDY, {"study": study.id}).one()
        is_open = why_closed(db, row) is None
    n_training = len(study.training_items)
    n_pages = study.n_trials + n_training
    described = settings.model_dump(
        include={
            "languages",
            "texts",
            "consent",
            "questionnaire",
            "id_parameters",
            "scale",
            "level_check",
            "headphone_check",
            "comments",
        }
    ) | {
        "name": study.name,
        "open": is_open,
        "title": settings.title or {settings.languages[0]: study.title},
        "steps": settings.steps,
        "n_trials": study.n_trials,
        "n_training": n_training,
        "n_stimuli": max(len(item.stimuli) for item in study.items),
        "estimate_s": services().duration.session_s(steps=settings.steps, n_trials=n_pages),
    }
    return answer(schemas.StudyInfo.model_validate(described))


@blueprint.post(f"{API}/sessions")
def begin() -> Response:
    """Begin a session."""
    body = read_body(schemas.NewSession)
    with services().database.writing() as db:
        session, is_new = begin_session(db, services().study, body)
        trials = list_trials(db, session)
    return answer(_describe(session, trials), 201 if is_new else 200)


@blueprint.get(f"{API}/sessions/<opaque:token>")
def show(token: str) -> Response:
    """Return all that a page needs to resume."""
    with services().database.connect() as db:
        session = find_session(db, services().study, token)
        trials = list_trials(db, session)
    return answer(_describe(session, trials))


@blueprint.put(f"{API}/sessions/<opaque:token>")
def change_language(token: str) -> Response:
    """Change the session's language."""
    body = read_body(schemas.SessionUpdate)
    check_language(services().study, body.language)

    def keep_if_finished(session: SessionRow, _trials: Trials) -> Columns:
        return {"language": session.language if session.finished_at else body.language}

    return _change(token, keep_if_finished)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/questionnaire")
def store_questionnaire(token: str) -> Response:
    """Store the answers."""
    answers = read_body(schemas.QuestionnaireAnswers).answers
    check_answers(services().study, answers)

    def change(session: SessionRow, trials: Trials) -> Columns:
        if session.questionnaire != answers and any(trial.finished_at for trial in trials):
            raise Refusal(409, "the questionnaire is closed once the first trial is finished")
        return {"questionnaire": answers}

    return _change(token, change)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/level")
def store_level(token: str) -> Response:
    """Store the listening level."""
    level_db = read_body(schemas.LevelSetting).level_db

    def change(session: SessionRow, trials: Trials) -> Columns:
        low, high = level_range_db(session, trials)
        if not low <= level_db <= high:
            raise Refusal(409, f"level_db: must now be in [{low:g}, {high:g}] dB", field="level_db")
        if any(trial.finished_at for trial in trials):
            return {"level_db": level_db}
        return {"level_db": level_db, "level_set_db": level_db}

    return _change(token, change)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/headphones")
def store_headphones(token: str) -> Response:
    """Store the outcome of the headphone check."""
    result = read_body(schemas.HeadphoneResult)
    if result.correct > result.total:
        raise Refusal(422, "correct: cannot be more than total", field="correct")

    def change(session: SessionRow, _trials: Trials) -> Columns:
        before = session.headphones or {}
        attempts = before.get("attempts", 0)
        outcome = result.model_dump()
        is_another = before != outcome | {"attempts": attempts}
        return {"headphones": outcome | {"attempts": attempts + is_another}}

    return _change(token, change)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/instructions")
def store_instructions(token: str) -> Response:
    """Store when the instructions were shown."""
    read_body(schemas.InstructionsRead)
    now = timestamps.moment()
    return _change(
        token, lambda session, _trials: {"instructions_at": session.instructions_at or now}
    )


@blueprint.post(f"{API}/sessions/<opaque:token>/events")
def store_events(token: str) -> Response:
    """Store what happened in the page, each event once."""
    batch = read_body(schemas.EventBatch)
    study, now = services().study, timestamps.moment()
    events = {event.seq: event for event in reversed(batch.events)}

    def work(db: Connection) -> tuple[int, Changes]:
        session = find_session(db, study, token, to_change=True)
        if session.finished_at:
            return 0, ()
        this_page = {"session": session.id, "page": batch.page}
        seen = set(db.scalars(queries.SEEN_EVENTS, this_page))
        positions: dict[str | None, int] = dict(
            db.execute(queries.POSITIONS, {"session": session.id}).all()
        )
        rows = [
            {
                "session_id": session.id,
                "page": batch.page,
                "seq": event.seq,
                "at_s": event.at_s,
                "kind": event.kind,
                "trial_position": positions.get(event.trial),
                "stimulus_position": positions.get(event.stimulus),
                "detail": _without_key(event.detail, token),
                "received_at": now,
            }
            for event in events.values()
            if event.seq not in seen
        ]
        return len(rows), [(queries.INSERT_EVENTS, rows)] if rows else ()

    return answer(schemas.EventsSaved(stored=services().database.store(work, about=token)))


def _without_key(detail: dict[str, Any], token: str) -> dict[str, Any]:
    """Replace the session's key in what a page reports, e.g. in the address that failed."""
    return {
        name: value.replace(token, "<key>") if isinstance(value, str) else value
        for name, value in detail.items()
    }


@blueprint.post(f"{API}/sessions/<opaque:token>/finish")
def finish(token: str) -> Response:
    """End the session."""
    now = timestamps.moment()

    def change(session: SessionRow, trials: Trials) -> Columns:
        left = sum(trial.finished_at is None for trial in trials)
        if left:
            raise Refusal(409, f"{left} of {len(trials)} trials are not finished yet")
        return {"finished_at": session.finished_at or now}

    return _change(token, change)


def _change(token: str, change: Callable[[SessionRow, Trials], Columns]) -> Response:
    """Change one session's columns in one transaction and answer with its new state."""
    study, now = services().study, timestamps.moment()

    def work(db: Connection) -> tuple[tuple[SessionRow, Trials], Changes]:
        session = find_session(db, study, token, to_change=True)
        trials = list_trials(db, session)
        columns = change(session, trials)
        if session.finished_at:
            if any(getattr(session, name) != value for name, value in columns.items()):
                raise Refusal(409, "this session is finished; nothing of it changes any more")
            return (session, trials), ()
        statement = queries.UPDATE_SESSION.values(seen_at=now, **columns)
        return (session._replace(**columns), trials), [(statement, [{"session": session.id}])]

    return answer(_describe(*services().database.store(work, about=token)))


def _describe(session: SessionRow, trials: Trials) -> schemas.SessionState:
    url = url_for("participant.page", token=session.token)
    return describe_session(services().study, session, trials, services().duration, url=url)
