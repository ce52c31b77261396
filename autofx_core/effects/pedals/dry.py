"""What a plain guitar goes through and is still called dry: tone, levels, a little noise."""

import numpy as np
import pedalboard

from autofx_core.effects.pedals.dsp import high_pass, low_pass
from autofx_core.effects.pedals.pedal import pedal


def _play(wave: np.ndarray, sample_rate: int, *plugins: pedalboard.Plugin) -> np.ndarray:
    return pedalboard.Pedalboard(list(plugins))(wave.astype(np.float32), sample_rate, reset=True)


@pedal("dry")
def _clean(wave, sample_rate):
    """Leave the sound as it is."""
    return wave


@pedal("dry", bass_db=(-6.0, 6.0), treble_db=(-6.0, 6.0))
def _amp_tone(wave, sample_rate, *, bass_db, treble_db):
    """Colour the sound by an amplifier's bass and treble knobs."""
    return _play(
        wave,
        sample_rate,
        pedalboard.LowShelfFilter(cutoff_frequency_hz=250, gain_db=bass_db, q=0.7),
        pedalboard.HighShelfFilter(cutoff_frequency_hz=2000, gain_db=treble_db, q=0.7),
    )


@pedal("dry", low_db=(-8.0, 8.0), mid_db=(-8.0, 8.0), high_db=(-8.0, 8.0), mid_hz=(400.0, 1500.0))
def _equaliser(wave, sample_rate, *, low_db, mid_db, high_db, mid_hz):
    """Colour the sound by three peaks, around 150 Hz, the mid and 3.5 kHz."""
    return _play(
        wave,
        sample_rate,
        pedalboard.PeakFilter(150.0, low_db, 0.9),
        pedalboard.PeakFilter(mid_hz, mid_db, 0.9),
        pedalboard.PeakFilter(3500.0, high_db, 0.9),
    )


@pedal("dry", cutoff_hz=(2800.0, 6000.0), resonance_hz=(80.0, 160.0))
def _loudspeaker(wave, sample_rate, *, cutoff_hz, resonance_hz):
    """Play through a cabinet: its resonance, a presence peak, nothing above some kilohertz."""
    boosted = _play(
        wave,
        sample_rate,
        pedalboard.PeakFilter(resonance_hz, 5.0, 2.0),
        pedalboard.PeakFilter(0.6 * cutoff_hz, 4.0, 1.5),
    )
    return low_pass(high_pass(boosted, sample_rate, 70.0, 2), sample_rate, cutoff_hz, 4)


@pedal("dry", threshold_db=(-30.0, -10.0), ratio=(2.0, 6.0), release_ms=(80.0, 400.0))
def _compressor(wave, sample_rate, *, threshold_db, ratio, release_ms):
    """Even the level out above a threshold."""
    plugin = pedalboard.Compressor(
        threshold_db=threshold_db, ratio=ratio, attack_ms=5.0, release_ms=release_ms
    )
    return _play(wave, sample_rate, plugin)


@pedal("dry", hiss_dbfs=(-70.0, -45.0), hum_dbfs=(-75.0, -50.0))
def _noisy_line(wave, sample_rate, *, hiss_dbfs, hum_dbfs):
    """Add the hiss and the 50 Hz hum of an amplifier, below the sound's peak."""
    peak = np.abs(wave).max()
    time_s = np.arange(wave.shape[-1]) / sample_rate
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in (1, 2, 3))
    hiss = np.random.default_rng(0).standard_normal(wave.shape) / 4
    return wave + peak * (10 ** (hiss_dbfs / 20) * hiss + 10 ** (hum_dbfs / 20) * hum)
