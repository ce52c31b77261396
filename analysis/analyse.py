"""Everything that is computed from one ratings table, in one place and one order.

``analyse`` is the analysis: it chooses the participants, screens them, describes the conditions,
compares them and checks the result in other ways. The report, its tables and its figures only show
what stands in ``Findings``.
"""

from dataclasses import dataclass

import numpy as np

from analysis.options import RULES, Options
from analysis.ratings.scores import Scores, tabulate
from analysis.ratings.stimulus_set import StimulusSet
from analysis.ratings.table import Ratings, RatingsError, count
from analysis.stats.agreement_groups import AgreementGroups, find_groups
from analysis.stats.bayes import BayesianView, take_bayesian_view
from analysis.stats.comparisons import (
    Comparison,
    Equivalence,
    all_pairs,
    assess_equivalence,
    compare,
    compare_pairs,
    correct,
    planned_pairs,
)
from analysis.stats.crossed import MIN_ITEMS, THESE_SOUNDS
from analysis.stats.descriptive import Description, describe
from analysis.stats.mixed_model import MixedCheck, check_by_mixed_model
from analysis.stats.nonparametric import Friedman, friedman
from analysis.stats.objective_distances import (
    PredictorCorrelation,
    correlate_with_distances,
    correlate_with_errors,
)
from analysis.stats.ordinal import OrdinalCheck, check_bounded_scores
from analysis.stats.prediction import PredictionStudy, study_predictions
from analysis.stats.quasi_f import FamilyEffect, Omnibus, crossed_omnibus, family_effect
from analysis.stats.reliability import Reliability, Repeats, measure_reliability, measure_repeats
from analysis.stats.screening import Screening, screen
from analysis.stats.sensitivity import RobustnessCheck, check_robustness
from analysis.stats.simultaneous import Simultaneous, hold_together
from analysis.stats.sounds import (
    NextTest,
    SoundDifference,
    SoundMean,
    compare_sounds,
    describe_sounds,
    plan_next_test,
)
from analysis.stats.unpaired import UnpairedComparison, compare_unpaired


@dataclass(frozen=True)
class FamilyFindings:
    """One effect family: its conditions and the planned comparisons within it."""

    family: str
    n_items: int
    descriptions: tuple[Description, ...]
    planned: tuple[Comparison, ...]


@dataclass(frozen=True)
class Pairs:
    """Comparisons of two conditions; each pair belongs to one question.

    Attributes
    ----------
    planned : tuple of Comparison
        Every estimated condition against the baseline.
    estimators : tuple of Comparison
        Estimated conditions among each other.
    others : tuple of Comparison
        All further pairs, alphabetically within a pair.
    few_sounds : tuple of Comparison
        Pairs that share fewer than three of the sounds: a result for these sounds only.
    """

    planned: tuple[Comparison, ...] = ()
    estimators: tuple[Comparison, ...] = ()
    others: tuple[Comparison, ...] = ()
    few_sounds: tuple[Comparison, ...] = ()

    @property
    def all(self) -> tuple[Comparison, ...]:
        """Every pair once."""
        return (*self.planned, *self.estimators, *self.others, *self.few_sounds)


@dataclass(frozen=True)
class Findings:
    """The results of one ratings table; see ``analyse``."""

    ratings: Ratings
    options: Options
    everyone: Scores
    scores: Scores
    screening: Screening
    excluded: tuple[str, ...]
    descriptions: tuple[Description, ...]
    primary: Comparison | None
    baseline: str | None
    pairs: Pairs
    families: tuple[FamilyFindings, ...]
    family_effects: tuple[FamilyEffect, ...]
    omnibus: Omnibus | None
    friedman: Friedman | None
    friedman_all: Friedman | None
    screened: dict[str, Comparison | None]
    equivalences: tuple[Equivalence, ...]
    mixed: MixedCheck | None
    robustness: tuple[RobustnessCheck, ...]
    reliability: tuple[Reliability, ...]
    repeats: Repeats | None
    sounds: tuple[SoundMean, ...]
    sound_differences: tuple[SoundDifference, ...]
    next_test: NextTest | None
    stimuli: StimulusSet | None
    objective: tuple[PredictorCorrelation, ...]
    parameter_errors: tuple[PredictorCorrelation, ...]
    predictions: tuple[PredictionStudy, ...]
    simultaneous: Simultaneous | None
    unpaired: tuple[UnpairedComparison, ...]
    ordinal: tuple[OrdinalCheck, ...]
    bayes: BayesianView | None
    groups: AgreementGroups | None

    @property
    def simulated(self) -> bool:
        """Whether any participant of the analysis is simulated."""
        return bool(self.ratings.table["simulated"].any())

    def exclusion_reason(self, participant: str) -> str:
        """Return why the chosen rule excludes a participant; empty where it does not."""
        if participant not in self.excluded:
            return ""
        result = next(r for r in self.screening.results if r.participant == participant)
        return result.reason(self.options.exclude)

    @property
    def baseline_label(self) -> str:
        """Name of what the planned comparisons are against; empty without a baseline."""
        return self.label(self.baseline) if self.baseline else ""

    def label(self, condition: str) -> str:
        """Return the name to print for a condition."""
        known = self.stimuli.labels if self.stimuli else {}
        return self.ratings.labels.get(condition) or known.get(condition) or condition


