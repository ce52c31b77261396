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

from collections.abc import Mapping, Sequence
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
) -> dict[str, CalibrationSet]:
    """Estimate random settings of each generic effect on notes of one part; return a set of each.

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
    sets = {}
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
        estimates = np.array(rows)
        truths = rendered.settings[:, SLICES[effect_class]].astype(np.float64)
        span = fit_span(estimates, truths, rendered.recording)
        sets[effect_class] = CalibrationSet(estimates, truths, span)
    return sets


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
            others = CalibrationSet(estimates[~own], truths[~own], span)
            inside += are_inside(others, estimates[own], truths[own])
        return float(np.mean(inside))

    return next((float(span) for span in SPANS if share_inside(span) >= SHARE), float(SPANS[-1]))


def are_inside(
    calibration: CalibrationSet, estimates: np.ndarray, truths: np.ndarray
) -> list[np.ndarray]:
    """Return which settings lie inside their intervals.

    Parameters
    ----------
    calibration
        By which the intervals are made.
    estimates, truths : ndarray, shape (sounds, parameters), normalised

    Returns
    -------
    list of ndarray, shape (parameters,), bool
        For each sound.
    """
    ends = map(calibration.ends, estimates)
    return [
        (low <= truth) & (truth <= high) for (low, high), truth in zip(ends, truths, strict=True)
    ]


def write_calibration(calibration: Mapping[str, CalibrationSet], folder: Path) -> None:
    """Write the calibration sets of each effect beside the weights of their network."""
    columns = {"weights": np.array(weights_sha256(folder))}
    for effect_class, of_class in calibration.items():
        columns |= {
            f"{effect_class}_estimates": of_class.estimates.astype(np.float16),
            f"{effect_class}_truths": of_class.truths.astype(np.float16),
            f"{effect_class}_span": np.array(of_class.span),
        }
    with atomic_write(folder / CALIBRATION_NAME) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **columns)  # type: ignore[arg-type]  # its stub takes a keyword named allow_pickle for all


def coverage(
    calibration: Mapping[str, CalibrationSet], fresh: Mapping[str, CalibrationSet]
) -> dict[str, float]:
    """Measure the share of other sounds' settings inside their intervals, by effect."""
    return {
        name: float(np.mean(are_inside(calibration[name], others.estimates, others.truths)))
        for name, others in fresh.items()
    }
