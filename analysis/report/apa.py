"""Numbers as sentences, in the form the APA manual asks for.

Conventions: points with one decimal (two on scales shorter than 20), t with two decimals, df with
one where it is no whole number, p with three decimals and no leading zero, ``p < .001`` below.
"""

import math

from analysis.analyse import Findings
from analysis.ratings.table import count
from analysis.stats.comparisons import ALPHA, Comparison
from analysis.stats.crossed import MIN_PARTICIPANTS, NEW_SOUNDS, THESE_SOUNDS, Estimate
from analysis.stats.prediction import LOGARITHMIC
from analysis.stats.quasi_f import FamilyEffect
from stimuli_gen.contract import SCORE_SCALE

MINUS = "−"
BAYES_EVIDENCE = 3.0


def points(value: float, scale: tuple[float, float] = SCORE_SCALE) -> str:
    """Format points of the scale."""
    return number(value, 1 if scale[1] - scale[0] >= 20 else 2)


def p_value(p: float) -> str:
    """Format a p-value with its relation sign.

    Examples
    --------
    >>> p_value(0.0312), p_value(1e-7)
    ('= .031', '< .001')
    """
    if not math.isfinite(p):
        return "not tested"
    if p < 0.001:
        return "< .001"
    return "= " + f"{min(p, 0.999) if p < 1 else 1:.3f}".removeprefix("0")


def bare_p(p: float) -> str:
    """Format a p-value for a table's cell."""
    return p_value(p).removeprefix("= ")


def brackets(low: float, high: float, scale: tuple[float, float] = SCORE_SCALE) -> str:
    """Format an interval for a table's cell.

    Parameters
    ----------
    low, high : float
        Ends of the interval, points.
    scale : tuple of float
        Lowest and highest score of the test.
    """
    return f"[{points(low, scale)}, {points(high, scale)}]"


def cut(interval: tuple[float, float], limits: tuple[float, float]) -> tuple[float, float]:
    """Cut an interval at what is possible.

    Examples
    --------
    >>> cut((92.0, 104.5), (0.0, 100.0))
    (92.0, 100.0)
    """
    low, high = (min(max(end, limits[0]), limits[1]) for end in interval)
    return low, high


