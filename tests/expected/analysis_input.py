"""Writes analysis_ratings.csv, the ratings that analysis.R and the tests analyse.

Run from this folder: python analysis_input.py
"""

import csv
from pathlib import Path

import numpy as np

CONDITIONS = {"ours": 58.0, "other": 55.0, "random": 41.0, "reference": 96.0}
FAMILIES = ("delay", "distortion", "modulation")

rng = np.random.default_rng(20261122)
listener = rng.normal(0, 7, (9, 4))
item = rng.normal(0, 7, (12, 4)) + np.repeat([0.0, 6.0, -4.0], 4)[:, None] * [1, 0, 0, 0]
with Path("analysis_ratings.csv").open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["session", "item", "family", "condition", "score"])
    for n in range(9):
        for i in range(12):
            for c, (condition, mean) in enumerate(CONDITIONS.items()):
                score = mean + listener[n, c] + item[i, c] + rng.normal(0, 11)
                score = int(np.clip(round(score), 0, 100))
                writer.writerow([f"P{n + 1}", f"s{i + 1:02d}", FAMILIES[i // 4], condition, score])
