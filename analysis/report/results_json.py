"""Findings as ``results.json`` (schema 1): plain data, the same bytes for the same input and seed.

Conventions: numbers carry ten significant digits, a number that does not exist is null, lists keep
the order of the report; points are of the test's scale and intervals are not cut at its ends.
Nothing depends on the clock or on where the report is written.

===================  ==========================================================================
key                  content
===================  ==========================================================================
schema               1
inputs               source, sha256, studies
versions             of Python and the libraries
seed                 of everything drawn at random
scale                lowest and highest score
screening            rule, impossible (why nobody is screened), exempt_items, excluded (codes),
                     participants (each with shares and flags), primary_by_rule
n_listeners          participants analysed
n_items, n_ratings   sounds and ratings analysed
simulated            whether a participant is simulated
primary              a comparison (below), or null
conditions           id → kind, n, n_participants, n_items, median, q1, q3, mean, ci_low, ci_high,
                     sd, share_at_top, share_at_bottom
by_family            family → n_items, conditions, planned
family_by_condition  a, b, statistic, df1, df2, p_value, method
planned, pairwise    comparisons; pairwise has every pair once
equivalence          a, b, margin, estimate, ci90_low, ci90_high, verdict
omnibus              test, statistic, df, p_value, epsilon; these_sounds has Friedman's test
sounds               item, family, condition, n, mean, ci_low, ci_high
sound_differences    item, family, n, estimate, ci_low, ci_high, deviation, modified_z, outlying
next_test            se now, with twice the items, with twice the participants
mixed_model          model, status, converged, estimate, se, standard deviations
robustness           name, claim, unit, estimate, ci_low, ci_high, p_value, same_sign,
                     same_decision
reliability          icc, kendall_w, repeats
objective            predictor, family, rho, ci_low, ci_high, p_value, method, rho_of_means, n…
parameter_errors     the same for errors of parameters
predictions          family, n_items, n_stimuli, error_of_choice, error_of_mean, useful, formulas
                     (distance, form, intercept, slope, low, high, error, worse), the best first
simultaneous         pairs: comparison, low, high (of all at once); letters: condition → letters
unpaired             a, b, participants, shared_items, estimate, ci_low, ci_high, df, p_value,
                     p_holm
ordinal              a, b, status, log_odds, se, df, p_value, same_sign, same_decision
bayes                prior_scale, bayes_factor, narrow, wide (half and twice the scale), margin,
                     share_within
agreement_groups     groups, silhouette, distinct
compared             two sets: what, first, second, change, ci_low, ci_high, df, p_value
notes                what the reader of the input dropped, merged or found odd
warnings             what limits the conclusions
===================  ==========================================================================

A comparison: comparison, a, b, estimate, se, ci_low, ci_high, t, df, p_value, p_holm, question and
m (Holm's family of tests and its size), effect_size, effect_size_name, method, holds_for,
n_participants, n_items, sd_participant, sd_item, sd_residual, and fixed_items (paired t, Wilcoxon,
Hodges–Lehmann, rank-biserial, sign flips on participant means).
"""

import json
import math
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from analysis.analyse import Findings
from analysis.compare_sets import Change
from analysis.stats.comparisons import Comparison
from analysis.stats.descriptive import Description
from analysis.stats.objective_distances import PredictorCorrelation

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SCHEMA = 1
UNPAIRED_NUMBERS = ("estimate", "ci_low", "ci_high", "df", "p_value")
LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "statsmodels")


def summarise(
    findings: Findings, *, warnings: tuple[str, ...] = (), changes: tuple[Change, ...] = ()
) -> dict:
    """Gather the findings as nested dictionaries of plain values.

    Parameters
    ----------
    findings : Findings
        What was computed.
    warnings : tuple of str
        Warnings, the most important first.
    changes : tuple of Change
        Two sets compared, where there are two.
    """
    return _plain(
        {
            "schema": SCHEMA,
            **_inputs(findings),
            **_design(findings),
            **_results(findings),
            **_checks(findings),
            "compared": [asdict(c) for c in changes],
            "notes": list(findings.ratings.notes),
            "warnings": list(warnings),
        }
    )


def _inputs(findings: Findings) -> dict:
    ratings = findings.ratings
    return {
        "inputs": {
            "source": ratings.source,
            "sha256": ratings.sha256,
            "studies": sorted(set(ratings.table["study"])),
        },
        "versions": versions(),
        "seed": findings.options.seed,
        "scale": list(ratings.scale),
    }


def _design(findings: Findings) -> dict:
    screening = findings.screening
    return {
        "screening": {
            "rule": findings.options.exclude,
            "impossible": screening.impossible or None,
            "exempt_items": list(screening.exempt_items),
            "excluded": list(findings.excluded),
            "participants": [asdict(result) for result in screening.results],
            "primary_by_rule": {rule: c and comparison(c) for rule, c in findings.screened.items()},
        },
        "n_listeners": len(findings.scores.participants),
        "n_items": len(findings.scores.items),
        "n_ratings": sum(d.n for d in findings.descriptions),
        "simulated": findings.simulated,
    }


