"""What crosses the HTTP API: every request and response body as a pydantic model.

The same models validate requests, build responses and make the OpenAPI document, so that the
three cannot disagree. Conventions: times in seconds, levels in dB relative to the level the
browser starts with, scores 0–100 (0 = Bad, 100 = Excellent), texts as ``{language: text}``.
Numbers are strict: no strings, no booleans, no NaN. Unknown keys are refused.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stimuli_gen.vocabulary import HeadphoneCheck, Language, Scale, Stage, Step

MAX_STIMULI = 100
MAX_EVENTS = 200
LEVEL_TRIM_DB = 4.0
"""How far the level may move once a trial is finished (Rec. ITU-R BS.1534-3, 13–14)."""

Texts = Annotated[dict[str, str], Field(examples=[{"en": "Welcome", "fr": "Bienvenue"}])]
OpaqueId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$", examples=["qN1f3W0cYt0zT2aB"])]
RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$", examples=["q" * 22])]
Score = Annotated[float, Field(ge=0, le=100, examples=[73.0])]
Seconds = Annotated[float, Field(ge=0, le=86_400, examples=[12.5])]
Count = Annotated[int, Field(ge=0, le=100_000, examples=[3])]
FreeText = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
"""Anything a person types; PostgreSQL holds no NUL in a text."""
Comment = Annotated[FreeText, StringConstraints(strip_whitespace=True)]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,64}$")]


class Message(BaseModel):
    """A body of the API: strict, closed, finite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Problem(Message):
    """Why a request was refused (after RFC 9457), media type ``application/problem+json``."""

    status: int = Field(examples=[422])
    title: str = Field(examples=["Unprocessable Entity"])
    detail: str = Field(examples=["ratings.0.score: Input should be less than or equal to 100"])
    field: str | None = Field(None, examples=["ratings.0.score"])


class Option(Message):
    """One answer that a questionnaire's choice offers."""

    value: str
    label: Texts


class Question(Message):
    """One question: a choice of ``options``, a line of ``text`` or a ``number``."""

    id: str = Field(examples=["age_band"])
    type: Literal["choice", "text", "number"]
    label: Texts
    required: bool
    options: list[Option] = Field(description="Empty unless type is choice.")
    min: float | None = Field(description="Least number allowed, for type number.")
    max: float | None = Field(description="Greatest number allowed, for type number.")


class Consent(Message):
    """What a participant agrees to; the version is stored with the session."""

    version: str = Field(examples=["2026-01"])
    text: Texts


class StudyTexts(Message):
    """The study's own words; an empty object means that the page's own words are used."""

    welcome: Texts
    instructions: Texts
    question: Texts = Field(description="What the participant judges, shown on every trial.")
    thanks: Texts


class StudyInfo(Message):
    """What the welcome page needs before anybody has agreed to anything."""

    name: str = Field(examples=["demo"])
    open: bool = Field(description="False where no session may begin: closed, or full.")
    title: Texts
    languages: list[Language] = Field(description="Offered ones; the first is the fallback.")
    texts: StudyTexts
    consent: Consent
    questionnaire: list[Question]
    steps: list[Step] = Field(description="What comes between consent and trials, in order.")
    scale: Scale = Field(description="Whose words the five intervals of the scale have.")
    level_check: bool = Field(description="Whether the level is confirmed by counting tones.")
    headphone_check: HeadphoneCheck
    comments: bool = Field(description="Whether a trial offers a comment field.")
    id_parameters: list[str] = Field(
        description="Parameters of the page's address whose values go into external."
    )
    n_trials: int = Field(description="Trials of a session, training left out.")
    n_training: int
    n_stimuli: int = Field(description="Most stimuli that a trial asks to rate.")
    estimate_s: float = Field(description="How long a whole session takes.")


class NewSession(Message):
    """Consent given: begin a session.

    ``request_id`` is made by the browser, once for each click on "I agree": sending the same one
    again (a retry after a lost answer) returns the same session.
    """

    request_id: RequestId
    consent_version: str = Field(max_length=64, examples=["2026-01"])
    language: Language
    external: dict[ParameterName, ExternalId] = Field(
        {},
        max_length=10,
        description="By the names in id_parameters.",
        examples=[{"STUDY_ID": "7"}],
    )
    simulated: bool = Field(False, description="True for simulated participants only.")


class TrialSummary(Message):
    """One line of a session's plan."""

    id: OpaqueId
    position: int = Field(description="1, 2, … over the whole session, training first.")
    training: bool
    done: bool
    break_before: bool = Field(description="Offer a break before this trial.")


class Completion(Message):
    """What a participant takes home."""

    code: str = Field(examples=["C1A2B3C4"])
    redirect: str | None = Field(description="Where crowd work goes on, an https address.")


