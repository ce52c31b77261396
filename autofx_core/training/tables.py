"""The results of networks as Markdown, CSV and figures.

=============  ==========================================================================
`errors`       one row a regressor and test part: Table C.2 in its unit, and mean errors
`parameters`   one row a regressor, test part and parameter: mean absolute error
`costs`        one row a regressor: size, training, inference (the AutoFX report's Table 5.1)
`accuracy`     one row a classifier and test part
`importance`   what a classifier loses without a group of features
`folds`        one row a network and fold of its cross-validation
`pedals`       one row a classifier and pedal that was left out of its training
=============  ==========================================================================

The first three are from the networks' cards: what training measured on the test parts of its data
set, or `evaluate` on those of another. The others are an *evaluation*, ``evaluation.json``. Energy
is missing: no counter of it can be read everywhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from autofx_core.files import write_csv
from autofx_core.networks.checkpoints import read_json, write_json
from autofx_core.networks.registry import PRETRAINED

PARTS = {"unseen_recording": "unseen recordings", "unseen_instrument": "unseen guitar"}
README_MARKS = ("<!-- results -->\n", "<!-- end of results -->\n")
EVALUATION_NAME = "evaluation.json"
EVALUATION_TABLES = {
    "accuracy": "Accuracy",
    "importance": "Importance of features",
    "folds": "Folds left out of training",
    "pedals": "Pedals left out of training",
}
"""Tables of an evaluation, and their titles."""

Row = dict[str, Any]


def read_evaluation() -> dict:
    """Read the evaluation of the pretrained effect classifier, as `evaluate` wrote it.

    Returns
    -------
    dict
        The `EVALUATION_TABLES` as lists of rows, as far as there are, and `confusions`, network →
        part → number of names → matrix.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    path = PRETRAINED / "effect_classifier" / EVALUATION_NAME
    return read_json(path, hint="make it with 'python -m autofx_core evaluate --dataset'")


def error_rows(cards: Mapping[str, dict]) -> list[Row]:
    """Tabulate the errors of regressors: C.2 MSE, that of the constant ½, mean absolute error."""
    names = ("sounds", "c2_mse", "constant_one_half_c2_mse", "mean_absolute_error")
    return [
        {"network": name, "part": part} | {key: metrics[key] for key in names}
        for name, card in cards.items()
        for part, metrics in card["metrics"].items()
    ]


def parameter_rows(cards: Mapping[str, dict]) -> list[Row]:
    """Tabulate the error of each normalised parameter, over the sounds that have it."""
    return [
        {
            "network": name,
            "part": part,
            "effect_class": effect_class,
            "parameter": parameter,
            "absolute_error": error,
        }
        for name, card in cards.items()
        for part, metrics in card["metrics"].items()
        for effect_class, errors in metrics["absolute_error"].items()
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


def confusion_shares(confusion: Mapping) -> np.ndarray:
    """Turn a confusion matrix into shares of each true name's sounds; a row a name."""
    counts = np.array(confusion["counts"])
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def confusion_rows(confusion: Mapping) -> list[Row]:
    """Turn a confusion matrix into rows, one for each true name, as shares of its sounds."""
    names = confusion["names"]
    return [
        {"truth": name} | {n: round(float(s), 3) for n, s in zip(names, shares, strict=True)}
        for name, shares in zip(names, confusion_shares(confusion), strict=True)
    ]


def markdown_table(rows: Sequence[Row]) -> str:
    """Format rows as a Markdown table; the first has all keys."""
    cells = [[row.get(name, "") for name in rows[0]] for row in rows]
    lines = [list(rows[0]), ["---"] * len(rows[0]), *cells]
    return "".join(
        f"| {' | '.join('' if cell is None else str(cell) for cell in line)} |\n" for line in lines
    )


def results_table(cards: Mapping[str, dict]) -> str:
    """Write README's table of results: squared error ×10⁻³ and absolute error on both parts."""
    return markdown_table([_results_row(name, card) for name, card in cards.items()])


def _results_row(name: str, card: dict) -> Row:
    row: Row = {"network": f"`{name}`", "inputs": ", ".join(card["inputs"]).replace("_", " ")}
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


def write_results(
    cards: Mapping[str, dict], evaluation: dict, folder: Path, *, origin: str
) -> None:
    """Leave `results.md`, a CSV for each table, and figures in a folder.

    Parameters
    ----------
    cards
        Of the regressors, by name.
    evaluation
        As `read_evaluation` returns it; empty for none.
    folder
        Where to write; made if missing.
    origin
        Where the figures come from, to stand below the tables.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[Row]] = {}
    if cards:
        tables |= {
            "errors": error_rows(cards),
            "parameters": parameter_rows(cards),
            "costs": cost_rows(cards),
        }
        draw_errors(cards).savefig(folder / "errors.png", dpi=150)
    tables |= {name: evaluation[name] for name in EVALUATION_TABLES if evaluation.get(name)}
    sections = ["# Results\n"]
    for name, rows in tables.items():
        write_csv(folder / f"{name}.csv", rows)
        title = EVALUATION_TABLES.get(name, name.capitalize())
        sections.append(f"## {title}\n\n{markdown_table(rows)}")
    if evaluation:
        write_json(folder / EVALUATION_NAME, evaluation)
    for name, parts in evaluation.get("confusions", {}).items():
        sections += [
            f"## Confusions of {name}, {part}, {size} names (shares of each row)\n\n"
            + markdown_table(confusion_rows(confusion))
            for part, of_part in parts.items()
            for size, confusion in of_part.items()
        ]
        draw_confusions(parts).savefig(folder / f"confusions_{name}.png", dpi=150)
    text = "\n".join([*sections, f"{origin}\n"])
    (folder / "results.md").write_text(text, encoding="utf-8")


def draw_errors(cards: Mapping[str, dict]) -> Figure:
    """Draw each parameter's mean error, a panel a test part; the line is the estimate ½."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    for axis, (part, title) in zip(figure.subplots(2, 1, sharex=True), PARTS.items(), strict=True):
        for name, card in cards.items():
            errors = card["metrics"][part]["absolute_error"]
            values = {f"{c} {p}": e for c, of_class in errors.items() for p, e in of_class.items()}
            axis.plot(list(values), list(values.values()), "o", label=name)
        axis.axhline(0.25, color="0.5", linewidth=1)
        axis.set(title=title, ylabel="mean absolute error", ylim=(0, 0.3))
    axis.tick_params(axis="x", rotation=60)
    axis.legend(ncols=len(cards), fontsize="small")
    return figure


def draw_confusions(confusions: Mapping[str, Mapping[str, dict]]) -> Figure:
    """Draw the matrices of every part of one network, a row of panels for each number of names."""
    sizes = len(next(iter(confusions.values())))
    figure = Figure(figsize=(6.5 * len(confusions), 5.5 * sizes), layout="constrained")
    axes = figure.subplots(sizes, len(confusions), squeeze=False)
    for column, (part, of_part) in enumerate(confusions.items()):
        for axis, (size, confusion) in zip(axes[:, column], of_part.items(), strict=True):
            names, shares = confusion["names"], confusion_shares(confusion)
            axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
            axis.set_xticks(range(len(names)), names, rotation=60, ha="right")
            axis.set_yticks(range(len(names)), names)
            axis.set(title=f"{part}: {size} names", xlabel="estimated", ylabel="played")
            for (y, x), share in np.ndenumerate(shares):
                if share >= 0.005:
                    look = {"color": "white" if share > 0.5 else "black", "fontsize": 8}
                    axis.text(x, y, f"{100 * share:.0f}", ha="center", va="center", **look)
    return figure
