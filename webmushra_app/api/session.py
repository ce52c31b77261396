"""One session, from consent to completion code: what the database knows and what comes next.

Functions take the connection (or database session) they work in and leave the commit to their
caller.
"""

import random
import secrets
from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy import Connection, Row, func, insert, or_, select
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.listening_test import Question
from stimuli_gen.vocabulary import Stage, Step
from webmushra_app import timestamps
from webmushra_app.api import schemas
from webmushra_app.api.responses import Refusal
from webmushra_app.database import models, queries
from webmushra_app.database.queries import SessionRow, TrialRow
from webmushra_app.studies.assignment import choose_items, shuffle
from webmushra_app.studies.duration import DurationEstimator
from webmushra_app.studies.study import OpenStudy

ABANDONED_AFTER_S = 24 * 3600.0
"""A session that nobody touched for a day no longer holds its place in the balance of items."""
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
EXAMPLE_KINDS = ("random", "anchor", "control", "estimated")
"""What shows the lower end of the scale best, first choice first."""
FREE_LEVEL_DB = (-60.0, 12.0)


Reader = Connection | DbSession


def find_session(
    db: Reader, study: OpenStudy, token: str, *, to_change: bool = False
) -> SessionRow:
    """Find a session of a study by its key.

    Parameters
    ----------
    db : Connection or sqlalchemy.orm.Session
    study : OpenStudy
        The request's study.
    token : str
        The session's key.
    to_change : bool
        Whether to lock its row until the transaction ends (on PostgreSQL).

    Raises
    ------
    Refusal
        404 if there is none.
    """
    wanted = queries.SESSION_FOR_UPDATE if to_change else queries.SESSION
    row = db.execute(wanted, {"token": token, "study": study.id}).first()
    if row is None:
        raise Refusal(404, "no such session; check the link")
    return SessionRow._make(row)


def list_trials(db: Reader, session: SessionRow) -> list[TrialRow]:
    """List a session's trials in order."""
    rows = db.scalar(queries.TRIALS_OF_SESSION, {"session": session.id})
    trials = [TrialRow._make([*row[:-1], bool(row[-1])]) for row in rows]  # 0, 1 in SQLite
    return sorted(trials, key=attrgetter("position"))


def begin_session(
    db: DbSession, study: OpenStudy, body: schemas.NewSession
) -> tuple[SessionRow, bool]:
    """Begin a session, or find the one that the same request began before.

    Assignments are serialised by a lock on the study's row (on SQLite by the transaction), so
    that two participants who arrive at once are assigned balanced parts.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
        A writing one.
    study : OpenStudy
        The study that is open to participants.
    body : schemas.NewSession
        The request's body.

    Returns
    -------
    session : SessionRow
    is_new : bool

    Raises
    ------
    Refusal
        409 if the study is closed or full or the participant read another version of the consent
        text, 422 if the study isn't offered in the language.
    """
    row = db.scalars(
        select(models.Study).where(models.Study.id == study.id).with_for_update()
    ).one()
    known = db.scalar(select(models.Session).where(models.Session.request_id == body.request_id))
    if known is not None:
        if known.study_id != study.id:
            raise Refusal(409, "this request began a session of another study; reload the page")
        return _as_row(known), False
    if reason := why_closed(db, row, simulated=body.simulated):
        raise Refusal(409, reason)
    if body.consent_version != study.settings.consent.version:
        raise Refusal(409, "the consent text has changed; reload the page", field="consent_version")
    check_language(study, body.language)
    declared = study.settings.id_parameters
    if unknown := sorted(body.external.keys() - set(declared)):
        raise Refusal(
            422, f"external: unknown {unknown[0]}; known: {', '.join(declared)}", field="external"
        )
    participant = body.external.get(declared[0], "")
    _refuse_second_session(db, study, participant)
    session = models.Session(
        request_id=body.request_id,
        study_id=study.id,
        participant=participant,
        external=body.external,
        language=body.language,
        simulated=body.simulated,
        consent_version=body.consent_version,
        examples={},
        completion_code=study.settings.completion.code or _new_code(),
    )
    assign_items(db, study, session, rng=secrets.SystemRandom())
    return _as_row(session), True


def _refuse_second_session(db: DbSession, study: OpenStudy, participant: str) -> None:
    if not participant or not study.settings.one_session_per_participant:
        return
    begun = select(models.Session.id).where(
        models.Session.study_id == study.id, models.Session.participant == participant
    )
    if db.scalar(begun.limit(1)):
        raise Refusal(409, "you have begun this test before; go on with the link you got then")


