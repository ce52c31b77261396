"""``python -m analysis.report``: from a ratings table to a folder with the report.

The folder holds ``index.html`` (stands alone), ``results.json``, ``ratings.csv`` (the rows that
were analysed, without identifiers), ``excluded.csv``, ``figures/`` (SVG, PDF, PNG) and ``tables/``
(CSV, LaTeX). The same input and options give the same bytes.
"""

import shlex
from pathlib import Path

import click

from analysis.findings import LISTENERS, Findings, Options, analyse
from analysis.ratings import COLUMNS, Ratings, RatingsError
from analysis.reading import (
    DEFAULT_DATABASE,
    Mapping,
    read_database,
    read_file,
    read_mapping,
)
from analysis.screening import MID_ANCHOR, RULES

DEFAULT_OUTPUT = "autofx-data/report"
EPILOG = "Example: python -m analysis.report --ratings ratings.csv -o report/"


@click.command(epilog=EPILOG)
@click.option(
    "--database",
    metavar="URL",
    envvar="AUTOFX_DATABASE_URL",
    show_envvar=True,
    help=f"The listening test's database.  [default: {DEFAULT_DATABASE}]",
)
@click.option(
    "--ratings",
    "ratings_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A CSV file instead: ours, webMUSHRA's, pymushra's, Go Listen's or any long one.",
)
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    default=DEFAULT_OUTPUT,
    show_default=True,
    type=click.Path(path_type=Path),
)
@click.option("--study", metavar="NAME", help="Which study, where the table holds several.")
@click.option(
    "--map",
    "map_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Labels, kinds, families, columns and scale of a foreign file (TOML).",
)
@click.option("--scale", nargs=2, type=float, metavar="LOW HIGH", help="The test's scale.")
@click.option("--primary", metavar="CONDITION", help="The condition of the primary comparison.")
@click.option("--against", metavar="CONDITION", help="What it is compared with.")
@click.option("--exclude", type=click.Choice(RULES), default="none", show_default=True)
@click.option("--listeners", type=click.Choice(LISTENERS), default="auto", show_default=True)
@click.option("--mid-anchor", metavar="CONDITION", default=MID_ANCHOR, show_default=True)
@click.option("--margin", type=float, metavar="POINTS", help="Margin for equivalence.")
@click.option("--seed", type=int, default=1, show_default=True)
def main(**given) -> None:
    """Analyse a listening test and write its report."""
    try:
        mapping = _mapping(given)
        ratings = _read(given, mapping)
        findings = analyse(ratings, _options(given))
        index = write_report(findings, given["output"], command=_command(given))
    except RatingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(f"Report: {index}")


def _mapping(given: dict) -> Mapping:
    mapping = read_mapping(given["map_file"]) if given["map_file"] else Mapping(scale=None)
    if given["scale"]:
        mapping = mapping.model_copy(update={"scale": given["scale"]})
    return mapping


def _read(given: dict, mapping: Mapping) -> Ratings:
    if given["ratings_file"]:
        return read_file(given["ratings_file"], mapping, study=given["study"])
    return read_database(given["database"] or DEFAULT_DATABASE, mapping, study=given["study"])


def _options(given: dict) -> Options:
    names = ("primary", "against", "exclude", "listeners", "mid_anchor", "margin", "seed")
    return Options(**{name: given[name] for name in names})


def _command(given: dict) -> str:
    """Rebuild the command without the output folder, whose name must not change the bytes."""
    words = ["python", "-m", "analysis.report"]
    for option in main_options():
        value = given[option.name]
        if option.name in ("output", "database") or value in (None, (), option.default):
            continue
        values = value if isinstance(value, tuple) else (value,)
        words += [
            option.opts[-1],
            *(Path(v).name if isinstance(v, Path) else str(v) for v in values),
        ]
    return shlex.join(words)


def main_options() -> list[click.Option]:
    """List the command's options."""
    return [p for p in main.params if isinstance(p, click.Option) and p.name != "help"]


def write_report(findings: Findings, folder: Path, *, command: str) -> Path:
    """Write the whole report into ``folder`` and return the page's path."""
    from analysis.figures import FIGURES, save  # noqa: PLC0415 - Matplotlib comes with figures
    from analysis.page import Picture, inline_svg, render  # noqa: PLC0415
    from analysis.results import summarise, to_json, versions  # noqa: PLC0415
    from analysis.tables import make_tables  # noqa: PLC0415

    figures, tables = folder / "figures", folder / "tables"
    for path in (folder, figures, tables):
        path.mkdir(parents=True, exist_ok=True)
    pictures = []
    for place in FIGURES:
        if not place.wanted(findings):
            continue

        def keep(figure, place=place) -> None:
            svg = save(figure, "svg")
            for kind, data in (
                ("svg", svg),
                ("pdf", save(figure, "pdf")),
                ("png", save(figure, "png")),
            ):
                (figures / f"{place.name}.{kind}").write_bytes(data)
            drawn = inline_svg(svg, name=place.name, title=place.title)
            pictures.append(Picture(place.name, place.title, place.caption, drawn))

        place.draw(findings, keep)
    made = make_tables(findings)
    for table in made:
        (tables / f"{table.name}.csv").write_text(table.to_csv(), encoding="utf-8")
        (tables / f"{table.name}.tex").write_text(table.to_latex(), encoding="utf-8")
    warnings = ()
    summary = summarise(findings, warnings=warnings)
    (folder / "results.json").write_text(to_json(summary), encoding="utf-8")
    _write_ratings(findings, folder)
    page = render(
        findings,
        title=", ".join(filter(None, summary["inputs"]["studies"])) or findings.ratings.source,
        pictures=pictures,
        tables=made,
        warnings=warnings,
        versions=versions(),
        command=command,
    )
    index = folder / "index.html"
    index.write_text(page, encoding="utf-8")
    return index


def _write_ratings(findings: Findings, folder: Path) -> None:
    """Write the rows analysed and the rows left out, without what identifies a person."""
    table = findings.ratings.table.drop(columns=["participant", "comment"])
    table = table[["listener", *(c for c in COLUMNS if c in table)]]
    out = table["listener"].isin(findings.excluded) | table["training"]
    table[~out].to_csv(folder / "ratings.csv", index=False, lineterminator="\n")
    table[out].to_csv(folder / "excluded.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
