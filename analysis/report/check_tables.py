"""Tables of the report's checks: other routes, screening, agreement, objective distances, sets."""

import math

from analysis.analyse import Findings
from analysis.compare_sets import Change
from analysis.report import apa
from analysis.report.tables import Table


def check_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables of checks that the data call for, in the order of the report."""
    makers = (_robustness, _rules, _participants, _reliability, _objective)
    return tuple(table for make in makers if (table := make(findings)) is not None)


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _robustness(findings: Findings) -> Table | None:
    if not findings.robustness or findings.primary is None:
        return None
    scale = findings.ratings.scale
    rows = [
        (
            r.name,
            r.claim,
            f"{apa.points(r.estimate, scale)} {r.unit}",
            apa.brackets(r.ci_low, r.ci_high, scale) if math.isfinite(r.ci_low) else "–",
            apa.bare_p(r.p_value),
            _yes(r.same_sign),
            _yes(r.same_decision),
        )
        for r in findings.robustness
    ]
    m, e = findings.mixed, findings.primary.crossed
    if m is not None:
        half = 1.96 * m.se
        rows.append(
            (
                "mixed model by REML",
                "new listeners and new sounds",
                f"{apa.points(m.estimate, scale)} points",
                apa.brackets(m.estimate - half, m.estimate + half, scale) + " (z)",
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
                str(c.crossed.n_participants),
                apa.points(c.crossed.estimate, scale),
                apa.brackets(c.crossed.ci_low, c.crossed.ci_high, scale),
                apa.bare_p(c.crossed.p_value),
            )
        )
    return Table(
        "screening-rules",
        "The primary comparison under each exclusion rule",
        ("Rule", "Excluded", "Left", "Difference", "95 % CI", "p"),
        tuple(rows),
    )


def _participants(findings: Findings) -> Table | None:
    flagged = [v for v in findings.screening.results if v.bs1534 or v.rank]
    if not flagged:
        return None

    def percent(share: float) -> str:
        return f"{100 * share:.0f} %" if math.isfinite(share) else "–"

    return Table(
        "flagged-participants",
        "Flagged participants: shares of their own trials (limits: reference below 90 in 15 %, mid "
        "anchor above 90 in 15 %, reference not first in 25 %)",
        ("Participant", "Trials", "Reference < 90", "Mid anchor > 90", "Not first", "Flag"),
        tuple(
            (
                v.participant,
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
            apa.number(value),
            f"[{apa.number(low)}, {apa.number(high)}]",
            f"{r.n_targets} stimuli × {r.n_participants} participants",
        )
        for r in findings.reliability
        for name, value, low, high in (
            ("ICC(2,1), one participant", r.icc_single, r.single_low, r.single_high),
            ("ICC(2,k), their mean", r.icc_mean, r.mean_low, r.mean_high),
        )
    ]
    if findings.omnibus:
        o = findings.omnibus
        rows.append(
            (
                "Kendall's W, without reference and anchors",
                apa.number(o.kendall_w),
                f"χ²({o.df}) = {apa.number(o.statistic)}, p {apa.p_value(o.p_value)}",
                f"{o.n_conditions} conditions × {o.n_participants} participants",
            )
        )
    if findings.repeats:
        r = findings.repeats
        rows.append(
            (
                "Repeated ratings: correlation",
                apa.number(r.correlation),
                f"median distance {apa.points(r.median_distance)} points",
                f"{r.n_cells} cells",
            )
        )
    if not rows:
        return None
    return Table(
        "reliability",
        "Agreement of participants (intraclass correlations with 95 % intervals), omnibus test",
        ("Measure", "Value", "95 % CI or test", "Over"),
        tuple(rows),
        (0, 2, 3),
    )


def _objective(findings: Findings) -> Table | None:
    if not findings.objective:
        return None
    return Table(
        "objective",
        "Spearman's ρ of objective distance and mean score within sounds (−1: the same order)",
        ("Distance", "Mean ρ", "95 % CI over sounds", "Sounds", "Stimuli"),
        tuple(
            (
                a.distance,
                apa.number(a.correlation),
                f"[{apa.number(a.ci_low)}, {apa.number(a.ci_high)}]",
                str(a.n_items),
                str(a.n_stimuli),
            )
            for a in findings.objective
        ),
    )


def change_table(
    changes: tuple[Change, ...], names: tuple[str, str], scale: tuple[float, float]
) -> Table:
    """Show two sets side by side.

    Parameters
    ----------
    changes : tuple of Change
        What was compared.
    names : tuple of str
        Names of the first and the second set.
    scale : tuple of float
        Lowest and highest score of the test.
    """
    return Table(
        "compared",
        f"{names[0]} and {names[1]} compared: different participants, Welch's t on crossed errors",
        ("What", names[0], names[1], "Change", "95 % CI", "df", "p"),
        tuple(
            (
                c.what,
                apa.points(c.first.estimate, scale),
                apa.points(c.second.estimate, scale),
                apa.points(c.change, scale),
                apa.brackets(c.ci_low, c.ci_high, scale),
                apa.degrees(c.df) if math.isfinite(c.df) else "–",
                apa.bare_p(c.p_value),
            )
            for c in changes
        ),
    )
