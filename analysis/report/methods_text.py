"""The methods paragraph, ready to paste: what was done to these data, sentence by sentence.

Each function looks at the findings and yields a sentence only where its step was taken.
"""

import math
from collections.abc import Iterator

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.table import count
from analysis.report import apa
from analysis.stats.comparisons import ALPHA, Comparison
from analysis.stats.crossed import CLUSTERED, MIN_ITEMS, PARTICIPANTS_ONLY, QUASI_T
from analysis.stats.quasi_f import QUASI_F
from stimuli_gen.contract import BS1534_MAX_MISSED_SHARE, BS1534_THRESHOLD

QUESTIONS = {
    "planned": "the planned comparisons with {baseline}",
    "among the estimators": "the estimated conditions among each other",
    "other pairs": "the other pairs (exploratory)",
    "few sounds": "the pairs that share fewer than {few} sounds (exploratory)",
}


def methods_paragraph(f: Findings, versions: dict[str, str]) -> str:
    """Describe design, screening and inference in the past tense."""
    return " ".join(methods_sentences(f, versions))


def methods_sentences(f: Findings, versions: dict[str, str]) -> tuple[str, ...]:
    """List the sentences of the methods paragraph."""
    parts = (_design, _session, _screening, _tests, _primary, _corrections, _further, _checks)
    libraries = ", ".join(
        f"{name} {versions[key]}"
        for key, name in (
            ("python", "Python"),
            ("numpy", "NumPy"),
            ("scipy", "SciPy"),
            ("pandas", "pandas"),
            ("statsmodels", "statsmodels"),
        )
    )
    return (*(s for part in parts for s in part(f)), f"Analysis: {libraries}.")


def _design(f: Findings) -> Iterator[str]:
    low, high = f.ratings.scale
    who = f"{'simulated ' if f.simulated else ''}participant"
    n = len(f.everyone.participants)
    sounds, conditions = len(f.scores.items), len(f.descriptions)
    ratings = sum(d.n for d in f.descriptions)
    yield (
        f"{count(n, who)} rated {count(sounds, 'sound')} under "
        f"{count(conditions, 'condition')} on a scale from {low:g} to {high:g}."
    )
    if f.ratings.table["training"].any():
        yield "Training trials were left out."
    kept = "the analysed participants" if f.excluded else "all participants"
    yield f"The analysis is of {count(ratings, 'rating')} by {kept}."


def session_minutes(f: Findings) -> np.ndarray:
    """Time of each session's rated trials, minutes; empty where it was not stored."""
    table = f.ratings.table[~f.ratings.table["training"]]
    trials = table.groupby(["session", "item", "trial_position"], dropna=False)["trial_time_s"]
    return (trials.first().dropna().groupby("session").sum() / 60).to_numpy()


def _session(f: Findings) -> Iterator[str]:
    minutes = session_minutes(f)
    if len(minutes):
        yield (
            f"The rated trials of a session took {np.median(minutes):.1f} min (median; "
            f"{minutes.min():.1f} to {minutes.max():.1f} min)."
        )


def _screening(f: Findings) -> Iterator[str]:
    if f.screening.impossible:
        yield f"Participants were not screened ({f.screening.impossible})."
        return
    if not f.excluded:
        rule = "" if f.options.exclude == "none" else f" by the rule '{f.options.exclude}'"
        yield f"No participant was excluded{rule}."
    else:
        reasons = "; ".join(f"{name}: {f.exclusion_reason(name)}" for name in f.excluded)
        who = "participant was" if len(f.excluded) == 1 else "participants were"
        yield f"{len(f.excluded)} {who} excluded ({reasons})."
    if f.options.exclude in ("bs1534", "both"):
        yield (
            f"The rule of ITU-R BS.1534-3 excludes who rates the hidden reference below "
            f"{BS1534_THRESHOLD:g}, or the mid anchor above it, in more than "
            f"{100 * BS1534_MAX_MISSED_SHARE:.0f} % of the own trials."
        )
    if f.screened:
        yield "The primary result is also given under the other exclusion rules."


def _tests(f: Findings) -> Iterator[str]:
    nested = " within effect families" if f.families else ""
    by_method: dict[str, list[Comparison]] = {}
    for c in f.pairs.all:
        if c.crossed.tested:
            by_method.setdefault(c.crossed.method, []).append(c)
    if not by_method:
        yield "No pair of conditions could be tested."
        return
    sentences = {
        QUASI_T: "{n} of conditions {were} tested by a crossed quasi-t with participants and "
        f"sounds{nested} as random factors (Clark, 1973; Satterthwaite degrees of freedom, "
        "{df}).",
        CLUSTERED: "{n} with missing cells {were} tested with errors clustered by participant and "
        "by sound (Cameron et al., 2011; t with the smaller number of clusters, less one or less "
        "the number of families, as degrees of freedom, {df}).",
        PARTICIPANTS_ONLY: "{n} of conditions that share fewer than "
        f"{MIN_ITEMS} sounds {{were}} tested by a paired t-test on participant means ({{df}}), "
        "which holds for these sounds only.",
    }
    for method, found in by_method.items():
        dfs = [c.crossed.df for c in found]
        low, high = apa.degrees(min(dfs)), apa.degrees(max(dfs))
        df = f"df = {low}" if low == high else f"df = {low} to {high}"
        n = count(len(found), "comparison")
        yield sentences[method].format(n=n, were="was" if len(found) == 1 else "were", df=df)
    alpha = f"{ALPHA:g}".removeprefix("0")
    yield f"All tests are two-sided at α = {alpha}; intervals are 95 % and not corrected."


