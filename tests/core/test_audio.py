"""Sounds come in whole, go out whole, and bad ones are named."""

import numpy as np
import pytest
import soundfile

from autofx_core.audio import (
    AudioError,
    fade_ends,
    find_onset,
    for_analysis,
    list_faults,
    load_sound,
    read_audio,
    resample,
    write_audio,
)


def tone(rate_hz, seconds=0.5, frequency_hz=440.0):
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_stereo_file_is_read_as_it_was_written(tmp_path, suffix):
    wave = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 1000)).astype(np.float32)
    write_audio(tmp_path / f"a.{suffix}", wave, 44_100)
    again, rate_hz = read_audio(tmp_path / f"a.{suffix}")
    assert rate_hz == 44_100
    np.testing.assert_allclose(again, wave, atol=2**-23)


def test_resampling_keeps_a_tone_and_removes_what_does_not_fit():
    kept = resample(tone(44_100)[None], 44_100, 22_050)[0]
    middle = slice(1000, -1000)
    np.testing.assert_allclose(kept[middle], tone(22_050)[middle], atol=1e-4)
    gone = resample(tone(44_100, frequency_hz=15_000)[None], 44_100, 22_050)[0]
    assert np.abs(gone[middle]).max() < 1e-3


def test_fades_follow_half_a_cosine_and_leave_the_middle_and_the_wave_alone():
    wave = np.ones((1, 1000), np.float32)
    faded = fade_ends(wave, 1000, fade_in_s=0.1, fade_out_s=0.2)
    expected = [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    places = [0, 50, 100, 500, 799, 899, 999]
    np.testing.assert_allclose(faded[0, places], expected, atol=0.01)
    assert wave.min() == 1.0


def rising(rate_hz=1000):
    """Make 100 samples each of silence, −60, −45, −20 and 0 dB."""
    return np.repeat([0.0, 0.001, 10 ** (-45 / 20), 0.1, 1.0], rate_hz // 10)


@pytest.mark.parametrize(
    ("threshold_db", "onset"), [(-70, 100), (-50, 200), (-40, 300), (-30, 300), (-6, 400)]
)
def test_an_onset_is_the_first_sample_within_the_threshold_at_any_level(threshold_db, onset):
    for gain in (1.0, 1e-3):
        assert find_onset(gain * rising(), threshold_db=threshold_db) == onset


def test_the_louder_channel_has_the_onset():
    late, early = np.zeros(500), rising()
    assert find_onset(np.stack([late, early]), threshold_db=-50) == 200


def test_for_analysis_gives_mono_at_22_khz_with_peak_one():
    stereo = 0.25 * np.stack([tone(48_000), tone(48_000)]).astype(np.float32)
    wave = for_analysis(stereo, 48_000)
    assert wave.shape == (11_025,)
    assert np.abs(wave).max() == pytest.approx(1.0)


def test_channels_of_opposite_phase_leave_the_louder_one_and_a_warning():
    one = tone(44_100).astype(np.float32)
    wave = np.stack([0.3 * one, -0.31 * one])
    np.testing.assert_allclose(for_analysis(wave, 44_100), for_analysis(wave[1:], 44_100))
    assert list_faults(wave) == ["the channels have opposite phase; only the louder one was used"]
    wide = np.stack([one, np.random.default_rng(0).standard_normal(one.size).astype(np.float32)])
    for usual in (np.stack([one, one]), np.stack([one, 0 * one]), wide, one[None]):
        assert list_faults(usual) == []


def test_dc_is_removed_and_stated():
    wave = (tone(44_100)[None] + 0.5).astype(np.float32)
    without = for_analysis(wave - 0.5, 44_100)
    np.testing.assert_allclose(for_analysis(wave, 44_100)[500:-500], without[500:-500], atol=2e-3)
    assert list_faults(wave) == ["the sound has a DC offset, which was removed"]


@pytest.mark.parametrize(
    ("name", "wave", "message"),
    [
        ("silent.wav", np.zeros(44_100), "is silent"),
        ("short.wav", tone(44_100, seconds=0.01), "lasts 10 ms; at least 200 ms"),
        ("nan.wav", np.full(44_100, np.nan), "holds NaN"),
    ],
)
def test_a_sound_without_an_effect_to_hear_is_refused_by_name(tmp_path, name, wave, message):
    path = tmp_path / name
    soundfile.write(path, wave, 44_100, subtype="FLOAT")
    with pytest.raises(AudioError, match=f"{name}: {message}"):
        load_sound(path)


def test_a_wav_that_is_text_and_a_missing_file_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AudioError, match=r"text\.wav: not a sound file") as caught:
        read_audio(tmp_path / "text.wav")
    assert "\n" not in str(caught.value)
    with pytest.raises(AudioError, match=r"gone\.wav: no such file"):
        read_audio(tmp_path / "gone.wav")
