"""What predicts the scores: objective distances and errors of the estimated parameters.

Within a trial the question is which match is
closer; between trials both scores and predictors differ for other reasons. Hence Spearman's ρ of
scores and predictor within every trial, averaged with the crossed uncertainty of ``stats.crossed``:
the participant × item table of ρ takes the place of the table of differences. ρ of the mean scores,
averaged over items, stands beside it; single participants are noisier than their mean, so it is
further from 0.

A parameter's error is |estimated − true| in the parameter's unit; ranks within a trial need no
range. Parameters belong to an effect family, so their errors are analysed family by family.
``all`` is the mean of the errors after mapping each parameter's range to 0–1.

Conventions: the hidden reference (distance and error 0 by construction) is left out; a good
distance correlates negatively; −1 is perfect.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.ratings.scores import Scores, mean_of_present
from analysis.ratings.stimulus_set import StimulusSet, Values
from analysis.stats.crossed import Estimate, estimate_mean

MIN_STIMULI = 3


@dataclass(frozen=True)
class PredictorCorrelation:
    """Within-trial rank correlation of scores with one predictor.

    Attributes
    ----------
    predictor : str
        A distance's or a parameter's name.
    family : str
        Effect family; empty over all.
    n_stimuli : int
        Stimuli (item × condition) that have the predictor and scores.
    rho : Estimate
        Mean of the participants' ρ, dimensionless, with its crossed interval.
    rho_of_means : float
        Mean over items of ρ between mean scores and predictor.
    """

    predictor: str
    family: str
    n_stimuli: int
    rho: Estimate
    rho_of_means: float


def correlate_with_distances(
    scores: Scores, stimuli: StimulusSet
) -> tuple[PredictorCorrelation, ...]:
    """Correlate scores with every distance, within trials: over all sounds, then by family."""
    families = scores.family_names()
    overall = _correlate_all(scores, stimuli.distances, "")
    if len(families) < 2:
        return overall
    return (
        *overall,
        *(
            found
            for family in families
            for found in _correlate_all(scores.in_family(family), stimuli.distances, family)
        ),
    )


def correlate_with_errors(scores: Scores, stimuli: StimulusSet) -> tuple[PredictorCorrelation, ...]:
    """Correlate scores with every parameter's error, within trials, family by family."""
    families = scores.family_names() or ("",)
    return tuple(
        found
        for family in families
        for found in _correlate_all(
            scores.in_family(family) if family else scores, stimuli.errors, family
        )
    )


def _correlate_all(scores: Scores, values: Values, family: str) -> tuple[PredictorCorrelation, ...]:
    items = set(scores.items)
    names = {name for (item, _), found in values.items() if item in items for name in found}
    correlations = (_correlate(scores, values, name, family) for name in sorted(names))
    return tuple(found for found in correlations if found is not None)


def pairs_of(scores: Scores, values: Values, name: str) -> list[tuple[str, str, float, float]]:
    """List (item, condition, value, mean score) of every stimulus rated, reference left out.

    Parameters
    ----------
    scores : Scores
        All scores.
    values : dict
        (item, condition) → name → value of the predictor.
    name : str
        Name of the predictor.
    """
    means = mean_of_present(scores.values, axis=0)
    table = table_of(scores, values, name)
    rated = np.isfinite(table) & np.isfinite(means)
    return [
        (scores.items[i], scores.conditions[c], float(table[i, c]), float(means[i, c]))
        for i, c in zip(*np.nonzero(rated), strict=True)
    ]


def table_of(scores: Scores, values: Values, name: str) -> np.ndarray:
    """Lay a predictor out, shape (items, conditions); NaN where it is missing or the reference."""
    table = np.full((len(scores.items), len(scores.conditions)), np.nan)
    for i, item in enumerate(scores.items):
        for c, (condition, kind) in enumerate(zip(scores.conditions, scores.kinds, strict=True)):
            if kind != "reference":
                table[i, c] = values.get((item, condition), {}).get(name, np.nan)
    return table


def _correlate(
    scores: Scores, values: Values, name: str, family: str
) -> PredictorCorrelation | None:
    table = table_of(scores, values, name)
    means = mean_of_present(scores.values, axis=0)
    of_trials = np.stack(
        [rank_correlations(scores.values[:, i], table[i]) for i in range(len(scores.items))], axis=1
    )
    of_means = np.concatenate(
        [rank_correlations(means[i : i + 1], table[i]) for i in range(len(scores.items))]
    )
    if not np.isfinite(of_trials).any() or not np.isfinite(of_means).any():
        return None
    return PredictorCorrelation(
        name,
        family,
        int((np.isfinite(table) & np.isfinite(means)).sum()),
        estimate_mean(of_trials, scores.families),
        float(np.nanmean(of_means)),
    )


def rank_correlations(rows: np.ndarray, predictor: np.ndarray) -> np.ndarray:
    """Spearman's ρ of every row with the predictor, ties averaged.

    Parameters
    ----------
    rows : ndarray, shape (rows, stimuli), float
        Scores, NaN where missing.
    predictor : ndarray, shape (stimuli,), float
        NaN where missing.

    Returns
    -------
    ndarray, shape (rows,), float
        NaN with fewer than three stimuli, or where either is constant.
    """
    present = np.isfinite(rows) & np.isfinite(predictor)
    found = np.full(len(rows), np.nan)
    for pattern in np.unique(present, axis=0):  # rows that miss the same stimuli go together
        if pattern.sum() < MIN_STIMULI:
            continue
        chosen = (present == pattern).all(axis=1)
        x = stats.rankdata(predictor[pattern])
        y = stats.rankdata(rows[chosen][:, pattern], axis=1)
        x, y = x - x.mean(), y - y.mean(axis=1, keepdims=True)
        norm = np.sqrt((x @ x) * (y * y).sum(axis=1))
        found[chosen] = np.divide(y @ x, norm, out=np.full(len(y), np.nan), where=norm > 0)
    return found
