"""Intervals from answers to other sounds hold as many truths as they promise."""

import numpy as np
import pytest

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.prediction_intervals import (
    SHARE,
    HeldOut,
    coverage,
    likely_range,
    read_held_out,
    span_of,
    write_held_out,
)


def make_held_out(rng, sounds):
    """Answers whose errors grow with the estimate, from 0 to a third."""
    estimates = {f: rng.uniform(size=(sounds, len(e.parameters))) for f, e in EFFECTS.items()}
    truths = {
        f: np.clip(e + rng.uniform(-1, 1, e.shape) * e / 3, 0, 1) for f, e in estimates.items()
    }
    return HeldOut(estimates, truths, dict.fromkeys(EFFECTS, SHARE))


def test_four_of_five_truths_lie_in_the_likely_range():
    rng = np.random.default_rng(0)
    shares = coverage(make_held_out(rng, 400), make_held_out(rng, 200))
    for family in EFFECTS:
        assert shares[family] == pytest.approx(0.8, abs=0.05)


def answers_of_recordings(rng, recordings, sounds=40):
    """Answers to a delay whose errors on one recording resemble each other."""
    estimates = rng.uniform(0.4, 0.6, (recordings * sounds, 3))
    of_recording = np.repeat(rng.normal(0, 0.08, (recordings, 3)), sounds, axis=0)
    truths = estimates + of_recording + rng.normal(0, 0.04, estimates.shape)
    return estimates, truths, np.repeat(np.arange(recordings), sounds)


def test_ranges_hold_four_of_five_truths_of_recordings_that_the_answers_were_not_made_of():
    rng = np.random.default_rng(3)
    inside, naive = [], []
    for _ in range(20):
        estimates, truths, recordings = answers_of_recordings(rng, 8)
        new_estimates, new_truths, _ = answers_of_recordings(rng, 8)
        span = span_of(estimates, truths, recordings)
        for found, asked in ((inside, span), (naive, SHARE)):
            held = HeldOut({"delay": estimates}, {"delay": truths}, {"delay": asked})
            effect = EFFECTS["delay"]
            for estimate, truth in zip(new_estimates[::16], new_truths[::16], strict=True):
                ranges = likely_range(held, effect, effect.denormalize(estimate)).values()
                real = effect.denormalize(truth).values()
                found += [
                    low <= value <= high for (low, high), value in zip(ranges, real, strict=True)
                ]
    assert np.mean(inside) == pytest.approx(SHARE, abs=0.05)
    assert np.mean(naive) < np.mean(inside) - 0.03


def test_the_span_of_a_single_recording_is_taken_as_it_is():
    estimates, truths, recordings = answers_of_recordings(np.random.default_rng(4), 1)
    assert span_of(estimates, truths, recordings) == SHARE


def test_the_likely_range_is_wide_where_similar_answers_were_wrong():
    rng = np.random.default_rng(1)
    held_out, effect = make_held_out(rng, 800), EFFECTS["delay"]
    width = {}
    for value in (0.1, 0.9):
        ranges = likely_range(held_out, effect, effect.denormalize(np.full(3, value)))
        width[value] = np.mean([high - low for low, high in ranges.values()])
        assert all(low <= value <= high for low, high in ranges.values())
    assert width[0.9] > 2 * width[0.1]


def test_answers_of_other_weights_are_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("autofx_core.matching.prediction_intervals.SHIPPED", tmp_path)
    held_out = make_held_out(np.random.default_rng(2), 60)
    for name in ("same", "retrained", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.pt").write_bytes(b"weights")
    write_held_out(held_out, tmp_path / "same")
    write_held_out(held_out, tmp_path / "retrained")
    (tmp_path / "retrained" / "weights.pt").write_bytes(b"other weights")
    read = read_held_out("same")
    np.testing.assert_allclose(read.truths["delay"], held_out.truths["delay"], atol=1e-3)
    assert read.spans == held_out.spans
    assert read_held_out("retrained") is None
    assert read_held_out("fresh") is None
