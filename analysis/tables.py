"""The report's tables: made once, shown in the page and written as CSV and LaTeX (booktabs)."""

import csv
import io
from dataclasses import dataclass

from analysis import wording
from analysis.descriptive import Description
from analysis.findings import Findings
from analysis.inference import Comparison

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

    def to_latex(self) -> str:
        """Write the table for LaTeX's booktabs."""
        columns = "".join("l" if n in self.text else "r" for n in range(len(self.header)))
        lines = [" & ".join(cell.translate(LATEX) for cell in row) + r" \\" for row in self.rows]
        head = " & ".join(cell.translate(LATEX) for cell in self.header) + r" \\"
        return "\n".join(
            [
                f"% {self.caption}",
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


def make_tables(findings: Findings) -> tuple[Table, ...]:
    """Make every table that the data call for, in the order of the report."""
    tables = [_conditions(findings)]
    if findings.planned:
        tables.append(
            _comparisons(
                findings,
                findings.planned,
                "planned",
                f"Planned comparisons with {findings.label(findings.baseline)}, for new listeners "
                f"and new sounds; Holm over these {len(findings.planned)}",
            )
        )
    for family in findings.families:
        if family.planned:
            tables.append(
                _comparisons(
                    findings,
                    family.planned,
                    f"planned-{family.family}",
                    f"The same within {family.family} ({family.n_items} sounds); Holm within",
                )
            )
    tables.append(
        _comparisons(
            findings,
            findings.pairwise,
            "pairwise",
            f"All pairs, exploratory; Holm over all {len(findings.pairwise)}",
        )
    )
    return tuple(tables)


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
    show = [wording.points(v, scale) for v in (d.median, d.q1, d.q3, d.mean.estimate)]
    low, high = (wording.points(v, scale) for v in (d.mean.ci_low, d.mean.ci_high))
    return (
        findings.label(d.condition),
        d.kind or "–",
        str(d.n),
        *show,
        f"[{low}, {high}]",
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
    scale, e, t = findings.ratings.scale, c.crossed, c.these_sounds
    tested = e.t == e.t
    return (
        f"{findings.label(c.a)} − {findings.label(c.b)}",
        wording.points(e.estimate, scale),
        f"[{wording.points(e.ci_low, scale)}, {wording.points(e.ci_high, scale)}]",
        wording.number(e.t),
        wording.degrees(e.df) if tested else "–",
        wording.p_value(e.p_value).removeprefix("= "),
        wording.p_value(c.p_holm).removeprefix("= "),
        wording.number(t.d_z),
        wording.number(t.rank_biserial),
        f"{100 * t.prefer_a:.0f} %" if t.n else "–",
    )
