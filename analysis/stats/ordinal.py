r"""Planned pairs once more without taking scores as unbounded and evenly spaced: an ordinal model.

Scores are put into the five bands of the scale (Bad … Excellent), and a cumulative logit model with
crossed random effects is fitted to the two conditions of a pair,
:math:`\mathrm{logit}\,P(Y \le k) = \theta_k - (\beta x + u_l + v_i + w_{lx} + z_{ix})`,
with participants l, sounds i, and both interactions with the condition x, without which the error
rate would not hold. The likelihood is Laplace's approximation, the standard error follows from its
curvature. A check, not the analysis: β / SE is compared with t of the smaller number of
participants or sounds, less one.

What is too large, or has all scores in one band, is not fitted; evaluations are limited by number
and not by the clock, so that a report repeats.

References
----------
Christensen, ``ordinal::clmm`` in R (the same model). Agresti (2010), Analysis of Ordinal
Categorical Data.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.ratings.scores import Scores
from analysis.stats.comparisons import ALPHA, Comparison
from analysis.stats.crossed import NEW_SOUNDS

BANDS = 5
MAX_PAIRS = 8
MAX_RATINGS = 3000
MAX_EFFECTS = 400
MAX_ITERATIONS = 60
NEWTON_STEPS = 30
INFINITE = 20.0  # log odds beyond it: the bands of the two conditions do not overlap
NEARLY_ZERO = -3.0  # logarithm of a standard deviation on the logit scale
CURVATURE_STEP = 1e-3


@dataclass(frozen=True)
class OrdinalCheck:
    """One pair by the ordinal model.

    Attributes
    ----------
    status : str
        ``fitted``, or why there is no result.
    log_odds, se : float
        β and its standard error: log odds that a is in a higher band than b; NaN without a fit.
    df, p_value : float
        Of the t test.
    same_sign, same_decision : bool or None
        Compared with the crossed analysis at α = .05.
    """

    a: str
    b: str
    status: str
    log_odds: float = float("nan")
    se: float = float("nan")
    df: float = float("nan")
    p_value: float = float("nan")
    same_sign: bool | None = None
    same_decision: bool | None = None


def check_bounded_scores(
    scores: Scores, comparisons: tuple[Comparison, ...], *, scale: tuple[float, float]
) -> tuple[OrdinalCheck, ...]:
    """Fit the model to every comparison that holds for new listeners and new sounds.

    Parameters
    ----------
    scores : Scores
        All scores.
    comparisons : tuple of Comparison
        The planned pairs.
    scale : tuple of float
        Lowest and highest score.
    """
    tested = [c for c in comparisons if c.crossed.tested and c.crossed.holds_for == NEW_SOUNDS]
    return tuple(
        _check(scores, c, scale)
        if n < MAX_PAIRS
        else OrdinalCheck(c.a, c.b, f"not fitted: only the first {MAX_PAIRS} pairs are")
        for n, c in enumerate(tested)
    )


def _check(scores: Scores, c: Comparison, scale: tuple[float, float]) -> OrdinalCheck:
    present = np.isfinite(scores.difference(c.a, c.b))
    participants, items = np.nonzero(present)
    values = np.concatenate([scores.of(name)[present] for name in (c.a, c.b)])
    share = (values - scale[0]) / (scale[1] - scale[0])
    bands = np.minimum(np.floor(share * BANDS + 1e-9), BANDS - 1)
    x = np.repeat([1.0, 0.0], len(items))
    if (
        len(values) > MAX_RATINGS
        or 3 * (c.crossed.n_participants + c.crossed.n_items) > MAX_EFFECTS
    ):
        return OrdinalCheck(c.a, c.b, f"not fitted: {len(values)} ratings are too many")
    if len(np.unique(bands)) < 2:
        return OrdinalCheck(c.a, c.b, "not fitted: all scores are in one band")
    fit = fit_cumulative_logit(bands, x, np.tile(participants, 2), np.tile(items, 2))
    if fit is None:
        return OrdinalCheck(c.a, c.b, "not fitted: no finite maximum")
    log_odds, se = fit
    df = min(c.crossed.n_participants, c.crossed.n_items) - 1
    p = float(2 * special.stdtr(df, -abs(log_odds / se)))
    return OrdinalCheck(
        c.a, c.b, "fitted", log_odds, se, float(df), p,
        same_sign=bool(log_odds * c.crossed.estimate > 0),
        same_decision=bool((p < ALPHA) == (c.crossed.p_value < ALPHA)),
    )  # fmt: skip


def fit_cumulative_logit(
    y: np.ndarray, x: np.ndarray, participants: np.ndarray, items: np.ndarray
) -> tuple[float, float] | None:
    """Fit the model; return β and its standard error, None without a finite maximum.

    Parameters
    ----------
    y : ndarray, shape (ratings,), float
        Ordered categories.
    x : ndarray, shape (ratings,), float
        1 for the first condition, 0 for the second.
    participants, items : ndarray, shape (ratings,), int
        Their numbers.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import

    model = _Model(y, x, participants, items)
    options = {"maxiter": MAX_ITERATIONS, "gtol": 1e-3, "eps": 1e-5}
    found = minimize(model.cost, model.start(), method="BFGS", options=options)
    beta = float(found.x[len(model.levels) - 1])
    se = model.standard_error(found.x)
    return (beta, se) if np.isfinite(se) and abs(beta) < INFINITE else None


