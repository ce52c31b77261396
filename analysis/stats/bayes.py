r"""The primary difference in Bayesian terms: a Bayes factor, and what lies within a margin.

The likelihood of a difference :math:`\delta` is that of the crossed analysis: (estimate − δ) / SE
follows t with its degrees of freedom. The Bayes factor compares "some difference", with a Cauchy
prior around 0, with "none": above 3 it is evidence for a difference, below ⅓ for none. With a flat
prior the posterior is the t distribution around the estimate; its share within the margin says how
credible a negligible difference is (region of practical equivalence).

References
----------
Dienes & Mclatchie (2018), Psychon. Bull. Rev. 25 (Bayes factor from a t likelihood).
Kruschke (2018), Adv. Methods Pract. Psychol. Sci. 1 (region of practical equivalence).
"""

import math
from dataclasses import dataclass

from scipy import integrate, special

from analysis.stats.crossed import Estimate

PRIOR_SHARE = 0.1
"""Scale of the prior as a share of the scale: half a band of five, so that a difference is as
likely to be larger as to be smaller than that."""


@dataclass(frozen=True)
class BayesianView:
    """Bayes factor and posterior of a difference.

    Attributes
    ----------
    prior_scale : float
        Scale of the Cauchy prior, points.
    bayes_factor : float
        Odds of "some difference" against "none" that the data give.
    narrow, wide : float
        The same with half and with twice the prior's scale.
    margin : float or None
        Half width of what counts as negligible, points.
    share_within : float or None
        Posterior probability of a difference within the margin, for a flat prior.
    """

    prior_scale: float
    bayes_factor: float
    narrow: float
    wide: float
    margin: float | None
    share_within: float | None


def take_bayesian_view(
    estimate: Estimate, *, scale: tuple[float, float], margin: float | None
) -> BayesianView | None:
    """Compute the Bayes factor of an estimate; None where there was no test.

    Parameters
    ----------
    estimate : Estimate
        The difference.
    scale : tuple of float
        Lowest and highest score, from which the prior's scale follows.
    margin : float, optional
        Half width of what counts as negligible, points.
    """
    if not estimate.tested:
        return None
    r = PRIOR_SHARE * (scale[1] - scale[0])
    within = None
    if margin is not None:
        low, high = ((end - estimate.estimate) / estimate.se for end in (-margin, margin))
        within = float(special.stdtr(estimate.df, high) - special.stdtr(estimate.df, low))
    once, half, twice = (bayes_factor(estimate, factor * r) for factor in (1.0, 0.5, 2.0))
    return BayesianView(r, once, half, twice, margin, within)


def bayes_factor(estimate: Estimate, prior_scale: float) -> float:
    """Divide the likelihood averaged over a Cauchy prior by that of no difference."""
    power = -(estimate.df + 1) / 2

    def log_likelihood(difference: float) -> float:
        t = (estimate.estimate - difference) / estimate.se
        return power * math.log1p(t * t / estimate.df)

    none = log_likelihood(0.0)

    def ratio(angle: float) -> float:  # difference = r·tan(angle) makes the prior uniform
        return math.exp(log_likelihood(prior_scale * math.tan(angle)) - none) / math.pi

    ends = (estimate.estimate + k * estimate.se for k in (-8, -2, 0, 2, 8))
    peaks = sorted(math.atan(end / prior_scale) for end in ends)
    edge = math.pi / 2
    return float(integrate.quad(ratio, -edge, edge, points=peaks, limit=200, full_output=1)[0])
