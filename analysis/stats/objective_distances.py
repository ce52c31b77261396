"""What predicts the scores: objective distances and errors of the estimated parameters.

Reads ``manifest.json`` of a stimulus set (schema 1). Within a trial the question is which match is
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

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from analysis.ratings.scores import Scores, mean_of_present
from analysis.ratings.table import RatingsError
from analysis.stats.crossed import Estimate, estimate_mean

MIN_STIMULI = 3
ALL_PARAMETERS = "all"
Values = dict[tuple[str, str], dict[str, float]]


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


@dataclass(frozen=True)
class StimulusSet:
    """What the analysis needs of a manifest.

    Attributes
    ----------
    distances, errors : dict
        (item, condition) → name → distance of the stimulus from its reference; absolute error of a
        parameter.
    order : tuple of str
        Conditions in the study's order.
    labels : dict
        Condition id → the name to print.
    title : str
        The study's title.
    files : dict
        (item, condition) → the sound's file, relative to the set's folder.
    references : dict
        Item → the file of the open reference.
    folder : Path
        The set's folder.
    """

    distances: Values
    order: tuple[str, ...]
    labels: dict[str, str]
    title: str
    errors: Values = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()


def read_stimulus_set(path: Path) -> StimulusSet:
    """Read the distances and parameters of a stimulus set's manifest.

    Raises
    ------
    RatingsError
        If the file is missing or is no manifest.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        stimuli = [(item, stimulus) for item in data["items"] for stimulus in item["stimuli"]]
        return StimulusSet(
            distances={(i["id"], s["condition"]): dict(s.get("distances", {})) for i, s in stimuli},
            order=tuple(c["id"] for c in data["conditions"]),
            labels={c["id"]: c["label"] for c in data["conditions"]},
            title=data["title"],
            errors={(i["id"], s["condition"]): parameter_errors(i, s) for i, s in stimuli},
            files={(i["id"], s["condition"]): s["file"] for i, s in stimuli if "file" in s},
            references={
                item["id"]: item["reference"]["file"]
                for item in data["items"]
                if "file" in item.get("reference", {})
            },
            folder=path.parent,
        )
    except OSError as error:
        raise RatingsError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RatingsError(
            f"{path}: not a stimulus set's manifest ({type(error).__name__}: {error})"
        ) from None


def parameter_errors(item: dict[str, Any], stimulus: dict[str, Any]) -> dict[str, float]:
    """Compute a stimulus's absolute errors; none where its effect is not its reference's.

    Parameters are compared in their units; ``normalized`` ones (0–1) make up the error over all.
    """
    reference = item.get("reference", {})
    if stimulus.get("effect") != reference.get("effect"):
        return {}
    true, estimated = reference.get("parameters") or {}, stimulus.get("parameters") or {}
    errors = {name: abs(estimated[name] - true[name]) for name in true if name in estimated}
    true, estimated = reference.get("normalized") or {}, stimulus.get("normalized") or {}
    mapped = [abs(estimated[name] - true[name]) for name in true if name in estimated]
    if mapped:
        errors[ALL_PARAMETERS] = float(np.mean(mapped))
    return errors


def correlate_with_distances(
    scores: Scores, stimuli: StimulusSet
) -> tuple[PredictorCorrelation, ...]:
    """Correlate scores with every distance of the manifest, within trials."""
    return _correlate_all(scores, stimuli.distances, "")


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
    table = _table_of(scores, values, name)
    rated = np.isfinite(table) & np.isfinite(means)
    return [
        (scores.items[i], scores.conditions[c], float(table[i, c]), float(means[i, c]))
        for i, c in zip(*np.nonzero(rated), strict=True)
    ]


def _table_of(scores: Scores, values: Values, name: str) -> np.ndarray:
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
    table = _table_of(scores, values, name)
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
