"""Agreement of participants, on tables made for it."""

import numpy as np
import pandas as pd
from support.simulated_ratings import simulate_ratings

from analysis.ratings.scores import tabulate
from analysis.ratings.table import check
from analysis.stats.reliability import (
    measure_reliability,
    measure_repeats,
    participant_correlations,
)


def ratings_of(table):
    return check(table, source="test", sha256="")


def test_identical_participants_agree_fully():
    table = simulate_ratings()
    first = table[table["session"] == "session-000"]
    copies = [first.assign(session=f"copy-{n}") for n in range(4)]
    noise = np.random.default_rng(0).normal(0, 0.01, 4 * len(first))
    same = pd.concat(copies, ignore_index=True)
    same["score"] = np.clip(same["score"] + noise, 0, 100)
    scores = tabulate(ratings_of(same))
    assert measure_reliability(scores)[0].icc_single > 0.999
    assert np.nanmin(participant_correlations(scores)) > 0.999


def test_random_raters_do_not_agree():
    table = simulate_ratings(participants=10, items=10)
    table["score"] = np.random.default_rng(2).integers(0, 101, len(table)).astype(float)
    got = measure_reliability(tabulate(ratings_of(table)))[0]
    assert got.single_low < 0.0 < got.single_high


def test_repeated_trials_are_averaged_and_measured():
    table = simulate_ratings()
    again = table[table["item"] == "item-00"].copy()
    again["trial_position"] = 99
    again["score"] = np.clip(again["score"] + 4, 0, 100)
    ratings = ratings_of(pd.concat([table, again], ignore_index=True))
    repeats = measure_repeats(ratings)
    assert repeats.n_cells == len(again)
    assert repeats.median_distance == 4
    assert repeats.correlation > 0.99
    assert len(tabulate(ratings).participants) == 8
