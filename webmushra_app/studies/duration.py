"""How long a session takes: from the sounds' lengths at first, from real medians when there are.

An honest announcement matters: participants who expect less stop half-way.
"""

import statistics
import threading
import time
from dataclasses import dataclass

from sqlalchemy import select

from stimuli_gen.vocabulary import Step
from webmushra_app.database import models
from webmushra_app.database.connection import Database
from webmushra_app.studies.study import OpenStudy

STEP_S: dict[Step, float] = {
    "questionnaire": 40.0,
    "level": 25.0,
    "headphones": 60.0,
    "instructions": 60.0,
}
LISTENINGS_PER_SOUND = 2.0
READING_S = 8.0
"""Before the medians are known: each sound played twice, and a moment to decide on each."""
DECISION_S = 4.0
ENOUGH_SESSIONS = 5
"""Real participants whose trials must be known before their times count; one may be in a hurry."""
RECENT_TRIALS = 300
REFRESH_S = 30.0


def expected_trial_s(*, n_stimuli: int, duration_s: float) -> float:
    """Estimate how long one trial takes before anybody has done one.

    >>> expected_trial_s(n_stimuli=4, duration_s=2.5)
    49.0
    """
    playing_s = LISTENINGS_PER_SOUND * duration_s * (n_stimuli + 1)
    return READING_S + playing_s + DECISION_S * n_stimuli


@dataclass
class DurationEstimator:
    """Expected seconds of a trial of one study, measured anew every half minute."""

    database: Database
    study: OpenStudy

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._valid_until_s = 0.0
        self._trial_s = 0.0

    def trial_s(self) -> float:
        """Return the expected seconds of one trial."""
        with self._lock:
            if time.monotonic() >= self._valid_until_s:
                self._trial_s = self._measure()
                self._valid_until_s = time.monotonic() + REFRESH_S
            return self._trial_s

    def session_s(self, *, steps: list[Step], n_trials: int) -> float:
        """Return the expected seconds of so many steps and trials."""
        return round(sum(STEP_S[step] for step in steps) + n_trials * self.trial_s(), 1)

    def _measure(self) -> float:
        recent = (
            select(models.Trial.session_id, models.Trial.trial_time_s)
            .join(models.Session, models.Session.id == models.Trial.session_id)
            .where(
                models.Session.study_id == self.study.id,
                models.Session.simulated.is_(False),
                models.Session.excluded_at.is_(None),
                models.Trial.trial_time_s.is_not(None),
                models.Trial.finished_at.is_not(None),
            )
            .order_by(models.Trial.finished_at.desc())
            .limit(RECENT_TRIALS)
        )
        with self.database.reading() as db:
            trials = [(session, time_s or 0.0) for session, time_s in db.execute(recent)]
        if len({session for session, _ in trials}) >= ENOUGH_SESSIONS:
            return statistics.median(time_s for _, time_s in trials)
        return statistics.mean(
            expected_trial_s(n_stimuli=len(item.stimuli), duration_s=item.duration_s)
            for item in self.study.items
        )
