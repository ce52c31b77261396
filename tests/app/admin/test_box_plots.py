"""What the live view computes, against numpy."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmushra_app.admin.box_plots import make_box, quantile

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
