"""Peaks of sampled parabolas and cosines are found between the samples."""

import numpy as np
import pytest
import torch

from autofx_core.features.peaks import first_high_peak, highest_peaks, interpolate_peak


@pytest.mark.parametrize("vertex", [-0.5, -0.2, 0.0, 0.37, 0.5])
def test_the_vertex_of_a_parabola_is_found_exactly(vertex):
    around = 3 - 2 * (torch.tensor([-1.0, 0.0, 1.0]) - vertex) ** 2
    assert interpolate_peak(*around).item() == pytest.approx(vertex, abs=1e-6)


def test_a_flat_top_has_its_peak_in_the_middle():
    assert interpolate_peak(*torch.ones(3)).item() == 0


def test_peaks_come_by_height_and_missing_ones_are_zero():
    track = torch.tensor([[0.0, 1.0, 0.0, 3.0, 0.0, -1.0, 0.0]])
    place, height = highest_peaks(track, 3)
    assert place[0].tolist() == [3.0, 1.0, 0.0]
    assert height[0].tolist() == [3.0, 1.0, 0.0]


def test_the_first_high_peak_is_not_the_highest_of_its_multiples():
    lags = torch.arange(100)
    periodic = torch.cos(2 * np.pi * lags / 20.0) * (1 + lags / 1000)
    place, highest = first_high_peak(periodic, first=1, near=0.9)
    assert place.item() == pytest.approx(20.0, abs=0.1)
    assert highest.item() == pytest.approx(1.08, abs=0.001)


def test_a_track_without_maxima_has_its_first_peak_nowhere():
    place, highest = first_high_peak(torch.linspace(1, 0, 50), first=1, near=0.9)
    assert place.item() == np.inf
    assert highest.item() == 0
