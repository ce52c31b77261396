"""Blueprint of the participant's way through a sitting: pages, consent, steps, events, finish."""

from flask import Blueprint, Response, jsonify, render_template, url_for
from sqlalchemy import insert, select

from webmushra_app import models, openapi, schemas, sitting
from webmushra_app.http import Refusal, answer, read_body
from webmushra_app.services import services

blueprint = Blueprint("participant", __name__)
API = openapi.PREFIX


@blueprint.get("/")
@blueprint.get("/s/<opaque:token>")
def page(token: str = "") -> str:
    """Serve the listener's page; it reads the sitting's key from its own address."""
    study = services().study
    language = study.settings.languages[0]
    return render_template(
        "listen.html", language=language, title=study.settings.title.get(language, study.title)
    )


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer whether the database does."""
    with services().database.reading() as db:
        db.execute(select(models.Study.id).limit(1))
    return answer(schemas.Health(status="ok"))


@blueprint.get(f"{API}/openapi.json")
def document() -> Response:
    """Serve the description of this API."""
    return jsonify(openapi.build_document())


@blueprint.get(f"{API}/study")
@blueprint.get(f"{API}/sessions/<opaque:token>/study")
def show_study(token: str = "") -> Response:
    """Describe the open study, or the one that a sitting belongs to."""
    study, settings = services().study, services().study.settings
    with services().database.reading() as db:
        if token:
            sitting.find_session(db, study, token)
        is_open = sitting.why_closed(db, db.get_one(models.Study, study.id)) is None
    n_training = len(study.training_items)
    n_pages = study.n_trials + n_training
    described = settings.model_dump(
        include={"languages", "texts", "consent", "questionnaire", "headphone_check", "comments"}
    ) | {
        "name": study.name,
        "open": is_open,
        "title": settings.title or {settings.languages[0]: study.title},
        "steps": settings.steps,
        "n_trials": study.n_trials,
        "n_training": n_training,
        "n_stimuli": max(len(item.stimuli) for item in study.items),
        "estimate_s": services().clock.sitting_s(steps=settings.steps, n_trials=n_pages),
    }
    return answer(schemas.Study.model_validate(described))


@blueprint.post(f"{API}/sessions")
def begin() -> Response:
    """Begin a sitting."""
    wish = read_body(schemas.NewSession)
    with services().database.writing() as db:
        session, is_new = sitting.begin(db, services().study, wish)
        state = _describe(db, session)
    return answer(state, 201 if is_new else 200)


@blueprint.get(f"{API}/sessions/<opaque:token>")
def show(token: str) -> Response:
    """Tell all that a page needs to resume."""
    with services().database.reading() as db:
        return answer(_describe(db, sitting.find_session(db, services().study, token)))


@blueprint.put(f"{API}/sessions/<opaque:token>")
def change_language(token: str) -> Response:
    """Change the sitting's language."""
    wish = read_body(schemas.SessionUpdate)
    sitting.check_language(services().study, wish.language)
    return _change(token, lambda session, _trials: setattr(session, "language", wish.language))


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/questionnaire")
def store_questionnaire(token: str) -> Response:
    """Store the answers."""
    answers = read_body(schemas.QuestionnaireAnswers).answers
    sitting.check_answers(services().study, answers)

    def store(session: models.Session, trials: list[sitting.PlannedTrial]) -> None:
        if session.questionnaire == answers:
            return
        if any(trial.finished_at for trial in trials):
            raise Refusal(409, "the questionnaire is closed once the first trial is finished")
        session.questionnaire = answers

    return _change(token, store)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/level")
def store_level(token: str) -> Response:
    """Store the listening level."""
    level_db = read_body(schemas.LevelSetting).level_db

    def store(session: models.Session, trials: list[sitting.PlannedTrial]) -> None:
        low, high = sitting.level_range_db(session, trials)
        if not low <= level_db <= high:
            raise Refusal(409, f"level_db: must now be in [{low:g}, {high:g}] dB", field="level_db")
        if not any(trial.finished_at for trial in trials):
            session.level_set_db = level_db
        session.level_db = level_db

    return _change(token, store)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/headphones")
def store_headphones(token: str) -> Response:
    """Store the outcome of the headphone check."""
    result = read_body(schemas.HeadphoneResult)
    if result.correct > result.total:
        raise Refusal(422, "correct: cannot be more than total", field="correct")

    def store(session: models.Session, _trials: list[sitting.PlannedTrial]) -> None:
        attempts = (session.headphones or {}).get("attempts", 0)
        outcome = result.model_dump()
        if session.headphones != outcome | {"attempts": attempts}:
            session.headphones = outcome | {"attempts": attempts + 1}

    return _change(token, store)


@blueprint.put(f"{API}/sessions/<opaque:token>/steps/instructions")
def store_instructions(token: str) -> Response:
    """Note that the instructions were shown."""
    read_body(schemas.InstructionsRead)

    def store(session: models.Session, _trials: list[sitting.PlannedTrial]) -> None:
        session.instructions_at = session.instructions_at or models.moment()

    return _change(token, store)


@blueprint.post(f"{API}/sessions/<opaque:token>/events")
def store_events(token: str) -> Response:
    """Store what happened in the page, each event once."""
    batch = read_body(schemas.EventBatch)
    with services().database.writing() as db:
        session = sitting.find_session(db, services().study, token, lock=True)
        seen = set(
            db.scalars(
                select(models.Event.seq).where(
                    models.Event.session_id == session.id, models.Event.page == batch.page
                )
            )
        )
        new = {event.seq: event for event in batch.events if event.seq not in seen}
        positions = _positions(db, session)
        rows = [
            {
                "session_id": session.id,
                "page": batch.page,
                "seq": event.seq,
                "at_s": event.at_s,
                "kind": event.kind,
                "trial_position": positions.get(event.trial),
                "stimulus_position": positions.get(event.stimulus),
                "detail": event.detail,
            }
            for event in new.values()
        ]
        if rows:
            db.execute(insert(models.Event), rows)
    return answer(schemas.EventsSaved(stored=len(rows)))


def _positions(db, session: models.Session) -> dict[str, int]:
    """Map the sitting's opaque identifiers to positions."""
    trials = select(models.Trial.public_id, models.Trial.position).where(
        models.Trial.session_id == session.id
    )
    stimuli = (
        select(models.Presentation.public_id, models.Presentation.position)
        .join(models.Trial, models.Trial.id == models.Presentation.trial_id)
        .where(models.Trial.session_id == session.id)
    )
    return {
        public_id: position
        for query in (trials, stimuli)
        for public_id, position in db.execute(query)
    }


@blueprint.post(f"{API}/sessions/<opaque:token>/finish")
def finish(token: str) -> Response:
    """End the sitting."""

    def store(session: models.Session, trials: list[sitting.PlannedTrial]) -> None:
        left = sum(trial.finished_at is None for trial in trials)
        if left:
            raise Refusal(409, f"{left} of {len(trials)} trials are not finished yet")
        session.finished_at = session.finished_at or models.moment()

    return _change(token, store)


def _change(token: str, store) -> Response:
    """Change one sitting in one transaction and answer with its new state."""
    with services().database.writing() as db:
        session = sitting.find_session(db, services().study, token, lock=True)
        trials = sitting.list_trials(db, session)
        store(session, trials)
        session.seen_at = models.moment()
        state = _describe(db, session, trials)
    return answer(state)


def _describe(db, session: models.Session, trials=None) -> schemas.SessionState:
    if trials is None:
        trials = sitting.list_trials(db, session)
    url = url_for("participant.page", token=session.token)
    return sitting.describe(services().study, session, trials, services().clock, url=url)
