"""The tables of the AutoFX report for our networks: as Markdown, CSV and a figure.

=============  ==========================================================================
`errors`       one row a network and test part: Table C.2 in its unit and honestly
`parameters`   one row a network, test part and parameter: honest mean absolute error
`costs`        one row a network: size, training, inference (the report's Table 5.1)
=============  ==========================================================================

The figures are those of the networks' cards: what training measured on the test parts of its data
set, or `evaluate` on those of another. Energy is missing: no counter of it can be read everywhere.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

PARTS = {"unseen_recording": "unseen recordings", "unseen_instrument": "unseen guitar"}
README_MARKS = ("<!-- results -->\n", "<!-- end of results -->\n")

Row = dict[str, str | int | float]


def error_rows(cards: Mapping[str, dict]) -> list[Row]:
    """Tabulate the errors of regressors: C.2 MSE, that of the constant ½, honest mean error."""
    return [
        {
            "network": name,
            "part": part,
            "sounds": metrics["sounds"],
            "c2_mse": metrics["c2_mse"],
            "constant_one_half_c2_mse": metrics["constant_one_half_c2_mse"],
            "mean_absolute_error": metrics["mean_absolute_error"],
        }
        for name, card in cards.items()
        for part, metrics in card["metrics"].items()
    ]


def parameter_rows(cards: Mapping[str, dict]) -> list[Row]:
    """Tabulate the honest error of each normalised parameter, over the sounds that have it."""
    return [
        {
            "network": name,
            "part": part,
            "family": family,
            "parameter": parameter,
            "absolute_error": error,
        }
        for name, card in cards.items()
        for part, metrics in card["metrics"].items()
        for family, errors in metrics["absolute_error"].items()
        for parameter, error in errors.items()
    ]


def cost_rows(cards: Mapping[str, dict]) -> list[Row]:
    """Tabulate what the networks cost."""
    return [
        {
            "network": name,
            "parameters": card["parameters"],
            "size_kb": round(card["size_bytes"] / 1000),
            "sounds_seen": card["sounds_seen"],
            "epochs": round(card["sounds_seen"] / card["training_sounds"], 1),
            "training_min": round(card["training_s"] / 60, 1),
            "inference_ms": card["inference_ms"],
        }
        for name, card in cards.items()
    ]


def markdown_table(rows: Sequence[Row]) -> str:
    """Format rows of equal keys as a Markdown table."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def results_table(cards: Mapping[str, dict]) -> str:
    """Write README's table of results: squared error ×10⁻³ and absolute error on both parts."""
    return markdown_table([_results_row(name, card) for name, card in cards.items()])


def _results_row(name: str, card: dict) -> Row:
    row: Row = {"network": f"`{name}`", "hears": ", ".join(card["inputs"]).replace("_", " ")}
    for part, title in PARTS.items():
        row[f"squared error, {title}"] = f"{1000 * card['metrics'][part]['c2_mse']:.1f}"
    for part, title in PARTS.items():
        row[f"absolute error, {title}"] = f"{card['metrics'][part]['mean_absolute_error']:.3f}"
    return row | {"ms": f"{card['inference_ms']:.0f}"}


def rebuild_readme(readme: Path, cards: Mapping[str, dict]) -> None:
    """Put the table of results between its two marks.

    Raises
    ------
    ValueError
        If the file lacks the marks.
    """
    text = readme.read_text(encoding="utf-8")
    start, end = README_MARKS
    if text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"{readme}: wants one line {start.strip()} and one {end.strip()}")
    before, rest = text.split(start)
    after = rest.split(end)[1]
    readme.write_text(f"{before}{start}{results_table(cards)}{end}{after}", encoding="utf-8")


def write_tables(cards: Mapping[str, dict], folder: Path, *, origin: str) -> None:
    """Leave `results.md`, a CSV for each table, and `errors.png` in a folder.

    Parameters
    ----------
    origin
        Where the figures come from, to stand below the tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "errors": error_rows(cards),
        "parameters": parameter_rows(cards),
        "costs": cost_rows(cards),
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    sections = (
        f"## {name.capitalize()}\n\n{markdown_table(rows)}" for name, rows in tables.items()
    )
    text = "\n".join(["# Estimated settings\n", *sections, f"{origin}\n"])
    (folder / "results.md").write_text(text, encoding="utf-8")
    draw_errors(cards).savefig(folder / "errors.png", dpi=150)


def draw_errors(cards: Mapping[str, dict]) -> Figure:
    """Draw each parameter's honest error, a panel a test part; the line is the answer ½."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    for axis, (part, title) in zip(figure.subplots(2, 1, sharex=True), PARTS.items(), strict=True):
        for name, card in cards.items():
            errors = card["metrics"][part]["absolute_error"]
            values = {
                f"{f} {p}": e for f, of_family in errors.items() for p, e in of_family.items()
            }
            axis.plot(list(values), list(values.values()), "o", label=name)
        axis.axhline(0.25, color="0.5", linewidth=1)
        axis.set(title=title, ylabel="mean absolute error", ylim=(0, 0.3))
    axis.tick_params(axis="x", rotation=60)
    axis.legend(ncols=len(cards), fontsize="small")
    return figure
