"""How far a study is: its sessions, where they were left, and how often each item was rated.

Conventions: a session is *under way* until its page has sent nothing for `LEFT_AFTER_S`, then it is
*left*, though its participant may still come back. Excluded sessions count as begun and finished,
but their ratings count for no item. Simulated participants are counted apart from real ones.
"""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session as DbSession

from webmushra_app import timestamps
from webmushra_app.database import models

LEFT_AFTER_S = 30 * 60.0


@dataclass(frozen=True)
class SessionProgress:
    """One line of a study's list of sessions."""

    id: str
    simulated: bool
    state: str
    n_trials: int
    n_done: int
    started_at: str
    finished_at: str | None
    excluded_because: str | None

    @property
    def place(self) -> str:
        """Where the session stands, in words."""
        if self.n_done == 0:
            return "before the first trial"
        return f"at trial {self.n_done + 1} of {self.n_trials}"

    @property
    def lasted_s(self) -> float | None:
        """Time from consent to the end."""
        if self.finished_at is None:
            return None
        begun, ended = map(datetime.fromisoformat, (self.started_at, self.finished_at))
        return (ended - begun).total_seconds()


@dataclass(frozen=True)
class SessionGroup:
    """The sessions of real participants, or those of simulated ones."""

    sessions: list[SessionProgress] = field(default_factory=list)

    def count(self, state: str) -> int:
        """Count the sessions that are ``finished``, ``under way`` or ``left``."""
        return sum(session.state == state for session in self.sessions)

    @property
    def n_excluded(self) -> int:
        """Count the sessions that experimenters excluded."""
        return sum(session.excluded_because is not None for session in self.sessions)

    @property
    def left_at(self) -> list[tuple[str, int]]:
        """List where sessions were left, and how many there."""
        left = [s for s in self.sessions if s.state == "left"]
        places = Counter((s.n_done, s.place) for s in left)
        return [(place, n) for (_, place), n in sorted(places.items())]

    @property
    def median_min(self) -> float | None:
        """Median minutes from consent to the end, of finished sessions."""
        times_s = [s.lasted_s for s in self.sessions if s.lasted_s is not None]
        return round(statistics.median(times_s) / 60, 1) if times_s else None


@dataclass(frozen=True)
class Coverage:
    """How often one item was rated."""

    item: str
    family: str
    training: bool
    n_real: int
    n_simulated: int


def list_sessions(db: DbSession, study_id: int) -> list[SessionProgress]:
    """List a study's sessions, newest first."""
    trials = (
        select(
            models.Trial.session_id,
            func.count().label("n_trials"),
            func.count(models.Trial.finished_at).label("n_done"),
        )
        .join(models.Session, models.Session.id == models.Trial.session_id)
        .where(models.Session.study_id == study_id)
        .group_by(models.Trial.session_id)
        .subquery()
    )
    rows = db.execute(
        select(models.Session, trials.c.n_trials, trials.c.n_done)
        .join(trials, trials.c.session_id == models.Session.id, isouter=True)
        .where(models.Session.study_id == study_id)
        .order_by(models.Session.started_at.desc(), models.Session.id)
    )
    under_way = timestamps.recent(within_s=LEFT_AFTER_S)
    return [
        SessionProgress(
            id=session.id,
            simulated=session.simulated,
            state=_state(session, under_way),
            n_trials=n_trials or 0,
            n_done=n_done or 0,
            started_at=session.started_at,
            finished_at=session.finished_at,
            excluded_because=session.excluded_because if session.excluded_at else None,
        )
        for session, n_trials, n_done in rows
    ]


def _state(session: models.Session, under_way: tuple[str, str]) -> str:
    if session.finished_at:
        return "finished"
    return "under way" if under_way[0] < session.seen_at <= under_way[1] else "left"


def group_sessions(sessions: list[SessionProgress]) -> dict[str, SessionGroup]:
    """Separate real participants' sessions from simulated ones'."""
    return {
        name: SessionGroup([s for s in sessions if s.simulated == simulated])
        for name, simulated in (("real", False), ("simulated", True))
    }


def count_coverage(db: DbSession, study_id: int) -> list[Coverage]:
    """Count for each item the finished trials that count."""
    counted = db.execute(
        select(models.Trial.item_id, models.Session.simulated, func.count())
        .join(models.Session, models.Session.id == models.Trial.session_id)
        .where(
            models.Session.study_id == study_id,
            models.Session.excluded_at.is_(None),
            models.Trial.finished_at.is_not(None),
        )
        .group_by(models.Trial.item_id, models.Session.simulated)
    )
    counts = {(item_id, simulated): n for item_id, simulated, n in counted}
    items = db.scalars(
        select(models.Item)
        .where(models.Item.study_id == study_id)
        .order_by(models.Item.training.desc(), models.Item.id)
    )
    return [
        Coverage(
            item=item.name,
            family=item.family,
            training=item.training,
            n_real=counts.get((item.id, False), 0),
            n_simulated=counts.get((item.id, True), 0),
        )
        for item in items
    ]