def number(value: float, decimals: int = 2) -> str:
    """Format a plain number with a true minus sign, a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    rounded = round(value, decimals) + 0.0  # no minus before a zero
    return f"{rounded:.{decimals}f}".replace("-", MINUS)


def degrees(df: float) -> str:
    """Format degrees of freedom: whole, or with one decimal."""
    return f"{df:.0f}" if float(df).is_integer() else f"{df:.1f}"


def difference_interval(
    low: float, high: float, scale: tuple[float, float] = SCORE_SCALE, *, level: str = "95 %"
) -> str:
    """Format a difference's confidence interval, cut at what the scale allows.

    Parameters
    ----------
    low, high : float
        Ends of the interval, points.
    scale : tuple of float
        Lowest and highest score of the test.
    level : str
        Confidence level, as printed.
    """
    length = scale[1] - scale[0]
    shown = cut((low, high), (-length, length))
    note = "" if shown == (low, high) else " (cut at the end of the scale)"
    return f"{level} CI {brackets(*shown, scale)}{note}"


def crossed_sentence(estimate: Estimate, scale: tuple[float, float] = SCORE_SCALE) -> str:
    """Report a difference with interval, t and p."""
    text = f"mean difference {points(estimate.estimate, scale)} points"
    if not estimate.tested:
        return f"{text} (no test: {why_not_tested(estimate)})"
    return (
        f"{text}, {difference_interval(estimate.ci_low, estimate.ci_high, scale)}, "
        f"t({degrees(estimate.df)}) = {number(estimate.t)}, p {p_value(estimate.p_value)}"
    )


def why_not_tested(estimate: Estimate) -> str:
    """Give the reason why an estimate has no test."""
    if not estimate.n_participants:
        return "nobody rated both with the same sound"
    if estimate.n_participants < MIN_PARTICIPANTS:
        return f"fewer than {MIN_PARTICIPANTS} participants"
    return "all differences are equal"


def comparison_sentence(comparison: Comparison, scale: tuple[float, float] = SCORE_SCALE) -> str:
    """Report a comparison in APA form, effect size included."""
    sentence = crossed_sentence(comparison.crossed, scale)
    if not comparison.crossed.tested:
        return sentence
    return f"{sentence}, d_z = {number(comparison.fixed_items.d_z)}"


def basis(estimate: Estimate) -> str:
    """Name the test, its n, and whom the result holds for."""
    n = f"{count(estimate.n_participants, 'participant')}, {count(estimate.n_items, 'sound')}"
    if not estimate.tested:
        return n
    return f"{estimate.method}; {n}; for {estimate.holds_for}"


def answer(findings: Findings) -> str:
    """Give the study's result in one sentence, whichever way the interval lies."""
    c, scale = findings.primary, findings.ratings.scale
    if c is None:
        return _no_primary(findings)
    a, b, e = findings.label(c.a), findings.label(c.b), c.crossed
    if not e.n_participants:
        return f"No participant rated both {a} and {b} with the same sound: they are not compared."
    size = f"{points(abs(e.estimate), scale)} points"
    where = "above" if e.estimate > 0 else "below"
    if not e.tested:
        by = count(e.n_participants, "participant")
        if e.estimate == 0:
            return f"{a} and {b} were rated the same by {by} ({why_not_tested(e)}: no test)."
        return f"{a} was rated {size} {where} {b} by {by} ({why_not_tested(e)}: no test)."
    p, which = headline_p(findings)
    span = f"{difference_interval(e.ci_low, e.ci_high, scale)}, p {p_value(p)}{which}"
    if p >= ALPHA:
        return (
            f"Whether {a} is rated above or below {b} remains open {claim(findings, e)}: the "
            f"difference is {points(e.estimate, scale)} points ({span})."
        )
    return f"{a} is rated {size} {where} {b} {claim(findings, e)} ({span})."


def primary_paragraph(findings: Findings) -> str:
    """Report the primary comparison with its test, and beside it the one for these sounds."""
    c, scale = findings.primary, findings.ratings.scale
    if c is None or not c.crossed.n_participants:
        return ""
    text = f"{comparison_sentence(c, scale)} ({basis(c.crossed)})."
    t = c.fixed_items
    if c.crossed.holds_for == NEW_SOUNDS and math.isfinite(t.p_t):
        text += (
            f" For {THESE_SOUNDS} (paired t on participant means): mean difference "
            f"{points(t.mean, scale)} points, {difference_interval(t.ci_low, t.ci_high, scale)}, "
            f"t({degrees(t.df)}) = {number(t.t)}, p {p_value(t.p_t)}."
        )
    if c.crossed.tested:
        text += (
            " Intervals are not corrected for the number of comparisons. d_z divides the mean "
            "difference by the standard deviation of the participants' mean differences."
        )
        text += _bayes_sentence(findings)
    return text[0].upper() + text[1:]


def _bayes_sentence(findings: Findings) -> str:
    """Say what the Bayes factor and the margin say, and how the factor depends on its prior."""
    b = findings.bayes
    if b is None:
        return ""
    if b.bayes_factor > BAYES_EVIDENCE:
        says = "evidence for a difference"
    elif b.bayes_factor < 1 / BAYES_EVIDENCE:
        says = "evidence for no difference"
    else:
        says = "no evidence either way"
    text = (
        f" Bayes factor {odds(b.bayes_factor)} for some difference against none, {says} (Cauchy "
        f"prior of scale {b.prior_scale:g} points; {odds(b.narrow)} with half and {odds(b.wide)} "
        "with twice that)."
    )
    if b.share_within is not None:
        text += (
            f" With a flat prior, the difference is within ±{b.margin:g} points with a probability "
            f"of {100 * b.share_within:.0f} %."
        )
    return text


