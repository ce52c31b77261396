"""The report's tables: made once, shown in the page and written as CSV and LaTeX (booktabs)."""

import csv
import io
import re
from dataclasses import dataclass

from analysis.analyse import Findings
from analysis.report import apa
from analysis.stats.comparisons import Comparison
from analysis.stats.descriptive import Description

LATEX = str.maketrans(
    {
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "−": "$-$",
        "–": "--",
        "<": "$<$",
        ">": "$>$",
        "×": r"$\times$",
    }
)


@dataclass(frozen=True)
class Table:
    """A table of printed cells; ``text`` holds the indices of columns that are words."""

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: tuple[int, ...] = (0,)

    def to_csv(self) -> str:
        """Write the table as CSV; a cell that a spreadsheet would run as a formula is quoted."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows([[_inert(cell) for cell in row] for row in (self.header, *self.rows)])
        return buffer.getvalue()

    def to_latex(self, *, note: str = "") -> str:
        """Write the table for LaTeX's booktabs, the caption (after ``note``) as a comment."""
        columns = "".join("l" if n in self.text else "r" for n in range(len(self.header)))
        lines = [" & ".join(cell.translate(LATEX) for cell in row) + r" \\" for row in self.rows]
        head = " & ".join(cell.translate(LATEX) for cell in self.header) + r" \\"
        return "\n".join(
            [
                f"% {note}{self.caption}",
                rf"\begin{{tabular}}{{{columns}}}",
                r"\toprule",
                head,
                r"\midrule",
                *lines,
                r"\bottomrule",
                r"\end{tabular}",
                "",
            ]
        )


def _inert(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "@", "\t") or cell[:2] == "-=" else cell


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
        ("Condition", "Kind", "n", "Median", "Q1", "Q3", "Mean", "95 % CI", "At top", "At bottom"),
        tuple(_condition_row(findings, d) for d in findings.descriptions),
        (0, 1),
    )


def _condition_row(findings: Findings, d: Description) -> tuple[str, ...]:
    scale = findings.ratings.scale
    show = [apa.points(v, scale) for v in (d.median, d.q1, d.q3, d.mean.estimate)]
    return (
        findings.label(d.condition),
        d.kind or "–",
        str(d.n),
        *show,
        apa.brackets(d.mean.ci_low, d.mean.ci_high, scale),
        f"{100 * d.share_at_top:.0f} %",
        f"{100 * d.share_at_bottom:.0f} %",
    )


def _comparisons(
    findings: Findings, comparisons: tuple[Comparison, ...], name: str, caption: str
) -> Table:
    return Table(
        name,
        caption,
        (
            "Comparison",
            "Difference",
            "95 % CI",
            "t",
            "df",
            "p",
            "p Holm",
            "d_z",
            "Rank-biserial",
            "Prefer first",
        ),
        tuple(_comparison_row(findings, c) for c in comparisons),
    )


def _comparison_row(findings: Findings, c: Comparison) -> tuple[str, ...]:
    scale, e, t = findings.ratings.scale, c.crossed, c.fixed_items
    tested = e.t == e.t
    return (
        f"{findings.label(c.a)} − {findings.label(c.b)}",
        apa.points(e.estimate, scale),
        apa.brackets(e.ci_low, e.ci_high, scale),
        apa.number(e.t),
        apa.degrees(e.df) if tested else "–",
        apa.bare_p(e.p_value),
        apa.bare_p(c.p_holm),
        apa.number(t.d_z),
        apa.number(t.rank_biserial),
        f"{100 * t.prefer_a:.0f} %" if t.n else "–",
    )


def _family_effects(findings: Findings) -> Table:
    return Table(
        "family-by-condition",
        "Does the difference depend on the effect family?",
        ("Comparison", "F", "df1", "df2", "p", "Method"),
        tuple(
            (
                f"{findings.label(e.a)} − {findings.label(e.b)}",
                apa.number(e.statistic),
                apa.degrees(e.df1),
                apa.degrees(e.df2),
                apa.bare_p(e.p_value),
                e.method,
            )
            for e in findings.family_effects
        ),
        (0, 5),
    )


def _estimators(findings: Findings) -> Table:
    """Compare estimators with one another; with a margin, say whether one may replace the other."""
    scale = findings.ratings.scale
    margin = findings.options.margin
    verdicts = {(e.a, e.b): e.verdict for e in findings.equivalences}
    header: tuple[str, ...] = ("Comparison", "Difference", "95 % CI", "p", "p Holm", "90 % CI")
    rows: list[tuple[str, ...]] = []
    for c in findings.estimators:
        low, high = c.crossed.interval(0.9)
        row = (
            f"{findings.label(c.a)} − {findings.label(c.b)}",
            apa.points(c.crossed.estimate, scale),
            apa.brackets(c.crossed.ci_low, c.crossed.ci_high, scale),
            apa.bare_p(c.crossed.p_value),
            apa.bare_p(c.p_holm),
            apa.brackets(low, high, scale),
        )
        rows.append(row if margin is None else (*row, verdicts[c.a, c.b]))
    if margin is None:
        note = "p > .05 is no proof of equality: that needs a margin chosen beforehand (--margin)"
        return Table("estimators", f"The estimators compared; {note}", header, tuple(rows))
    note = f"equivalent: 90 % interval within ±{margin:g} points"
    header = (*header, f"Within {margin:g}")
    return Table("estimators", f"The estimators compared; {note}", header, tuple(rows), (0, 6))
