"""False positives and coverage of every test that the report prints, in the designs it meets.

Null experiments: five tested conditions with equal means (three estimated, one random, one
control), participant × condition and item × condition effects (SD 8 and 8) and residual SD 13, and
sounds in three families where there are at least six. For results that hold for these sounds only,
item effects are part of the truth: their mean over the sounds is taken away.

Designs: complete tables of 12×8, 12×2, 17×30 and 3×9; the compact preset (24 sounds, 10 for each of
12 participants, in rotation); 12×12 with half of the sounds for each, in rotation or at random.

Prints a table: share of p < .05 of the primary comparison, of the first planned one within a
family, of the family question, of the crossed omnibus and, for these sounds, of Friedman's test and
the paired t; the share of sets with any planned comparison significant after Holm's correction; and
how often the primary's 95 % interval misses the truth. Fails if one exceeds .07 by more than three
standard errors.

Run: PYTHONPATH=tests python -m benchmarks.analysis_levels [--datasets 1000] [--seed 1]
"""

import sys
from dataclasses import dataclass

import click
import numpy as np
from tqdm import tqdm

from analysis.power.planning import Design as PlannedDesign
from analysis.power.planning import assign_items
from analysis.ratings.scores import Scores
from analysis.stats.comparisons import compare, compare_pairs
from analysis.stats.crossed import MIN_ITEMS, estimate_mean
from analysis.stats.nonparametric import friedman
from analysis.stats.quasi_f import crossed_omnibus, family_effect

CONDITIONS = ("a", "b", "c", "random", "control")
KINDS = ("estimated", "estimated", "estimated", "random", "control")
PLANNED = [("a", "random"), ("b", "random"), ("c", "random")]
LIMIT = 0.07
SD_PARTICIPANT, SD_ITEM, SD_RESIDUAL = 8.0, 8.0, 13.0


@dataclass(frozen=True)
class Design:
    """Numbers of participants and items, and how items are assigned."""

    name: str
    participants: int
    items: int
    each: int
    at_random: bool = False


DESIGNS = (
    Design("12 × 8", 12, 8, 8),
    Design("12 × 2", 12, 2, 2),
    Design("17 × 30", 17, 30, 30),
    Design("3 × 9", 3, 9, 9),
    Design("compact preset", 12, 24, 10),
    Design("half of 12, rotating", 12, 12, 6),
    Design("half of 12, at random", 12, 12, 6, at_random=True),
)


def simulate(rng: np.random.Generator, design: Design) -> tuple[Scores, Scores]:
    """Draw a null experiment, and the same with item effects that average 0 over its sounds."""
    n_l, n_i, n_c = design.participants, design.items, len(CONDITIONS)
    of_items = rng.normal(0, SD_ITEM, (1, n_i, n_c))
    rest = (
        50
        + rng.normal(0, 7, (n_l, 1, 1))
        + rng.normal(0, SD_PARTICIPANT, (n_l, 1, n_c))
        + rng.normal(0, SD_RESIDUAL, (n_l, n_i, n_c))
    )
    rated = assign_items(PlannedDesign(n_l, n_i, design.each))
    if design.at_random:
        rated = rng.random((n_l, n_i)).argsort(axis=1).argsort(axis=1) < design.each
    families = tuple("xyz"[i % 3] if n_i >= 6 else "" for i in range(n_i))
    names = tuple(f"P{n}" for n in range(n_l)), tuple(f"i{n:02d}" for n in range(n_i))

    def scores(values: np.ndarray) -> Scores:
        values = np.where(rated[:, :, None], values, np.nan)
        return Scores(values, *names, CONDITIONS, families, KINDS)

    fixed = of_items - of_items.mean(axis=1, keepdims=True)
    return scores(rest + of_items), scores(rest + fixed)


def measure(design: Design, datasets: int, seed: int) -> dict[str, tuple[int, int]]:
    """Count (hits, tests) of every test that the report would print."""
    rng = np.random.default_rng(seed)
    counts: dict[str, list[int]] = {}

    def note(name: str, p_value: float) -> None:
        if np.isfinite(p_value):
            hits = counts.setdefault(name, [0, 0])
            hits[0] += bool(p_value < 0.05)
            hits[1] += 1

    for _ in tqdm(range(datasets), desc=design.name, disable=None):
        new, these = simulate(rng, design)
        subject = new if design.items >= MIN_ITEMS else these
        planned = compare_pairs(subject, PLANNED, "planned", seed=1)
        primary = planned[0].crossed
        note("primary", primary.p_value)
        note("any planned, Holm", min(c.p_holm for c in planned))
        if np.isfinite(primary.se):
            note("not covered", 0.0 if not primary.ci_low <= 0 <= primary.ci_high else 1.0)
        if subject.family_names():
            part = subject.in_family("x")
            if len(part.items) >= MIN_ITEMS:
                note("within a family", compare(part, *PLANNED[0], seed=1).crossed.p_value)
            effect = family_effect(subject, *PLANNED[0])
            note("family question", effect.p_value if effect else np.nan)
        omnibus = crossed_omnibus(subject.values, subject.families)
        note("omnibus", omnibus.p_value if omnibus else np.nan)
        if design.each == design.items:
            ranked = friedman(these.participant_means())
            note("Friedman, these sounds", ranked.p_value if ranked else np.nan)
            means = these.values[:, :, [0, 3]].mean(axis=1)
            note("t, these sounds", estimate_mean((means[:, 0] - means[:, 1])[:, None]).p_value)
    return {name: (hits, n) for name, (hits, n) in counts.items()}


COLUMNS = (
    "primary",
    "any planned, Holm",
    "within a family",
    "family question",
    "omnibus",
    "Friedman, these sounds",
    "t, these sounds",
    "not covered",
)


@click.command()
@click.option("--datasets", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(datasets: int, seed: int) -> None:
    """Print the table and fail if a test misses its limit."""
    click.echo("| design | " + " | ".join(COLUMNS) + " |")
    click.echo("|" + " --- |" * (len(COLUMNS) + 1))
    failed = []
    for design in DESIGNS:
        counts = measure(design, datasets, seed)
        cells = []
        for name in COLUMNS:
            hits, n = counts.get(name, (0, 0))
            cells.append(f"{hits / n:.3f}".removeprefix("0") if n else "not tested")
            if n and hits / n > LIMIT + 3 * np.sqrt(LIMIT * (1 - LIMIT) / n):
                failed.append(f"{design.name}: {name} {hits / n:.3f}")
        click.echo(f"| {design.name} | " + " | ".join(cells) + " |")
    if failed:
        click.echo("Above the limit: " + "; ".join(failed))
        sys.exit(1)


if __name__ == "__main__":
    main()
