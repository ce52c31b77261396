"""One writer for all tables: cells are values, written for people and for programs.

A `Column` has a name for programs, a header for people, and a kind that decides how its values are
printed. The page, LaTeX (booktabs) and Markdown show printed cells; CSV holds plain numbers
(decimal point, ASCII minus, an empty cell where there is no number) and an interval in two columns.

Conventions: an interval that reaches beyond what the scale allows is cut there and marked with an
asterisk in print. Text that a spreadsheet would run as a formula gets an apostrophe in CSV.
"""

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analysis.report import apa
from stimuli_gen.contract import SCORE_SCALE

Kind = Literal[
    "text",
    "count",
    "points",
    "number",
    "df",
    "p",
    "share",
    "score_ci",
    "difference_ci",
    "ratio_ci",
    "squared_ci",
]
Cell = str | float | tuple[float, float] | None
INTERVALS = ("score_ci", "difference_ci", "ratio_ci", "squared_ci")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
NOTHING = "–"
CUT_NOTE = "* cut at the end of the scale"
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
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        For programs, snake_case; an interval's two columns add ``_low`` and ``_high``.
    header : str
        For people.
    kind : str
        How values are printed: ``text``; ``count``; ``points`` of the scale; a ``number`` with two
        decimals; ``df``; ``p``; ``share`` (0–1, printed in per cent); ``score_ci``,
        ``difference_ci``, ``ratio_ci`` (−1 to 1) and ``squared_ci`` (without limits), pairs
        (low, high).
    """

    name: str
    header: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """A table with a caption; ``name`` becomes the files' name."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    scale: tuple[float, float] = SCORE_SCALE

    @property
    def full_caption(self) -> str:
        """The caption, with a note where an interval was cut."""
        return f"{self.caption}; {CUT_NOTE}" if self._has_cut else self.caption

    @property
    def _has_cut(self) -> bool:
        return any(
            cell != self._cut(column, cell)
            for row in self.rows
            for column, cell in zip(self.columns, row, strict=True)
            if column.kind in INTERVALS and isinstance(cell, tuple) and math.isfinite(cell[0])
        )

    def printed(self) -> list[list[str]]:
        """Return the cells as people read them."""
        return [
            [self._print(column, cell) for column, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def to_csv(self) -> str:
        """Write the table as CSV with plain numbers."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        header: list[str] = []
        for column in self.columns:
            ends = ("_low", "_high") if column.kind in INTERVALS else ("",)
            header += [column.name + end for end in ends]
        writer.writerow(header)
        for row in self.rows:
            plain: list[str] = []
            for column, cell in zip(self.columns, row, strict=True):
                plain += self._plain(column, cell)
            writer.writerow(plain)
        return buffer.getvalue()

    def to_latex(self, *, note: str = "") -> str:
        """Write the table for LaTeX's booktabs, the caption (after ``note``) as a comment."""
        columns = "".join("l" if column.kind == "text" else "r" for column in self.columns)
        head, *body = (
            " & ".join(cell.translate(LATEX) for cell in row) + r" \\"
            for row in ([column.header for column in self.columns], *self.printed())
        )
        return "\n".join(
            [
                f"% {note}{self.full_caption}",
                rf"\begin{{tabular}}{{{columns}}}",
                r"\toprule",
                head,
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
                "",
            ]
        )

    def to_markdown(self, *, note: str = "") -> str:
        """Write the table as Markdown, the caption (after ``note``) above it."""
        rows = [[column.header for column in self.columns], *self.printed()]
        head, *body = (
            "| " + " | ".join(" ".join(cell.split()).replace("|", r"\|") for cell in row) + " |"
            for row in rows
        )
        rule = "|".join(" --- " if column.kind == "text" else " ---: " for column in self.columns)
        return "\n".join([f"{note}{self.full_caption}", "", head, f"|{rule}|", *body, ""])

    def _limits(self, kind: Kind) -> tuple[float, float]:
        low, high = self.scale
        return {
            "score_ci": (low, high),
            "difference_ci": (low - high, high - low),
            "ratio_ci": (-1.0, 1.0),
            "squared_ci": (-math.inf, math.inf),
        }[kind]

    def _cut(self, column: Column, cell: tuple[float, float]) -> tuple[float, float]:
        return apa.cut(cell, self._limits(column.kind))

    def _print(self, column: Column, cell: Cell) -> str:
        if cell is None:
            return NOTHING
        if isinstance(cell, str):
            return cell or NOTHING
        if isinstance(cell, tuple):
            if not all(map(math.isfinite, cell)):
                return NOTHING
            show = apa.number if column.kind in ("ratio_ci", "squared_ci") else self._points
            ends = zip(self._cut(column, cell), cell, strict=True)
            low, high = (show(cut) + ("*" if cut != whole else "") for cut, whole in ends)
            return f"[{low}, {high}]"
        if not math.isfinite(cell):
            return NOTHING
        printers: dict[str, Callable[[float], str]] = {
            "count": lambda value: str(int(value)),
            "points": self._points,
            "number": apa.number,
            "df": apa.degrees,
            "p": apa.bare_p,
            "share": lambda value: f"{100 * value:.0f} %",
        }
        return printers[column.kind](cell)

    def _points(self, value: float) -> str:
        return apa.points(value, self.scale)

    def _plain(self, column: Column, cell: Cell) -> list[str]:
        if isinstance(cell, tuple):
            return [_plain_number(end) for end in self._cut(column, cell)]
        if cell is None:
            return ["", ""] if column.kind in INTERVALS else [""]
        return [escape_formula(cell) if isinstance(cell, str) else _plain_number(cell)]


def _plain_number(value: float) -> str:
    return f"{value:.10g}" if math.isfinite(value) else ""


def escape_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return "'" + text if text.startswith(FORMULA) else text