def _results(findings: Findings) -> dict:
    return {
        "primary": findings.primary and comparison(findings.primary),
        "conditions": {d.condition: description(d) for d in findings.descriptions},
        "by_family": {
            f.family: {
                "n_items": f.n_items,
                "conditions": {d.condition: description(d) for d in f.descriptions},
                "planned": [comparison(c) for c in f.planned],
            }
            for f in findings.families
        },
        "family_by_condition": [asdict(e) for e in findings.family_effects],
        "planned": [comparison(c) for c in findings.pairs.planned],
        "pairwise": [comparison(c) for c in findings.pairs.all],
        "equivalence": [{**asdict(e), "verdict": e.verdict} for e in findings.equivalences],
        "omnibus": _omnibus(findings),
        "sounds": [
            {
                "item": s.item,
                "family": s.family or None,
                "condition": s.condition,
                "n": s.mean.n_participants,
                "mean": s.mean.estimate,
                "ci_low": s.mean.ci_low,
                "ci_high": s.mean.ci_high,
            }
            for s in findings.sounds
        ],
        "sound_differences": [
            {
                "item": s.item,
                "family": s.family or None,
                "n": s.difference.n_participants,
                "estimate": s.difference.estimate,
                "ci_low": s.difference.ci_low,
                "ci_high": s.difference.ci_high,
                "deviation": s.deviation,
                "modified_z": s.z,
                "outlying": s.outlying,
            }
            for s in findings.sound_differences
        ],
        "next_test": _optional(findings.next_test),
    }


def _checks(findings: Findings) -> dict:
    return {
        "mixed_model": _optional(findings.mixed),
        "robustness": [asdict(check) for check in findings.robustness],
        "reliability": {
            "icc": [asdict(r) for r in findings.reliability],
            "kendall_w": findings.friedman and findings.friedman.kendall_w,
            "repeats": _optional(findings.repeats),
        },
        "objective": [predictor(found) for found in findings.objective],
        "parameter_errors": [predictor(found) for found in findings.parameter_errors],
        "simultaneous": _simultaneous(findings),
        "unpaired": [
            {
                **{"a": c.a, "b": c.b, "participants": c.participants},
                "shared_items": c.shared_items,
                **{name: getattr(c.estimate, name) for name in UNPAIRED_NUMBERS},
                "p_holm": c.p_holm,
            }
            for c in findings.unpaired
        ],
        "ordinal": [asdict(o) for o in findings.ordinal],
        "bayes": _optional(findings.bayes),
        "agreement_groups": findings.groups
        and {**asdict(findings.groups), "distinct": findings.groups.distinct},
        "predictions": [{**asdict(s), "useful": s.useful} for s in findings.predictions],
    }


def _simultaneous(findings: Findings) -> dict | None:
    together = findings.simultaneous
    if together is None:
        return None
    return {
        "pairs": [
            {"comparison": f"{c.a} - {c.b}", "low": low, "high": high}
            for c, (low, high) in zip(together.pairs, together.intervals, strict=True)
        ],
        "letters": together.letters,
    }


def _optional(found: "DataclassInstance | None") -> dict | None:
    return None if found is None else asdict(found)


def versions() -> dict[str, str]:
    """Name the versions that computed the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def description(d: Description) -> dict:
    """One condition's description with its mean's crossed interval."""
    return {
        "kind": d.kind,
        "n": d.n,
        "n_participants": d.n_participants,
        "n_items": d.n_items,
        "median": d.median,
        "q1": d.q1,
        "q3": d.q3,
        "mean": d.mean.estimate,
        "ci_low": d.mean.ci_low,
        "ci_high": d.mean.ci_high,
        "sd": d.sd,
        "share_at_top": d.share_at_top,
        "share_at_bottom": d.share_at_bottom,
    }


def comparison(c: Comparison) -> dict:
    """One comparison: the crossed result, and the one for these sounds."""
    return {
        "comparison": f"{c.a} - {c.b}",
        "a": c.a,
        "b": c.b,
        "estimate": c.crossed.estimate,
        "se": c.crossed.se,
        "ci_low": c.crossed.ci_low,
        "ci_high": c.crossed.ci_high,
        "t": c.crossed.t,
        "df": c.crossed.df,
        "p_value": c.crossed.p_value,
        "p_holm": c.p_holm,
        "question": c.question,
        "m": c.m,
        "effect_size": c.fixed_items.d_z,
        "effect_size_name": "d_z: mean / SD of the participants' mean differences",
        "method": c.crossed.method,
        "holds_for": c.crossed.holds_for or None,
        "n_participants": c.crossed.n_participants,
        "n_items": c.crossed.n_items,
        "sd_participant": c.crossed.sd_participant,
        "sd_item": c.crossed.sd_item,
        "sd_residual": c.crossed.sd_residual,
        "fixed_items": asdict(c.fixed_items),
    }


def predictor(found: PredictorCorrelation) -> dict:
    """One predictor's correlation with the scores."""
    return {
        "predictor": found.predictor,
        "family": found.family or None,
        "rho": found.rho.estimate,
        "ci_low": found.rho.ci_low,
        "ci_high": found.rho.ci_high,
        "p_value": found.rho.p_value,
        "method": found.rho.method,
        "rho_of_means": found.rho_of_means,
        "n_participants": found.rho.n_participants,
        "n_items": found.rho.n_items,
        "n_stimuli": found.n_stimuli,
    }


def _omnibus(findings: Findings) -> dict:
    """Give the crossed test over tested conditions and, for these sounds only, Friedman's."""
    found = findings.omnibus
    crossed: dict = {"statistic": None, "df": None, "p_value": None}
    if found is not None:
        crossed = {**asdict(found), "df": [found.df1, found.df2]}
    return {
        "test": "quasi-F over the conditions that are neither reference nor anchor",
        **crossed,
        "these_sounds": {
            "test": "Friedman on participant means",
            "without_reference_and_anchors": _optional(findings.friedman),
            "all_conditions": _optional(findings.friedman_all),
        },
    }


def _plain(value: Any) -> Any:
    """Round floats to ten significant digits and turn what is no number into null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value


def to_json(summary: dict) -> str:
    """Serialise with a fixed order and indentation."""
    return json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
