"""Power and length of a listening test that is being planned.

The difference of two conditions over L participants and I items has
``SE² = 2 (σ_L²/L + σ_I²/I + σ²/(L·i))``: σ_L and σ_I are the standard deviations of the participant
× condition and item × condition effects, σ the residual one, i the items each participant rates.
Power is that of the crossed quasi-t (noncentral t, Satterthwaite's degrees of freedom), with α
shared by the planned comparisons; simulation with the same test checks the formula.

Conventions: standard deviations and gaps are in points of the 0–100 scale. The defaults (8, 8, 13)
are typical of seven public MUSHRA data sets.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.ratings.scores import Scores
from analysis.ratings.table import RatingsError
from analysis.stats.comparisons import ALPHA
from analysis.stats.crossed import estimate_mean

SETTING_UP_S = 300.0
BETWEEN_TRIALS_S = 10.0
BISECTIONS = 60  # halves the bracket until it is below the resolution of a double


@dataclass(frozen=True)
class VarianceComponents:
    """Standard deviations of one condition's effects, in points."""

    participant: float = 8.0
    item: float = 8.0
    residual: float = 13.0


@dataclass(frozen=True)
class Design:
    """How many take part and what each rates.

    Attributes
    ----------
    participants : int
        At least 3.
    items : int
        At least 2.
    per_participant : int
        Items that each participant rates, at most ``items``.
    """

    participants: int
    items: int
    per_participant: int


@dataclass(frozen=True)
class Question:
    """What the test has to find, and how a session runs.

    Attributes
    ----------
    gap : float
        Difference of two conditions to find, points.
    comparisons : int
        Planned comparisons that share α = .05 equally (Bonferroni).
    conditions : int
        Stimuli in a trial.
    seconds_per_stimulus : float
        Time a participant takes for one stimulus, s.
    """

    gap: float = 10.0
    comparisons: int = 1
    conditions: int = 7
    seconds_per_stimulus: float = 12.0

    @property
    def alpha(self) -> float:
        """Level of one comparison."""
        return ALPHA / self.comparisons


@dataclass(frozen=True)
class Plan:
    """One design and what it can find.

    Attributes
    ----------
    power : float
        Probability to find the gap, by formula.
    simulated_power : float
        The same by simulation; NaN without.
    detectable : float
        Smallest gap found with probability 0.8, points.
    minutes : float
        Length of one session, instructions and training included.
    """

    design: Design
    power: float
    simulated_power: float
    detectable: float
    minutes: float


def plan_designs(
    designs: list[Design],
    question: Question,
    components: VarianceComponents,
    *,
    simulations: int = 0,
    seed: int = 1,
) -> list[Plan]:
    """Compute power and length of every design.

    Parameters
    ----------
    designs : list of Design
        The designs to compare.
    question : Question
        The gap, the number of planned comparisons, and the length of a trial.
    components : VarianceComponents
        Standard deviations of the effects, points.
    simulations : int
        Simulated experiments that check the formula for each design; 0 leaves the check out.
    seed : int
        Of the simulated experiments.
    """
    plans = []
    for design in designs:
        se, df = standard_error(design, components)
        simulated = float("nan")
        if simulations:
            simulated = simulate_power(
                design, question, components, simulations=simulations, seed=seed
            )
        plans.append(
            Plan(
                design,
                power_of(question.gap, se, df, alpha=question.alpha),
                simulated,
                detectable_gap(se, df, alpha=question.alpha),
                session_minutes(
                    design.per_participant, question.conditions, question.seconds_per_stimulus
                ),
            )
        )
    return plans


def standard_error(design: Design, components: VarianceComponents) -> tuple[float, float]:
    r"""Compute standard error and degrees of freedom of a difference of two conditions.

    The expected mean squares of a difference (twice the variance of one condition) are
    :math:`MS_L = 2 i \sigma_L^2 + 2\sigma^2`, :math:`MS_I = 2 r \sigma_I^2 + 2\sigma^2` and
    :math:`MS_E = 2\sigma^2`, r being the participants who rate an item; Satterthwaite's df follows
    from them as in `stats.crossed`. Where each rates a part of the items, df is that of the
    clustered test, min(L, I) − 1.
    """
    participants, items, each = design.participants, design.items, design.per_participant
    raters = participants * each / items
    var_l, var_i, var_e = (
        2 * sd**2 for sd in (components.participant, components.item, components.residual)
    )
    variance = var_l / participants + var_i / items + var_e / (participants * each)
    if each < items:
        return float(np.sqrt(variance)), float(min(participants, items) - 1)
    ms_l, ms_i, ms_e = each * var_l + var_e, raters * var_i + var_e, var_e
    df_l, df_i = participants - 1, items - 1
    df = (ms_l + ms_i - ms_e) ** 2 / (ms_l**2 / df_l + ms_i**2 / df_i + ms_e**2 / (df_l * df_i))
    return float(np.sqrt(variance)), float(df)


