"""Loudness and true peak against BS.1770's own numbers, and equal loudness within an item."""

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ffmpeg import TOLERANCE_LU, measure_by_ffmpeg

from stimuli_gen.loudness import (
    LOUDNESS_ERROR_LU,
    match_loudness,
    measure_blocks,
    measure_loudness,
    measure_true_peak,
)

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


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_another_program_measures_the_same_loudness(rate, tmp_path):
    """ffmpeg's ebur128 filter shares no code with ours: notes, noise, a fade, pauses."""
    rng = np.random.default_rng(0)
    time_s = np.arange(3 * rate) / rate
    note = np.sin(2 * np.pi * 110 * time_s) * np.exp(-2 * time_s)
    sounds = {
        "note": 0.5 * note,
        "noise": 0.05 * rng.normal(size=time_s.size),
        "fade": 0.3 * np.sin(2 * np.pi * 3_000 * time_s) * np.linspace(1, 0, time_s.size) ** 2,
        "pauses": 0.2 * note * (np.floor(2 * time_s) % 2 == 0),
        "quiet": 6e-4 * rng.normal(size=time_s.size),
    }
    for name, wave in sounds.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, wave, rate, subtype="FLOAT")
        read = soundfile.read(path)[0][np.newaxis]
        measured = measure_loudness(read, rate)
        assert measured == pytest.approx(measure_by_ffmpeg(path), abs=TOLERANCE_LU), name


def test_the_gates_are_pyloudnorms():
    """The same filters, but gated by another program, at levels around both gates."""
    rng = np.random.default_rng(1)
    envelope = 10 ** (rng.uniform(-4, 0, 60) / 1).repeat(RATE // 10)
    wave = (0.3 * envelope * rng.normal(size=envelope.size))[np.newaxis]
    meter = pyloudnorm.Meter(RATE, filter_class="DeMan")
    blocks = measure_blocks(wave, RATE)
    for gain_db in (-40.0, -20.0, -3.0, 0.0, 10.0):
        expected = meter.integrated_loudness((wave * 10 ** (gain_db / 20)).T)
        assert blocks.loudness(gain_db) == pytest.approx(expected, abs=1e-6)


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


def quiet_note_with_tail(tail_db):
    """A tone of 0.5 s at −57 LUFS and a tail of 4 s, which the gate of −70 LUFS hides at first."""
    return np.concatenate([tone(997, -54, 0.5), tone(997, -54 + tail_db, 4.0)], axis=1)


@pytest.mark.parametrize("tail_db", [-14.0, -16.0, -18.0])
def test_loudness_is_right_after_the_gain_that_brings_a_tail_above_the_gate(tail_db):
    """At its own level the first note is measured without its tail, 5 to 9 LU too loud."""
    waves = {"short": tone(997), "tail": quiet_note_with_tail(tail_db)}
    gains = match_loudness(waves, RATE, target_lufs=-23.0, ceiling_dbtp=-1.0)
    for name, wave in waves.items():
        loudness = measure_loudness(wave * 10 ** (gains.gains_db[name] / 20), RATE)
        assert loudness == pytest.approx(-23.0, abs=LOUDNESS_ERROR_LU)
    first_gain_db = -23.0 - measure_loudness(waves["tail"], RATE)
    assert abs(gains.gains_db["tail"] - first_gain_db) > 1


def test_loudness_is_that_of_the_finished_sound():
    """Noise of the finish counts: here it adds 3 dB to a sound of equal energy."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(1, RATE)) * 10 ** (-30 / 20)
    waves = {"noise": rng.normal(size=(1, RATE)) * 0.1}
    gains = match_loudness(
        waves, RATE, target_lufs=-20.0, ceiling_dbtp=-1.0, finish=lambda _, wave: wave + noise
    )
    finished = waves["noise"] * 10 ** (gains.gains_db["noise"] / 20) + noise
    assert measure_loudness(finished, RATE) == pytest.approx(-20.0, abs=LOUDNESS_ERROR_LU)


def test_silent_sound_is_named_when_it_cannot_be_matched():
    waves = {"loud": tone(440), "hush": np.zeros((1, RATE))}
    with pytest.raises(ValueError, match="hush is too quiet"):
        match_loudness(waves, RATE, target_lufs=-23, ceiling_dbtp=-1)