class SessionState(Message):
    """Everything the page needs to begin or to resume a session."""

    token: OpaqueId
    url: str = Field(examples=["/s/qN1f3W0cYt0zT2aB"], description="The link that resumes.")
    language: Language
    simulated: bool
    stage: Stage = Field(description="The first step that isn't done, or trials, or finished.")
    steps_done: list[Step]
    level_db: float | None = Field(description="Level in force; null until it is set.")
    level_range_db: tuple[float, float] = Field(description="Levels that are allowed now.")
    trials: list[TrialSummary]
    next_trial: OpaqueId | None = Field(description="The first trial that isn't done.")
    estimate_left_s: float
    completion: Completion | None = Field(description="Null until finished.")


class SessionUpdate(Message):
    """Change the language of a session (stored, so that a resumed session keeps it)."""

    language: Language


class QuestionnaireAnswers(Message):
    """Answers by field id: an option's value, a text or a number; unanswered ones left out."""

    answers: dict[str, FreeText | float] = Field(
        max_length=100, examples=[{"age_band": "25-34", "musical_background": "amateur"}]
    )


class LevelSetting(Message):
    """Level the participant chose; once a trial is finished it moves by ±4 dB at most.

    Never send it while a trial is being rated: the level holds within an item.
    """

    level_db: float = Field(ge=-60, le=12, examples=[-14.0])


class HeadphoneResult(Message):
    """Outcome of the antiphase check (Woods et al. 2017); the browser counts."""

    correct: Count
    total: Count
    passed: bool
    skipped: bool = Field(False, description="Allowed where the check is advisory.")


class InstructionsRead(Message):
    """The instructions were shown and their sounds offered."""


class Sound(Message):
    """One sound file: fetch it once, decode it, keep it in memory."""

    url: str = Field(examples=["/api/v1/sessions/qN1f3W0cYt0zT2aB/audio/hW3jZt8sQ0mL1xCv"])
    bytes: int = Field(description="Size of the file, for the loading progress.")


class Examples(Message):
    """Sounds of a training item for level setting and instructions; null if there is none."""

    reference: Sound | None
    same: Sound | None = Field(description="Deserves 100: the reference again.")
    different: Sound | None = Field(description="Near the lower end of the scale.")


class TrialStimulus(Sound):
    """One sound to rate."""

    id: OpaqueId
    label: str = Field(examples=["A"], description="A, B, …; the order is this session's own.")


class Rating(Message):
    """The score of one stimulus and how it was heard."""

    stimulus: OpaqueId
    score: Score
    plays: Count
    listened_s: Seconds


class DraftRating(Message):
    """A slider of the open trial; ``score`` null means untouched."""

    stimulus: OpaqueId
    score: Score | None
    plays: Count
    listened_s: Seconds


class Draft(Message):
    """The open trial as it stands; last one wins."""

    ratings: list[DraftRating] = Field(max_length=MAX_STIMULI)
    trial_time_s: Seconds
    comment: Comment = ""


class TrialResult(Message):
    """A finished trial: every stimulus once, all heard, all rated."""

    ratings: list[Rating] = Field(min_length=1, max_length=MAX_STIMULI)
    trial_time_s: Seconds = Field(description="Time the participant spent on this trial.")
    comment: Comment = ""


class Trial(Message):
    """One page: a reference, the stimuli to rate in this session's order, and what is saved."""

    id: OpaqueId
    position: int
    training: bool
    duration_s: float = Field(description="Length of the longest sound.")
    reference: Sound
    stimuli: list[TrialStimulus]
    draft: Draft | None = Field(description="Where the open trial was left.")
    result: TrialResult | None = Field(description="What is stored, once the trial is done.")


class TrialSaved(Message):
    """The answer after the commit."""

    changed: bool = Field(description="False if exactly this was stored before.")
    session: SessionState


class Event(Message):
    """Something worth knowing that happened in the page: a fault, a pause, a break, a switch."""

    seq: Count = Field(description="0, 1, 2, … within one page load.")
    at_s: Seconds = Field(description="Since the page was opened.")
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", examples=["audio_failed"])
    trial: OpaqueId | None = None
    stimulus: OpaqueId | None = None
    detail: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")],
        Annotated[FreeText, Field(max_length=300)] | float | bool | None,
    ] = Field({}, max_length=10)


class EventBatch(Message):
    """Events of one page load; the pair (page, seq) is stored once however often it is sent."""

    page: OpaqueId = Field(description="Random, made anew at each page load.")
    events: list[Event] = Field(max_length=MAX_EVENTS)


class EventsSaved(Message):
    """How many of the events were new."""

    stored: int


class Health(Message):
    """The server is up and its database answers."""

    status: Literal["ok"]
