"""The database's tables, as SQLAlchemy 2 typed models.

A study holds conditions and items; an item under a condition is a stimulus. A session
(``Session``) is a row of trials, one for each of its items; a trial presents each of its stimuli
at a position of its own, and a rating belongs to one such presentation. So one session rates one
stimulus at most once, by the schema.

Conventions: times in seconds; moments as ISO 8601 text in UTC with milliseconds, so that they
sort, read the same and mean the same in SQLite and PostgreSQL; what the browser sees are only the
``public_id`` columns and the session's ``token``, random and meaningless.

What the experimenter's side keeps (``AdminLogin``, ``AdminAttempt``, ``Audit``, ``Report``) stands
at the end and refers to no participant: the audit log outlives an erased session.
"""

import secrets
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from webmushra_app.timestamps import moment

Moment = String(24)
SESSION_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"


def new_public_id() -> str:
    """Make an identifier that the browser may see: 96 random bits, 16 characters."""
    return secrets.token_urlsafe(12)


def new_token() -> str:
    """Make a session's key: 192 random bits, 32 characters."""
    return secrets.token_urlsafe(24)


def new_session_id() -> str:
    """Make the name under which a session appears in exports; it opens nothing."""
    return "".join(secrets.choice(SESSION_ALPHABET) for _ in range(12))


