"""Fit the prediction intervals of a pretrained network to sounds that it was not trained on.

A calibration set holds the network's estimates for validation sounds and the true settings; see
`matching.prediction_intervals`. Errors on one recording resemble each other, and a new sound is of
a recording that is not in the set. So the intervals span the share of errors that holds `SHARE`
of the true settings of each recording when its own sounds are left out. `coverage` measures what
that gives on the test parts.

References
----------
Barber, Candès, Ramdas, Tibshirani: "Predictive inference with the jackknife+" (Annals of Statistics
49, 2021), for leaving out; here whole recordings.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets.plan import Shard, part_notes
from autofx_core.datasets.synthetic import render_shard
from autofx_core.effects.table import EFFECTS, SLICES
from autofx_core.files import atomic_write
from autofx_core.matching.match import METHODS, Request
from autofx_core.matching.prediction_intervals import (
    CALIBRATION_NAME,
    SHARE,
    CalibrationSet,
    interval_ends,
    weights_sha256,
)
from autofx_core.sources.clean import CleanSound

SPANS = np.arange(0.80, 0.995, 0.01)
"""Shares of the nearest errors that an interval may span, to hold `SHARE` of new settings."""


def calibrate(
    method: str,
    notes: Sequence[CleanSound],
    *,
    sounds: int,
    part: str = "validation",
    seed: int = 0,
) -> CalibrationSet:
    """Estimate random settings of each generic effect on notes of one part.

    Parameters
    ----------
    method
        A name from `matching.match.METHODS`.
    notes
        Clean notes; those of `part` are used.
    sounds
        Number of sounds of each effect.
    part
        A part of the notes, by which recordings the method was trained on; see
        `datasets.synthetic`.
    seed
        Of the random settings.
    """
    chosen = part_notes(notes)[part]
    estimates: dict[str, np.ndarray] = {}
    truths: dict[str, np.ndarray] = {}
    spans: dict[str, float] = {}
    for effect_class, effect in EFFECTS.items():
        rendered = render_shard(Shard(part, effect_class, 0, sounds, seed), chosen)
        rows = []
        pairs = zip(rendered.wet, rendered.clean, strict=True)
        for number, (wet, clean) in enumerate(tqdm(pairs, effect_class, sounds, unit="sound")):
            request = Request(
                wet[None],
                normalize_peak(clean[None]),
                ANALYSIS_RATE_HZ,
                effect,
                np.random.default_rng(number),
            )
            rows.append(effect.normalize(METHODS[method](request)))
        estimates[effect_class] = np.array(rows)
        truths[effect_class] = rendered.settings[:, SLICES[effect_class]].astype(np.float64)
        recordings = rendered.recording
        spans[effect_class] = fit_span(estimates[effect_class], truths[effect_class], recordings)
    return CalibrationSet(estimates, truths, spans)


def fit_span(estimates: np.ndarray, truths: np.ndarray, recordings: np.ndarray) -> float:
    """Find the share of the nearest errors to span, to hold `SHARE` of a new recording's settings.

    Parameters
    ----------
    estimates, truths : ndarray, shape (sounds, parameters), normalised
    recordings : ndarray, shape (sounds,)
        What each sound was made from. Each is left out in turn; a single one cannot be.

    Returns
    -------
    float
        The least of `SPANS` that does, or the greatest.
    """
    if len(np.unique(recordings)) == 1:
        return SHARE

    def share_inside(span: float) -> float:
        inside = []
        for recording in np.unique(recordings):
            own = recordings == recording
            inside += [
                (low <= truth) & (truth <= high)
                for estimate, truth in zip(estimates[own], truths[own], strict=True)
                for low, high in [interval_ends(estimates[~own], truths[~own], estimate, span)]
            ]
        return float(np.mean(inside))

    return next((float(span) for span in SPANS if share_inside(span) >= SHARE), float(SPANS[-1]))


def write_calibration(calibration: CalibrationSet, folder: Path) -> None:
    """Write a calibration set beside the weights of its network."""
    columns = {
        f"{effect_class}_estimates": rows for effect_class, rows in calibration.estimates.items()
    }
    columns |= {f"{effect_class}_truths": rows for effect_class, rows in calibration.truths.items()}
    halves = {name: rows.astype(np.float16) for name, rows in columns.items()}
    spans = {
        f"{effect_class}_span": np.array(span) for effect_class, span in calibration.spans.items()
    }
    weights = np.array(weights_sha256(folder))
    with atomic_write(folder / CALIBRATION_NAME) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, weights=weights, **halves, **spans)  # type: ignore[arg-type]  # its stub takes a keyword named allow_pickle for all


def coverage(calibration: CalibrationSet, fresh: CalibrationSet) -> dict[str, float]:
    """Measure the share of other sounds' settings inside their intervals, by effect."""
    shares = {}
    for effect_class in EFFECTS:
        inside = []
        for estimate, truth in zip(
            fresh.estimates[effect_class], fresh.truths[effect_class], strict=True
        ):
            low, high = calibration.ends(effect_class, estimate)
            inside.append((low <= truth) & (truth <= high))
        shares[effect_class] = float(np.mean(inside))
    return shares
