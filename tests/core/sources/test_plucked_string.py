"""Made-up strings sound like strings: in tune, decaying, and each another."""

import numpy as np
import pytest
import torch

from autofx_core.features.timbre.note import pitch
from autofx_core.features.timbre.spectrogram import compute_spectrogram
from autofx_core.sources.plucked_string import MIDI, _oscillate, synthesize_string

RATE_HZ = 22_050
SAMPLES = 35_000


@pytest.fixture(scope="module")
def strings():
    rng = np.random.default_rng(0)
    return np.concatenate([synthesize_string(rng, RATE_HZ, SAMPLES) for _ in range(60)])


def test_they_have_peak_1_and_the_length_asked_for(strings):
    assert strings.shape == (60, SAMPLES)
    assert strings.dtype == np.float32
    np.testing.assert_allclose(np.abs(strings).max(1), 1.0, rtol=1e-5)


def test_they_decay(strings):
    squares = strings.reshape(60, 10, -1).astype(float) ** 2
    level = squares.mean(2)
    assert (level[:, 0] > 3 * level[:, -1]).all()


def test_they_are_periodic_notes_of_the_guitars_range(strings):
    pitch_hz, periodicity = pitch(compute_spectrogram(torch.from_numpy(strings)).power)
    midi = 69 + 12 * torch.log2(pitch_hz / 440)
    in_range = (midi > MIDI[0] - 0.5) & (midi < MIDI[1] + 0.5)
    assert in_range.float().mean() > 0.9
    assert periodicity.median() > 0.9


def test_no_two_are_alike_and_a_seed_makes_the_same_again(strings):
    correlation = np.corrcoef(strings)
    assert np.abs(correlation - np.eye(60)).max() < 0.9
    again = synthesize_string(np.random.default_rng(0), RATE_HZ, SAMPLES)
    np.testing.assert_array_equal(again[0], strings[0])


def test_partials_are_damped_oscillations():
    hertz, decay_per_s, amplitude = np.array([100.0, 250.5]), np.array([1.0, 7.0]), [0.8, 0.3j]
    time_s = np.arange(1000) / RATE_HZ
    expected = sum(
        (a * np.exp((2j * np.pi * f - d) * time_s)).real
        for f, d, a in zip(hertz, decay_per_s, amplitude, strict=True)
    )
    wave = _oscillate(hertz, decay_per_s, np.array(amplitude), RATE_HZ, 1000)
    np.testing.assert_allclose(wave, expected, atol=1e-9)
