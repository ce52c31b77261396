"""Running box plots: quartiles for each condition, real and simulated participants apart.

Scores are counted by the database, so that a million of them take no memory here. Quartiles are
those of linear interpolation (type 7 of Hyndman & Fan 1996), whiskers reach to the furthest score
within 1.5 interquartile ranges of the box, as in the report's figures (Rec. ITU-R BS.1534-3, 7).
"""

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import Boolean, column, func, select, table
from sqlalchemy.orm import Session as DbSession

from webmushra_app.database import models

RATINGS = table(
    "ratings_long",
    *(column(name) for name in ("study", "condition", "score")),
    column("training", Boolean),
    column("simulated", Boolean),
)
WHISKER = 1.5
ROW_PX, LEFT_PX, WIDTH_PX, TOP_PX = 34, 120, 480, 22

Counts = list[tuple[float, int]]
"""Scores in rising order, each with how often it was given."""


@dataclass(frozen=True)
class Box:
    """One box of the plot; all but ``n`` on the scale 0–100."""

    condition: str
    label: str
    simulated: bool
    n: int
    low: float
    q1: float
    median: float
    q3: float
    high: float
    outliers: tuple[float, ...]


def quantile(counts: Counts, share: float) -> float:
    """Interpolate the score below which a share of all scores lies.

    >>> quantile([(10.0, 1), (20.0, 2), (40.0, 1)], 0.75)
    25.0
    """
    ends = list(accumulate(n for _, n in counts))
    place = (ends[-1] - 1) * share
    below, above = (
        counts[bisect_right(ends, at)][0] for at in (math.floor(place), math.ceil(place))
    )
    return below + (above - below) * (place - math.floor(place))


def make_box(condition: models.Condition, counts: Counts, *, simulated: bool) -> Box:
    """Summarise the scores of one condition.

    Parameters
    ----------
    condition : models.Condition
    counts : list of (float, int)
        Its scores in rising order, 0–100, each with how often it was given; not empty.
    simulated : bool
        Whether simulated participants gave them.
    """
    q1, median, q3 = (quantile(counts, share) for share in (0.25, 0.5, 0.75))
    reach = WHISKER * (q3 - q1)
    scores = [score for score, _ in counts]
    within = [score for score in scores if q1 - reach <= score <= q3 + reach]
    return Box(
        condition=condition.name,
        label=condition.label,
        simulated=simulated,
        n=sum(n for _, n in counts),
        low=min(q1, *within),
        q1=q1,
        median=median,
        q3=q3,
        high=max(q3, *within),
        outliers=tuple(score for score in scores if score not in within),
    )


def list_boxes(db: DbSession, study: models.Study) -> list[Box]:
    """Summarise every condition that has scores, in the study's order, real participants first."""
    counted = db.execute(
        select(RATINGS.c.condition, RATINGS.c.simulated, RATINGS.c.score, func.count())
        .where(RATINGS.c.study == study.name, ~RATINGS.c.training)
        .group_by(RATINGS.c.condition, RATINGS.c.simulated, RATINGS.c.score)
        .order_by(RATINGS.c.score)
    )
    scores: dict[tuple[str, bool], Counts] = defaultdict(list)
    for condition, simulated, score, n in counted:
        scores[condition, simulated].append((score, n))
    conditions = db.scalars(
        select(models.Condition)
        .where(models.Condition.study_id == study.id)
        .order_by(models.Condition.id)
    ).all()
    return [
        make_box(condition, scores[condition.name, simulated], simulated=simulated)
        for simulated in (False, True)
        for condition in conditions
        if (condition.name, simulated) in scores
    ]


def x_px(score: float) -> float:
    """Place a score on the picture's horizontal axis."""
    return round(LEFT_PX + score / 100 * (WIDTH_PX - LEFT_PX - 20), 1)


def height_px(n_boxes: int) -> int:
    """Return the height of a picture of so many boxes."""
    return TOP_PX + ROW_PX * n_boxes + 10