def analyse(
    ratings: Ratings, options: Options | None = None, *, stimuli: StimulusSet | None = None
) -> Findings:
    """Analyse a ratings table.

    Parameters
    ----------
    ratings : Ratings
        The checked table.
    options : Options, optional
        What was decided before looking; the defaults where absent.
    stimuli : StimulusSet, optional
        The stimulus set that was rated: orders and names the conditions, and brings the objective
        distances.

    Raises
    ------
    RatingsError
        If a condition named in the options was not rated, or nobody is left to analyse.
    """
    options = options or Options()
    ratings = choose_participants(ratings, options.participants)
    everyone = tabulate(ratings, order=stimuli.order if stimuli else ())
    screening = screen(everyone, scale=ratings.scale, mid_anchor=options.mid_anchor)
    excluded = screening.excluded(options.exclude)
    scores = everyone.select(participants=[name not in excluded for name in everyone.participants])
    if not scores.participants:
        raise RatingsError(
            f"the rule {options.exclude!r} excludes every participant; see --exclude"
        )
    baseline, pair = choose_primary(scores, options)
    planned = planned_pairs(scores, baseline) if baseline else []
    seed = options.seed
    pairs = compare_all(scores, planned, seed=seed)
    primary = _find(pairs.all, pair) or (compare(scores, *pair, seed=seed) if pair else None)
    tested = scores.of_kind("estimated", "random", "control", "")
    return Findings(
        ratings=ratings,
        options=options,
        everyone=everyone,
        scores=scores,
        screening=screening,
        excluded=excluded,
        descriptions=describe(scores, scale=ratings.scale),
        primary=primary,
        baseline=baseline,
        pairs=pairs,
        families=_by_family(scores, ratings, planned, seed),
        family_effects=tuple(
            effect for a, b in planned if (effect := family_effect(scores, a, b)) is not None
        ),
        omnibus=crossed_omnibus(_of_conditions(scores.values, scores, tested), scores.families),
        friedman=friedman(_of_conditions(scores.participant_means(), scores, tested)),
        friedman_all=friedman(scores.participant_means()),
        screened=_screened(everyone, screening, pair, seed),
        equivalences=_equivalences(primary, pairs.estimators, options),
        mixed=check_by_mixed_model(scores, primary) if primary else None,
        robustness=check_robustness(scores, primary, seed=seed) if primary else (),
        reliability=measure_reliability(scores),
        repeats=measure_repeats(ratings),
        sounds=describe_sounds(scores),
        sound_differences=compare_sounds(scores, primary) if primary else (),
        next_test=plan_next_test(primary.crossed) if primary else None,
        stimuli=stimuli,
        objective=correlate_with_distances(scores, stimuli) if stimuli else (),
        parameter_errors=correlate_with_errors(scores, stimuli) if stimuli else (),
        predictions=study_predictions(scores, stimuli.distances, scale=ratings.scale)
        if stimuli
        else (),
        simultaneous=hold_together(pairs.all, scores.conditions),
        unpaired=compare_unpaired(
            scores, [(c.a, c.b) for c in pairs.all if not c.crossed.n_participants]
        ),
        ordinal=check_bounded_scores(scores, pairs.planned, scale=ratings.scale),
        bayes=take_bayesian_view(primary.crossed, scale=ratings.scale, margin=options.margin)
        if primary
        else None,
        groups=find_groups(scores),
    )


