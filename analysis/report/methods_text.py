"""The methods paragraph, ready to paste: what was done to these data, and nothing else."""

from analysis.analyse import Findings
from analysis.stats.crossed import CLUSTERED, QUASI_T


def methods_paragraph(f: Findings, versions: dict[str, str]) -> str:
    """Describe design, screening and inference in the past tense."""
    who = "simulated participants" if f.simulated else "participants"
    low, high = f.ratings.scale
    text = [
        f"{len(f.everyone.participants)} {who} rated {len(f.scores.items)} sounds under "
        f"{len(f.descriptions)} conditions on a scale from {low:g} to {high:g} "
        f"({sum(d.n for d in f.descriptions)} ratings"
        + (", training trials left out)." if f.ratings.table["training"].any() else ")."),
        _screening(f),
        _inference(f),
        "Intervals are 95 % confidence intervals; quartiles are of type 7. Agreement between "
        "participants was measured by ICC(2,1) and ICC(2,k).",
        f"Analysis: Python {versions['python']}, NumPy {versions['numpy']}, "
        f"SciPy {versions['scipy']}, statsmodels {versions['statsmodels']}.",
    ]
    return " ".join(part for part in text if part)


def _screening(f: Findings) -> str:
    if f.screening.impossible:
        return f"Participants were not screened ({f.screening.impossible})."
    rule = {
        "none": "No participant was excluded",
        "bs1534": f"By the rule of ITU-R BS.1534-3, {len(f.excluded)} were excluded",
        "rank": f"{len(f.excluded)} who did not rank the hidden reference first in more than 25 % "
        "of their trials were excluded",
        "both": f"{len(f.excluded)} were excluded by ITU-R BS.1534-3 or by the rank rule",
    }[f.options.exclude]
    return f"{rule}; the primary result is also given under the other rules."


def _inference(f: Findings) -> str:
    methods = {c.crossed.method for c in (f.primary, *f.pairwise) if c is not None}
    nested = " within effect families" if f.families else ""
    parts = []
    if QUASI_T in methods:
        parts.append(
            "Paired differences were tested by a crossed quasi-t with participants and sounds"
            f"{nested} as random factors (Clark, 1973; Satterthwaite degrees of freedom)."
        )
    if CLUSTERED in methods:
        parts.append(
            "Where ratings were missing, errors of the mean difference were clustered by "
            "participant and by sound (Cameron et al., 2011), with t on the smaller "
            "number of clusters less one."
        )
    if f.planned:
        parts.append(
            f"The {len(f.planned)} planned comparisons of estimated conditions with "
            f"{f.baseline_label} were corrected by Holm's method; all other pairs are "
            "exploratory."
        )
    elif f.pairwise:
        parts.append("All pairs were compared as exploration, with Holm's correction.")
    if f.equivalences:
        parts.append(
            f"Equivalence was judged by the 90 % interval within ±{f.options.margin:g} points."
        )
    return " ".join(parts)
