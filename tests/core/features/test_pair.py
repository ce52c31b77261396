"""The pair set shows what the real plug-ins did to real notes."""

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.effects.table import render
from autofx_core.features.pair import (
    BAND_EDGES_HZ,
    DRIVES_DB,
    PAIR_NAMES,
    pair_features,
)
from autofx_core.matching.least_squares.distortion import shelf_response
from autofx_core.sources.clean import builtin_notes

LOWEST_NOTE_HZ = 82.4


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    return fit_length(normalize_peak(builtin_notes()[40].read(ANALYSIS_RATE_HZ)))


def describe_pair(effect_class: str, clean: np.ndarray, **settings: float) -> dict[str, float]:
    wet = normalize_peak(render(effect_class, clean, ANALYSIS_RATE_HZ, settings))
    features = pair_features(torch.from_numpy(wet), torch.from_numpy(clean))[0]
    return dict(zip(PAIR_NAMES, features.tolist(), strict=True))


@pytest.mark.parametrize("samples", [1104, 6872, 13672])
def test_the_likeliest_echo_is_the_delay_that_was_set(clean, samples):
    delay_s = (samples + 0.5) / ANALYSIS_RATE_HZ
    found = describe_pair("delay", clean, delay_seconds=delay_s, feedback=0.5, mix=0.4)
    assert found["echo_delay_s"] == pytest.approx(delay_s, abs=1e-4)
    assert found["echo_mix"] == pytest.approx(0.4, abs=0.02)
    assert found["echo_feedback"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("samples", [1102, 6871, 13673])
def test_a_delay_between_the_duller_samples_is_missed_by_a_period_of_the_note_at_most(
    clean, samples
):
    delay_s = (samples + 0.5) / ANALYSIS_RATE_HZ
    found = describe_pair("delay", clean, delay_seconds=delay_s, feedback=0.5, mix=0.4)
    assert found["echo_delay_s"] == pytest.approx(delay_s, abs=1 / LOWEST_NOTE_HZ)
    assert found["echo_mix"] == pytest.approx(0.4, abs=0.1)


SHELVES = {
    "low_shelf_cutoff_frequency_hz": 200.0,
    "low_shelf_gain_db": 6.0,
    "low_shelf_q": 0.7,
    "high_shelf_cutoff_frequency_hz": 1500.0,
    "high_shelf_gain_db": -8.0,
    "high_shelf_q": 1.0,
}


@pytest.mark.parametrize("drive_db", [5.0, 25.0, 45.0])
def test_the_likeliest_drive_is_the_one_that_was_set(clean, drive_db):
    found = describe_pair("distortion", clean, drive_db=drive_db, **SHELVES)
    assert DRIVES_DB[int(found["likeliest_drive"])] == drive_db


def test_the_response_is_that_of_the_shelves_where_a_band_is_explained(clean):
    found = describe_pair("distortion", clean, drive_db=25.0, **SHELVES)
    explained = np.array([found[name] for name in PAIR_NAMES if "explained_band" in name])
    response = np.array([found[name] for name in PAIR_NAMES if "response_band" in name])
    edges = np.array(BAND_EDGES_HZ)
    middle_hz = np.sqrt(edges[1:] * edges[:-1])
    shelves = [
        shelf_response(
            middle_hz,
            ANALYSIS_RATE_HZ,
            cutoff_hz=SHELVES[f"{shelf}_shelf_cutoff_frequency_hz"],
            gain_db=SHELVES[f"{shelf}_shelf_gain_db"],
            q=SHELVES[f"{shelf}_shelf_q"],
            high=shelf == "high",
        )
        for shelf in ("low", "high")
    ]
    expected = np.log(np.abs(shelves[0] * shelves[1]))
    known = explained > 0.99
    assert known.sum() > 10
    difference = (response - expected)[known]
    assert np.std(difference) < 0.1  # the sound's level is free


def test_values_do_not_depend_on_the_batch(clean):
    rng = np.random.default_rng(0)
    settings = [{"delay_seconds": d, "feedback": 0.3, "mix": 0.5} for d in rng.uniform(size=3)]
    wet = [normalize_peak(render("delay", clean, ANALYSIS_RATE_HZ, s)) for s in settings]
    waves, cleans = torch.from_numpy(np.concatenate(wet)), torch.from_numpy(clean).repeat(3, 1)
    alone = torch.cat([pair_features(waves[i : i + 1], cleans[:1]) for i in range(3)])
    torch.testing.assert_close(pair_features(waves, cleans), alone, rtol=1e-3, atol=1e-3)


def test_values_of_silence_are_finite(clean):
    silent = torch.zeros(1, clean.shape[-1])
    for pair in ((silent, torch.from_numpy(clean)), (torch.from_numpy(clean), silent)):
        assert pair_features(*pair).isfinite().all()
