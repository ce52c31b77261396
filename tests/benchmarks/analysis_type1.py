"""False positives and coverage of the primary test, with the usual tests' rates beside it.

Null experiments of 17 participants × 30 sounds with participant × condition and item × condition
effects (SD 8 and 8) and residual SD 13, complete and with 20 % of the cells missing; α = .05.
Prints each test's share of false positives, the coverage of the 95 % interval, and the rate as a
ratio to the test over single ratings in the same run. Fails if the primary test leaves [.03, .07]
or its coverage falls below .93.

Run: PYTHONPATH=tests python -m benchmarks.analysis_type1 [--datasets 1000] [--seed 1]
"""

import sys

import click
import numpy as np
from scipy import stats
from tqdm import tqdm

from analysis.power.planning import VarianceComponents, simulate_differences
from analysis.stats.crossed import estimate_mean

PARTICIPANTS, ITEMS = 17, 30
LIMITS, COVERAGE = (0.03, 0.07), 0.93


def p_over_ratings(a: np.ndarray, b: np.ndarray) -> float:
    """Wilcoxon's test over single ratings: what most scripts do."""
    return stats.wilcoxon((a - b)[np.isfinite(a - b)]).pvalue


def p_one_way(a: np.ndarray, b: np.ndarray) -> float:
    """One-way analysis of variance over all ratings."""
    return stats.f_oneway(a[np.isfinite(a)], b[np.isfinite(b)]).pvalue


def p_additive_model(a: np.ndarray, b: np.ndarray) -> float:
    """``score ~ condition + (1|participant) + (1|item)``, the textbook model, by least squares.

    With complete cells it is the mixed model exactly; participants and items are dummies here,
    which are as many columns as they have levels.
    """
    scores = np.stack([a, b], axis=2)
    participant, item, condition = np.nonzero(np.isfinite(scores))
    columns = np.hstack(
        [
            (condition == 0)[:, None],
            np.eye(scores.shape[0])[participant],
            np.eye(scores.shape[1])[item][:, 1:],
        ]
    )
    values = scores[participant, item, condition]
    gram = np.linalg.inv(columns.T @ columns)
    fitted = gram @ (columns.T @ values)
    df = len(values) - columns.shape[1]
    residual = np.sum((values - columns @ fitted) ** 2) / df
    return 2 * stats.t.sf(abs(fitted[0]) / np.sqrt(residual * gram[0, 0]), df)


def p_over_participant_means(a: np.ndarray, b: np.ndarray) -> float:
    """Wilcoxon's test over participant means: right for these sounds only."""
    return stats.wilcoxon(np.nanmean(a - b, axis=1)).pvalue


def p_over_item_means(a: np.ndarray, b: np.ndarray) -> float:
    """Paired t-test over item means: right for these participants only."""
    return stats.ttest_1samp(np.nanmean(a - b, axis=0), 0).pvalue


TESTS = {
    "Wilcoxon over single ratings": p_over_ratings,
    "one-way ANOVA": p_one_way,
    "(1|participant) + (1|item) model": p_additive_model,
    "Wilcoxon over participant means": p_over_participant_means,
    "t over item means": p_over_item_means,
}


def simulate_pair(
    rng: np.random.Generator, spread: VarianceComponents, missing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two equal conditions: main effects of both factors, interactions and noise."""
    main = rng.normal(0, 7, (PARTICIPANTS, 1)) + rng.normal(0, 5, (1, ITEMS))
    a, b = (
        main + simulate_differences(rng, PARTICIPANTS, ITEMS, spread) / np.sqrt(2) for _ in range(2)
    )
    gone = rng.random(a.shape) < missing
    a[gone] = b[gone] = np.nan
    return a, b


def measure(
    missing: float, spread: VarianceComponents, datasets: int, seed: int
) -> tuple[dict[str, float], float]:
    """False-positive rates by test, and the coverage of the primary interval."""
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(["primary", *TESTS], 0)
    covered = 0
    for _ in tqdm(range(datasets), disable=None):
        a, b = simulate_pair(rng, spread, missing)
        primary = estimate_mean(a - b)
        hits["primary"] += primary.p_value < 0.05
        covered += primary.ci_low <= 0 <= primary.ci_high
        for name, p_of in TESTS.items():
            hits[name] += p_of(a, b) < 0.05
    return {name: n / datasets for name, n in hits.items()}, covered / datasets


@click.command()
@click.option("--datasets", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(datasets: int, seed: int) -> None:
    """Print the rates and fail if the primary test misses its bounds."""
    worlds = {
        "both effects": VarianceComponents(),
        "participant effects only": VarianceComponents(item=0.0),
        "item effects only": VarianceComponents(participant=0.0),
    }
    failed = False
    for world, spread in worlds.items():
        for missing in (0.0, 0.2):
            rates, coverage = measure(missing, spread, datasets, seed)
            method = "clustered" if missing else "crossed quasi-t"
            baseline = rates["Wilcoxon over single ratings"]
            click.echo(f"\n{world}, {100 * missing:.0f} % missing, {datasets} null experiments")
            for name, rate in rates.items():
                shown = f"primary ({method})" if name == "primary" else name
                ratio = f"{rate / baseline:5.2f} × single ratings" if baseline else ""
                click.echo(f"  {shown:32s} {rate:.3f}   {ratio}")
            click.echo(f"  {'coverage of its 95 % interval':32s} {coverage:.3f}")
            inside = LIMITS[0] <= rates["primary"] <= LIMITS[1] and coverage >= COVERAGE
            if world == "both effects" and not inside:
                failed = True
    if failed:
        click.echo(f"\nThe primary test left {LIMITS} or covered less than {COVERAGE}.")
        sys.exit(1)


if __name__ == "__main__":
    main()
