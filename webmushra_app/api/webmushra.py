"""A drop-in for pymushra: takes the results that webMUSHRA's pages post when a session ends.

webMUSHRA posts ``sessionJSON=`` and a JSON document as a form, without encoding it, so that an
``&`` or ``+`` in a text breaks every ordinary form parser; here the document is taken whole,
encoded or not. It takes any answer but an empty one for a failure, so success is an empty 200.

A study is collected once an experimenter has announced its ``testId``. Pages of type ``mushra``
become trials and ratings in the same tables as everything else; the whole document is kept as the
session's only event, pages of other types included. A result sent again (the same uuid and scores)
is stored once, and a second answer to the questionnaire replaces the first (the page appends the
answers anew at each press of its button).

Anybody can post, and no answer says what is stored: a result that follows the rules is stored and
answered with 200, whether it is known, contradicts an earlier one of its uuid, or comes while the
study is closed or full. In the last two cases it is *unverified*: excluded, with the reason, until
an experimenter includes it. Sessions that were begun here are never looked at.
"""

import hashlib
import json
import math
import secrets
from collections import Counter
from typing import Annotated, Any, Literal
from urllib.parse import unquote_plus

from flask import Blueprint, Response, request
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.contract import (
    KNOWN_KINDS,
    describe_validation_error,
    locate_validation_error,
)
from stimuli_gen.listening_test import parse_listening_test
from webmushra_app import timestamps
from webmushra_app.api.responses import Refusal, read_bytes
from webmushra_app.api.services import services
from webmushra_app.api.session import why_closed
from webmushra_app.database import models

blueprint = Blueprint("collect", __name__)
FIELD = "sessionJSON="
MAX_NAME = 64
MAX_PAGES = 200
MAX_QUESTIONS = 100
MAX_QUESTION = 200


def _number(value: Any) -> Any:
    """Read a number that may be written as a text, as a slider's value is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{str(value)[:40]!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number")
    return number


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Score = Annotated[float, BeforeValidator(_number), Field(ge=0, le=100)]
Milliseconds = Annotated[float, BeforeValidator(_number), Field(ge=0, le=86_400_000)]


class Slider(BaseModel):
    """One response of a page: a stimulus with its score."""

    stimulus: Name
    score: Score
    time: Milliseconds | None = None
    comment: Text | None = None


class Page(BaseModel):
    """One page of a MUSHRA test."""

    id: Name
    type: Literal["mushra"]
    responses: Annotated[list[Slider], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _each_stimulus_once(self) -> "Page":
        _refuse_repeats("stimulus", [response.stimulus for response in self.responses])
        return self


class Participant(BaseModel):
    """The questionnaire: names and answers, side by side."""

    name: list[Annotated[Text, Field(max_length=MAX_QUESTION)]] = []
    response: list[Any] = []

    @model_validator(mode="after")
    def _few_questions(self) -> "Participant":
        if len(self.answers) > MAX_QUESTIONS:
            raise ValueError(f"at most {MAX_QUESTIONS} questions, got {len(self.answers)}")
        return self

    @property
    def answers(self) -> dict[str, str]:
        """Each question's last answer, as a text."""
        pairs = zip(self.name, self.response, strict=False)
        return {name: _as_text(value) for name, value in pairs if value is not None}


