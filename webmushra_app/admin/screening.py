"""Flags of sessions while the test runs; experimenters decide whom to exclude.

Rec. ITU-R BS.1534-3, 4.1.2: the hidden reference below 90 in more than 15 % of the trials, or the
mid anchor (7 kHz low-pass) above 90 in more than 15 % of them, where an item whose mid anchor more
than 25 % of the participants put above 90 counts against nobody. Shares are of all trials of the
session that count. Beside it: trials answered in less time than their sounds last, and a headphone
check that wasn't passed. The report screens again by the same rule and a further one.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Boolean, ColumnElement, column, select, table
from sqlalchemy.orm import Session as DbSession

from stimuli_gen.contract import (
    BS1534_MAX_ITEM_SHARE,
    BS1534_MAX_MISSED_SHARE,
    BS1534_THRESHOLD,
    MID_ANCHOR,
)
from webmushra_app.database import models

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
    return _too_often((session, score < BS1534_THRESHOLD) for session, _item, score in scores)


def flag_high_anchor(scores: Scores) -> set[str]:
    """Find the sessions that put the mid anchor above 90 too often; exempt items are no misses."""
    missed = [(session, item, score > BS1534_THRESHOLD) for session, item, score in scores]
    exempt = _exceeding(((item, miss) for _, item, miss in missed), BS1534_MAX_ITEM_SHARE)
    return _too_often((session, miss and item not in exempt) for session, item, miss in missed)


def _too_often(misses: Iterable[tuple[str, bool]]) -> set[str]:
    return _exceeding(misses, BS1534_MAX_MISSED_SHARE)


def _exceeding(misses: Iterable[tuple[str, bool]], limit: float) -> set[str]:
    """Find the names whose share of misses is strictly greater than the limit."""
    by_name = defaultdict(list)
    for name, missed in misses:
        by_name[name].append(missed)
    return {name for name, seen in by_name.items() if sum(seen) / len(seen) > limit}


def flag_sessions(db: DbSession, study: models.Study) -> dict[str, list[str]]:
    """List for each flagged session of a study its flags."""
    too_often = f"in over {BS1534_MAX_MISSED_SHARE:.0%} of trials"
    found = {
        f"hidden reference below {BS1534_THRESHOLD:g} {too_often}": (
            flag_low_reference(_scores(db, study, RATINGS.c.kind == "reference"))
        ),
        f"mid anchor above {BS1534_THRESHOLD:g} {too_often}": (
            flag_high_anchor(_scores(db, study, RATINGS.c.condition == MID_ANCHOR))
        ),
        "a trial answered faster than its sound lasts": _too_fast(db, study),
        "rated sounds that were never sent": _unsent(db, study),
        "headphone check not passed": _without_headphones(db, study),
    }
    flags = defaultdict(list)
    for what, sessions in found.items():
        for session in sessions:
            flags[session].append(what)
    return dict(flags)


def _scores(db: DbSession, study: models.Study, of_condition: ColumnElement[bool]) -> Scores:
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


def _unsent(db: DbSession, study: models.Study) -> set[str]:
    """Find the sessions that rated a sound without fetching it; other servers' send theirs."""
    if not study.folder:
        return set()
    return set(
        db.scalars(
            select(models.Trial.session_id)
            .join(models.Presentation, models.Presentation.trial_id == models.Trial.id)
            .join(models.Rating, models.Rating.presentation_id == models.Presentation.id)
            .join(models.Session, models.Session.id == models.Trial.session_id)
            .where(models.Session.study_id == study.id, models.Presentation.fetched_at.is_(None))
            .distinct()
        )
    )


def _without_headphones(db: DbSession, study: models.Study) -> set[str]:
    checked = db.execute(
        select(models.Session.id, models.Session.headphones).where(
            models.Session.study_id == study.id, models.Session.headphones.is_not(None)
        )
    )
    return {session for session, headphones in checked if not headphones.get("passed")}
