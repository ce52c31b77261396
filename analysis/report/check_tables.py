"""Tables of the report's checks: robustness, screening, agreement, two sets."""

from analysis.analyse import Findings
from analysis.compare_sets import Change
from analysis.report import apa
from analysis.report.table_writer import Cell, Column, Table
from analysis.stats.crossed import NEW_SOUNDS


def check_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables of checks that the data call for, in the order of the report."""
    makers = (_robustness, _rules, _participants, _reliability)
    return tuple(table for make in makers if (table := make(findings)) is not None)


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _robustness(findings: Findings) -> Table | None:
    if not findings.robustness or findings.primary is None:
        return None
    rows: list[tuple[Cell, ...]] = [
        (
            r.name,
            r.claim,
            r.unit,
            r.estimate,
            (r.ci_low, r.ci_high),
            r.p_value,
            _yes(r.same_sign),
            _yes(r.same_decision),
        )
        for r in findings.robustness
    ]
    m, e = findings.mixed, findings.primary.crossed
    if m is not None:
        half = 1.96 * m.se  # no df: statsmodels tests by z
        rows.append(
            (
                "mixed model by REML (interval by z)",
                NEW_SOUNDS,
                "points",
                m.estimate,
                (m.estimate - half, m.estimate + half),
                None,
                _yes(m.estimate * e.estimate > 0) if m.converged else None,
                m.status,
            )
        )
    return Table(
        "robustness",
        "The primary comparison by other methods: same sign, same decision at α = .05?",
        (
            Column("method", "Method"),
            Column("holds_for", "Holds for"),
            Column("unit", "Unit"),
            Column("estimate", "Estimate", "points"),
            Column("ci", "95 % CI", "difference_ci"),
            Column("p", "p", "p"),
            Column("same_sign", "Same sign"),
            Column("same_decision", "Same decision"),
        ),
        tuple(rows),
        findings.ratings.scale,
    )


def _rules(findings: Findings) -> Table | None:
    if not findings.screened:
        return None
    rows: list[tuple[Cell, ...]] = []
    for rule, c in findings.screened.items():
        excluded = len(findings.screening.excluded(rule))
        name = rule + (" (this report)" if rule == findings.options.exclude else "")
        if c is None:
            rows.append((name, excluded, 0, 0, None, None, None, "nobody is left", ""))
            continue
        e = c.crossed
        interval = (e.ci_low, e.ci_high)
        test = e.method if e.tested else apa.why_not_tested(e)
        sizes = (e.n_participants, e.n_items)
        rows.append((name, excluded, *sizes, e.estimate, interval, e.p_value, test, e.holds_for))
    return Table(
        "screening-rules",
        "The primary comparison under each exclusion rule",
        (
            Column("rule", "Rule"),
            Column("excluded", "Excluded", "count"),
            Column("participants", "Participants", "count"),
            Column("sounds", "Sounds", "count"),
            Column("estimate", "Difference", "points"),
            Column("ci", "95 % CI", "difference_ci"),
            Column("p", "p", "p"),
            Column("test", "Test"),
            Column("holds_for", "Holds for"),
        ),
        tuple(rows),
        findings.ratings.scale,
    )


def _participants(findings: Findings) -> Table | None:
    flagged = [r for r in findings.screening.results if r.bs1534 or r.rank]
    if not flagged:
        return None
    return Table(
        "flagged-participants",
        "Flagged participants: shares of their own trials (limits: reference below 90 in 15 %, mid "
        "anchor above 90 in 15 %, reference not first in 25 %)",
        (
            Column("participant", "Participant"),
            Column("trials", "Trials", "count"),
            Column("reference_below", "Reference < 90", "share"),
            Column("mid_anchor_above", "Mid anchor > 90", "share"),
            Column("not_first", "Not first", "share"),
            Column("flag", "Flag"),
        ),
        tuple(
            (
                r.participant,
                r.n_trials,
                r.reference_below,
                r.mid_anchor_above,
                r.not_first,
                " and ".join(["BS.1534-3"] * r.bs1534 + ["rank"] * r.rank),
            )
            for r in flagged
        ),
    )


def _reliability(findings: Findings) -> Table | None:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name}, {r.conditions}",
            value,
            (low, high),
            "",
            f"{r.n_targets} stimuli × {r.n_participants} participants",
        )
        for r in findings.reliability
        for name, value, low, high in (
            ("ICC(2,1), one participant", r.icc_single, r.single_low, r.single_high),
            ("ICC(2,k), their mean", r.icc_mean, r.mean_low, r.mean_high),
        )
    ]
    if findings.friedman:
        f = findings.friedman
        over = f"{f.n_conditions} conditions × {f.n_participants} participants"
        name = "Kendall's W, without reference and anchors"
        rows.append((name, f.kendall_w, None, "", over))
    if findings.repeats:
        r = findings.repeats
        distance = apa.points(r.median_distance, findings.ratings.scale)
        rows.append(
            (
                "Repeated ratings: correlation",
                r.correlation,
                None,
                f"median distance {distance} points",
                f"{r.n_cells} cells",
            )
        )
    if not rows:
        return None
    return Table(
        "reliability",
        "Agreement of participants on these sounds; intervals are 95 %",
        (
            Column("measure", "Measure"),
            Column("value", "Value", "number"),
            Column("ci", "95 % CI", "ratio_ci"),
            Column("remark", "Remark"),
            Column("over", "Over"),
        ),
        tuple(rows),
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
        (
            Column("what", "What"),
            Column("first", names[0], "points"),
            Column("second", names[1], "points"),
            Column("change", "Change", "points"),
            Column("ci", "95 % CI", "difference_ci"),
            Column("df", "df", "df"),
            Column("p", "p", "p"),
        ),
        tuple(
            (
                c.what,
                c.first.estimate,
                c.second.estimate,
                c.change,
                (c.ci_low, c.ci_high),
                c.df,
                c.p_value,
            )
            for c in changes
        ),
        scale,
    )