class Posted(BaseModel):
    """What a page posts, its pages of other types left aside."""

    testId: Name
    uuid: Annotated[str, Field(max_length=100)] | None = None
    participant: Participant = Participant()
    trials: Annotated[list[Page], Field(max_length=MAX_PAGES)]

    @model_validator(mode="after")
    def _each_page_once(self) -> "Posted":
        _refuse_repeats("page id", [page.id for page in self.trials])
        return self

    @property
    def uuid_sha256(self) -> str:
        """Hash of what the page calls this session, or of its content where it has no name."""
        return _sha256(self.uuid) if self.uuid else self.content_sha256

    @property
    def content_sha256(self) -> str:
        """Hash of the uuid and the ratings; without a uuid, of the answers too."""
        answers = None if self.uuid else self.participant.answers
        pages = [page.model_dump() for page in self.trials]
        return _sha256(json.dumps([self.uuid, answers, pages]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _refuse_repeats(what: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{what} {name!r} is there twice")


def read_document(body: bytes) -> dict[str, Any]:
    """Take the JSON document out of a posted form, encoded or not.

    Raises
    ------
    Refusal
        400 if there is none.
    """
    text = body.decode("utf-8", errors="replace")
    start = text.find(FIELD)
    if start < 0:
        raise Refusal(400, f"the form has no field {FIELD.rstrip('=')}")
    raw = text[start + len(FIELD) :]
    for candidate in (raw, unquote_plus(raw.partition("&")[0])):
        try:
            document = json.loads(
                candidate, parse_constant=_refuse_number, parse_float=_finite_number
            )
            if isinstance(document, dict):
                return _without_lone_surrogates(document)
        except (ValueError, RecursionError):
            continue
    raise Refusal(400, f"{FIELD.rstrip('=')} is not a JSON object of numbers and texts")


def _refuse_number(text: str) -> None:
    raise Refusal(422, f"{text[:40]} is not a number")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse_number(text)
    return number


def _without_lone_surrogates(document: dict[str, Any]) -> dict[str, Any]:
    """Replace what JSON can escape but no text file can hold."""
    return json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def new_collected_study(name: str) -> models.Study:
    """Make a study whose pages another server shows."""
    settings = parse_listening_test({"questionnaire": []}).model_dump()
    return models.Study(
        name=name, title=name, folder="", manifest_sha256="", settings=settings,
        opened_at=timestamps.moment(),
    )  # fmt: skip


@blueprint.post("/service/write.php")
@blueprint.post("/collect")
@blueprint.post("/<string:test_id>/collect")
def collect(test_id: str = "") -> Response:
    """Store a session, once, and answer after the commit."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Refusal(415, "send a form: application/x-www-form-urlencoded")
    document = read_document(read_bytes())
    posted = _validate(document)
    if test_id and test_id != posted.testId:
        raise Refusal(422, f"testId: the address says {test_id[:MAX_NAME]!r}", field="testId")
    with services().database.writing() as db:
        _store(db, posted, document)
    return Response("", 200, {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})


def _validate(document: dict[str, Any]) -> Posted:
    pages = document.get("trials")
    if not isinstance(pages, list):
        raise Refusal(422, "trials: must be a list of pages", field="trials")
    kept = [p for p in pages if not isinstance(p, dict) or p.get("type") == "mushra"]
    try:
        return Posted.model_validate(document | {"trials": kept})
    except ValidationError as error:
        wrong = describe_validation_error(error)
        raise Refusal(422, wrong, field=locate_validation_error(error)) from None


def _store(db: DbSession, posted: Posted, document: dict[str, Any]) -> None:
    study = db.scalar(
        select(models.Study).where(models.Study.name == posted.testId).with_for_update()
    )
    if study is None or study.folder:
        raise Refusal(
            404,
            f"testId: results of {posted.testId!r} are not collected here; the experimenter "
            "announces it on the page Studies",
            field="testId",
        )
    known = db.scalar(
        select(models.Session)
        .join(models.CollectedSession)
        .where(
            models.CollectedSession.study_id == study.id,
            models.CollectedSession.content_sha256 == posted.content_sha256,
        )
    )
    if known is None:
        _store_session(db, study, posted, document)
    else:
        known.questionnaire = posted.participant.answers


def _why_unverified(db: DbSession, study: models.Study, posted: Posted) -> str | None:
    """Return why a result must not count before an experimenter has looked at it, or None."""
    if reason := why_closed(db, study):
        return f"unverified: it arrived when {reason.partition(';')[0]}"
    same_uuid = select(models.CollectedSession.session_id).where(
        models.CollectedSession.study_id == study.id,
        models.CollectedSession.uuid_sha256 == posted.uuid_sha256,
    )
    if db.scalar(same_uuid.limit(1)):
        return "unverified: another result of the same uuid came before"
    return None


def _store_session(
    db: DbSession, study: models.Study, posted: Posted, document: dict[str, Any]
) -> None:
    now = timestamps.moment()
    unverified = _why_unverified(db, study, posted)
    session = models.Session(
        request_id=f"posted.{secrets.token_urlsafe(16)}",  # a dot: no request here can name it
        study_id=study.id, external={}, language="",
        simulated=False, consent_version="", examples={},
        questionnaire=posted.participant.answers, finished_at=now,
        completion_code=secrets.token_urlsafe(12),
        excluded_at=now if unverified else None, excluded_because=unverified,
    )  # fmt: skip
    db.add(session)
    db.flush()
    db.add(
        models.CollectedSession(
            session_id=session.id, study_id=study.id, uuid_sha256=posted.uuid_sha256,
            content_sha256=posted.content_sha256,
        )
    )  # fmt: skip
    for position, page in enumerate(posted.trials, 1):
        _store_page(db, study, session, page, position)
    db.add(
        models.Event(
            session_id=session.id, page="webmushra", seq=0, at_s=0.0, kind="collected",
            detail=document,
        )
    )  # fmt: skip


def _store_page(
    db: DbSession, study: models.Study, session: models.Session, page: Page, position: int
) -> None:
    item = _item(study, page.id)
    stimuli = [_stimulus(study, item, response.stimulus) for response in page.responses]
    db.flush()
    times_ms = [response.time for response in page.responses if response.time is not None]
    comments = {response.comment for response in page.responses if response.comment}
    now = timestamps.moment()
    trial = models.Trial(
        session_id=session.id, item_id=item.id, position=position, training=False,
        trial_time_s=max(times_ms) / 1000 if times_ms else None,
        comment="\n".join(sorted(comments)), finished_at=now,
    )  # fmt: skip
    db.add(trial)
    db.flush()
    for at, (stimulus, response) in enumerate(zip(stimuli, page.responses, strict=True), 1):
        shown = models.Presentation(trial_id=trial.id, stimulus_id=stimulus.id, position=at)
        db.add(shown)
        db.flush()
        db.add(
            models.Rating(
                presentation_id=shown.id, score=response.score, plays=0, listened_s=0.0,
                rated_at=now,
            )
        )  # fmt: skip


def _item(study: models.Study, name: str) -> models.Item:
    for item in study.items:
        if item.name == name:
            return item
    item = models.Item(
        name=name, family="", domain="", training=False, reference_file="", reference_bytes=0,
        duration_s=0.0,
    )  # fmt: skip
    study.items.append(item)
    return item


def _stimulus(study: models.Study, item: models.Item, name: str) -> models.Stimulus:
    for stimulus in item.stimuli:
        if stimulus.condition.name == name:
            return stimulus
    condition = next((c for c in study.conditions if c.name == name), None)
    if condition is None:
        condition = models.Condition(name=name, label=name, kind=KNOWN_KINDS.get(name, ""))
        study.conditions.append(condition)
    stimulus = models.Stimulus(condition=condition, file="", bytes=0)
    item.stimuli.append(stimulus)
    return stimulus
