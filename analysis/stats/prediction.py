r"""Which distance predicts the scores of sounds that were not used to fit it, and by what formula.

The mean score of a stimulus is predicted as :math:`a + b\,x` or :math:`a + b \ln x` of a distance
x, cut at the ends of the scale. Each sound is left out in turn, with all its stimuli: the error is
that on sounds the formula has not seen. The best of several distances looks better than it is,
because chance takes part in the choice; hence the choice is made again without each sound (nested
cross-validation), and its error stands beside it.

Conventions: the hidden reference is left out (its distance is 0 by construction); all distances are
judged on the same stimuli; errors are root mean squares in points of the scale. A distance is worse
than the best by the mean difference of squared errors, with the crossed interval of
``stats.crossed`` over participants and sounds.

References
----------
Varma & Simon (2006), BMC Bioinformatics 7 (bias of the best cross-validated error).
"""

from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores, mean_of_present
from analysis.ratings.stimulus_set import Values
from analysis.stats.crossed import Estimate, estimate_mean
from analysis.stats.objective_distances import table_of

MIN_SOUNDS = 5
MIN_SHARE = 0.8
LINEAR, LOGARITHMIC = "linear", "logarithmic"


@dataclass(frozen=True)
class Formula:
    """A predicted score.

    Attributes
    ----------
    distance : str
        The distance's name.
    form : str
        ``linear`` in the distance or in its natural logarithm, ``logarithmic``.
    intercept, slope : float
        Fitted to all sounds.
    low, high : float
        Smallest and largest distance that it was fitted to.
    error : float
        Root mean square error on sounds left out, points.
    worse : Estimate or None
        Mean squared error less that of the best formula; None for the best itself.
    """

    distance: str
    form: str
    intercept: float
    slope: float
    low: float
    high: float
    error: float
    worse: Estimate | None

    def predict(self, distance: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
        """Return predicted scores of distances, cut at the ends of ``scale``."""
        x = np.log(distance) if self.form == LOGARITHMIC else np.asarray(distance)
        return np.clip(self.intercept + self.slope * x, *scale)


@dataclass(frozen=True)
class PredictionStudy:
    """Formulas of all distances over one set of stimuli, the best first.

    Attributes
    ----------
    family : str
        Effect family; empty over all.
    n_items, n_stimuli : int
        Sounds and stimuli.
    formulas : tuple of Formula
        One a distance, in its better form.
    error_of_choice : float
        Error on left-out sounds when the formula is chosen without them, points.
    error_of_mean : float
        The same when the mean score of the other sounds is predicted, points.
    """

    family: str
    n_items: int
    n_stimuli: int
    formulas: tuple[Formula, ...]
    error_of_choice: float
    error_of_mean: float

    @property
    def best(self) -> Formula:
        """The formula with the smallest error."""
        return self.formulas[0]

    @property
    def useful(self) -> bool:
        """Whether choosing a formula beats the mean score on sounds left out."""
        return self.error_of_choice < self.error_of_mean


def study_predictions(
    scores: Scores, distances: Values, *, scale: tuple[float, float]
) -> tuple[PredictionStudy, ...]:
    """Study the distances over all sounds and within every family that has five or more.

    Parameters
    ----------
    scores : Scores
        All scores.
    distances : dict
        (item, condition) → name → distance.
    scale : tuple of float
        Lowest and highest score.
    """
    families = scores.family_names()
    parts = [("", scores)]
    if len(families) > 1:
        parts += [(family, scores.in_family(family)) for family in families]
    studies = (_study(part, distances, family, scale) for family, part in parts)
    return tuple(study for study in studies if study is not None)


def _study(
    scores: Scores, distances: Values, family: str, scale: tuple[float, float]
) -> PredictionStudy | None:
    names = sorted({n for (item, _), d in distances.items() if item in scores.items for n in d})
    means = mean_of_present(scores.values, axis=0)
    tables = {name: table_of(scores, distances, name) for name in names}
    rated = np.isfinite(means) & np.array([k != "reference" for k in scores.kinds])
    wanted = MIN_SHARE * rated.sum()
    tables = {n: t for n, t in tables.items() if (rated & np.isfinite(t)).sum() >= wanted}
    common = rated & np.all([np.isfinite(t) for t in tables.values()], axis=0)
    items, conditions = np.nonzero(common)
    if not tables or len(set(items)) < MIN_SOUNDS:
        return None
    sounds = np.unique(items, return_inverse=True)[1]
    y = means[items, conditions]
    candidates = _candidates({name: t[items, conditions] for name, t in tables.items()})
    if not candidates:
        return None
    predicted = {key: leave_out(x, y, sounds, scale) for key, x in candidates.items()}
    errors = {key: _rms(y - p) for key, p in predicted.items()}
    ranked = sorted(errors, key=lambda key: (errors[key], key))
    kept = [key for n, key in enumerate(ranked) if key[0] not in {k[0] for k in ranked[:n]}]

    def squared(key: tuple[str, str]) -> np.ndarray:
        """Squared errors of every rating, averaged over a trial: participants × items."""
        table = np.full(scores.values.shape, np.nan)
        table[:, items, conditions] = (
            scores.values[:, items, conditions] - predicted[key][None, :]
        ) ** 2
        return mean_of_present(table, axis=2)

    best = squared(kept[0])
    formulas = []
    for key in kept:
        slope, intercept = np.polyfit(candidates[key], y, 1)
        x = tables[key[0]][items, conditions]
        worse = estimate_mean(squared(key) - best, scores.families) if key != kept[0] else None
        formulas.append(
            Formula(*key, float(intercept), float(slope), float(x.min()), float(x.max()),
                    errors[key], worse)
        )  # fmt: skip
    constant = leave_out(np.zeros(len(y)), y, sounds, scale)
    choice = _rms(y - _chosen_without(candidates, y, sounds, scale))
    return PredictionStudy(
        family, len(set(items)), len(y), tuple(formulas), choice, _rms(y - constant)
    )


def _candidates(distances: dict[str, np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
    """Return (name, form) → regressor of every distance that varies."""
    found = {}
    for name, x in distances.items():
        if np.ptp(x) == 0:
            continue
        found[name, LINEAR] = x
        if x.min() > 0:
            found[name, LOGARITHMIC] = np.log(x)
    return found


def leave_out(
    x: np.ndarray, y: np.ndarray, sounds: np.ndarray, scale: tuple[float, float]
) -> np.ndarray:
    """Predict the stimuli of every sound by least squares on those of the others.

    Parameters
    ----------
    x, y : ndarray, shape (stimuli,), float
        Regressor and score; a constant regressor predicts the mean.
    sounds : ndarray, shape (stimuli,), int
        Number of each stimulus's sound, from 0 without gaps.
    scale : tuple of float
        Predictions are cut at its ends.
    """
    x = x - x.mean()

    def others(values: np.ndarray) -> np.ndarray:
        return values.sum() - np.bincount(sounds, values)

    n, sx, sy = others(np.ones(len(x))), others(x), others(y)
    sxx, sxy = others(x * x) - sx**2 / n, others(x * y) - sx * sy / n
    slope = np.divide(sxy, sxx, out=np.zeros(len(n)), where=sxx > 1e-12 * max(1.0, x @ x))
    intercept = (sy - slope * sx) / n
    return np.clip(intercept[sounds] + slope[sounds] * x, *scale)


def _chosen_without(
    candidates: dict, y: np.ndarray, sounds: np.ndarray, scale: tuple[float, float]
) -> np.ndarray:
    """Predict every sound by the formula that is best on the other sounds."""
    predicted = np.empty(len(y))
    for sound in range(sounds.max() + 1):
        rest = sounds != sound
        numbers = np.unique(sounds[rest], return_inverse=True)[1]
        errors = {
            key: _rms(y[rest] - leave_out(x[rest], y[rest], numbers, scale))
            for key, x in candidates.items()
        }
        best = candidates[min(errors, key=lambda key: (errors[key], key))]
        predicted[~rest] = leave_out(best, y, sounds, scale)[~rest]
    return predicted


def _rms(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))
