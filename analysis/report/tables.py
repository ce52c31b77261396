"""The report's tables of results: conditions, planned and exploratory comparisons, families."""

import re

from analysis.analyse import Findings
from analysis.report.table_writer import Cell, Column, Table
from analysis.stats.comparisons import Comparison
from analysis.stats.descriptive import Description

CONDITION_COLUMNS = (
    Column("condition", "Condition"),
    Column("kind", "Kind"),
    Column("n", "n", "count"),
    Column("median", "Median", "points"),
    Column("q1", "Q1", "points"),
    Column("q3", "Q3", "points"),
    Column("mean", "Mean", "points"),
    Column("ci", "95 % CI", "score_ci"),
    Column("share_at_top", "At top", "share"),
    Column("share_at_bottom", "At bottom", "share"),
)
COMPARISON_COLUMNS = (
    Column("comparison", "Comparison"),
    Column("estimate", "Difference", "points"),
    Column("ci", "95 % CI", "difference_ci"),
    Column("t", "t", "number"),
    Column("df", "df", "df"),
    Column("p", "p", "p"),
    Column("p_holm", "p Holm", "p"),
    Column("d_z", "d_z", "number"),
    Column("rank_biserial", "Rank-biserial", "number"),
    Column("prefer_first", "Prefer first", "share"),
)
FAMILY_COLUMNS = (
    Column("comparison", "Comparison"),
    Column("f", "F", "number"),
    Column("df1", "df1", "df"),
    Column("df2", "df2", "df"),
    Column("p", "p", "p"),
    Column("method", "Method"),
)
ESTIMATOR_COLUMNS = (
    Column("comparison", "Comparison"),
    Column("estimate", "Difference", "points"),
    Column("ci", "95 % CI", "difference_ci"),
    Column("p", "p", "p"),
    Column("p_holm", "p Holm", "p"),
    Column("ci90", "90 % CI", "difference_ci"),
)


def result_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables of results that the data call for, in the order of the report."""
    tables = [_conditions(findings)]
    if findings.planned:
        caption = (
            f"Planned comparisons with {findings.baseline_label}, for new listeners and "
            f"new sounds; Holm over these {len(findings.planned)}"
        )
        tables.append(_comparisons(findings, findings.planned, "planned", caption))
    for family in findings.families:
        if family.planned:
            caption = f"Planned comparisons within {family.family} ({family.n_items} sounds)"
            name = f"planned-{_file_name(family.family)}"
            tables.append(_comparisons(findings, family.planned, name, caption))
    if findings.family_effects:
        tables.append(_family_effects(findings))
    if findings.estimators:
        tables.append(_estimators(findings))
    caption = f"All pairs, exploratory; Holm over all {len(findings.pairwise)}"
    tables.append(_comparisons(findings, findings.pairwise, "pairwise", caption))
    return tuple(tables)


def _file_name(text: str) -> str:
    """Make a name that is safe as a file's on every system."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-").lower() or "unnamed"


def _conditions(findings: Findings) -> Table:
    return Table(
        "conditions",
        "Scores per condition; mean with its 95 % interval for new listeners and new sounds; "
        "quartiles of type 7",
        CONDITION_COLUMNS,
        tuple(_condition_row(findings, d) for d in findings.descriptions),
        findings.ratings.scale,
    )


def _condition_row(findings: Findings, d: Description) -> tuple[Cell, ...]:
    return (
        findings.label(d.condition),
        d.kind,
        d.n,
        d.median,
        d.q1,
        d.q3,
        d.mean.estimate,
        (d.mean.ci_low, d.mean.ci_high),
        d.share_at_top,
        d.share_at_bottom,
    )


def _comparisons(
    findings: Findings, comparisons: tuple[Comparison, ...], name: str, caption: str
) -> Table:
    rows = tuple(_comparison_row(findings, c) for c in comparisons)
    return Table(name, caption, COMPARISON_COLUMNS, rows, findings.ratings.scale)


def _pair(findings: Findings, a: str, b: str) -> str:
    return f"{findings.label(a)} − {findings.label(b)}"


def _comparison_row(findings: Findings, c: Comparison) -> tuple[Cell, ...]:
    e, t = c.crossed, c.fixed_items
    return (
        _pair(findings, c.a, c.b),
        e.estimate,
        (e.ci_low, e.ci_high),
        e.t,
        e.df,
        e.p_value,
        c.p_holm,
        t.d_z,
        t.rank_biserial,
        t.prefer_a,
    )


def _family_effects(findings: Findings) -> Table:
    return Table(
        "family-by-condition",
        "Does the difference depend on the effect family?",
        FAMILY_COLUMNS,
        tuple(
            (_pair(findings, e.a, e.b), e.statistic, e.df1, e.df2, e.p_value, e.method)
            for e in findings.family_effects
        ),
    )


def _estimators(findings: Findings) -> Table:
    """Compare estimators with one another; with a margin, say whether one may replace the other."""
    margin = findings.options.margin
    verdicts = {(e.a, e.b): e.verdict for e in findings.equivalences}
    rows: list[tuple[Cell, ...]] = []
    for c in findings.estimators:
        row = (
            _pair(findings, c.a, c.b),
            c.crossed.estimate,
            (c.crossed.ci_low, c.crossed.ci_high),
            c.crossed.p_value,
            c.p_holm,
            c.crossed.interval(0.9),
        )
        rows.append(row if margin is None else (*row, verdicts[c.a, c.b]))
    columns: tuple[Column, ...] = ESTIMATOR_COLUMNS
    note = "p > .05 is no proof of equality: that needs a margin chosen beforehand (--margin)"
    if margin is not None:
        note = f"equivalent: 90 % interval within ±{margin:g} points"
        columns = (*columns, Column("equivalence", f"Within {margin:g}"))
    caption = f"The estimators compared; {note}"
    return Table("estimators", caption, columns, tuple(rows), findings.ratings.scale)
