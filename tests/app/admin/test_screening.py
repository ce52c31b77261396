"""The live view's flags: the recommendation's limits, and agreement with the report's screening."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.ratings.scores import Scores
from analysis.stats.screening import screen
from webmushra_app.admin.screening import flag_high_anchor, flag_low_reference

SCORE = st.sampled_from([0.0, 50.0, 89.0, 89.99, 90.0, 90.01, 91.0, 100.0, np.nan])
"""Around the limit of 90; NaN where a participant did not rate the item."""
TABLES = st.tuples(st.integers(1, 6), st.integers(1, 24)).flatmap(
    lambda shape: arrays(float, (*shape, 2), elements=SCORE)
)
"""Participants × items × (hidden reference, mid anchor)."""


def rows_of(scores):
    """List session, item and score of one condition, as the database holds them."""
    return [
        (f"P{session}", f"i{item}", scores[session, item])
        for session, item in np.argwhere(np.isfinite(scores))
    ]


@pytest.mark.parametrize(
    ("n_missed", "n_trials", "is_flagged"), [(3, 20, False), (4, 20, True), (1, 6, True)]
)
def test_more_than_15_percent_of_the_trials_flag_a_session(n_missed, n_trials, is_flagged):
    def scores(missed, hit):
        return [("a", str(n), missed if n < n_missed else hit) for n in range(n_trials)]

    assert (flag_low_reference(scores(89.99, 90)) == {"a"}) is is_flagged
    others = [(name, str(n), 0) for name in "bcde" for n in range(n_trials)]
    assert (flag_high_anchor(scores(90.01, 90) + others) == {"a"}) is is_flagged


def test_an_item_whose_anchor_more_than_a_quarter_put_high_counts_against_nobody():
    hard = [(name, "hard", 95) for name in "abcd"]
    easy = [(name, "easy", 95 if name == "a" else 10) for name in "abcd"]
    assert flag_high_anchor(hard) == set()
    assert flag_high_anchor(hard + easy) == {"a"}  # one of four is not more than 25 %


def test_an_exempt_item_is_still_one_of_the_trials():
    exempt = [(name, f"hard{n}", 95) for name in "abcd" for n in range(6)]
    easy = [(name, "easy", 95 if name == "a" else 10) for name in "abcd"]
    assert flag_high_anchor(exempt + easy) == set()  # 1 of 7 trials is less than 15 %


@given(TABLES)
def test_the_flags_are_those_of_the_reports_screening(table):
    participants, items = table.shape[:2]
    scores = Scores(
        table,
        tuple(f"P{n}" for n in range(participants)),
        tuple(f"i{n}" for n in range(items)),
        ("reference", "anchor70"),
        ("",) * items,
        ("reference", "anchor"),
    )
    reference, anchor = table[..., 0], table[..., 1]
    flagged = flag_low_reference(rows_of(reference)) | flag_high_anchor(rows_of(anchor))
    assert flagged == set(screen(scores, scale=(0.0, 100.0)).excluded("bs1534"))
