"""Take pictures of three reports: how they begin, 1280 and 360 px wide, and all of them as PDF.

Run ``PYTHONPATH=.:tests python tests/browser/report_pictures.py``; the files replace those in
``docs/reports/``, or go to the folder that is named. All participants are simulated.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from support.chromium import open_chromium
from support.pictures import take_picture
from support.simulated_ratings import simulate_ratings

from analysis.analyse import analyse
from analysis.options import Options
from analysis.ratings.stimulus_set import read_stimulus_set
from analysis.ratings.table import check
from analysis.report.publish import publish

FOLDER = Path(__file__).parents[2] / "docs" / "reports"
HEIGHTS = {1280: 3200, 360: 4000}
MANY = {f"Network {n:02d} with its settings": ("estimated", 30.0 + 2 * n) for n in range(12)}
MANY |= {"乱数": ("random", 25.0), "reference": ("reference", 97.0)}


def complete() -> tuple[pd.DataFrame, Options]:
    """Everybody rated everything; the primary comparison was named beforehand."""
    table = simulate_ratings(participants=14, items=12, seed=4)
    return table, Options(primary="autofx_f", margin=6.0)


def many_conditions() -> tuple[pd.DataFrame, Options]:
    """Fourteen conditions with long names and a name in another script."""
    return simulate_ratings(participants=8, items=6, conditions=MANY, seed=5), Options()


def incomplete() -> tuple[pd.DataFrame, Options]:
    """Half of the sounds for each participant, careless ones left out."""
    table = simulate_ratings(participants=16, items=12, seed=6)
    person = table["session"].str[-2:].astype(int)
    sound = table["item"].str[-2:].astype(int)
    careless = (person == 3) & (table["condition"] == "reference")
    table.loc[careless, "score"] = 30.0
    return table[(person + sound) % 2 == 0].reset_index(drop=True), Options(exclude="rank")


REPORTS = {f.__name__.replace("_", "-"): f for f in (complete, many_conditions, incomplete)}


def write_manifest(table: pd.DataFrame, path: Path) -> None:
    """Write a manifest whose first distance falls with the scores and whose second does not."""
    rng = np.random.default_rng(9)
    means = table.groupby(["item", "condition"])["score"].mean()
    conditions = sorted(set(table["condition"]))
    items = [
        {
            "id": item,
            "stimuli": [
                {
                    "condition": c,
                    "distances": {
                        "mrstft": float(np.exp((60 - means[item, c]) / 25) * rng.uniform(0.8, 1.2)),
                        "mfcc": float(rng.uniform(1, 9)),
                    },
                }
                for c in conditions
                if (item, c) in means
            ],
        }
        for item in sorted(set(table["item"]))
    ]
    labels = [{"id": c, "label": c} for c in conditions]
    path.write_text(json.dumps({"title": "A demonstration", "conditions": labels, "items": items}))


def take_pictures(folder: Path) -> None:
    """Write every report's pictures and PDF."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, open_chromium() as browser:
        for name, make in REPORTS.items():
            table, options = make()
            write_manifest(table, Path(temporary, "manifest.json"))
            stimuli = read_stimulus_set(Path(temporary, "manifest.json"))
            ratings = check(table, source=f"{name}.csv", sha256="0" * 64)
            findings = analyse(ratings, options, stimuli=stimuli)
            index = publish(findings, Path(temporary, name), command="python -m analysis.report")
            for width, height in HEIGHTS.items():
                page = browser.new_page(viewport={"width": width, "height": 800})
                page.goto(index.as_uri())
                page.set_viewport_size({"width": width, "height": height})
                take_picture(page, folder / f"{name}-{width}.png", whole=False)
                page.close()
            page = browser.new_page()
            page.goto(index.as_uri())
            margins = dict.fromkeys(("top", "right", "bottom", "left"), "15mm")
            page.pdf(path=folder / f"{name}.pdf", format="A4", margin=margins)
            page.close()


if __name__ == "__main__":
    take_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