def _as_row(session: models.Session) -> SessionRow:
    return SessionRow._make(getattr(session, name) for name in SessionRow._fields)


def why_closed(db: Reader, study: Row | models.Study, *, simulated: bool = False) -> str | None:
    """Return why no session may begin, or None.

    Parameters
    ----------
    db : Connection or sqlalchemy.orm.Session
    study : Row or models.Study
        The study's row, as it is now.
    simulated : bool
        Whether the session would be a simulated one, which counts towards no quota.
    """
    if study.closed_at:
        return "this study is closed; thank you for your interest"
    if study.quota and not simulated and count_places_taken(db, study) >= study.quota:
        return "this study has all the participants it needs; thank you for your interest"
    return None


def count_places_taken(db: Reader, study: Row | models.Study) -> int:
    """Count the real sessions that are finished or may still be, excluded ones left out."""
    return db.execute(
        select(func.count())
        .select_from(models.Session)
        .where(
            models.Session.study_id == study.id,
            models.Session.simulated.is_(False),
            models.Session.excluded_at.is_(None),
            or_(
                models.Session.finished_at.is_not(None),
                models.Session.seen_at.between(*timestamps.recent(within_s=ABANDONED_AFTER_S)),
            ),
        )
    ).scalar_one()


def check_language(study: OpenStudy, language: str) -> None:
    """Refuse a language that the study doesn't offer."""
    if language not in study.settings.languages:
        offered = ", ".join(study.settings.languages)
        raise Refusal(422, f"language: must be one of {offered}", field="language")


def _new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))


def assign_items(
    db: DbSession, study: OpenStudy, session: models.Session, *, rng: random.Random
) -> None:
    """Give a new session its items and orders.

    Parameters
    ----------
    db : sqlalchemy.orm.Session
        A writing one that holds the lock on the study's row.
    study : OpenStudy
    session : models.Session
        Not in the database yet.
    rng : random.Random
        Draws the items, their order and the order of stimuli in each.
    """
    by_id = {item.id: item for item in study.items}
    chosen = choose_items(
        {item.id: item.family for item in study.trial_items},
        study.n_trials,
        loads=_count_assignments(db, study, simulated=session.simulated),
        rng=rng,
    )
    items = [*study.training_items, *(by_id[item_id] for item_id in chosen)]
    if study.training_items:
        session.examples = {"different": models.new_public_id(), "same": models.new_public_id()}
    db.add(session)
    db.flush()
    trials = [
        models.Trial(
            session_id=session.id, item_id=item.id, position=position, training=item.training
        )
        for position, item in enumerate(items, 1)
    ]
    db.add_all(trials)
    db.flush()
    db.execute(
        insert(models.Presentation),
        [
            {
                "trial_id": trial.id,
                "stimulus_id": stimulus.id,
                "position": position,
                "public_id": models.new_public_id(),
            }
            for trial in trials
            for position, stimulus in enumerate(shuffle(by_id[trial.item_id].stimuli, rng=rng), 1)
        ],
    )


def _count_assignments(db: DbSession, study: OpenStudy, *, simulated: bool) -> dict[int, int]:
    """Count for each item the trials done and those that somebody is still about to do."""
    rows = db.execute(
        select(models.Trial.item_id, func.count())
        .join(models.Session, models.Session.id == models.Trial.session_id)
        .where(
            models.Session.study_id == study.id,
            models.Session.simulated.is_(simulated),
            or_(
                models.Trial.finished_at.is_not(None),
                models.Session.seen_at.between(*timestamps.recent(within_s=ABANDONED_AFTER_S)),
            ),
        )
        .group_by(models.Trial.item_id)
    )
    return dict(rows.all())


def example_stimulus(study: OpenStudy, name: str) -> models.Stimulus:
    """Choose the stimulus of the first training item that shows one end of the scale."""
    stimuli = study.training_items[0].stimuli
    if name == "same":
        return next(s for s in stimuli if s.condition.kind == "reference")
    order = {kind: rank for rank, kind in enumerate((*EXAMPLE_KINDS, "reference"))}
    return min(stimuli, key=lambda stimulus: order[stimulus.condition.kind])