def odds(factor: float) -> str:
    """Format a Bayes factor: two decimals below 10, whole above, bounded in print.

    Examples
    --------
    >>> odds(0.0031), odds(4.135), odds(41.7), odds(3e7)
    ('< 0.01', '4.13', '42', '> 1000')
    """
    if factor < 0.01:
        return "< 0.01"
    if factor > 1000:
        return "> 1000"
    return number(factor, 2 if factor < 10 else 0)


def _no_primary(findings: Findings) -> str:
    if findings.baseline and findings.scores.of_kind("estimated"):
        return (
            f"No estimated condition was rated together with {findings.baseline_label}: there is "
            "no primary comparison. The pairs that can be compared are below, as exploration."
        )
    return (
        "No primary comparison is defined for these ratings: name one with --primary and "
        "--against. Every pair of conditions is compared below, as exploration."
    )


def headline_p(findings: Findings) -> tuple[float, str]:
    """Return the headline's p-value and which it is.

    A primary comparison that was named beforehand is tested alone; one that was taken because it is
    the first of several planned ones carries Holm's correction.
    """
    c = findings.primary
    if c is None:
        return float("nan"), ""
    if findings.options.primary is not None:
        return c.crossed.p_value, ", named beforehand and not corrected"
    if c.m > 1:
        return c.p_holm, f" after Holm's correction over {c.m} planned comparisons"
    return c.crossed.p_value, ""


def claim(findings: Findings, estimate: Estimate) -> str:
    """Say for whom an estimate holds, families of sounds named."""
    if estimate.holds_for == THESE_SOUNDS:
        sounds = "this sound" if estimate.n_items == 1 else f"these {estimate.n_items} sounds"
        return f"for new listeners and {sounds} only"
    kinds = f" of these {len(findings.families)} families" if findings.families else ""
    return f"for {NEW_SOUNDS}{kinds}"


def further_answers(findings: Findings) -> list[str]:
    """Report the other planned comparisons and how they depend on the family, a sentence each."""
    scale, lines = findings.ratings.scale, []
    for c in findings.pairs.planned:
        if findings.primary and (c.a, c.b) == (findings.primary.a, findings.primary.b):
            continue
        holm = f"; after Holm p {p_value(c.p_holm)}" if c.m > 1 and c.crossed.tested else ""
        name = f"{findings.label(c.a)} against {findings.label(c.b)}"
        lines.append(f"{name}: {comparison_sentence(c, scale)}{holm} ({basis(c.crossed)}).")
    parts = (_among_estimators, _equivalent, _by_family, _predicted, _next_test)
    return [*lines, *(line for part in parts for line in part(findings))]


def _next_test(findings: Findings) -> list[str]:
    """Report what would make the primary difference more certain."""
    n, scale = findings.next_test, findings.ratings.scale
    if n is None or n.se == 0 or findings.primary is None:
        return []
    e = findings.primary.crossed
    sds = (points(sd, scale) for sd in (e.sd_participant, e.sd_item, e.sd_residual))
    spread = (
        "The primary difference varies by {} points (SD) between participants, {} between sounds "
        "and {} beyond that."
    ).format(*sds)
    now = f"the standard error of the primary difference from {points(n.se, scale)}"
    better = "sounds" if n.se_twice_the_items < n.se_twice_the_participants else "participants"
    worse = "participants" if better == "sounds" else "sounds"
    best, second = sorted((n.se_twice_the_items, n.se_twice_the_participants))
    if points(best, scale) == points(second, scale):
        return [
            f"{spread} For the next test, twice as many sounds or twice as many participants help "
            f"alike: either would lower {now} to {points(best, scale)} points."
        ]
    return [
        f"{spread} For the next test, more {better} help more than more {worse}: twice as many "
        f"{better} would lower {now} to {points(best, scale)} points, twice as many {worse} to "
        f"{points(second, scale)}."
    ]