def power_of(gap: float, se: float, df: float, *, alpha: float = ALPHA) -> float:
    """Probability that a two-sided t-test finds a true difference.

    Parameters
    ----------
    gap : float
        True difference, points.
    se : float
        Standard error of the estimated difference, points, above 0.
    df : float
        Its degrees of freedom.
    alpha : float
        Level of the test, between 0 and 1.
    """
    critical = special.stdtrit(df, 1 - alpha / 2)
    shift = abs(gap) / se
    wrong_side = np.nan_to_num(special.nctdtr(df, shift, -critical))  # NaN once it is negligible
    return float(1 - special.nctdtr(df, shift, critical) + wrong_side)


def detectable_gap(se: float, df: float, *, power: float = 0.8, alpha: float = ALPHA) -> float:
    """Smallest gap that is found with probability ``power``, by bisection.

    Parameters
    ----------
    se : float
        Standard error of the estimated difference, points, above 0.
    df : float
        Its degrees of freedom.
    power : float
        Probability wanted, above ``alpha`` and below 1.
    alpha : float
        Level of the test, between 0 and 1.
    """
    low, high = 0.0, 20 * se
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if power_of(middle, se, df, alpha=alpha) > power:
            high = middle
        else:
            low = middle
    return high


def simulate_differences(
    rng: np.random.Generator,
    participants: int,
    items: int,
    components: VarianceComponents,
    *,
    gap: float = 0.0,
    missing: float = 0.0,
) -> np.ndarray:
    """Draw paired differences of two conditions.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the random numbers.
    participants, items : int
        Size of the table.
    components : VarianceComponents
        Standard deviations of one condition's effects, points; a difference has √2 times as much.
    gap : float
        True mean difference, points.
    missing : float
        Share of cells without a value, 0–1.

    Returns
    -------
    ndarray, shape (participants, items), float
        NaN where a cell is missing.
    """
    root = np.sqrt(2)
    table = (
        gap
        + root * components.participant * rng.standard_normal((participants, 1))
        + root * components.item * rng.standard_normal((1, items))
        + root * components.residual * rng.standard_normal((participants, items))
    )
    if missing:
        table[rng.random(table.shape) < missing] = np.nan
    return table


def assign_items(design: Design) -> np.ndarray:
    """Assign items in rotation, so that each is rated about equally often.

    Returns
    -------
    ndarray, shape (participants, items), bool
        True where the participant rates the item.
    """
    rated = np.zeros((design.participants, design.items), bool)
    rotation = np.arange(design.participants * design.per_participant) % design.items
    rated[np.repeat(np.arange(design.participants), design.per_participant), rotation] = True
    return rated


def simulate_power(
    design: Design,
    question: Question,
    components: VarianceComponents,
    *,
    simulations: int,
    seed: int,
) -> float:
    """Share of simulated experiments in which the primary test finds the gap.

    Parameters
    ----------
    design : Design
        Size of each experiment.
    question : Question
        The true gap and the level of the test.
    components : VarianceComponents
        Standard deviations of the effects, points.
    simulations : int
        Number of experiments, at least 1.
    seed : int
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    rated = assign_items(design)
    found = 0
    for _ in range(simulations):
        table = simulate_differences(
            rng, design.participants, design.items, components, gap=question.gap
        )
        found += estimate_mean(np.where(rated, table, np.nan)).p_value < question.alpha
    return found / simulations


def session_minutes(trials: int, conditions: int, seconds_per_stimulus: float) -> float:
    """Length of a session: instructions and training, then every stimulus of every trial.

    Parameters
    ----------
    trials : int
        Trials of a session, training left out.
    conditions : int
        Stimuli in a trial.
    seconds_per_stimulus : float
        Time a participant takes for one stimulus, s.
    """
    trial_s = conditions * seconds_per_stimulus + BETWEEN_TRIALS_S
    return (SETTING_UP_S + trials * trial_s) / 60


def components_from_pilot(scores: Scores) -> VarianceComponents:
    """Estimate the standard deviations from a pilot, averaged over pairs of tested conditions.

    Sounds spread around the mean of their effect family, as in the analysis.

    Raises
    ------
    RatingsError
        Unless three participants rated at least two such conditions on two items, completely.
    """
    tested = scores.of_kind("estimated", "random", "control", "")
    estimates = (
        estimate_mean(scores.difference(a, b), scores.families)
        for a, b in itertools.combinations(tested, 2)
    )
    sds = np.array(
        [
            (e.sd_participant, e.sd_item, e.sd_residual)
            for e in estimates
            if np.isfinite(e.sd_residual)
        ]
    )
    if not len(sds):
        raise RatingsError(
            "the pilot holds no complete pair of tested conditions: at least 3 participants must "
            "have rated the same 2 items; leave out those who did not finish"
        )
    # A difference of two conditions has twice the variance of one.
    return VarianceComponents(*map(float, np.sqrt((sds**2).mean(axis=0) / 2)))


def seconds_from_pilot(table: pd.DataFrame, conditions: int) -> float | None:
    """Median time a pilot's participants took for a stimulus, s, or None if it was not stored."""
    trials = table.groupby(["participant_code", "item"])["trial_time_s"].first().dropna()
    return float(trials.median() / conditions) if len(trials) else None
