"""Losses count the parameters that exist; distances measure what is heard, not the level."""

import numpy as np
import pytest
import torch

from autofx_core.effects.table import render
from autofx_core.metrics.distances import log_mel_distance, mrstft_distance
from autofx_core.metrics.losses import OWN_PARAMETERS, absolute_errors, c2_mse

RATE_HZ = 22_050


def pluck(frequency_hz=196.0, seconds=1.5):
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * k * frequency_hz * time_s) / k for k in range(1, 9))
    return (0.3 * wave * np.exp(-2 * time_s)).astype(np.float32)[None]


def test_the_constant_one_half_scores_as_in_table_c2_units():
    # 5 + 3 + 7 own parameters of 15, each with variance 1/12 around 1/2: 27.8e-3 on average
    target = torch.rand(30_000, 15, generator=torch.Generator().manual_seed(0))
    family = torch.arange(30_000) % 3
    constant = torch.full_like(target, 0.5)
    assert c2_mse(constant, target, family).item() == pytest.approx(27.8e-3, rel=0.01)
    errors = absolute_errors(constant, target, family)
    assert [len(of_family) for of_family in errors.values()] == [5, 3, 7]
    for of_family in errors.values():
        assert list(of_family.values()) == pytest.approx([0.25] * len(of_family), abs=0.005)


def test_every_output_belongs_to_exactly_one_family():
    assert OWN_PARAMETERS.sum(0).tolist() == [1.0] * 15


@pytest.mark.parametrize("distance", [mrstft_distance, log_mel_distance])
def test_distance_is_zero_for_the_same_sound_at_another_level(distance):
    assert distance(pluck(), pluck(), RATE_HZ) == 0
    assert distance(pluck(), 0.3 * pluck(), RATE_HZ) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("distance", [mrstft_distance, log_mel_distance])
def test_distance_grows_with_the_error_of_the_setting(distance):
    reference = render("delay", pluck(), RATE_HZ, dict(delay_seconds=0.3, feedback=0.4, mix=0.5))
    distances = [
        distance(
            reference,
            render("delay", pluck(), RATE_HZ, dict(delay_seconds=0.3, feedback=0.4, mix=mix)),
            RATE_HZ,
        )
        for mix in (0.5, 0.45, 0.3, 0.1)
    ]
    assert distances == sorted(distances)
    assert distances[0] == 0
    assert distances[-1] > 0.1


def test_mrstft_is_the_mean_log_magnitude_difference_of_numpys_spectra():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 4096)).astype(np.float32)
    first, second = first - first.mean(), second - second.mean()
    first, second = first / np.abs(first).max(), second / np.abs(second).max()
    second = second * np.sqrt(np.mean(first**2) / np.mean(second**2))

    def log_magnitudes(wave, size):
        padded = np.pad(wave, size // 2)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
        starts = range(0, wave.size + 1, size // 4)
        frames = np.stack([padded[s : s + size] * window for s in starts])
        return np.log(np.maximum(np.abs(np.fft.rfft(frames)), 1e-4))

    expected = np.mean(
        [
            np.abs(log_magnitudes(first, size) - log_magnitudes(second, size)).mean()
            for size in (64, 128, 256, 512, 1024, 2048)
        ]
    )
    measured = mrstft_distance(first[None], second[None], RATE_HZ)
    assert measured == pytest.approx(expected, rel=1e-4)
