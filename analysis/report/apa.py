"""Numbers as sentences, in the form the APA manual asks for.

Conventions: points with one decimal (two on scales shorter than 20), t with two decimals, df with
one where it is no whole number, p with three decimals and no leading zero, ``p < .001`` below.
"""

import math

from analysis.analyse import Findings
from analysis.stats.comparisons import Comparison, FamilyEffect
from analysis.stats.crossed import Estimate

MINUS = "−"


def points(value: float, scale: tuple[float, float] = (0.0, 100.0)) -> str:
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


def brackets(low: float, high: float, scale: tuple[float, float] = (0.0, 100.0)) -> str:
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


def interval(
    low: float, high: float, scale: tuple[float, float] = (0.0, 100.0), *, level: str = "95 %"
) -> str:
    """Format a confidence interval.

    Parameters
    ----------
    low, high : float
        Ends of the interval, points.
    scale : tuple of float
        Lowest and highest score of the test.
    level : str
        Confidence level, as printed.
    """
    return f"{level} CI {brackets(low, high, scale)}"


def crossed_sentence(estimate: Estimate, scale: tuple[float, float] = (0.0, 100.0)) -> str:
    """Report an estimate with interval, t and p."""
    if not math.isfinite(estimate.se):
        return f"mean difference {points(estimate.estimate, scale)} points (no test)"
    text = (
        f"mean difference {points(estimate.estimate, scale)} points, "
        f"{interval(estimate.ci_low, estimate.ci_high, scale)}"
    )
    if not math.isfinite(estimate.t):
        return text + ", without any variation"
    return (
        f"{text}, t({degrees(estimate.df)}) = {number(estimate.t)}, p {p_value(estimate.p_value)}"
    )


def comparison_sentence(comparison: Comparison, scale: tuple[float, float] = (0.0, 100.0)) -> str:
    """Report a comparison in APA form, effect size included."""
    return (
        f"{crossed_sentence(comparison.crossed, scale)}, d_z = {number(comparison.fixed_items.d_z)}"
    )


def answer(findings: Findings) -> str:
    """Answer the study's question in one sentence, whichever way the interval lies."""
    c, scale = findings.primary, findings.ratings.scale
    if c is None:
        return (
            "No primary comparison is defined for these ratings: name one with --primary and "
            "--against. Every pair of conditions is compared below, as exploration."
        )
    a, b, e = findings.label(c.a), findings.label(c.b), c.crossed
    if not e.n_participants:
        return (
            f"No participant rated both {a} and {b} with the same sound: nothing can be compared."
        )
    size = f"{points(abs(e.estimate), scale)} points"
    if not math.isfinite(e.p_value):
        return (
            f"{a} was rated {size} {'above' if e.estimate > 0 else 'below'} {b} by "
            f"{e.n_participants} participant(s): too few for any test."
        )
    span = interval(e.ci_low, e.ci_high, scale)
    if e.p_value >= 0.05:
        return (
            f"Whether {a} is rated above or below {b} remains open: the difference is "
            f"{points(e.estimate, scale)} points ({span}, p {p_value(e.p_value)})."
        )
    where = "above" if e.estimate > 0 else "below"
    claim = "for this sound only"
    if e.n_items > 1:
        kinds = f" of these {len(findings.families)} families" if findings.families else ""
        claim = f"for new listeners and new sounds{kinds}"
    return f"{a} is rated {size} {where} {b} ({span}, p {p_value(e.p_value)}), {claim}."


def further_answers(findings: Findings) -> list[str]:
    """Report the other planned comparisons and how they depend on the family, a sentence each."""
    scale, lines = findings.ratings.scale, []
    for c in findings.planned:
        if findings.primary and (c.a, c.b) == (findings.primary.a, findings.primary.b):
            continue
        holm = f" (after Holm p {p_value(c.p_holm)})" if math.isfinite(c.p_holm) else ""
        name = f"{findings.label(c.a)} against {findings.label(c.b)}"
        lines.append(f"{name}: {comparison_sentence(c, scale)}{holm}.")
    lines += _among_estimators(findings)
    if findings.family_effects:
        apart, alike = (
            "; ".join(_family_test(findings, e) for e in findings.family_effects if test(e))
            for test in (lambda e: e.p_value < 0.05, lambda e: not e.p_value < 0.05)
        )
        said = f"The gap to {findings.baseline_label} depends on the effect family for "
        unsaid = "No dependence on the effect family was found for "
        lines += [start + list_ + "." for start, list_ in ((said, apart), (unsaid, alike)) if list_]
    return lines


def _family_test(findings: Findings, e: FamilyEffect) -> str:
    return (
        f"{findings.label(e.a)} (F({degrees(e.df1)}, {degrees(e.df2)}) = {number(e.statistic)}, "
        f"p {p_value(e.p_value)})"
    )


def _among_estimators(findings: Findings) -> list[str]:
    """Report which estimated conditions differ from one another, and which may stand for others."""
    found, lines = findings.estimators, []
    if found:
        apart = [c for c in found if c.p_holm < 0.05]
        said = "; ".join(
            f"{findings.label(c.a)} − {findings.label(c.b)} "
            f"{points(c.crossed.estimate, findings.ratings.scale)} points, p {p_value(c.p_holm)}"
            for c in apart
        )
        pairs = "the one pair" if len(found) == 1 else f"{len(found)} pairs"
        lines.append(
            f"Among the estimators, after Holm over {pairs}: {said or 'no difference was found'}."
        )
    if findings.equivalences:
        alike = "; ".join(
            f"{findings.label(e.a)} and {findings.label(e.b)} "
            f"({interval(e.ci90_low, e.ci90_high, findings.ratings.scale, level='90 %')})"
            for e in findings.equivalences
            if e.verdict == "equivalent"
        )
        margin = f"{findings.options.margin:g}"
        lines.append(f"Equivalent within ±{margin} points: {alike or 'no pair'}.")
    return lines
