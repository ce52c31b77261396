"""Clippers of several shapes, hard (distortion) and soft (overdrive), with their tone filters."""

import numpy as np
import pedalboard

from autofx_core.effects.pedals.dsp import high_pass, low_pass
from autofx_core.effects.pedals.pedal import pedal


def _driven(wave: np.ndarray, drive_db: float) -> np.ndarray:
    return 10 ** (drive_db / 20) * wave


@pedal("overdrive", drive_db=(12.0, 40.0), asymmetry=(0.3, 0.8), tone_hz=(1500.0, 5000.0))
def _diode_overdrive(wave, sample_rate, *, drive_db, asymmetry, tone_hz):
    """Clip the halves by exponentials of unequal knees, which adds even harmonics."""
    driven = _driven(wave, drive_db)
    clipped = np.where(
        driven > 0,
        1 - np.exp(-np.maximum(driven, 0)),
        (np.exp(np.minimum(driven, 0) / (1 - asymmetry)) - 1) * (1 - asymmetry),
    )
    return low_pass(high_pass(clipped, sample_rate, 30.0), sample_rate, tone_hz)


@pedal("distortion", drive_db=(30.0, 55.0), bias=(0.0, 0.2), tone_hz=(1000.0, 4000.0))
def _fuzz(wave, sample_rate, *, drive_db, bias, tone_hz):
    """Clip hard around a bias, nearly to a square wave, and round it by a tone filter."""
    clipped = np.clip(_driven(wave + bias * np.abs(wave).max() / 10, drive_db), -1, 1)
    return low_pass(high_pass(clipped, sample_rate, 30.0), sample_rate, tone_hz)


@pedal("overdrive", drive_db=(8.0, 30.0), mid_hz=(500.0, 1000.0), clean_share=(0.1, 0.5))
def _screamer(wave, sample_rate, *, drive_db, mid_hz, clean_share):
    """Clip the mids by arctangent, leave the bass out, and blend the clean sound in."""
    mids = high_pass(wave, sample_rate, mid_hz)
    clipped = 2 / np.pi * np.arctan(_driven(mids, drive_db))
    return low_pass((1 - clean_share) * clipped + clean_share * wave, sample_rate, 4500.0)


@pedal("overdrive", drive_db=(6.0, 24.0), bias=(0.1, 0.5), cabinet_hz=(3500.0, 5500.0))
def _tube_amp(wave, sample_rate, *, drive_db, bias, cabinet_hz):
    """Play through two biased tanh stages of opposite sign and a loudspeaker's band."""
    stage = np.tanh(_driven(wave, drive_db) + bias) - np.tanh(bias)
    stage = -high_pass(stage, sample_rate, 40.0)
    stage = np.tanh(2 * stage + bias) - np.tanh(bias)
    return low_pass(high_pass(stage, sample_rate, 80.0, 2), sample_rate, cabinet_hz, 3)


@pedal("overdrive", drive_db=(8.0, 26.0), tone_hz=(2000.0, 6000.0))
def _cubic_overdrive(wave, sample_rate, *, drive_db, tone_hz):
    """Clip by x − x³/3, flat beyond ±1: odd harmonics alone, gentle at low levels."""
    limited = np.clip(_driven(wave, drive_db), -1, 1)
    return low_pass(1.5 * (limited - limited**3 / 3), sample_rate, tone_hz)


@pedal("distortion", drive_db=(25.0, 50.0), tone=(0.0, 1.0))
def _hard_clipper(wave, sample_rate, *, drive_db, tone):
    """Clip hard behind a bass cut, then blend a low-pass with a high-pass: a scooped tone."""
    clipped = np.clip(_driven(high_pass(wave, sample_rate, 150.0), drive_db), -1, 1)
    dark = low_pass(clipped, sample_rate, 500.0)
    bright = high_pass(clipped, sample_rate, 1200.0)
    return (1 - tone) * dark + tone * bright + 0.2 * clipped


@pedal("distortion", drive_db=(20.0, 45.0), octave=(0.3, 1.0), tone_hz=(2000.0, 5000.0))
def _octave_fuzz(wave, sample_rate, *, drive_db, octave, tone_hz):
    """Rectify a share of the sound, which doubles its pitch, then clip it hard."""
    blend = (1 - octave) * wave + octave * high_pass(np.abs(wave), sample_rate, 80.0)
    clipped = np.tanh(_driven(blend, drive_db))
    return low_pass(high_pass(clipped, sample_rate, 40.0), sample_rate, tone_hz)


@pedal("distortion", drive_db=(30.0, 60.0), mid_db=(-10.0, 10.0))
def _high_gain_amp(wave, sample_rate, *, drive_db, mid_db):
    """Drive three tanh stages with bass cuts between them, a mid control and a loudspeaker."""
    stage = wave
    for _ in range(3):
        stage = np.tanh(_driven(high_pass(stage, sample_rate, 100.0), drive_db / 3))
    mid = pedalboard.Pedalboard([pedalboard.PeakFilter(700.0, mid_db, 0.8)])
    stage = mid(stage.astype(np.float32), sample_rate, reset=True)
    return low_pass(high_pass(stage, sample_rate, 80.0, 2), sample_rate, 4500.0, 3)
