"""Whom the rules flag: counted by hand on tables made for it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.ratings.scores import Scores
from analysis.stats.screening import screen

SCALE = (0.0, 100.0)
KINDS = {"reference": "reference", "ours": "estimated", "anchor70": "anchor"}


def scores_of(reference, *, anchor=None, other=50.0):
    """Scores of participants × items; other conditions constant."""
    reference = np.asarray(reference, float)
    parts = {"reference": reference, "ours": np.full(reference.shape, other)}
    if anchor is not None:
        parts["anchor70"] = np.asarray(anchor, float)
    participants, items = reference.shape
    return Scores(
        np.stack(list(parts.values()), axis=2),
        tuple(f"P{n}" for n in range(participants)),
        tuple(f"i{n}" for n in range(items)),
        tuple(parts),
        ("",) * items,
        tuple(KINDS[c] for c in parts),
    )


@pytest.mark.parametrize(
    ("slips", "flagged"), [(0, False), (1, False), (2, False), (3, False), (4, True)]
)
def test_screening_tolerates_three_slips_in_twenty(slips, flagged):
    reference = np.full((1, 20), 95.0)
    reference[0, :slips] = 89
    assert screen(scores_of(reference), scale=SCALE).results[0].bs1534 is flagged


def test_one_slip_in_ten_is_tolerated_and_two_are_not():
    reference = np.full((2, 10), 95.0)
    reference[0, :1] = reference[1, :2] = 10
    assert screen(scores_of(reference), scale=SCALE).excluded("bs1534") == ("P1",)


def test_exactly_ninety_is_no_slip():
    assert screen(scores_of(np.full((1, 5), 90.0)), scale=SCALE).excluded("both") == ()


def test_share_is_of_the_participants_own_trials():
    reference = np.full((1, 10), np.nan)
    reference[0, :4] = [95, 95, 95, 80]
    result = screen(scores_of(reference), scale=SCALE).results[0]
    assert (result.n_trials, result.reference_below) == (4, 0.25)


def test_mid_anchor_taken_for_the_reference_is_flagged():
    anchor = np.full((5, 10), 40.0)
    anchor[0, :2] = 95
    found = screen(scores_of(np.full((5, 10), 99.0), anchor=anchor), scale=SCALE)
    assert found.excluded("bs1534") == ("P0",)
    assert found.exempt_items == ()


def test_item_whose_mid_anchor_fools_a_quarter_of_participants_excludes_nobody():
    anchor = np.full((4, 6), 40.0)
    anchor[:2, 3] = 95  # half of the participants, one item in six (17 %)
    found = screen(scores_of(np.full((4, 6), 99.0), anchor=anchor), scale=SCALE)
    assert found.exempt_items == ("i3",)
    assert found.excluded("bs1534") == ()


def test_rank_flag_needs_the_reference_beaten_in_more_than_a_quarter():
    reference = np.full((2, 8), 60.0)
    reference[0, :2] = reference[1, :3] = 40  # something else has 50
    found = screen(scores_of(reference), scale=SCALE)
    assert found.excluded("rank") == ("P1",)
    assert set(found.excluded("both")) == {"P0", "P1"}


def test_tie_with_the_reference_is_no_defeat():
    assert screen(scores_of(np.full((1, 4), 50.0)), scale=SCALE).excluded("rank") == ()


def test_without_reference_or_on_another_scale_nobody_is_screened():
    scores = scores_of(np.full((2, 3), 4.0))
    assert screen(scores, scale=(1.0, 5.0)).impossible == "the rule is for 0–100, not 1–5"
    bare = replace(scores, kinds=("", "estimated"))
    assert screen(bare, scale=SCALE).impossible == "no hidden reference among the conditions"