def _primary(f: Findings) -> Iterator[str]:
    c = f.primary
    if c is None:
        yield "No primary comparison was defined."
        return
    names = f"{f.label(c.a)} with {f.label(c.b)}"
    if f.options.primary:
        yield f"The primary comparison, {names}, was named before the analysis."
    else:
        yield f"The primary comparison, {names}, is the first planned one; it was not named."


def _corrections(f: Findings) -> Iterator[str]:
    groups: dict[str, int] = {}
    for c in f.pairs.all:
        if c.m > 1:
            groups[c.question] = c.m
    if groups:
        named = ", ".join(
            QUESTIONS[question].format(baseline=f.baseline_label, few=MIN_ITEMS) + f" (m = {m})"
            for question, m in groups.items()
        )
        yield f"Holm's correction was made separately for {named}."
    within = [x.family for x in f.families if any(c.m > 1 for c in x.planned)]
    if within:
        yield (
            f"Within {count(len(within), 'family', 'families')} the planned comparisons were "
            "repeated, with Holm's correction within each."
        )


def _further(f: Findings) -> Iterator[str]:
    if f.omnibus is not None and f.omnibus.method == QUASI_F:
        yield (
            f"Over the {f.omnibus.n_conditions} conditions that are neither reference nor anchor, "
            "a quasi-F test with Greenhouse–Geisser correction was made, for new listeners and new "
            "sounds."
        )
    if f.friedman is not None:
        yield (
            f"Friedman's test on participant means over {f.friedman.n_conditions} conditions holds "
            "for these sounds only."
        )
    tested = [e for e in f.family_effects if math.isfinite(e.p_value)]
    if tested:
        yield (
            "Whether a difference depends on the effect family was tested by a quasi-F test "
            f"({count(len(tested), 'comparison')})."
        )
    if f.simultaneous is not None:
        m = len(f.simultaneous.pairs)
        yield f"Simultaneous intervals and letters are by Bonferroni's method over {m} pairs."
    tested_unpaired = sum(c.estimate.tested for c in f.unpaired)
    if tested_unpaired:
        yield (
            f"{count(tested_unpaired, 'comparison')} of conditions that no participant rated with "
            "the same sound used errors clustered by participant and by sound, with Holm's "
            "correction over them."
        )
    if f.equivalences:
        yield (
            "Equivalence was assessed by the 90 % interval within "
            f"±{f.options.margin:g} points, for {count(len(f.equivalences), 'comparison')}."
        )
    cautious = [
        name
        for name, used in (
            ("the omnibus test", f.omnibus is not None and f.omnibus.method == QUASI_F),
            ("the test of dependence on the family", bool(tested)),
            (
                "the comparisons within families",
                any(c.crossed.tested for x in f.families for c in x.planned),
            ),
            ("the comparisons without common trials", bool(tested_unpaired)),
        )
        if used
    ]
    if cautious:
        yield (
            f"In simulations without differences, {' and '.join(cautious)} found fewer than 5 % "
            "significant in some designs, most clearly with few participants or sounds: they are "
            "conservative, and finding nothing is weak evidence."
        )
    yield "Quartiles are of type 7."


def _checks(f: Findings) -> Iterator[str]:
    if f.robustness:
        names = "; ".join(check.name for check in f.robustness)
        yield f"The primary comparison was repeated by other methods ({names})."
    if f.mixed is not None and f.mixed.converged:
        yield f"It was also checked by a linear mixed model ({f.mixed.model})."
    fitted = sum(o.status == "fitted" for o in f.ordinal)
    if fitted:
        yield (
            f"{count(fitted, 'planned comparison')} {'was' if fitted == 1 else 'were'} also "
            "checked by a cumulative logit mixed model of the scores in five bands (Laplace "
            "approximation)."
        )
    if f.bayes is not None:
        yield (
            "For the primary comparison a Bayes factor was computed with a Cauchy prior of scale "
            f"{f.bayes.prior_scale:g} points and the t likelihood of the crossed analysis (Dienes "
            "& Mclatchie, 2018)."
        )
    for r in f.reliability[:1]:
        yield (
            f"Agreement was measured by ICC(2,1) and ICC(2,k) over {r.n_targets} stimuli and "
            f"{count(r.n_participants, 'participant')}."
        )
    if f.repeats:
        n = count(f.repeats.n_cells, "cell")
        yield f"{n} that a participant rated more than once hold the mean of the ratings."
