"""Blueprint of the trial page: its sounds, its draft, and the ratings of a finished trial.

Blinding rests on three rules: the browser sees identifiers that are random and its own, sounds are
sent with headers that are the same for all of them, and no answer names a condition or a file.
"""

import os
from collections.abc import Sequence, Set
from pathlib import Path

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Connection, Row
from werkzeug.wsgi import wrap_file

from webmushra_app import timestamps
from webmushra_app.api import openapi, schemas
from webmushra_app.api.responses import Refusal, answer, read_body
from webmushra_app.api.services import services
from webmushra_app.api.session import (
    describe_session,
    example_stimulus,
    find_session,
    list_trials,
    next_step,
)
from webmushra_app.database import queries
from webmushra_app.database.group_commit import Changes
from webmushra_app.database.queries import SessionRow, TrialRow
from webmushra_app.studies.assignment import stimulus_label

blueprint = Blueprint("trial", __name__)
SESSION = f"{openapi.PREFIX}/sessions/<opaque:token>"
TRIAL = f"{SESSION}/trials/<opaque:trial_id>"
UNKNOWN_TRIAL = "no such trial in this session"
UNKNOWN_SOUND = "no such sound in this session"


@blueprint.get(TRIAL)
def show(token: str, trial_id: str) -> Response:
    """Describe one trial."""
    with services().database.connect() as db:
        session = find_session(db, services().study, token)
        trial = _find_trial(db, session, trial_id)
        return answer(_describe(db, token, trial))


@blueprint.put(TRIAL)
def store(token: str, trial_id: str) -> Response:
    """Store a finished trial."""
    result = read_body(schemas.TrialResult)
    study, now = services().study, timestamps.moment()

    def work(db: Connection) -> tuple[tuple[bool, SessionRow, list[TrialRow]], Changes]:
        session = find_session(db, study, token, to_change=True)
        trials = list_trials(db, session)
        trial = _pick(trials, trial_id)
        if trial.finished_at:
            _check_same(db, session, trial_id, result)
            return (False, session, trials), ()
        if step := next_step(study, session):
            raise Refusal(409, f"the step {step!r} comes before the trials")
        if (first := _first_open(trials)) is not trial:
            raise Refusal(409, f"trial {first.position} comes before trial {trial.position}")
        changes = _result_changes(db, session, trial, result, now=now)
        done = [t._replace(finished_at=now) if t is trial else t for t in trials]
        return (True, session, done), changes

    changed, session, trials = services().database.store(work, about=token)
    url = url_for("participant.page", token=token)
    state = describe_session(study, session, trials, services().duration, url=url)
    return answer(schemas.TrialSaved(changed=changed, session=state))


@blueprint.put(f"{TRIAL}/draft")
def store_draft(token: str, trial_id: str) -> Response:
    """Keep the sliders of the open trial."""
    draft = read_body(schemas.Draft)
    study, now = services().study, timestamps.moment()

    def work(db: Connection) -> tuple[None, Changes]:
        session = find_session(db, study, token, to_change=True)
        trial = _find_trial(db, session, trial_id)
        known = _presentation_ids(db, trial).keys()
        _check_stimuli([rating.stimulus for rating in draft.ratings], known, all_of_them=False)
        if trial.finished_at:
            raise Refusal(409, "this trial is finished")
        return None, [
            (queries.STORE_DRAFT, [{"trial": trial.id, "new_draft": draft.model_dump()}]),
            (queries.TOUCH_SESSION, [{"session": session.id, "now": now}]),
        ]

    services().database.store(work, about=token)
    return answer(draft)


@blueprint.get(f"{SESSION}/examples")
def show_examples(token: str) -> Response:
    """Offer sounds for level setting and instructions."""
    study = services().study
    with services().database.connect() as db:
        session = find_session(db, study, token)
        trial = list_trials(db, session)[0]
    if not study.training_items:
        return answer(schemas.Examples(reference=None, same=None, different=None))
    ends = {
        name: _sound(token, session.examples[name], example_stimulus(study, name).bytes)
        for name in ("same", "different")
    }
    size = study.training_items[0].reference_bytes
    return answer(schemas.Examples(reference=_sound(token, trial.reference_id, size), **ends))


