"""The judgement of the recogniser as Markdown, CSV and a figure."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from autofx_core.networks.checkpoints import CheckpointError
from autofx_core.networks.registry import PRETRAINED

EVALUATION_NAME = "evaluation.json"

HEADINGS = {
    "accuracy": "Accuracy",
    "pedals": "Pedals left out of training",
    "folds": "Folds",
    "importance": "What is listened to",
}
"""Tables of a judgement, and what they are called."""


def read_evaluation(run: Path | None = None) -> dict:
    """Read the judgement of a recogniser, as `judgement.judge_recogniser` returned it.

    Parameters
    ----------
    run
        Folder that ``python -m autofx_core.recogniser judge`` left; by default, what the shipped
        recogniser was judged to be.

    Raises
    ------
    CheckpointError
        If there is no judgement.
    """
    path = (run or PRETRAINED / "effect_classifier") / EVALUATION_NAME
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such file; make it with 'python -m autofx_core.recogniser judge'"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def table(rows: Sequence[dict]) -> str:
    """Format rows of equal keys as a Markdown table."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([_cell(row[name]) for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def confusion_rows(confusion: dict) -> list[dict]:
    """Turn a confusion matrix into rows, one for each true name, as shares of its sounds."""
    return [
        {"truth": name}
        | {
            guessed: count / max(1, sum(counts))
            for guessed, count in zip(confusion["names"], counts, strict=True)
        }
        for name, counts in zip(confusion["names"], confusion["counts"], strict=True)
    ]


def markdown(judgement: dict) -> str:
    """Write a judgement (see `judge`) as one page."""
    sections = [
        f"## {title}\n\n{table(judgement[name])}"
        for name, title in HEADINGS.items()
        if judgement.get(name)
    ]
    sections += [
        f"## Confusions, {part}, {size} names (shares of each row)\n\n"
        + table(confusion_rows(confusion))
        for part, of_part in judgement["confusions"].items()
        for size, confusion in of_part.items()
    ]
    return "# Recognition of effects\n\n" + "\n".join(sections)


def write_report(judgement: dict, folder: Path) -> None:
    """Leave the judgement itself, `recognition.md`, a CSV for each table, and `confusions.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(judgement, indent=1) + "\n"
    (folder / EVALUATION_NAME).write_text(text, encoding="utf-8")
    (folder / "recognition.md").write_text(markdown(judgement), encoding="utf-8")
    for name in HEADINGS:
        if rows := judgement.get(name):
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    draw_confusions(judgement["confusions"]).savefig(folder / "confusions.png", dpi=150)


def draw_confusions(confusions: dict[str, dict]) -> Figure:
    """Draw the matrices of every part, the eleven effects above the six classes."""
    figure = Figure(figsize=(6.5 * len(confusions), 11), layout="constrained")
    axes = figure.subplots(2, len(confusions), squeeze=False)
    for column, (part, of_part) in enumerate(confusions.items()):
        for axis, (size, confusion) in zip(axes[:, column], of_part.items(), strict=True):
            rows = confusion_rows(confusion)
            names = confusion["names"]
            shares = [[row[name] for name in names] for row in rows]
            axis.imshow(shares, vmin=0, vmax=1, cmap="Blues")
            axis.set_title(f"{part}: {size} names")
            axis.set_xticks(range(len(names)), names, rotation=60, ha="right")
            axis.set_yticks(range(len(names)), names)
            axis.set_xlabel("named")
            axis.set_ylabel("played")
            for y, row in enumerate(shares):
                for x, share in enumerate(row):
                    if share >= 0.005:
                        colour = "white" if share > 0.5 else "black"
                        text = f"{100 * share:.0f}"
                        axis.text(x, y, text, ha="center", va="center", color=colour, fontsize=8)
    return figure
