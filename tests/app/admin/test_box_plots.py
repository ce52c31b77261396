"""What the live view computes, against numpy and against the recommendation's own words."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmushra_app.admin.box_plots import make_box, quantile
from webmushra_app.admin.screening import flag_high_anchor, flag_low_reference

SCORES = st.lists(st.integers(0, 100), min_size=1, max_size=60)
CONDITION = SimpleNamespace(name="random", label="Random")


def counted(scores):
    return sorted((float(score), n) for score, n in Counter(scores).items())


@given(SCORES, st.floats(0, 1))
def test_quantiles_of_counts_are_numpys(scores, share):
    assert quantile(counted(scores), share) == pytest.approx(np.quantile(scores, share))


@given(SCORES)
def test_every_score_is_in_the_box_under_a_whisker_or_an_outlier(scores):
    box = make_box(CONDITION, counted(scores), simulated=False)
    assert box.n == len(scores)
    assert box.low <= box.q1 <= box.median <= box.q3 <= box.high
    reach = 1.5 * (box.q3 - box.q1)
    for score in scores:
        is_far = score < box.q1 - reach or score > box.q3 + reach
        assert is_far == (score in box.outliers)
        assert is_far or box.low <= score <= box.high


def test_screening_tolerates_one_slip_in_ten():
    scores = [("a", str(item), 80 if item == 0 else 100) for item in range(10)]
    assert flag_low_reference(scores) == set()
    assert flag_low_reference([*scores, ("a", "11", 89.9)]) == {"a"}


def test_an_item_whose_anchor_many_put_high_counts_against_nobody():
    listeners = "abcd"
    hard = [(listener, "hard", 95) for listener in listeners]
    easy = [(listener, "easy", 95 if listener == "a" else 10) for listener in listeners]
    assert flag_high_anchor(hard) == set()
    assert flag_high_anchor(hard + easy) == {"a"}  # one of four is not more than 25 %
