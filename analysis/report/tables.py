"""The report's tables of results: conditions, planned and exploratory comparisons, families."""

import re

from analysis.analyse import Findings
from analysis.ratings.table import count
from analysis.report import apa
from analysis.report.table_writer import Cell, Column, Table
from analysis.stats.comparisons import Comparison
from analysis.stats.crossed import MIN_ITEMS, NEW_SOUNDS, THESE_SOUNDS, Estimate
from analysis.stats.descriptive import Description

CONDITION_COLUMNS = (
    Column("condition", "Condition"),
    Column("kind", "Kind"),
    Column("n", "Ratings", "count"),
    Column("participants", "Participants", "count"),
    Column("sounds", "Sounds", "count"),
    Column("median", "Median", "points"),
    Column("q1", "Q1", "points"),
    Column("q3", "Q3", "points"),
    Column("mean", "Mean", "points"),
    Column("ci", "95 % CI", "score_ci"),
    Column("share_at_top", "At top", "share"),
    Column("share_at_bottom", "At bottom", "share"),
    Column("holds_for", "Interval for"),
)
BASIS_COLUMNS = (
    Column("participants", "Participants", "count"),
    Column("sounds", "Sounds", "count"),
    Column("test", "Test"),
    Column("holds_for", "Holds for"),
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
    *BASIS_COLUMNS,
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
    *BASIS_COLUMNS,
)


OMNIBUS_COLUMNS = (
    Column("test", "Test"),
    Column("holds_for", "Holds for"),
    Column("conditions", "Conditions", "count"),
    Column("participants", "Participants", "count"),
    Column("sounds", "Sounds", "count"),
    Column("statistic", "Statistic", "number"),
    Column("df1", "df1", "df"),
    Column("df2", "df2", "df"),
    Column("p", "p", "p"),
)


def result_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables of results that the data call for, in the order of the report."""
    pairs = findings.pairs
    tables = [_conditions(findings), _omnibus(findings)]
    caption = f"Planned comparisons with {findings.baseline_label}"
    tables.append(_comparisons(findings, pairs.planned, "planned", caption))
    for family in findings.families:
        caption = f"Planned comparisons within {family.family}"
        name = f"planned-{_file_name(family.family)}"
        tables.append(_comparisons(findings, family.planned, name, caption))
    tables += [_family_effects(findings), _estimators(findings)]
    others = "All other pairs" if pairs.planned or pairs.estimators else "All pairs"
    tables.append(_comparisons(findings, pairs.others, "pairwise", f"{others}, exploratory"))
    caption = f"Pairs that share fewer than {MIN_ITEMS} sounds, exploratory"
    tables.append(_comparisons(findings, pairs.few_sounds, "pairwise-few-sounds", caption))
    tables += [_components(findings), _sound_differences(findings), _sounds(findings)]
    return tuple(table for table in tables if table.rows)


def _components(findings: Findings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for c in (*findings.pairs.planned, *findings.pairs.estimators):
        e = c.crossed
        if e.sd_residual == e.sd_residual:
            sds = (e.sd_participant, e.sd_item, e.sd_residual)
            rows.append((_pair(findings, c.a, c.b), *sds, e.n_participants, e.n_items))
    return Table(
        "variance-components",
        "Standard deviations of differences, in points: between participants, between sounds, and "
        "the rest",
        (
            Column("comparison", "Comparison"),
            Column("sd_participant", "Participants", "points"),
            Column("sd_sound", "Sounds", "points"),
            Column("sd_residual", "Residual", "points"),
            Column("participants", "n participants", "count"),
            Column("sounds", "n sounds", "count"),
        ),
        tuple(rows),
        findings.ratings.scale,
    )


def _sound_differences(findings: Findings) -> Table:
    c = findings.primary
    name = _pair(findings, c.a, c.b) if c else ""
    return Table(
        "sound-differences",
        f"{name} on every sound; intervals are for new listeners and the one sound (t over "
        "participants), not corrected; outlying: modified z-score above 3.5",
        (
            Column("sound", "Sound"),
            Column("family", "Family"),
            Column("participants", "Participants", "count"),
            Column("estimate", "Difference", "points"),
            Column("ci", "95 % CI", "difference_ci"),
            Column("deviation", "From the mean", "points"),
            Column("z", "Modified z", "number"),
            Column("flag", "Flag"),
        ),
        tuple(
            (
                s.item,
                s.family,
                s.difference.n_participants,
                s.difference.estimate,
                (s.difference.ci_low, s.difference.ci_high),
                s.deviation,
                s.z,
                "outlying" if s.outlying else "",
            )
            for s in findings.sound_differences
        ),
        findings.ratings.scale,
    )


def _sounds(findings: Findings) -> Table:
    return Table(
        "sounds",
        "Every sound under every condition; intervals are for new listeners and the one sound (t "
        "over participants)",
        (
            Column("sound", "Sound"),
            Column("family", "Family"),
            Column("condition", "Condition"),
            Column("participants", "Participants", "count"),
            Column("mean", "Mean", "points"),
            Column("ci", "95 % CI", "score_ci"),
        ),
        tuple(
            (
                s.item,
                s.family,
                findings.label(s.condition),
                s.mean.n_participants,
                s.mean.estimate,
                (s.mean.ci_low, s.mean.ci_high),
            )
            for s in findings.sounds
        ),
        findings.ratings.scale,
    )


def _omnibus(findings: Findings) -> Table:
    rows: list[tuple[Cell, ...]] = []
    o, f = findings.omnibus, findings.friedman
    if o is not None:
        tested = o.p_value == o.p_value
        test = "quasi-F (Greenhouse–Geisser)" if tested else o.method
        sizes = (o.n_conditions, o.n_participants, o.n_items)
        holds_for = NEW_SOUNDS if tested else ""
        rows.append((test, holds_for, *sizes, o.statistic, o.df1, o.df2, o.p_value))
    if f is not None:
        name = "Friedman's χ² on participant means"
        sizes = (f.n_conditions, f.n_participants, len(findings.scores.items))
        rows.append((name, THESE_SOUNDS, *sizes, f.statistic, float(f.df), None, f.p_value))
    return Table(
        "omnibus",
        "Do the conditions differ at all? Reference and anchors are left out",
        OMNIBUS_COLUMNS,
        tuple(rows),
    )


def _file_name(text: str) -> str:
    """Make a name that is safe as a file's on every system."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", text).strip("-").lower() or "unnamed"


