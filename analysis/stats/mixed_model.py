"""The primary difference once more, by a mixed model: a cross-check, not a second opinion.

``D ~ 1 + (1|participant) + (1|item)`` by REML, families of items (if any) as fixed effects that are
centred on their shares of items, so that the intercept is the mean over items. For one pair of
conditions this is the model ``score ~ condition + (1|participant) + (1|item)`` with both
interactions with condition, which is the one that keeps its error rate. Powell's method is used,
because gradient methods have been seen to stop at the wrong optimum without a word. A check that is
too large or does not converge is reported as such.

References
----------
Baayen, Davidson & Bates (2008), J. Mem. Lang. 59 (crossed random effects).
statsmodels, ``MixedLM`` with variance components.
"""

import time
import warnings
from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores
from analysis.stats.comparisons import Comparison
from analysis.stats.crossed import NEW_SOUNDS, family_codes

MODEL = "difference ~ 1 + family + (1|participant) + (1|item), REML"
MAX_LEVELS = 250
MAX_CELLS = 12_000
TIME_LIMIT_S = 8.0
TOLERANCE = 0.02
NEAR_ZERO = 0.05  # of the residual SD


@dataclass(frozen=True)
class MixedCheck:
    """Result of the mixed model, and whether it agrees with the closed form.

    Attributes
    ----------
    status : str
        ``agrees…``, ``disagrees: …`` with the reason, or why there is no result.
    estimate, se : float
        Points; NaN without a result.
    sd_participant, sd_item, sd_residual : float
        Square roots of the variance components, points.
    """

    model: str
    status: str
    converged: bool
    estimate: float = float("nan")
    se: float = float("nan")
    sd_participant: float = float("nan")
    sd_item: float = float("nan")
    sd_residual: float = float("nan")


def check_by_mixed_model(scores: Scores, comparison: Comparison) -> MixedCheck | None:
    """Fit the model to a − b and compare it with the primary estimate.

    It agrees when estimate and standard error lie within 2 % of the primary's standard error, or,
    where cells are missing (the two weigh them differently), within half of it. Where a variance
    component is 0, REML pools its mean square with the residual one and the closed form does not:
    standard errors are then not compared.
    """
    crossed = comparison.crossed
    table = scores.difference(comparison.a, comparison.b)
    participants, items = np.nonzero(np.isfinite(table))
    levels = len(set(participants)) + len(set(items))
    if crossed.holds_for != NEW_SOUNDS:
        return None
    if levels > MAX_LEVELS or len(items) > MAX_CELLS:
        return MixedCheck(MODEL, f"not fitted: {levels} participants and items are too many", False)
    values = table[participants, items]
    fit = _fit(values, participants, items, _centred_families(scores, items))
    if fit is None:
        return MixedCheck(MODEL, "did not converge in the time allowed", False)
    estimate, se, components = fit
    complete = len(values) == crossed.n_participants * crossed.n_items
    tolerance = (TOLERANCE if complete else 0.5) * crossed.se
    zero = min(components[:2]) <= NEAR_ZERO * components[2]
    zero |= min(crossed.sd_participant, crossed.sd_item) == 0
    status = "agrees"
    if abs(estimate - crossed.estimate) > tolerance:
        status = f"disagrees: it estimates {estimate:.2f} instead of {crossed.estimate:.2f} points"
    elif zero and abs(se - crossed.se) > tolerance:
        status = "agrees; a variance component is 0, where its standard error is defined otherwise"
    elif abs(se - crossed.se) > tolerance:
        status = f"disagrees: its standard error is {se:.2f} instead of {crossed.se:.2f} points"
    if status.startswith("disagrees") and not complete:
        status += " (it weighs the missing cells otherwise)"
    return MixedCheck(MODEL, status, True, estimate, se, *components)


class _TooSlow(Exception):
    """The time allowed has passed."""


def _centred_families(scores: Scores, items: np.ndarray) -> np.ndarray:
    """Build the fixed effects: ones, and family indicators less their shares of items."""
    rated = np.unique(items)
    codes = family_codes(scores.families, np.isin(np.arange(len(scores.items)), rated))
    chosen = np.eye(int(codes.max()) + 1)[codes]
    centred = chosen - chosen.mean(axis=0)
    ones = np.ones((len(items), 1))
    return np.hstack([ones, centred[np.searchsorted(rated, items), 1:]])


def _fit(values: np.ndarray, participants: np.ndarray, items: np.ndarray, exog: np.ndarray):
    """Estimate, standard error and the three standard deviations, or None."""
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec  # noqa: PLC0415

    def indicators(codes):
        levels = np.unique(codes)
        return (codes[:, None] == levels[None, :]).astype(float), [str(n) for n in levels]

    names, parts = ["participant", "item"], [indicators(participants), indicators(items)]
    spec = VCSpec(names, [[labels] for _, labels in parts], [[matrix] for matrix, _ in parts])
    deadline = time.monotonic() + TIME_LIMIT_S

    def stop_when_late(_):
        if time.monotonic() > deadline:
            raise _TooSlow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular fits are expected and harmless here
        model = MixedLM(values, exog, np.ones(len(values)), exog_vc=spec)
        try:
            result = model.fit(method="powell", reml=True, callback=stop_when_late)
        except (_TooSlow, np.linalg.LinAlgError):
            return None
    if not result.converged:
        return None
    variances = np.maximum([*result.vcomp, result.scale], 0.0)
    return (
        float(result.fe_params[0]),
        float(result.bse_fe[0]),
        tuple(float(s) for s in np.sqrt(variances)),
    )