def steps_done(study: OpenStudy, session: SessionRow) -> list[Step]:
    """List the steps between consent and trials that are complete."""
    headphones = session.headphones or {}
    is_done: dict[Step, bool] = {
        "questionnaire": session.questionnaire is not None,
        "level": session.level_db is not None,
        "headphones": bool(headphones.get("passed"))
        or (bool(headphones) and study.settings.headphone_check == "advisory"),
        "instructions": session.instructions_at is not None,
    }
    return [step for step in study.settings.steps if is_done[step]]


def next_step(study: OpenStudy, session: SessionRow) -> Step | None:
    """Return the first step that is left, if any."""
    done = steps_done(study, session)
    return next((step for step in study.settings.steps if step not in done), None)


def level_range_db(session: SessionRow, trials: Sequence[TrialRow]) -> tuple[float, float]:
    """Return the levels that are allowed now: any, until a trial has been finished at one."""
    if session.level_set_db is None or not any(trial.finished_at for trial in trials):
        return FREE_LEVEL_DB
    low, high = FREE_LEVEL_DB
    return (
        max(low, session.level_set_db - schemas.LEVEL_TRIM_DB),
        min(high, session.level_set_db + schemas.LEVEL_TRIM_DB),
    )


def describe_session(
    study: OpenStudy,
    session: SessionRow,
    trials: Sequence[TrialRow],
    duration: DurationEstimator,
    *,
    url: str,
) -> schemas.SessionState:
    """Collect everything that the page needs to begin or resume.

    Parameters
    ----------
    study : OpenStudy
        The session's study.
    session : SessionRow
    trials : sequence of TrialRow
        All trials of the session, in order.
    duration : DurationEstimator
        Of the same study; for the seconds that are left.
    url : str
        Address of the page that resumes the session.
    """
    done = steps_done(study, session)
    steps_left = [step for step in study.settings.steps if step not in done]
    trials_left = [trial for trial in trials if trial.finished_at is None]
    stage: Stage = steps_left[0] if steps_left else "trials"
    if session.finished_at:
        stage = "finished"
    return schemas.SessionState(
        token=session.token,
        url=url,
        language=session.language,
        simulated=session.simulated,
        stage=stage,
        steps_done=done,
        level_db=session.level_db,
        level_range_db=level_range_db(session, trials),
        trials=summarise(trials, break_every=study.settings.break_every),
        next_trial=trials_left[0].public_id if trials_left else None,
        estimate_left_s=duration.session_s(steps=steps_left, n_trials=len(trials_left)),
        completion=_completion(study, session) if session.finished_at else None,
    )


def summarise(trials: Sequence[TrialRow], *, break_every: int) -> list[schemas.TrialSummary]:
    """List trials for the page; a break comes before every ``break_every``-th that counts."""
    n_training = sum(trial.training for trial in trials)

    def breaks_before(trial: TrialRow) -> bool:
        n_before = trial.position - 1 - n_training
        return bool(break_every) and n_before > 0 and n_before % break_every == 0

    return [
        schemas.TrialSummary(
            id=trial.public_id,
            position=trial.position,
            training=trial.training,
            done=trial.finished_at is not None,
            break_before=breaks_before(trial),
        )
        for trial in trials
    ]


def _completion(study: OpenStudy, session: SessionRow) -> schemas.Completion:
    return schemas.Completion(
        code=session.completion_code, redirect=study.settings.completion.redirect
    )


def check_answers(study: OpenStudy, answers: dict[str, str | float]) -> None:
    """Refuse answers that the questionnaire doesn't allow.

    Raises
    ------
    Refusal
        422 naming the question.
    """
    questions = {question.id: question for question in study.settings.questionnaire}
    for name, value in answers.items():
        if name not in questions:
            raise Refusal(422, "answers: there is no such question", field="answers")
        _check_answer(questions[name], value)
    for question in questions.values():
        if question.required and answers.get(question.id, "") == "":
            raise Refusal(422, f"{question.id}: please answer this question", field=question.id)


def _check_answer(question: Question, value: str | float) -> None:
    if question.type == "number":
        low = -1e9 if question.min is None else question.min
        high = 1e9 if question.max is None else question.max
        fits = isinstance(value, int | float) and low <= value <= high
        wanted = f"a number from {low:g} to {high:g}"
    elif question.type == "choice":
        fits = value in [option.value for option in question.options]
        wanted = "one of the offered answers"
    else:
        fits = isinstance(value, str) and len(value) <= 500
        wanted = "a text of at most 500 characters"
    if not fits:
        raise Refusal(422, f"{question.id}: must be {wanted}", field=question.id)
