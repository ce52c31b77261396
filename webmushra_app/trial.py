"""Blueprint of the trial page: its sounds, its draft, and the ratings of a finished trial.

Blinding rests on three rules: the browser sees identifiers that are random and its own, sounds are
sent with headers that are the same for all of them, and no answer names a condition or a file.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Connection, Row, bindparam, insert, null, select, update
from sqlalchemy.orm import Session as DbSession
from werkzeug.wsgi import wrap_file

from webmushra_app import models, openapi, schemas, sitting
from webmushra_app.http import Refusal, answer, read_body
from webmushra_app.presentation import stimulus_label
from webmushra_app.services import services

blueprint = Blueprint("trial", __name__)
SESSION = f"{openapi.PREFIX}/sessions/<opaque:token>"
TRIAL = f"{SESSION}/trials/<opaque:trial_id>"
PRESENTED = select(models.Presentation.public_id, models.Presentation.id).where(
    models.Presentation.trial_id == bindparam("trial")
)
FINISH = (
    update(models.Trial.__table__)
    .where(models.Trial.id == bindparam("trial"), models.Trial.finished_at.is_(None))
    .values(
        trial_time_s=bindparam("time_s"),
        comment=bindparam("said"),
        draft=null(),
        finished_at=bindparam("now"),
    )
)
RATE = insert(models.Rating.__table__)
SEE = (
    update(models.Session.__table__)
    .where(models.Session.id == bindparam("session"))
    .values(seen_at=bindparam("now"))
)
"""What every finished trial executes, built once: building costs more than executing."""
UNKNOWN_TRIAL = "no such trial in this sitting"
UNKNOWN_SOUND = "no such sound in this sitting"


@blueprint.get(TRIAL)
def show(token: str, trial_id: str) -> Response:
    """Describe one trial."""
    with services().database.reading() as db:
        session = sitting.find_session(db, services().study, token)
        trial = _find_trial(db, session, trial_id)
        return answer(_describe(db, token, trial))


@blueprint.put(TRIAL)
def store(token: str, trial_id: str) -> Response:
    """Store a finished trial.

    Everything is looked up and checked beforehand, so that the transaction that writes is short;
    it stores nothing if another request has finished the trial meanwhile.
    """
    result = read_body(schemas.TrialResult)
    study = services().study
    with services().database.reading() as db:
        session = sitting.find_session(db, study, token)
        trials = sitting.list_trials(db, session)
        trial = _pick(trials, trial_id)
        ids = _presentation_ids(db, trial)
    now = models.moment()
    changed = False
    if trial.finished_at is None:
        if step := sitting.next_step(study, session):
            raise Refusal(409, f"the step {step!r} comes before the trials")
        _check_stimuli([rating.stimulus for rating in result.ratings], set(ids), all_of_them=True)
        changed = _store_result(trial, ids, result, now=now)
    if not changed:
        _check_same(trial_id, session, result)
    done = [replace(t, finished_at=t.finished_at or now) if t is trial else t for t in trials]
    url = url_for("participant.page", token=token)
    state = sitting.describe(study, session, done, services().clock, url=url)
    return answer(schemas.TrialSaved(changed=changed, session=state))


def _check_same(trial_id: str, session: models.Session, result: schemas.TrialResult) -> None:
    """Refuse a result that differs from the one that the finished trial has."""
    with services().database.reading() as db:
        trial = _find_trial(db, session, trial_id)
        if _stored_result(db, trial) != _in_order(result):
            raise Refusal(409, "this trial is finished with other ratings, which stand")


@blueprint.put(f"{TRIAL}/draft")
def store_draft(token: str, trial_id: str) -> Response:
    """Keep the sliders of the open trial."""
    draft = read_body(schemas.Draft)
    with services().database.writing() as db:
        session = sitting.find_session(db, services().study, token, lock=True)
        trial = _find_trial(db, session, trial_id)
        if trial.finished_at is not None:
            raise Refusal(409, "this trial is finished")
        known = {row.public_id for row in _presentations(db, trial)}
        _check_stimuli([rating.stimulus for rating in draft.ratings], known, all_of_them=False)
        trial.draft = draft.model_dump()
        session.seen_at = models.moment()
    return answer(draft)


@blueprint.get(f"{SESSION}/examples")
def show_examples(token: str) -> Response:
    """Offer sounds for level setting and instructions."""
    study = services().study
    with services().database.reading() as db:
        session = sitting.find_session(db, study, token)
        trial = sitting.list_trials(db, session)[0]
    if not study.training_items:
        return answer(schemas.Examples(reference=None, same=None, different=None))
    ends = {
        name: _sound(token, session.examples[name], sitting.example_stimulus(study, name).bytes)
        for name in ("same", "different")
    }
    size = study.training_items[0].reference_bytes
    return answer(schemas.Examples(reference=_sound(token, trial.reference_id, size), **ends))


@blueprint.get(f"{SESSION}/audio/<opaque:sound_id>")
def send_sound(token: str, sound_id: str) -> Response:
    """Send one sound's bytes as they are."""
    with services().database.reading() as db:
        session = sitting.find_session(db, services().study, token)
        file = _find_file(db, session, sound_id)
    return _send_bytes(services().study.folder / file)