def _conditions(findings: Findings) -> Table:
    return Table(
        "conditions",
        "Scores per condition; quartiles of type 7; the mean's 95 % interval is for those in the "
        "last column",
        CONDITION_COLUMNS,
        tuple(_condition_row(findings, d) for d in findings.descriptions),
        findings.ratings.scale,
    )


def _condition_row(findings: Findings, d: Description) -> tuple[Cell, ...]:
    return (
        findings.label(d.condition),
        d.kind,
        d.n,
        d.n_participants,
        d.n_items,
        d.median,
        d.q1,
        d.q3,
        d.mean.estimate,
        (d.mean.ci_low, d.mean.ci_high),
        d.share_at_top,
        d.share_at_bottom,
        d.mean.holds_for,
    )


def _comparisons(
    findings: Findings, comparisons: tuple[Comparison, ...], name: str, caption: str
) -> Table:
    rows = tuple(_comparison_row(findings, c) for c in comparisons)
    caption = f"{caption}; {_summary(comparisons)}"
    return Table(name, caption, COMPARISON_COLUMNS, rows, findings.ratings.scale)


def _summary(comparisons: tuple[Comparison, ...]) -> str:
    """Give n, whom the results hold for, and the family of tests, for a caption."""
    tested = [c.crossed for c in comparisons if c.crossed.tested]
    if not tested:
        return "no test is possible"
    numbers = (
        _range([e.n_participants for e in tested], "participant"),
        _range([e.n_items for e in tested], "sound"),
    )
    holds_for = " or ".join(sorted({e.holds_for for e in tested}))
    m = len(tested)
    holm = f"; Holm's correction over these {m} tests" if m > 1 else ""
    return f"{', '.join(numbers)}, for {holds_for}{holm}"


def _range(numbers: list[int], noun: str) -> str:
    low, high = min(numbers), max(numbers)
    return count(low, noun) if low == high else f"{low} to {count(high, noun)}"


def _basis(estimate: Estimate) -> tuple[Cell, ...]:
    test = estimate.method if estimate.tested else apa.why_not_tested(estimate)
    return (estimate.n_participants, estimate.n_items, test, estimate.holds_for)


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
        *_basis(e),
    )


def _family_effects(findings: Findings) -> Table:
    tested = any(e.p_value == e.p_value for e in findings.family_effects)
    claim = f"for {NEW_SOUNDS}" if tested else "no test is possible"
    return Table(
        "family-by-condition",
        f"Does the difference depend on the effect family? ({claim})",
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
    for c in findings.pairs.estimators:
        row = (
            _pair(findings, c.a, c.b),
            c.crossed.estimate,
            (c.crossed.ci_low, c.crossed.ci_high),
            c.crossed.p_value,
            c.p_holm,
            c.crossed.interval(0.9),
            *_basis(c.crossed),
        )
        rows.append(row if margin is None else (*row, verdicts.get((c.a, c.b), "")))
    columns: tuple[Column, ...] = ESTIMATOR_COLUMNS
    note = "p > .05 is no proof of equality: that needs a margin chosen beforehand (--margin)"
    if margin is not None:
        note = f"equivalent: 90 % interval within ±{margin:g} points"
        columns = (*columns, Column("equivalence", f"Within {margin:g}"))
    caption = f"The estimators compared; {_summary(findings.pairs.estimators)}; {note}"
    return Table("estimators", caption, columns, tuple(rows), findings.ratings.scale)
