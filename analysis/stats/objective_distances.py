"""Compares objective distances with what the participants heard.

Reads ``manifest.json`` of a stimulus set (schema 1). Within an item the question is which match is
closer; between items both scores and distances differ for other reasons. Hence Spearman's
correlation of mean score and distance within each item, averaged over items, with a t interval
over items. The hidden reference (distance 0 by construction) is left out.

Conventions: a good distance correlates negatively; −1 is perfect.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special, stats

from analysis.ratings.scores import Scores, mean_of_present
from analysis.ratings.table import RatingsError

MIN_STIMULI = 3


@dataclass(frozen=True)
class Agreement:
    """Mean within-item rank correlation of participants' scores with one distance."""

    distance: str
    n_items: int
    n_stimuli: int
    correlation: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class StimulusSet:
    """What the analysis needs of a manifest: title, conditions in order, distances."""

    distances: dict[tuple[str, str], dict[str, float]]
    order: tuple[str, ...]
    labels: dict[str, str]
    title: str


def read_stimulus_set(path: Path) -> StimulusSet:
    """Read the distances of a stimulus set's manifest.

    Raises
    ------
    RatingsError
        If the file is missing or is no manifest.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return StimulusSet(
            {
                (item["id"], s["condition"]): dict(s["distances"])
                for item in data["items"]
                for s in item["stimuli"]
            },
            tuple(c["id"] for c in data["conditions"]),
            {c["id"]: c["label"] for c in data["conditions"]},
            data["title"],
        )
    except OSError as error:
        raise RatingsError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RatingsError(
            f"{path}: not a stimulus set's manifest ({type(error).__name__}: {error})"
        ) from None


def correlate_with_distances(scores: Scores, stimuli: StimulusSet) -> tuple[Agreement, ...]:
    """Correlate mean scores with every distance of the manifest, within items."""
    names = sorted({name for values in stimuli.distances.values() for name in values})
    return tuple(
        found for name in names if (found := _correlate(scores, stimuli, name)) is not None
    )


def pairs_of(
    scores: Scores, stimuli: StimulusSet, distance: str
) -> list[tuple[str, str, float, float]]:
    """List (item, condition, distance, mean score) of every stimulus rated, reference left out.

    Parameters
    ----------
    scores : Scores
        All scores.
    stimuli : StimulusSet
        The manifest's distances.
    distance : str
        Name of the distance.
    """
    out = []
    means = mean_of_present(scores.values, axis=0)
    for i, item in enumerate(scores.items):
        for c, condition in enumerate(scores.conditions):
            value = stimuli.distances.get((item, condition), {}).get(distance)
            if value is None or scores.kinds[c] == "reference" or np.isnan(means[i, c]):
                continue
            out.append((item, condition, float(value), float(means[i, c])))
    return out


def _correlate(scores: Scores, stimuli: StimulusSet, name: str) -> Agreement | None:
    by_item: dict[str, list[tuple[float, float]]] = {}
    for item, _, distance, score in pairs_of(scores, stimuli, name):
        by_item.setdefault(item, []).append((distance, score))
    found = []
    for pairs in by_item.values():
        distance, score = np.array(pairs).T
        if len(pairs) >= MIN_STIMULI and np.ptp(distance) > 0 and np.ptp(score) > 0:
            found.append(float(stats.spearmanr(distance, score).statistic))
    if not found:
        return None
    n, mean = len(found), float(np.mean(found))
    half = float("nan")
    if n > 1:
        half = special.stdtrit(n - 1, 0.975) * np.std(found, ddof=1) / np.sqrt(n)
    stimuli_used = sum(len(pairs) for pairs in by_item.values())
    low, high = np.clip([mean - half, mean + half], -1.0, 1.0)
    return Agreement(name, n, stimuli_used, mean, float(low), float(high))
