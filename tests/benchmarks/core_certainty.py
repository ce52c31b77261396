"""How often intervals hold the truth, on notes that no network learnt from, against fixed ones.

1. `refined`: the values that sound the same (`matching.audible_range`). They promise what cannot be
   heard, not where the truth is; the share that holds it says how far one is the other.
2. Networks: the ranges that held four of five truths behind similar answers to validation sounds.
   The anchor are intervals of one width for each parameter, four of five errors wide.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_certainty [--sounds 10]
"""

import click
import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.effects.table import EFFECTS
from autofx_core.matching.audible_range import indistinguishable_range
from autofx_core.matching.match import METHODS
from autofx_core.matching.prediction_intervals import (
    SHARE,
    CalibrationSet,
    prediction_interval,
    read_calibration,
)
from autofx_core.networks.registry import REGRESSORS
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.calibrate import calibrate, coverage
from benchmarks.core_refined import make_cases, refine_case


def measure_refined(sounds: int) -> None:
    """Print how many truths sound the same as what was found, and how wide the intervals are."""
    for family, effect in EFFECTS.items():
        inside, widths = [], []
        for case in make_cases(effect, sounds):
            setting, _ = refine_case(case)
            intervals = indistinguishable_range(effect, case.clean, ANALYSIS_RATE_HZ, setting)
            for p in effect.parameters:
                low, high = intervals[p.name]
                span = p.high - p.low
                inside.append(low - 1e-3 * span <= case.truth[p.name] <= high + 1e-3 * span)
                widths.append((high - low) / span)
        print(
            f"refined {family:12} inside {np.mean(inside):.2f}  width {np.mean(widths):.3f}",
            flush=True,
        )


def measure_network(name: str, calibration: dict[str, CalibrationSet], sounds: int) -> None:
    """Print a network's shares and widths, and those of intervals of one width."""
    for part in ("unseen_recording", "unseen_instrument"):
        fresh = calibrate(name, builtin_notes(), sounds=sounds, part=part, seed=7)
        shares = coverage(calibration, fresh)
        for family, effect in EFFECTS.items():
            known, new = calibration[family], fresh[family]
            fixed = np.quantile(np.abs(known.truths - known.estimates), SHARE, axis=0)
            hits = np.abs(new.truths - new.estimates) <= fixed
            spans = np.array([p.high - p.low for p in effect.parameters])
            widths = [
                np.diff(list(prediction_interval(known, effect, setting).values()))[:, 0] / spans
                for setting in map(effect.denormalize, new.estimates)
            ]
            print(
                f"{name} {part:15} {family:12} inside {shares[family]:.2f} (wanted {SHARE})  "
                f"width {np.mean(widths):.3f}  "
                f"one width: inside {hits.mean():.2f}, width {2 * fixed.mean():.3f}  "
                f"ratio of widths {np.mean(widths) / (2 * fixed.mean()):.2f}",
                flush=True,
            )


@click.command()
@click.option(
    "--sounds", default=10, show_default=True, help="Of each effect, for networks 4 times."
)
def main(sounds: int) -> None:
    """Measure."""
    torch.set_num_threads(1)
    measure_refined(sounds)
    for name in METHODS:
        if name in REGRESSORS and (calibration := read_calibration(name)) is not None:
            measure_network(name, calibration, 4 * sounds)


if __name__ == "__main__":
    main()
