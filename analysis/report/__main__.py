"""``python -m analysis.report``: from a ratings table to a folder with the report.

The command only reads its options; ``analyse`` computes and ``publish`` writes. Help and errors
come before anything heavy is loaded: pandas to read, SciPy to analyse, Matplotlib to draw.
"""

import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.options import AUDIO, DEFAULT_DATABASE, PARTICIPANTS, RULES, Options
from analysis.ratings.addresses import require
from analysis.ratings.errors import RatingsError
from stimuli_gen.contract import MID_ANCHOR

if TYPE_CHECKING:
    from analysis.ratings.readers import Mapping
    from analysis.ratings.table import Ratings

DEFAULT_OUTPUT = "autofx-data/report"
PATH = click.Path(path_type=Path)
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
    type=PATH,
    help="A CSV file instead: ours, webMUSHRA's, pymushra's, Go Listen's or any long one.",
)
@click.option("-o", "--output", metavar="DIR", default=DEFAULT_OUTPUT, show_default=True, type=PATH)
@click.option("--study", metavar="NAME", help="Which study, where the table holds several.")
@click.option(
    "--manifest", metavar="FILE", type=PATH, help="The stimulus set's manifest.json: distances."
)
@click.option(
    "--map",
    "map_file",
    metavar="FILE",
    type=PATH,
    help="Labels, kinds, families, columns and scale of a foreign file (TOML).",
)
@click.option(
    "--column",
    "columns",
    metavar="OURS=THEIRS",
    multiple=True,
    help="Name a column of any long CSV, e.g. score=rating; again for each.",
)
@click.option("--scale", nargs=2, type=float, metavar="LOW HIGH", help="The test's scale.")
@click.option(
    "--training", metavar="ITEM", multiple=True, help="Leave out a training item (* and ? match)."
)
@click.option("--absent-zero", is_flag=True, help="Cells that all scored 0 were not presented.")
@click.option("--participants", type=click.Choice(PARTICIPANTS), default="auto", show_default=True)
@click.option("--primary", metavar="CONDITION", help="The condition of the primary comparison.")
@click.option("--against", metavar="CONDITION", help="What it is compared with.")
@click.option("--exclude", type=click.Choice(RULES), default="none", show_default=True)
@click.option("--mid-anchor", metavar="CONDITION", default=MID_ANCHOR, show_default=True)
@click.option("--margin", type=click.FloatRange(min=0, min_open=True), metavar="POINTS",
              help="Margin for equivalence of estimators, chosen beforehand.")  # fmt: skip
@click.option("--compare", metavar="FILE|URL", help="A second set of ratings to compare with.")
@click.option("--split-at", metavar="DATE", help="Compare participants before and from this date.")
@click.option("--audio", type=click.Choice(AUDIO), default="none", show_default=True,
              help="Put players of the manifest's sounds into the page.")  # fmt: skip
@click.option("--keep-identifiers", is_flag=True, help="Keep participant ids and comments.")
@click.option("--seed", type=int, default=1, show_default=True)
def main(**given) -> None:
    """Analyse a listening test and write its report."""
    try:
        index = _make_report(given)
    except RatingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(f"Report: {index}")


def _make_report(given: dict) -> Path:
    """Read, analyse and write; import each part when the one before has found no error."""
    where = given["ratings_file"] or given["database"] or DEFAULT_DATABASE
    require(where)
    from analysis.ratings.stimulus_set import read_stimulus_set  # noqa: PLC0415

    stimuli = read_stimulus_set(given["manifest"]) if given["manifest"] else None
    mapping = _mapping(given)
    ratings = _read(where, given, mapping)
    options = Options(**{f.name: given[f.name] for f in fields(Options)})
    options.check_conditions(sorted(set(ratings.table["condition"])))
    second = _second(given, mapping, ratings)
    from analysis.analyse import analyse  # noqa: PLC0415

    findings = analyse(ratings, options, stimuli=stimuli)
    compared = [(name, analyse(part, options, stimuli=stimuli)) for name, part in second]
    from analysis.report.publish import publish  # noqa: PLC0415

    return publish(
        findings,
        given["output"],
        command=_command(given),
        compared=compared,
        keep_identifiers=given["keep_identifiers"],
        audio=given["audio"],
    )


def _mapping(given: dict) -> "Mapping":
    """Read the map file and let the command's options have the last word."""
    from analysis.ratings.readers import Mapping, TrainingMap, read_mapping  # noqa: PLC0415

    mapping = read_mapping(given["map_file"]) if given["map_file"] else Mapping()
    columns = dict(mapping.columns)
    for pair in given["columns"]:
        ours, equals, theirs = pair.partition("=")
        if not equals:
            raise RatingsError(f"--column {pair!r} is not OURS=THEIRS, e.g. score=rating")
        columns[ours] = theirs
    practice = TrainingMap(items=(*mapping.training.items, *given["training"]))
    scale = given["scale"] or mapping.scale
    return mapping.model_copy(update={"columns": columns, "training": practice, "scale": scale})


def _read(where: Path | str, given: dict, mapping: "Mapping") -> "Ratings":
    """Read a file (a path) or a database (a URL)."""
    from analysis.ratings.readers import read_database, read_file  # noqa: PLC0415

    if isinstance(where, Path):
        ratings = read_file(where, mapping, study=given["study"])
    else:
        ratings = read_database(where, mapping, study=given["study"])
    return ratings.without_absent() if given["absent_zero"] else ratings


def _second(given: dict, mapping: "Mapping", ratings: "Ratings") -> "list[tuple[str, Ratings]]":
    """Find the two sets to compare, if any: (name, ratings) of each."""
    if given["compare"] and given["split_at"]:
        raise RatingsError("--compare and --split-at are two questions; ask one at a time")
    if given["split_at"]:
        from analysis.compare_sets import split_by_time  # noqa: PLC0415

        before, after = split_by_time(ratings, given["split_at"])
        return [(f"before {given['split_at']}", before), (f"from {given['split_at']}", after)]
    if not given["compare"]:
        return []
    where = given["compare"] if "://" in given["compare"] else Path(given["compare"])
    require(where)
    other = _read(where, given, mapping)
    return [(ratings.source, ratings), (other.source, other)]


def _command(given: dict) -> str:
    """Rebuild the command without folders, passwords and the output, which don't change results."""
    words = ["python", "-m", "analysis.report"]
    for option in main.params:
        value = given.get(option.name)
        if option.name in ("output", "database") or value in (None, (), False, option.default):
            continue
        words.append(option.opts[-1])
        if value is True:
            continue
        values = value if option.nargs > 1 or option.multiple else (value,)
        shown = [Path(v).name if isinstance(v, Path) or "/" in str(v) else str(v) for v in values]
        words += f" {option.opts[-1]} ".join(shown).split(" ") if option.multiple else shown
    return shlex.join(words)


if __name__ == "__main__":
    main()