def choose_participants(ratings: Ratings, which: str) -> Ratings:
    """Keep real or simulated participants; ``auto`` never mixes them.

    Raises
    ------
    RatingsError
        If there are none of that kind.
    """
    simulated = ratings.table["simulated"]
    if which == "all" or (which == "auto" and simulated.nunique() == 1):
        return ratings
    keep = simulated if which == "simulated" else ~simulated
    if not keep.any():
        raise RatingsError(f"{ratings.source}: no {which} participants; see --participants")
    left_out = ratings.table["participant_code"][~keep].nunique()
    if not left_out:
        return ratings
    kind = "real" if which == "simulated" else "simulated"
    return ratings.with_rows(
        keep,
        f"{count(left_out, kind + ' participant')} in the table left out (--participants).",
    )


def compare_all(scores: Scores, planned: list[tuple[str, str]], *, seed: int) -> Pairs:
    """Compare all pairs of conditions, each within its question.

    Parameters
    ----------
    scores : Scores
        All scores.
    planned : list of (str, str)
        Pairs that were planned; their differences keep this direction.
    seed : int
        Of the permutation tests.
    """
    known = {frozenset(pair) for pair in planned}
    rest = [pair for pair in all_pairs(scores) if frozenset(pair) not in known]
    estimated = set(scores.of_kind("estimated"))
    groups: dict[str, list[Comparison]] = {
        name: [] for name in ("planned", "among the estimators", "other pairs", "few sounds")
    }
    for pair in (*planned, *rest):
        found = compare(scores, *pair, seed=seed)
        if found.crossed.holds_for == THESE_SOUNDS and len(scores.items) >= MIN_ITEMS:
            question = "few sounds"
        elif frozenset(pair) in known:
            question = "planned"
        else:
            question = "among the estimators" if estimated >= set(pair) else "other pairs"
        groups[question].append(found)
    return Pairs(*(correct(tuple(found), question) for question, found in groups.items()))


def choose_primary(scores: Scores, options: Options) -> tuple[str | None, tuple[str, str] | None]:
    """Choose the baseline and the primary comparison, or nothing where no kind is known.

    Raises
    ------
    RatingsError
        If an option names a condition that nobody rated.
    """
    options.check_conditions(scores.conditions)
    randoms = scores.of_kind("random")
    baseline = options.against or next((c for c in randoms if _rated(scores, c)), None)
    if options.primary and baseline is None:
        raise RatingsError(
            f"no condition of kind random to compare {options.primary!r} with; "
            "name one with --against"
        )
    if baseline is None:
        return None, None
    estimated = [
        c
        for c in scores.of_kind("estimated")
        if c != baseline and np.isfinite(scores.difference(c, baseline)).any()
    ]
    first = options.primary or (estimated[0] if estimated else None)
    if first is None or first == baseline:
        return baseline, None
    return baseline, (first, baseline)


def _rated(scores: Scores, condition: str) -> bool:
    return bool(np.isfinite(scores.of(condition)).any())


def _find(found: tuple[Comparison, ...], pair: tuple | None) -> Comparison | None:
    return next((c for c in found if (c.a, c.b) == pair), None)


def _of_conditions(values: np.ndarray, scores: Scores, conditions: tuple[str, ...]) -> np.ndarray:
    """Keep some conditions of an array whose last axis is the conditions."""
    return values[..., [scores.conditions.index(c) for c in conditions]]


def _by_family(
    scores: Scores, ratings: Ratings, planned: list, seed: int
) -> tuple[FamilyFindings, ...]:
    parts = [(family, scores.in_family(family)) for family in scores.family_names()]
    if len(parts) < 2:
        return ()
    return tuple(
        FamilyFindings(
            family,
            len(part.items),
            describe(part, scale=ratings.scale),
            compare_pairs(part, planned, f"planned, within {family}", seed=seed),
        )
        for family, part in parts
    )


def _screened(
    everyone: Scores, screening: Screening, pair: tuple | None, seed: int
) -> dict[str, Comparison | None]:
    """Make the primary comparison under every exclusion rule."""
    if pair is None or screening.impossible:
        return {}
    out = {}
    for rule in RULES:
        excluded = screening.excluded(rule)
        left = everyone.select(
            participants=[name not in excluded for name in everyone.participants]
        )
        out[rule] = compare(left, *pair, seed=seed) if left.participants else None
    return out


def _equivalences(
    primary: Comparison | None, estimators: tuple[Comparison, ...], options: Options
) -> tuple[Equivalence, ...]:
    """Assess every pair of estimators, and the primary pair if its baseline was named."""
    if options.margin is None:
        return ()
    named = (primary,) if primary and options.against else ()
    pairs = {(c.a, c.b) for c in estimators}
    chosen = [c for c in named if not {(c.a, c.b), (c.b, c.a)} & pairs] + list(estimators)
    return tuple(assess_equivalence(c, options.margin) for c in chosen)