def _predicted(findings: Findings) -> list[str]:
    """Give the formula of the distance that predicts the scores best, and its error."""
    scale, lines = findings.ratings.scale, []
    for study in (s for s in findings.predictions if not s.family):
        choice, mean = (points(e, scale) for e in (study.error_of_choice, study.error_of_mean))
        if not study.useful:
            lines.append(
                f"No distance predicts the scores of new sounds better than their mean does (error "
                f"{choice} against {mean} points, sounds left out in turn)."
            )
            continue
        f = study.best
        x = f"ln({f.distance})" if f.form == LOGARITHMIC else f.distance
        sign = MINUS if f.slope < 0 else "+"
        lines.append(
            f"Of {count(len(study.formulas), 'distance')}, {f.distance} predicts the mean scores "
            f"best: predicted score = {number(f.intercept)} {sign} {number(abs(f.slope))} × {x}, "
            f"for {f.distance} from {f.low:.3g} to {f.high:.3g}. Its error on sounds left out in "
            f"turn is {points(f.error, scale)} points; {choice} with the distance chosen without "
            f"them, too, and {mean} for the mean score alone."
        )
    return lines


def _by_family(findings: Findings) -> list[str]:
    tested = [e for e in findings.family_effects if math.isfinite(e.p_value)]
    apart = "; ".join(_family_test(findings, e) for e in tested if e.p_value < ALPHA)
    alike = "; ".join(_family_test(findings, e) for e in tested if e.p_value >= ALPHA)
    left = [e for e in findings.family_effects if not math.isfinite(e.p_value)]
    lines = []
    if apart:
        baseline = findings.baseline_label
        lines.append(f"The gap to {baseline} depends on the effect family for {apart}.")
    if alike:
        lines.append(f"No dependence on the effect family was found for {alike}.")
    if left:
        names = ", ".join(findings.label(e.a) for e in left)
        reasons = "; ".join(sorted({e.method.removeprefix("not tested: ") for e in left}))
        lines.append(
            f"Whether the gap depends on the effect family cannot be tested with these data for "
            f"{names} ({reasons})."
        )
    return lines


def _family_test(findings: Findings, e: FamilyEffect) -> str:
    return (
        f"{findings.label(e.a)} (F({degrees(e.df1)}, {degrees(e.df2)}) = {number(e.statistic)}, "
        f"p {p_value(e.p_value)})"
    )


def _among_estimators(findings: Findings) -> list[str]:
    """Report which estimated conditions differ from one another."""
    tested = [c for c in findings.pairs.estimators if c.crossed.tested]
    if not tested:
        return []
    apart = "; ".join(
        f"{findings.label(c.a)} − {findings.label(c.b)} "
        f"{points(c.crossed.estimate, findings.ratings.scale)} points, p {p_value(c.p_holm)}"
        for c in tested
        if c.p_holm < ALPHA
    )
    pairs = "the one pair" if len(tested) == 1 else f"{len(tested)} pairs"
    open_ = "no difference was found, which is no proof of equality"
    return [f"Among the estimators, after Holm over {pairs}: {apart or open_}."]


def _equivalent(findings: Findings) -> list[str]:
    """Report which conditions may stand for others within the margin."""
    found = [e for e in findings.equivalences if math.isfinite(e.ci90_low)]
    if not found:
        return []
    scale = findings.ratings.scale
    alike = "; ".join(
        f"{findings.label(e.a)} and {findings.label(e.b)} "
        f"({difference_interval(e.ci90_low, e.ci90_high, scale, level='90 %')})"
        for e in found
        if e.verdict == "equivalent"
    )
    return [f"Equivalent within ±{findings.options.margin:g} points: {alike or 'no pair'}."]
