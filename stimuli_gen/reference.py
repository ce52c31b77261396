"""Make an item's reference: the sound that the systems under test must match.

Conventions: waves have shape (1, samples), float32, full scale ±1. Clean sounds go into effects
at peak 1, the level at which settings are learnt and matched.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from autofx_core.audio import normalize_peak
from autofx_core.effects.pedals import DESIGNS
from autofx_core.effects.table import draw_setting, effect_of, render
from stimuli_gen.plan import PlannedItem
from stimuli_gen.seeds import derive_rng
from stimuli_gen.signal_checks import FaultError, cannot_be_told, refuse_broken
from stimuli_gen.study import Study

ONSET_DB = -30.0
LEAD_IN_S = 0.005


@dataclass(frozen=True)
class Sound:
    """A rendered sound and how it was made; `parameters` in real units, `normalized` in [0, 1]."""

    wave: np.ndarray
    effect: str
    parameters: dict[str, float] | None = None
    normalized: dict[str, float] | None = None


def play_effect(family: str, clean: np.ndarray, sample_rate: int, setting: dict) -> Sound:
    """Play a clean sound through the generic effect of a family."""
    wave = render(family, clean, sample_rate, setting)
    effect = effect_of(family)
    ranges = {p.name: (p.low, p.high) for p in effect.parameters}
    return Sound(wave, effect.name, setting, _normalize(setting, ranges))


def _normalize(
    setting: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Map each value linearly from its range to [0, 1]."""
    return {name: (setting[name] - low) / (high - low) for name, (low, high) in ranges.items()}


def prepare_clean(wave: np.ndarray, study: Study) -> np.ndarray:
    """Cut what comes before the onset, bring the sound to peak 1, and append the silent tail."""
    rate = study.sample_rate_hz
    start = max(0, find_onset(wave) - round(LEAD_IN_S * rate))
    wave = normalize_peak(wave[:, start : start + round(study.longest_s * rate)])
    return np.pad(wave, ((0, 0), (0, round(study.tail_s * rate)))).astype(np.float32)


def make_reference(
    study: Study,
    planned: PlannedItem,
    clean: np.ndarray,
    recording: np.ndarray | None,
    *,
    attempt: int,
) -> Sound:
    """Make the reference of an item; each attempt draws other settings.

    Raises
    ------
    FaultError
        If it is broken, or cannot be told from the clean sound.
    """
    rng = derive_rng(study.seed, planned.id, "reference", attempt)
    rate = study.sample_rate_hz
    if planned.kind == "in_domain":
        sound = play_effect(planned.family, clean, rate, draw_setting(rng, planned.family))
    elif planned.kind == "out_of_domain":
        design = DESIGNS[planned.design]
        setting = design.draw(rng)
        normalized = _normalize(setting, design.ranges)
        sound = Sound(design.render(clean, rate, setting), design.name, setting, normalized)
    else:
        sound = Sound(_align(recording, clean), planned.recording.effect)
    refuse_broken(sound.wave, f"reference ({sound.effect})")
    if cannot_be_told(sound.wave, clean):
        raise FaultError(f"reference ({sound.effect}) cannot be told from the clean sound")
    return sound


def find_onset(wave: np.ndarray) -> int:
    """Find the first sample within 30 dB of the peak."""
    level = np.abs(wave).max(axis=0)
    return int(np.argmax(level >= level.max() * 10 ** (ONSET_DB / 20)))


def _align(recording: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Shift a recording so that it begins when the clean sound does, and give it its length."""
    shift = find_onset(clean) - find_onset(recording)
    shifted = np.pad(recording, ((0, 0), (max(0, shift), 0)))[:, max(0, -shift) :]
    return fit_length(shifted, clean.shape[1])


def fit_length(wave: np.ndarray, samples: int) -> np.ndarray:
    """Cut or zero-pad a wave at its end."""
    short = max(0, samples - wave.shape[1])
    return np.pad(wave[:, :samples], ((0, 0), (0, short))).astype(np.float32)
