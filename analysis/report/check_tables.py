"""Tables of the report's checks: other routes, screening, agreement, objective distances, sets."""

import math

from analysis.analyse import Findings
from analysis.compare_sets import Change
from analysis.report import apa as wording
from analysis.report.tables import Table


def check_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables of checks that the data call for, in the order of the report."""
    makers = (_routes, _rules, _listeners, _reliability, _objective)
    return tuple(table for make in makers if (table := make(findings)) is not None)


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _routes(findings: Findings) -> Table | None:
    if not findings.routes:
        return None
    scale = findings.ratings.scale
    rows = [
        (
            r.name,
            r.claim,
            f"{wording.points(r.estimate, scale)} {r.unit}",
            wording.brackets(r.ci_low, r.ci_high, scale) if math.isfinite(r.ci_low) else "–",
            wording.bare_p(r.p_value),
            _yes(r.same_sign),
            _yes(r.same_decision),
        )
        for r in findings.routes
    ]
    m, e = findings.mixed, findings.primary.crossed
    if m is not None:
        half = 1.96 * m.se
        rows.append(
            (
                "mixed model by REML",
                "new listeners and new sounds",
                f"{wording.points(m.estimate, scale)} points",
                wording.brackets(m.estimate - half, m.estimate + half, scale) + " (z)",
                "–",
                _yes(m.estimate * e.estimate > 0) if m.converged else "–",
                m.status,
            )
        )
    return Table(
        "routes",
        "The primary comparison by other routes: same sign, same decision at α = .05?",
        ("Route", "Claim", "Estimate", "95 % CI", "p", "Same sign", "Same decision"),
        tuple(rows),
        (0, 1, 6),
    )


def _rules(findings: Findings) -> Table | None:
    if not findings.screened:
        return None
    scale = findings.ratings.scale
    rows = []
    for rule, c in findings.screened.items():
        excluded = findings.screening.excluded(rule)
        chosen = " (this report)" if rule == findings.options.exclude else ""
        if c is None:
            rows.append((rule + chosen, str(len(excluded)), "0", "–", "–", "–"))
            continue
        rows.append(
            (
                rule + chosen,
                str(len(excluded)),
                str(c.crossed.n_listeners),
                wording.points(c.crossed.estimate, scale),
                wording.brackets(c.crossed.ci_low, c.crossed.ci_high, scale),
                wording.bare_p(c.crossed.p_value),
            )
        )
    return Table(
        "screening-rules",
        "The primary comparison under each exclusion rule",
        ("Rule", "Excluded", "Left", "Difference", "95 % CI", "p"),
        tuple(rows),
    )


def _listeners(findings: Findings) -> Table | None:
    flagged = [v for v in findings.screening.verdicts if v.bs1534 or v.rank]
    if not flagged:
        return None

    def percent(share: float) -> str:
        return f"{100 * share:.0f} %" if math.isfinite(share) else "–"

    return Table(
        "flagged-listeners",
        "Flagged listeners: shares of their own trials (limits: reference below 90 in 15 %, mid "
        "anchor above 90 in 15 %, reference not first in 25 %)",
        ("Listener", "Trials", "Reference < 90", "Mid anchor > 90", "Not first", "Flag"),
        tuple(
            (
                v.listener,
                str(v.n_trials),
                percent(v.reference_below),
                percent(v.mid_anchor_above),
                percent(v.not_first),
                " and ".join(["BS.1534-3"] * v.bs1534 + ["rank"] * v.rank),
            )
            for v in flagged
        ),
        (0, 5),
    )


def _reliability(findings: Findings) -> Table | None:
    rows = [
        (
            f"{name}, {r.conditions}",
            wording.number(value),
            f"[{wording.number(low)}, {wording.number(high)}]",
            f"{r.n_targets} stimuli × {r.n_listeners} listeners",
        )
        for r in findings.reliability
        for name, value, low, high in (
            ("ICC(2,1), one listener", r.icc_single, r.single_low, r.single_high),
            ("ICC(2,k), their mean", r.icc_mean, r.mean_low, r.mean_high),
        )
    ]
    if findings.omnibus:
        o = findings.omnibus
        rows.append(
            (
                "Kendall's W, without reference and anchors",
                wording.number(o.kendall_w),
                f"χ²({o.df}) = {wording.number(o.statistic)}, p {wording.p_value(o.p_value)}",
                f"{o.n_conditions} conditions × {o.n_listeners} listeners",
            )
        )
    if findings.repeats:
        r = findings.repeats
        rows.append(
            (
                "Repeated ratings: correlation",
                wording.number(r.correlation),
                f"median distance {wording.points(r.median_distance)} points",
                f"{r.n_cells} cells",
            )
        )
    if not rows:
        return None
    return Table(
        "reliability",
        "Agreement of listeners (intraclass correlations with 95 % intervals), omnibus test",
        ("Measure", "Value", "95 % CI or test", "Over"),
        tuple(rows),
        (0, 2, 3),
    )


def _objective(findings: Findings) -> Table | None:
    if not findings.objective:
        return None
    return Table(
        "objective",
        "Spearman's ρ of objective distance and mean score within sounds (−1: ranks as listeners)",
        ("Distance", "Mean ρ", "95 % CI over sounds", "Sounds", "Stimuli"),
        tuple(
            (
                a.distance,
                wording.number(a.correlation),
                f"[{wording.number(a.ci_low)}, {wording.number(a.ci_high)}]",
                str(a.n_items),
                str(a.n_stimuli),
            )
            for a in findings.objective
        ),
    )


def change_table(changes: tuple[Change, ...], names: tuple[str, str], scale) -> Table:
    """Show two sets side by side."""
    return Table(
        "compared",
        f"{names[0]} and {names[1]} compared: independent listeners, Welch's t on crossed errors",
        ("What", names[0], names[1], "Change", "95 % CI", "df", "p"),
        tuple(
            (
                c.what,
                wording.points(c.first.estimate, scale),
                wording.points(c.second.estimate, scale),
                wording.points(c.change, scale),
                wording.brackets(c.ci_low, c.ci_high, scale),
                wording.degrees(c.df) if math.isfinite(c.df) else "–",
                wording.bare_p(c.p_value),
            )
            for c in changes
        ),
    )
