"""Ratings with a known truth, as tables and databases."""

import sqlite3

import numpy as np
import pandas as pd

from analysis.analyse import analyse
from analysis.ratings.table import check
from stimuli_gen.contract import RATING_COLUMNS

CONDITIONS = {
    "reference": ("reference", 97.0),
    "mlp_163nc": ("estimated", 62.0),
    "autofx_f": ("estimated", 66.0),
    "random": ("random", 33.0),
    "clean": ("anchor", 25.0),
}
FAMILIES = ("modulation", "delay", "distortion")


def simulate_ratings(
    *,
    participants: int = 8,
    items: int = 6,
    seed: int = 1,
    simulated: bool = True,
    conditions: dict | None = None,
) -> pd.DataFrame:
    """Ratings in the contract's columns: condition means, participant and item effects, noise."""
    rng = np.random.default_rng(seed)
    conditions = conditions or CONDITIONS
    by_participant = rng.normal(0, 4, (participants, len(conditions)))
    by_item = rng.normal(0, 4, (items, len(conditions)))
    rows = []
    for n in range(participants):
        for position, item in enumerate(rng.permutation(items)):
            for place, c in enumerate(rng.permutation(len(conditions))):
                condition = list(conditions)[c]
                kind, mean = conditions[condition]
                score = mean + by_participant[n, c] + by_item[item, c] + rng.normal(0, 8)
                rows.append(
                    {
                        "study": "demo",
                        "session": f"session-{n:03d}",
                        "participant": "",
                        "item": f"item-{item:02d}",
                        "family": FAMILIES[item % 3],
                        "condition": condition,
                        "kind": kind,
                        "score": float(np.clip(round(score), 0, 100)),
                        "trial_position": position + 1,
                        "stimulus_position": place + 1,
                        "plays": 2,
                        "listened_s": 4.5,
                        "trial_time_s": float(np.round(60 - 3 * position + rng.normal(0, 4), 1)),
                        "rated_at": f"2026-11-0{1 + n % 9}T10:{position:02d}:00Z",
                        "comment": "",
                        "training": False,
                        "simulated": simulated,
                    }
                )
    return pd.DataFrame(rows, columns=list(RATING_COLUMNS))


def store(table: pd.DataFrame, path) -> str:
    """Write ratings as the view that the listening test's database has; return its URL."""
    with sqlite3.connect(path) as connection:
        table.to_sql("stored", connection, index=False)
        connection.execute("CREATE VIEW ratings_long AS SELECT * FROM stored")
    connection.close()
    return f"sqlite:///{path}"


def findings_of(table=None, options=None, **simulation):
    """Analyse a table, or simulated ratings."""
    table = simulate_ratings(**simulation) if table is None else table
    return analyse(check(table, source="ratings.csv", sha256="0" * 64), options)
