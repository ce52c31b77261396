"""Make an item's reference: the sound that the systems under test must match.

Conventions: waves have shape (1, samples), float32, full scale ±1. Clean sounds go into effects
at peak 1, the level at which networks are trained and settings are matched.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import signal

from autofx_core.audio import LEAD_IN_S, fade_ends, find_onset, normalize_peak
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import draw_setting, effect_of, render
from autofx_core.matching.alignment import find_offset, shift
from stimuli_gen.plan import PlannedItem
from stimuli_gen.seeds import derive_rng
from stimuli_gen.signal_checks import FaultError, find_quietest, is_indistinguishable, refuse_broken
from stimuli_gen.study import StudySpec

ONSET_DB = -30.0
"""A sound begins where it comes within 30 dB of its peak."""
CUT_FADE_S = 0.05
DC_CUTOFF_HZ = 5.0


@dataclass(frozen=True)
class Sound:
    """A rendered sound and how it was made; `parameters` in real units, `normalized` in [0, 1]."""

    wave: np.ndarray
    effect: str
    parameters: dict[str, float] | None = None
    normalized: dict[str, float] | None = None


def play_effect(
    effect_class: str, clean: np.ndarray, sample_rate: int, setting: dict[str, float]
) -> Sound:
    """Play a clean sound through the generic effect of a class.

    Parameters
    ----------
    effect_class
        One of `autofx_core.effects.table.EFFECTS`.
    clean : ndarray, shape (1, samples), float32, peak 1
    sample_rate
        In Hz.
    setting
        Every parameter of the effect, in its unit.

    Raises
    ------
    ValueError
        If a parameter is unknown, missing or outside its range.
    """
    wave = render(effect_class, clean, sample_rate, setting)
    effect = effect_of(effect_class)
    ranges = {p.name: (p.low, p.high) for p in effect.parameters}
    return Sound(wave, effect.name, setting, _normalize(setting, ranges))


def _normalize(
    setting: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Map each value linearly from its range to [0, 1]."""
    return {name: (setting[name] - low) / (high - low) for name, (low, high) in ranges.items()}


def prepare_clean(wave: np.ndarray, study: StudySpec) -> np.ndarray:
    """Cut what comes before the onset, bring the sound to peak 1, and append the silent tail.

    A sound longer than the study's `longest_s` is cut in a pause and fades out. The tail is the
    longest that the study allows; `trim` takes away what no sound of the item needs.
    """
    start, samples = find_clean(wave, study)
    rate = study.sample_rate_hz
    return cut_clean(wave, rate, start=start, samples=samples, tail_s=study.longest_tail_s)


def find_clean(wave: np.ndarray, study: StudySpec) -> tuple[int, int]:
    """Find the part of a clean file that an item takes: its first sample and its length.

    Of a recording that is too long, it ends in the quietest moment of the second half of what may
    be taken: between two phrases, if there is a pause.
    """
    rate = study.sample_rate_hz
    start = max(0, find_onset(wave, threshold_db=ONSET_DB) - round(LEAD_IN_S * rate))
    longest = round(study.longest_s * rate)
    if wave.shape[1] - start <= longest:
        return start, wave.shape[1] - start
    taken = wave[:, start : start + longest]
    return start, longest // 2 + find_quietest(taken[:, longest // 2 :], rate)


def cut_clean(
    wave: np.ndarray, sample_rate: int, *, start: int, samples: int, tail_s: float
) -> np.ndarray:
    """Cut a clean sound, bring it to peak 1, and append silence.

    Parameters
    ----------
    wave : ndarray, shape (1, samples), float32
        As read from its file.
    sample_rate
        In Hz.
    start, samples
        What `find_clean` returns. An end before the file's own end fades out.
    tail_s
        Silence to append.
    """
    cut = wave[:, start : start + samples]
    if start + samples < wave.shape[1]:
        cut = fade_ends(cut, sample_rate, fade_in_s=0.0, fade_out_s=CUT_FADE_S)
    tail = round(tail_s * sample_rate)
    return np.pad(normalize_peak(cut), ((0, 0), (0, tail))).astype(np.float32)


def play_pedal(name: str, clean: np.ndarray, sample_rate: int, setting: dict[str, float]) -> Sound:
    """Play a clean sound through another pedal.

    Parameters
    ----------
    name
        One of `autofx_core.effects.pedals`.
    clean : ndarray, shape (1, samples), float32, peak 1
    sample_rate
        In Hz.
    setting
        Every parameter of the pedal, in its unit.
    """
    pedal = PEDAL_MODELS[name]
    wave = pedal.render(clean, sample_rate, setting)
    return Sound(wave, pedal.name, setting, _normalize(setting, pedal.ranges))


def make_reference(
    study: StudySpec,
    planned: PlannedItem,
    clean: np.ndarray,
    recording: np.ndarray | None,
    *,
    attempt: int,
) -> Sound:
    """Make the reference of an item; each attempt draws other settings.

    Parameters
    ----------
    study, planned
        The study and the item of its plan.
    clean : ndarray, shape (1, samples), float32
        As `prepare_clean` returns.
    recording : ndarray, shape (1, samples), float32, optional
        The processed recording, of an item that has a pair.
    attempt
        Number of the draw, from 0.

    Raises
    ------
    FaultError
        If it is broken, or indistinguishable from the clean sound.
    """
    rng = derive_rng(study.seed, planned.id, "reference", attempt)
    rate = study.sample_rate_hz
    if planned.pair is not None and recording is not None:
        sound = Sound(align_recording(recording, clean, rate), planned.pair.effect)
    elif planned.pedal is not None:
        setting = PEDAL_MODELS[planned.pedal].draw(rng)
        sound = play_pedal(planned.pedal, clean, rate, setting)
    else:
        setting = draw_setting(rng, planned.effect_class)
        sound = play_effect(planned.effect_class, clean, rate, setting)
    refuse_broken(sound.wave, f"reference ({sound.effect})")
    if is_indistinguishable(sound.wave, clean):
        raise FaultError(f"reference ({sound.effect}) is indistinguishable from the clean sound")
    return sound


def remove_offset(wave: np.ndarray) -> np.ndarray:
    """Remove a recording's constant offset."""
    return wave - wave.mean(axis=1, keepdims=True)


def block_dc(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Remove what an asymmetric effect shifts the wave by: a high-pass of first order at 5 Hz."""
    pole = np.exp(-2 * np.pi * DC_CUTOFF_HZ / sample_rate)
    return signal.lfilter([1.0, -1.0], [1.0, -pole], wave, axis=1).astype(np.float32)


def align_recording(recording: np.ndarray, clean: np.ndarray, sample_rate: int) -> np.ndarray:
    """Shift a recording so that it lies as the clean sound does, and give it its length.

    First by where both begin, then by the phase transform (see `matching.alignment`), since an
    effect may soften the attack; where that finds nothing clear, the beginnings count.

    Parameters
    ----------
    recording, clean : ndarray, shape (1, samples)
    sample_rate
        In Hz, of both.
    """
    onsets = [find_onset(wave, threshold_db=ONSET_DB) for wave in (clean, recording)]
    begun = fit_length(shift(recording, onsets[0] - onsets[1]), clean.shape[1])
    late = find_offset(clean, begun, sample_rate)
    return fit_length(shift(recording, onsets[0] - onsets[1] - late), clean.shape[1])


def fit_length(wave: np.ndarray, samples: int) -> np.ndarray:
    """Cut or zero-pad a wave at its end."""
    short = max(0, samples - wave.shape[1])
    return np.pad(wave[:, :samples], ((0, 0), (0, short))).astype(np.float32)
