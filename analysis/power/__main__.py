"""``python -m analysis.power``: how many participants and sounds a test needs, and its length.

The command reads its options and writes the result; `planning` computes it.
"""

import itertools
from pathlib import Path

import click

from analysis.power.planning import (
    SETTING_UP_S,
    Design,
    Plan,
    Question,
    VarianceComponents,
    components_from_pilot,
    plan_designs,
    seconds_from_pilot,
)
from analysis.ratings.readers import Mapping, read_database, read_file, read_mapping
from analysis.ratings.scores import tabulate
from analysis.ratings.table import RatingsError
from analysis.report.table_writer import Column, Table

EPILOG = "Example: python -m analysis.power --gap 10 --participants 12,17,24 --items 10,20,30"
LEAST = {"participants": 3, "items": 2}


def _whole_numbers(_context, option, text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of whole numbers, e.g. 10,20") from None
    least = LEAST[option.name]
    if min(numbers) < least:
        raise click.BadParameter(f"{min(numbers)} is too few; at least {least}")
    return numbers


@click.command(epilog=EPILOG)
@click.option("--gap", default=10.0, show_default=True, help="Difference to find, in points.")
@click.option("--participants", default="8,12,17,24,32", show_default=True, callback=_whole_numbers)
@click.option("--items", default="6,10,20,30", show_default=True, callback=_whole_numbers)
@click.option("--per-participant", type=click.IntRange(min=1), help="Items each rates, if not all.")
@click.option("--conditions", default=7, show_default=True, help="Stimuli in a trial.")
@click.option(
    "--planned", "comparisons", default=1, show_default=True, help="Planned comparisons sharing α."
)
@click.option("--seconds-per-stimulus", type=float, default=12.0, show_default=True)
@click.option("--pilot", metavar="FILE", type=click.Path(path_type=Path), help="Pilot ratings.")
@click.option("--pilot-database", metavar="URL", help="Pilot ratings in a database.")
@click.option("--map", "map_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--simulations", default=500, show_default=True, help="0 leaves the check out.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Also write files here."
)
def main(
    gap: float,
    participants: list[int],
    items: list[int],
    per_participant: int | None,
    conditions: int,
    comparisons: int,
    seconds_per_stimulus: float,
    pilot: Path | None,
    pilot_database: str | None,
    map_file: Path | None,
    simulations: int,
    seed: int,
    output: Path | None,
) -> None:
    """Plan a listening test: power and length for numbers of participants and sounds."""
    try:
        components, seconds, source = VarianceComponents(), None, "typical values"
        if pilot or pilot_database:
            mapping = read_mapping(map_file) if map_file else Mapping()
            components, seconds, source = _read_pilot(pilot, pilot_database, mapping)
        question = Question(gap, comparisons, conditions, seconds or seconds_per_stimulus)
        designs = [
            Design(n, i, min(per_participant or i, i))
            for n, i in itertools.product(participants, items)
        ]
        plans = plan_designs(designs, question, components, simulations=simulations, seed=seed)
        table = _table(plans, question, components, source)
        if output:
            _write(table, plans, gap, output)
    except RatingsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(_as_text(table))
    if output:
        click.echo(f"\nWritten to {output}: power.csv, .tex, .svg, .pdf, .png")


def _read_pilot(
    file: Path | None, database: str | None, mapping: Mapping
) -> tuple[VarianceComponents, float | None, str]:
    """Estimate the components and the seconds per stimulus; name the source."""
    ratings = read_file(file, mapping) if file else read_database(database or "", mapping)
    scores = tabulate(ratings)
    who = ", simulated participants" if ratings.table["simulated"].any() else ""
    return (
        components_from_pilot(scores),
        seconds_from_pilot(ratings.table, len(scores.conditions)),
        f"pilot {ratings.source}{who}",
    )


def _table(
    plans: list[Plan], question: Question, components: VarianceComponents, source: str
) -> Table:
    comparisons = "comparison" if question.comparisons == 1 else "comparisons"
    return Table(
        "power",
        f"Power to find a gap of {question.gap:g} points at α = .05 over {question.comparisons} "
        f"planned {comparisons}; SDs {components.participant:.1f} (participant × condition), "
        f"{components.item:.1f} (item × condition), {components.residual:.1f} (residual) from "
        f"{source}; {question.conditions} stimuli a trial, "
        f"{question.seconds_per_stimulus:.0f} s each, plus {SETTING_UP_S / 60:.0f} min setting up",
        (
            Column("participants", "Participants", "count"),
            Column("sounds", "Sounds", "count"),
            Column("each_rates", "Each rates", "count"),
            Column("power", "Power", "number"),
            Column("simulated_power", "Simulated", "number"),
            Column("detectable_gap", "Gap at .80", "points"),
            Column("minutes", "Minutes", "count"),
        ),
        tuple(
            (
                p.design.participants,
                p.design.items,
                p.design.per_participant,
                p.power,
                p.simulated_power,
                p.detectable,
                round(p.minutes),
            )
            for p in plans
        ),
    )


def _as_text(table: Table) -> str:
    """Lay a table out in columns for the terminal."""
    rows = [[column.header for column in table.columns], *table.printed()]
    widths = [max(len(row[n]) for row in rows) for n in range(len(table.columns))]
    lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([table.caption, "", *lines])


def _write(table: Table, plans: list[Plan], gap: float, folder: Path) -> None:
    from analysis.power.figure import draw_power  # noqa: PLC0415
    from analysis.report.style import encode  # noqa: PLC0415 - Matplotlib only where needed

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "power.csv").write_text(table.to_csv(), encoding="utf-8")
    (folder / "power.tex").write_text(table.to_latex(), encoding="utf-8")

    def save(figure) -> None:
        for kind, data in encode(figure).items():
            (folder / f"power.{kind}").write_bytes(data)

    draw_power(plans, gap, save)


if __name__ == "__main__":
    main()