def _send_bytes(path: Path) -> Response:
    """Send a file without a word about its name, age or content."""
    try:
        file = path.open("rb")
    except OSError:
        raise Refusal(404, "this sound is missing here; please tell the experimenter") from None
    response = Response(
        wrap_file(request.environ, file),
        mimetype="application/octet-stream",
        direct_passthrough=True,
    )
    response.content_length = os.fstat(file.fileno()).st_size
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _pick(trials: Sequence[sitting.PlannedTrial], trial_id: str) -> sitting.PlannedTrial:
    for trial in trials:
        if trial.public_id == trial_id:
            return trial
    raise Refusal(404, UNKNOWN_TRIAL)


def _find_trial(db: DbSession, session: models.Session, trial_id: str) -> models.Trial:
    trial = db.scalar(
        select(models.Trial).where(
            models.Trial.public_id == trial_id, models.Trial.session_id == session.id
        )
    )
    if trial is None:
        raise Refusal(404, UNKNOWN_TRIAL)
    return trial


def _presentations(db: DbSession, trial: models.Trial) -> list[Row]:
    """List a trial's stimuli in this session's order, with the ratings there are."""
    return list(
        db.execute(
            select(
                models.Presentation.id,
                models.Presentation.public_id,
                models.Presentation.position,
                models.Stimulus.bytes,
                models.Rating.score,
                models.Rating.plays,
                models.Rating.listened_s,
            )
            .join(models.Stimulus, models.Stimulus.id == models.Presentation.stimulus_id)
            .join(models.Rating, isouter=True)
            .where(models.Presentation.trial_id == trial.id)
            .order_by(models.Presentation.position)
        )
    )


def _describe(db: DbSession, token: str, trial: models.Trial) -> schemas.Trial:
    item = next(item for item in services().study.items if item.id == trial.item_id)
    return schemas.Trial(
        id=trial.public_id,
        position=trial.position,
        training=trial.training,
        duration_s=item.duration_s,
        reference=_sound(token, trial.reference_id, item.reference_bytes),
        stimuli=[
            schemas.TrialStimulus(
                id=row.public_id,
                label=stimulus_label(row.position),
                **_sound(token, row.public_id, row.bytes).model_dump(),
            )
            for row in _presentations(db, trial)
        ],
        draft=trial.draft and schemas.Draft.model_validate(trial.draft),
        result=_stored_result(db, trial) if trial.finished_at else None,
    )


def _sound(token: str, public_id: str, size: int) -> schemas.Sound:
    url = url_for("trial.send_sound", token=token, sound_id=public_id)
    return schemas.Sound(url=url, bytes=size)


def _check_stimuli(sent: list[str], known: set[str], *, all_of_them: bool) -> None:
    """Refuse a stimulus that is sent twice, isn't of this trial, or is missing."""
    if len(sent) != len(set(sent)):
        raise Refusal(422, "ratings: a stimulus is there twice", field="ratings")
    if set(sent) - known:
        raise Refusal(422, "ratings: a stimulus is not of this trial", field="ratings")
    if all_of_them and (missing := known - set(sent)):
        raise Refusal(
            422, f"ratings: {len(missing)} of {len(known)} stimuli are not rated", field="ratings"
        )


def _presentation_ids(db: DbSession, trial: sitting.PlannedTrial) -> dict[str, int]:
    """Map the identifiers that the browser knows to the rows they mean."""
    return dict(db.execute(PRESENTED, {"trial": trial.id}).all())


def _store_result(
    trial: sitting.PlannedTrial, ids: dict[str, int], result: schemas.TrialResult, *, now: str
) -> bool:
    """Write the ratings of a trial that nobody has finished; tells whether it did."""
    finished = {"trial": trial.id, "time_s": result.trial_time_s, "said": result.comment}
    rows = [
        {
            "presentation_id": ids[rating.stimulus],
            "score": rating.score,
            "plays": rating.plays,
            "listened_s": rating.listened_s,
            "rated_at": now,
        }
        for rating in result.ratings
    ]

    def write(connection: Connection) -> bool:
        if connection.execute(FINISH, finished | {"now": now}).rowcount == 0:
            return False
        connection.execute(RATE, rows)
        connection.execute(SEE, {"session": trial.session_id, "now": now})
        return True

    return services().database.store(write)


def _stored_result(db: DbSession, trial: models.Trial) -> schemas.TrialResult:
    ratings = [
        schemas.Rating(
            stimulus=row.public_id, score=row.score, plays=row.plays, listened_s=row.listened_s
        )
        for row in _presentations(db, trial)
    ]
    result = schemas.TrialResult(
        ratings=ratings, trial_time_s=trial.trial_time_s, comment=trial.comment
    )
    return _in_order(result)


def _in_order(result: schemas.TrialResult) -> schemas.TrialResult:
    """Sort ratings by stimulus, so that results compare whatever the order they came in."""
    ratings = sorted(result.ratings, key=lambda rating: rating.stimulus)
    return result.model_copy(update={"ratings": ratings})


def _find_file(db: DbSession, session: models.Session, sound_id: str) -> str:
    """Find which file a sitting means by one of its sound identifiers."""
    study = services().study
    for name, public_id in session.examples.items():
        if public_id == sound_id:
            return sitting.example_stimulus(study, name).file
    file = db.scalar(
        select(models.Stimulus.file)
        .join(models.Presentation)
        .join(models.Trial)
        .where(models.Presentation.public_id == sound_id, models.Trial.session_id == session.id)
    ) or db.scalar(
        select(models.Item.reference_file)
        .join(models.Trial, models.Trial.item_id == models.Item.id)
        .where(models.Trial.reference_id == sound_id, models.Trial.session_id == session.id)
    )
    if file is None:
        raise Refusal(404, UNKNOWN_SOUND)
    return file