class Base(DeclarativeBase):
    """Base of all tables; constraints get names, so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Study(Base):
    """An imported stimulus set with its listening-test settings.

    ``folder`` is empty for a study whose pages another server shows (see ``collect``). Participants
    who come to this server hear the study opened last; a closed one begins no more sessions, and
    ``quota`` is how many real participants it wants.
    """

    __tablename__ = "studies"
    __table_args__ = (CheckConstraint("quota >= 1", name="quota_is_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    imported_at: Mapped[str] = mapped_column(Moment, default=moment)
    opened_at: Mapped[str | None] = mapped_column(Moment)
    closed_at: Mapped[str | None] = mapped_column(Moment)
    quota: Mapped[int | None]

    conditions: Mapped[list["Condition"]] = relationship(cascade="all, delete-orphan")
    items: Mapped[list["Item"]] = relationship(cascade="all, delete-orphan", order_by="Item.id")


class Condition(Base):
    """What makes a sound: one system, the hidden reference, or an anchor."""

    __tablename__ = "conditions"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))


class Item(Base):
    """One clean sound with one reference to match."""

    __tablename__ = "items"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    family: Mapped[str] = mapped_column(String(64))
    domain: Mapped[str] = mapped_column(String(8))
    training: Mapped[bool]
    reference_file: Mapped[str] = mapped_column(Text)
    reference_bytes: Mapped[int]
    duration_s: Mapped[float]

    stimuli: Mapped[list["Stimulus"]] = relationship(
        cascade="all, delete-orphan", order_by="Stimulus.id", back_populates="item"
    )


class Stimulus(Base):
    """One item under one condition: one file."""

    __tablename__ = "stimuli"
    __table_args__ = (UniqueConstraint("item_id", "condition_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    condition_id: Mapped[int] = mapped_column(ForeignKey("conditions.id", ondelete="CASCADE"))
    file: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int]

    item: Mapped[Item] = relationship(back_populates="stimuli")
    condition: Mapped[Condition] = relationship()


class Session(Base):
    """One session of one participant; ``participant`` is an external identifier or empty.

    An excluded session keeps its ratings, but they count nowhere; ``excluded_because`` says why.
    """

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(12), primary_key=True, default=new_session_id)
    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)
    request_id: Mapped[str] = mapped_column(String(64), unique=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    participant: Mapped[str] = mapped_column(String(64), default="")
    external: Mapped[dict[str, Any]] = mapped_column(JSON)
    language: Mapped[str] = mapped_column(String(8))
    simulated: Mapped[bool]
    consent_version: Mapped[str] = mapped_column(String(64))
    examples: Mapped[dict[str, Any]] = mapped_column(JSON)
    questionnaire: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    headphones: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    level_set_db: Mapped[float | None]
    level_db: Mapped[float | None]
    instructions_at: Mapped[str | None] = mapped_column(Moment)
    completion_code: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[str] = mapped_column(Moment, default=moment)
    seen_at: Mapped[str] = mapped_column(Moment, default=moment)
    finished_at: Mapped[str | None] = mapped_column(Moment)
    excluded_at: Mapped[str | None] = mapped_column(Moment)
    excluded_because: Mapped[str | None] = mapped_column(Text)

    study: Mapped[Study] = relationship()


class CollectedSession(Base):
    """What identifies a session that a webMUSHRA page posted: hashes of its uuid and content.

    A study stores each content once; several of one uuid are all kept, and the first one counts.
    """

    __tablename__ = "collected_sessions"
    __table_args__ = (UniqueConstraint("study_id", "content_sha256"),)

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    uuid_sha256: Mapped[str] = mapped_column(String(64), index=True)
    content_sha256: Mapped[str] = mapped_column(String(64))


class Trial(Base):
    """One page of a session: one item at one position."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("session_id", "position"),
        UniqueConstraint("session_id", "item_id"),
        CheckConstraint("position >= 1", name="position_counts_from_1"),
        CheckConstraint("trial_time_s >= 0", name="time_is_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    reference_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), index=True)
    position: Mapped[int]
    training: Mapped[bool]
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    trial_time_s: Mapped[float | None]
    comment: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[str | None] = mapped_column(Moment)


class Presentation(Base):
    """One stimulus at its position in one trial; ``fetched_at``: when its sound was first sent."""

    __tablename__ = "presentations"
    __table_args__ = (
        UniqueConstraint("trial_id", "position"),
        UniqueConstraint("trial_id", "stimulus_id"),
        CheckConstraint("position >= 1", name="position_counts_from_1"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    stimulus_id: Mapped[int] = mapped_column(ForeignKey("stimuli.id"))
    position: Mapped[int]
    fetched_at: Mapped[str | None] = mapped_column(Moment)


class Rating(Base):
    """The score of one presented stimulus."""

    __tablename__ = "ratings"
    __table_args__ = (
        CheckConstraint("score >= 0 AND score <= 100", name="score_is_0_to_100"),
        CheckConstraint("plays >= 0", name="plays_are_not_negative"),
        CheckConstraint("listened_s >= 0", name="listened_is_not_negative"),
    )

    presentation_id: Mapped[int] = mapped_column(
        ForeignKey("presentations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    score: Mapped[float]
    plays: Mapped[int]
    listened_s: Mapped[float]
    rated_at: Mapped[str] = mapped_column(Moment)


class Event(Base):
    """Something that happened in the page; ``page`` names one load of it."""

    __tablename__ = "events"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )
    page: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_s: Mapped[float]
    kind: Mapped[str] = mapped_column(String(32))
    trial_position: Mapped[int | None]
    stimulus_position: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[str] = mapped_column(Moment, default=moment)


class AdminLogin(Base):
    """An experimenter who is logged in; the cookie's key is kept as its hash only."""

    __tablename__ = "admin_logins"

    key_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    password_sha256: Mapped[str] = mapped_column(String(64))
    csrf_token: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[str] = mapped_column(Moment, default=moment)


class AdminAttempt(Base):
    """A password that was tried, for limiting how often; ``address`` is a pseudonym."""

    __tablename__ = "admin_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(16))
    at: Mapped[str] = mapped_column(Moment, default=moment, index=True)


class Audit(Base):
    """What an experimenter did; names instead of keys, so that it outlives what it tells of."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str] = mapped_column(Moment, default=moment)
    address: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(32))
    study: Mapped[str | None] = mapped_column(String(64))
    session: Mapped[str | None] = mapped_column(String(12))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class Report(Base):
    """The last run of the analysis of one study: ``state`` is running, done or failed."""

    __tablename__ = "reports"

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    state: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    started_at: Mapped[str] = mapped_column(Moment, default=moment)
    finished_at: Mapped[str | None] = mapped_column(Moment)
