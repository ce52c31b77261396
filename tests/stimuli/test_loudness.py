"""Loudness and true peak against BS.1770's own numbers, and equal loudness within an item."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimuli_gen.loudness import match_loudness, measure_loudness, measure_true_peak

RATE = 44_100
LOUDNESS_TOLERANCE_LU = 0.1
TRUE_PEAK_TOLERANCE_DB = 0.2


def tone(frequency_hz, level_dbfs=0.0, seconds=1.0, phase=0.0):
    time_s = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * frequency_hz * time_s + phase)
    return (10 ** (level_dbfs / 20) * wave)[np.newaxis]


@pytest.mark.parametrize("level_dbfs", [-20.0, -40.0])
def test_tone_of_997_hz_has_its_level_minus_3_lufs(level_dbfs):
    measured = measure_loudness(tone(997, level_dbfs), RATE)
    assert measured == pytest.approx(level_dbfs - 3.01, abs=LOUDNESS_TOLERANCE_LU)


def test_sound_shorter_than_a_block_is_measured_as_if_silence_followed():
    short = tone(997, seconds=0.2)
    assert measure_loudness(short, RATE) == pytest.approx(-6.0, abs=0.2)


def test_silence_has_no_loudness_and_no_peak():
    silence = np.zeros((1, RATE), np.float32)
    assert measure_loudness(silence, RATE) == -np.inf
    assert measure_true_peak(silence) == -np.inf


def test_true_peak_finds_the_tops_between_the_samples():
    """A tone at a quarter of the rate, sampled 45° off its tops, reads 3 dB too low by samples."""
    wave = tone(RATE / 4, level_dbfs=-6.0, phase=np.pi / 4)
    assert 20 * np.log10(np.abs(wave).max()) == pytest.approx(-9.01, abs=0.01)
    middle = wave[:, RATE // 4 : -RATE // 4]
    faded = middle * np.hanning(middle.shape[1])
    assert measure_true_peak(faded) == pytest.approx(-6.0, abs=TRUE_PEAK_TOLERANCE_DB)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.floats(-50, 20), min_size=2, max_size=5),
    st.floats(-40, -10),
    st.floats(-12, 0),
)
def test_matched_sounds_are_equally_loud_and_none_passes_the_ceiling(
    levels_db, target_lufs, ceiling_dbtp
):
    rng = np.random.default_rng(0)
    burst = rng.normal(size=RATE) * np.exp(-np.arange(RATE) / 5_000)
    waves = {
        str(i): tone(200 * 2**i, level) + 10 ** (level / 20) * i * burst
        for i, level in enumerate(levels_db)
    }
    gains = match_loudness(waves, RATE, target_lufs=target_lufs, ceiling_dbtp=ceiling_dbtp)
    promised = gains.loudness_lufs
    matched = [wave * 10 ** (gains.gains_db[name] / 20) for name, wave in waves.items()]
    assert promised <= target_lufs
    for wave in matched:
        assert measure_loudness(wave, RATE) == pytest.approx(promised, abs=LOUDNESS_TOLERANCE_LU)
        assert measure_true_peak(wave) <= ceiling_dbtp + 1e-6
    if promised < target_lufs:  # lowered no further than needed
        highest = max(measure_true_peak(wave) for wave in matched)
        assert highest == pytest.approx(ceiling_dbtp, abs=1e-6)


def test_silent_sound_is_named_when_it_cannot_be_matched():
    waves = {"loud": tone(440), "hush": np.zeros((1, RATE))}
    with pytest.raises(ValueError, match="hush is too quiet"):
        match_loudness(waves, RATE, target_lufs=-23, ceiling_dbtp=-1)