@blueprint.get(f"{SESSION}/audio/<opaque:sound_id>")
def send_sound(token: str, sound_id: str) -> Response:
    """Send one sound's bytes as they are."""
    with services().database.connect() as db:
        session = find_session(db, services().study, token)
        file, presentation = _find_file(db, session, sound_id)
    if presentation is not None:
        note = {"presentation": presentation, "now": timestamps.moment()}
        services().fetched.add(presentation, note)
    return _send_bytes(services().study.folder / file)


def _send_bytes(path: Path) -> Response:
    """Send a file without a word about its name, age or content."""
    try:
        file = path.open("rb")
    except OSError:
        raise Refusal(404, "this sound is missing here; please write to the experimenter") from None
    response = Response(
        wrap_file(request.environ, file),
        mimetype="application/octet-stream",
        direct_passthrough=True,
    )
    response.content_length = os.fstat(file.fileno()).st_size
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _pick(trials: Sequence[TrialRow], trial_id: str) -> TrialRow:
    for trial in trials:
        if trial.public_id == trial_id:
            return trial
    raise Refusal(404, UNKNOWN_TRIAL)


def _first_open(trials: Sequence[TrialRow]) -> TrialRow:
    return next(trial for trial in trials if trial.finished_at is None)


def _find_trial(db: Connection, session: SessionRow, trial_id: str) -> Row:
    wanted = {"trial": trial_id, "session": session.id}
    trial = db.execute(queries.TRIAL, wanted).first()
    if trial is None:
        raise Refusal(404, UNKNOWN_TRIAL)
    return trial


def _presentations(db: Connection, trial: Row) -> Sequence[Row]:
    return db.execute(queries.PRESENTATIONS, {"trial": trial.id}).all()


def _describe(db: Connection, token: str, trial: Row) -> schemas.Trial:
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


def _check_stimuli(sent: list[str], known: Set[str], *, all_of_them: bool) -> None:
    """Refuse a stimulus that is sent twice, isn't of this trial, or is missing."""
    if len(sent) != len(set(sent)):
        raise Refusal(422, "ratings: a stimulus is there twice", field="ratings")
    if not known >= set(sent):
        raise Refusal(422, "ratings: a stimulus is not of this trial", field="ratings")
    if all_of_them and (missing := len(known) - len(sent)):
        raise Refusal(
            422, f"ratings: {missing} of {len(known)} stimuli are not rated", field="ratings"
        )


def _presentation_ids(db: Connection, trial: TrialRow | Row) -> dict[str, int]:
    """Map the browser's identifiers to the rows they stand for."""
    return dict(db.execute(queries.PRESENTATION_IDS, {"trial": trial.id}).all())


def _result_changes(
    db: Connection,
    session: SessionRow,
    trial: TrialRow,
    result: schemas.TrialResult,
    *,
    now: str,
) -> Changes:
    """List what a finished trial writes."""
    ids = _presentation_ids(db, trial)
    _check_stimuli([rating.stimulus for rating in result.ratings], ids.keys(), all_of_them=True)
    if any(rating.plays == 0 for rating in result.ratings):
        raise Refusal(422, "ratings: a stimulus was rated without being played", field="ratings")
    finished = {
        "trial": trial.id,
        "time_s": result.trial_time_s,
        "new_comment": result.comment,
        "now": now,
    }
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
    return [
        (queries.FINISH_TRIAL, [finished]),
        (queries.INSERT_RATINGS, rows),
        (queries.TOUCH_SESSION, [{"session": session.id, "now": now}]),
    ]


def _check_same(
    db: Connection, session: SessionRow, trial_id: str, result: schemas.TrialResult
) -> None:
    """Refuse a result that differs from the one that the finished trial has."""
    if _stored_result(db, _find_trial(db, session, trial_id)) != _in_order(result):
        raise Refusal(409, "this trial is finished with other ratings, which stand")


def _stored_result(db: Connection, trial: Row) -> schemas.TrialResult:
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


def _find_file(db: Connection, session: SessionRow, sound_id: str) -> tuple[str, int | None]:
    """Find the file of one of a session's sounds, and its presentation if that is to be noted."""
    study = services().study
    for name, public_id in session.examples.items():
        if public_id == sound_id:
            return example_stimulus(study, name).file, None
    wanted = {"sound": sound_id, "session": session.id}
    if row := db.execute(queries.STIMULUS_FILE, wanted).first():
        return row.file, row.id if row.fetched_at is None else None
    file = db.scalar(queries.REFERENCE_FILE, wanted)
    if file is None:
        raise Refusal(404, UNKNOWN_SOUND)
    return file, None
