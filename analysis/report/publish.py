"""Writes the report's folder.

``index.html`` (stands alone), ``results.json``, ``ratings.csv`` (the rows analysed, without
identifiers), ``excluded.csv`` (the rows left out), ``figures/`` (SVG, PDF, PNG at 300 dpi) and
``tables/`` (CSV with plain numbers; LaTeX and Markdown as printed). The same input and options give
the same bytes: nothing depends on the clock or on the folder.
"""

from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis.analyse import Findings
from analysis.compare_sets import Change, compare_sets
from analysis.report.check_tables import change_table, check_tables
from analysis.report.figures import FIGURES, Figure
from analysis.report.further_tables import further_tables
from analysis.report.methods_text import methods_paragraph
from analysis.report.page import Picture, inline_svg, render
from analysis.report.players import make_players
from analysis.report.predictor_tables import predictor_tables
from analysis.report.results_json import summarise, to_json, versions
from analysis.report.style import encode
from analysis.report.table_writer import Table, escape_formula
from analysis.report.tables import result_tables
from analysis.report.warnings import collect_warnings
from stimuli_gen.contract import RATING_COLUMNS

IDENTIFIERS = ("participant", "comment")


def publish(
    findings: Findings,
    folder: Path,
    *,
    command: str,
    compared: list[tuple[str, Findings]] | None = None,
    keep_identifiers: bool = False,
    audio: str = "none",
    figures: tuple[Figure, ...] = FIGURES,
) -> Path:
    """Write the whole report into ``folder`` and return the page's path.

    Parameters
    ----------
    findings : Findings
        What was computed.
    folder : Path
        Where to write; made where absent.
    command : str
        What reproduces the report, for its last section.
    compared : list of (name, Findings), optional
        Two sets to set against each other.
    keep_identifiers : bool
        Whether ``ratings.csv`` keeps participant ids and comments.
    audio : str
        ``link`` or ``embed`` puts players of the stimulus set's sounds into the page.
    figures : tuple of Figure
        Those to draw, where the data call for them.
    """
    players = make_players(findings, folder, audio)
    for path in (folder, folder / "figures", folder / "tables"):
        path.mkdir(parents=True, exist_ok=True)
    results = result_tables(findings)
    checks = (
        *check_tables(findings),
        *further_tables(findings),
        *predictor_tables(findings),
    )
    changes: tuple[Change, ...] = ()
    if compared:
        (first, a), (second, b) = compared
        changes = compare_sets(a, b)
        checks = (*checks, change_table(changes, (first, second), findings.ratings.scale))
    for table in (*results, *checks):
        _write_table(table, folder / "tables", simulated=findings.simulated)
    warnings = collect_warnings(findings)
    summary = summarise(findings, warnings=warnings, changes=changes)
    (folder / "results.json").write_text(to_json(summary), encoding="utf-8")
    _write_ratings(findings, folder, keep_identifiers=keep_identifiers)
    drawn = [_picture(figure, findings, folder / "figures") for figure in figures]
    pictures = [picture for picture in drawn if picture]
    page = render(
        findings,
        title=_title(findings),
        pictures=pictures,
        players=players,
        results=results,
        checks=checks,
        warnings=warnings,
        methods=methods_paragraph(findings, versions()),
        versions=versions(),
        command=command,
    )
    index = folder / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def _title(findings: Findings) -> str:
    """Name the study: the stimulus set's title, the study's name, or the file's."""
    if findings.stimuli:
        return findings.stimuli.title
    studies = sorted(set(findings.ratings.table["study"]) - {""})
    return ", ".join(studies) or findings.ratings.source


def _picture(figure: Figure, findings: Findings, folder: Path) -> Picture | None:
    """Draw a figure, write its three files, and return what the page needs."""
    encoded: dict[str, bytes] = {}
    figure.draw(findings, lambda drawn: encoded.update(encode(drawn)))
    if not encoded:
        return None
    for kind, data in encoded.items():
        (folder / f"{figure.name}.{kind}").write_bytes(data)
    narrow: dict[str, bytes] = {}
    figure.draw(findings, lambda drawn: narrow.update(encode(drawn, kinds=("svg",))), narrow=True)
    return Picture(
        figure.name,
        figure.title,
        figure.caption,
        inline_svg(encoded["svg"], name=figure.name, title=figure.title),
        inline_svg(narrow["svg"], name=f"{figure.name}-narrow", title=figure.title),
    )


def _write_table(table: Table, folder: Path, *, simulated: bool) -> None:
    note = "Simulated participants. " if simulated else ""
    (folder / f"{table.name}.csv").write_text(table.to_csv(), encoding="utf-8")
    (folder / f"{table.name}.md").write_text(table.to_markdown(note=note), encoding="utf-8")
    (folder / f"{table.name}.tex").write_text(table.to_latex(note=note), encoding="utf-8")


def _write_ratings(findings: Findings, folder: Path, *, keep_identifiers: bool) -> None:
    """Write the rows analysed and the rows left out, without what identifies a person."""
    dropped = () if keep_identifiers else IDENTIFIERS
    table = findings.ratings.table[
        ["participant_code", *(c for c in RATING_COLUMNS if c not in dropped)]
    ]
    out = table["participant_code"].isin(findings.excluded) | table["training"]
    left_out = table[out].assign(
        reason=[
            findings.exclusion_reason(code) or "training trial"
            for code in table.loc[out, "participant_code"]
        ]
    )
    for name, part in (("ratings.csv", table[~out]), ("excluded.csv", left_out)):
        escape_cells(part).to_csv(folder / name, index=False, lineterminator="\n")


def escape_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Escape formulas in the header and in every column of text, each distinct value once."""
    escaped = table.copy()
    for name, column in table.items():
        if not is_numeric_dtype(column):
            escaped[name] = column.map({text: escape_formula(text) for text in column.unique()})
    return escaped.rename(columns=escape_formula)