class _Model:
    """Laplace's approximation of the model's likelihood."""

    def __init__(self, y, x, participants, items) -> None:
        self.levels, self.y = np.unique(y, return_inverse=True)
        self.x = x
        codes = [np.unique(of, return_inverse=True)[1] for of in (participants, items)]
        codes += [np.unique(2 * code + x, return_inverse=True)[1] for code in codes]
        sizes = [int(code.max()) + 1 for code in codes]
        offsets = np.cumsum([0, *sizes[:-1]])
        self.index = np.stack([c + o for c, o in zip(codes, offsets, strict=True)])
        self.factor = np.repeat(np.arange(4), sizes)
        self.q = sum(sizes)
        self.pairs = (self.index[:, None] * self.q + self.index[None]).reshape(-1)
        self.effects = np.zeros(self.q)

    def start(self) -> np.ndarray:
        """Thresholds from the shares of the categories, no effect, standard deviations of 0.6."""
        below = np.cumsum(np.bincount(self.y))[:-1] / len(self.y)
        return np.concatenate([special.logit(below), [0.0], np.full(4, -0.5)])

    def _unpack(self, parameters: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        k = len(self.levels) - 1
        sds = np.exp(np.clip(parameters[k + 1 :], -9, 4))
        return parameters[:k], float(parameters[k]), sds[self.factor]

    def _terms(self, thresholds: np.ndarray, linear: np.ndarray):
        """Log likelihood of every rating, its first and second derivative by the predictor."""
        ends = np.concatenate([[-np.inf], thresholds, [np.inf]])
        upper, lower = (
            special.expit(ends[self.y + 1] - linear),
            special.expit(ends[self.y] - linear),
        )
        p = np.maximum(upper - lower, 1e-300)
        f_upper, f_lower = upper * (1 - upper), lower * (1 - lower)
        first = -(f_upper - f_lower) / p
        second = (f_upper * (1 - 2 * upper) - f_lower * (1 - 2 * lower)) / p - first**2
        return np.log(p), first, -second

    def _mode(self, parameters: np.ndarray):
        """Find the random effects' mode by Newton's method; return what the likelihood needs."""
        thresholds, beta, sds = self._unpack(parameters)
        e = self.effects
        for _ in range(NEWTON_STEPS):
            linear = beta * self.x + (sds * e)[self.index].sum(axis=0)
            log_p, first, weight = self._terms(thresholds, linear)
            gradient = sds * np.bincount(self.index.ravel(), np.tile(first, 4), self.q) - e
            information = np.bincount(self.pairs, np.tile(weight, 16), self.q**2)
            hessian = sds[:, None] * information.reshape(self.q, self.q) * sds + np.eye(self.q)
            step = np.linalg.solve(hessian, gradient)
            e = e + step
            if np.abs(step).max() < 1e-9:
                break
        self.effects = e
        return log_p.sum() - e @ e / 2, hessian

    def cost(self, parameters: np.ndarray) -> float:
        """Return the negative log likelihood."""
        if (np.diff(parameters[: len(self.levels) - 1]) <= 0).any():
            return 1e10
        value, hessian = self._mode(parameters)
        return float(-value + np.linalg.slogdet(hessian)[1] / 2)

    def standard_error(self, parameters: np.ndarray) -> float:
        """Return β's standard error from the curvature at the maximum, zero variances left out."""
        k = len(self.levels) - 1
        moved = [*range(k + 1), *(n for n in range(k + 1, k + 5) if parameters[n] > NEARLY_ZERO)]
        steps = CURVATURE_STEP * np.eye(len(parameters))[moved]

        def second(a: np.ndarray, b: np.ndarray) -> float:
            values = [self.cost(parameters + u * a + v * b) for u in (1, -1) for v in (1, -1)]
            return (values[0] - values[1] - values[2] + values[3]) / (4 * CURVATURE_STEP**2)

        n = len(moved)
        curvature = np.zeros((n, n))
        for row in range(n):
            for column in range(row + 1):
                curvature[row, column] = curvature[column, row] = second(steps[row], steps[column])
        variance = np.linalg.pinv(curvature)[k, k]
        return float(np.sqrt(variance)) if variance > 0 else float("nan")
