"""Flags of sessions while the test runs; experimenters decide whom to exclude.

Rec. ITU-R BS.1534-3, 4.1.2: the hidden reference below 90 in more than 15 % of the trials, or the
mid anchor (7 kHz low-pass) above 90 in more than 15 % of them, where a trial whose mid anchor more
than 25 % of the participants put above 90 counts against nobody. Beside it: trials answered in less
time than their sounds last, and a headphone check that wasn't passed. The report screens again,
with more rules; these are for noticing early.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Boolean, column, select, table
from sqlalchemy.orm import Session as DbSession

from webmushra_app.database import models

THRESHOLD = 90.0
MAX_SHARE = 0.15
MAX_ITEM_SHARE = 0.25
MID_ANCHOR = "anchor70"

RATINGS = table(
    "all_ratings",
    *(column(name) for name in ("study", "session", "item", "condition", "kind", "score")),
    column("training", Boolean),
)

Scores = Iterable[tuple[str, str, float]]
"""Session, item and score of one condition."""


def flag_low_reference(scores: Scores) -> set[str]:
    """Find the sessions that put the hidden reference below 90 too often.

    >>> flag_low_reference([("a", "1", 89), ("a", "2", 95), ("b", "1", 90)])
    {'a'}
    """
    return _too_often((session, score < THRESHOLD) for session, _item, score in scores)


def flag_high_anchor(scores: Scores) -> set[str]:
    """Find the sessions that put the mid anchor above 90 too often, exempt items left out."""
    scores = list(scores)
    above = defaultdict(list)
    for _session, item, score in scores:
        above[item].append(score > THRESHOLD)
    exempt = {item for item, misses in above.items() if sum(misses) / len(misses) > MAX_ITEM_SHARE}
    return _too_often(
        (session, score > THRESHOLD) for session, item, score in scores if item not in exempt
    )


def _too_often(misses: Iterable[tuple[str, bool]]) -> set[str]:
    by_session = defaultdict(list)
    for session, missed in misses:
        by_session[session].append(missed)
    return {session for session, seen in by_session.items() if sum(seen) / len(seen) > MAX_SHARE}


def flag_sessions(db: DbSession, study: models.Study) -> dict[str, list[str]]:
    """List for each flagged session of a study its flags."""
    found = {
        f"hidden reference below {THRESHOLD:g} in over {MAX_SHARE:.0%} of trials": (
            flag_low_reference(_scores(db, study, RATINGS.c.kind == "reference"))
        ),
        f"mid anchor above {THRESHOLD:g} in over {MAX_SHARE:.0%} of trials": (
            flag_high_anchor(_scores(db, study, RATINGS.c.condition == MID_ANCHOR))
        ),
        "a trial answered faster than its sound lasts": _too_fast(db, study),
        "headphone check not passed": _without_headphones(db, study),
    }
    flags = defaultdict(list)
    for what, sessions in found.items():
        for session in sessions:
            flags[session].append(what)
    return dict(flags)


def _scores(db: DbSession, study: models.Study, of_condition) -> Scores:
    return db.execute(
        select(RATINGS.c.session, RATINGS.c.item, RATINGS.c.score).where(
            RATINGS.c.study == study.name, ~RATINGS.c.training, of_condition
        )
    ).all()


def _too_fast(db: DbSession, study: models.Study) -> set[str]:
    return set(
        db.scalars(
            select(models.Trial.session_id)
            .join(models.Item, models.Item.id == models.Trial.item_id)
            .where(
                models.Item.study_id == study.id,
                models.Trial.trial_time_s < models.Item.duration_s,
            )
        )
    )


def _without_headphones(db: DbSession, study: models.Study) -> set[str]:
    checked = db.execute(
        select(models.Session.id, models.Session.headphones).where(
            models.Session.study_id == study.id, models.Session.headphones.is_not(None)
        )
    )
    return {session for session, headphones in checked if not headphones.get("passed")}
