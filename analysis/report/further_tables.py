"""The report's tables of what reviewers ask for: all pairs at once, bounded scores, groups."""

from analysis.analyse import Findings
from analysis.ratings.table import count
from analysis.report.table_writer import Cell, Column, Table
from analysis.stats.crossed import NEW_SOUNDS
from analysis.stats.ordinal import BANDS


def further_tables(findings: Findings) -> tuple[Table, ...]:
    """Make the tables that the data call for, in the order of the report."""
    makers = (_unpaired, _simultaneous, _letters, _ordinal, _bayes, _groups)
    return tuple(table for make in makers if (table := make(findings)) is not None)


def _pair(findings: Findings, a: str, b: str) -> str:
    return f"{findings.label(a)} − {findings.label(b)}"


def _unpaired(findings: Findings) -> Table | None:
    rows: list[tuple[Cell, ...]] = [
        (
            _pair(findings, c.a, c.b),
            c.estimate.estimate,
            (c.estimate.ci_low, c.estimate.ci_high),
            c.estimate.df,
            c.estimate.p_value,
            c.p_holm,
            *c.participants,
            c.shared_items,
            c.estimate.method,
            c.estimate.holds_for,
        )
        for c in findings.unpaired
    ]
    if not rows:
        return None
    m = sum(c.estimate.tested for c in findings.unpaired)
    return Table(
        "unpaired",
        "Conditions that nobody rated with the same sound, exploratory: differences of means, each "
        "condition by its own participants; with no shared sounds, by its own sounds, too; "
        f"Holm's correction over {count(m, 'test')}",
        (
            Column("comparison", "Comparison"),
            Column("estimate", "Difference", "points"),
            Column("ci", "95 % CI", "difference_ci"),
            Column("df", "df", "df"),
            Column("p", "p", "p"),
            Column("p_holm", "p Holm", "p"),
            Column("participants_first", "Participants of the first", "count"),
            Column("participants_second", "of the second", "count"),
            Column("shared_sounds", "Shared sounds", "count"),
            Column("test", "Test"),
            Column("holds_for", "Holds for"),
        ),
        tuple(rows),
        findings.ratings.scale,
    )


def _simultaneous(findings: Findings) -> Table | None:
    together = findings.simultaneous
    if together is None:
        return None
    m = len(together.pairs)
    return Table(
        "simultaneous",
        f"All {m} pairs at once: intervals hold together with 95 % (Bonferroni over {m}), for "
        f"{NEW_SOUNDS}",
        (
            Column("comparison", "Comparison"),
            Column("estimate", "Difference", "points"),
            Column("ci", "Simultaneous CI", "difference_ci"),
            Column("apart", "Apart"),
            Column("participants", "Participants", "count"),
            Column("sounds", "Sounds", "count"),
        ),
        tuple(
            (
                _pair(findings, c.a, c.b),
                c.crossed.estimate,
                interval,
                "yes" if interval[0] > 0 or interval[1] < 0 else "no",
                c.crossed.n_participants,
                c.crossed.n_items,
            )
            for c, interval in zip(together.pairs, together.intervals, strict=True)
        ),
        findings.ratings.scale,
    )


def _letters(findings: Findings) -> Table | None:
    together = findings.simultaneous
    if together is None:
        return None
    means = {d.condition: d.mean.estimate for d in findings.descriptions}
    return Table(
        "letters",
        "Conditions that share a letter are not shown to differ by the simultaneous intervals "
        "(which is no proof that they are equal)",
        (
            Column("condition", "Condition"),
            Column("mean", "Mean", "points"),
            Column("letters", "Letters"),
        ),
        tuple((findings.label(c), means[c], text) for c, text in together.letters.items()),
        findings.ratings.scale,
    )


def _ordinal(findings: Findings) -> Table | None:
    if not findings.ordinal:
        return None

    def yes(flag: bool | None) -> Cell:
        return None if flag is None else "yes" if flag else "no"

    return Table(
        "ordinal",
        f"Planned comparisons with scores in {BANDS} bands of the scale: cumulative logit mixed "
        "model (Laplace) with participants, sounds and both interactions with the condition as "
        f"random effects, for {NEW_SOUNDS}; p not corrected; same sign and decision at α = .05 as "
        "the crossed analysis?",
        (
            Column("comparison", "Comparison"),
            Column("log_odds", "Log odds", "number"),
            Column("se", "SE", "number"),
            Column("df", "df", "df"),
            Column("p", "p", "p"),
            Column("same_sign", "Same sign"),
            Column("same_decision", "Same decision"),
            Column("status", "Status"),
        ),
        tuple(
            (
                _pair(findings, o.a, o.b),
                *(o.log_odds, o.se, o.df, o.p_value),
                yes(o.same_sign),
                yes(o.same_decision),
                o.status,
            )
            for o in findings.ordinal
        ),
    )


def _bayes(findings: Findings) -> Table | None:
    b = findings.bayes
    if b is None or findings.primary is None:
        return None
    rows: list[tuple[Cell, ...]] = [
        (f"Bayes factor, prior scale {b.prior_scale * factor:g} points", value)
        for factor, value in ((1.0, b.bayes_factor), (0.5, b.narrow), (2.0, b.wide))
    ]
    if b.share_within is not None:
        name = f"Posterior probability of a difference within ±{b.margin:g} points, flat prior"
        rows.append((name, b.share_within))
    return Table(
        "bayes",
        "The primary comparison in Bayesian terms: odds of some difference (Cauchy prior) against "
        f"none; t likelihood of the crossed analysis, for {findings.primary.crossed.holds_for}",
        (Column("quantity", "Quantity"), Column("value", "Value", "number")),
        tuple(rows),
    )


def _groups(findings: Findings) -> Table | None:
    found = findings.groups
    if found is None or not found.distinct:
        return None
    return Table(
        "agreement-groups",
        "Groups of participants who rate alike (average linkage of 1 − correlation; mean "
        f"silhouette {found.silhouette:.2f})",
        (
            Column("group", "Group", "count"),
            Column("size", "Participants", "count"),
            Column("members", "Who"),
        ),
        tuple((n, len(g), ", ".join(g)) for n, g in enumerate(found.groups, 1)),
    )
