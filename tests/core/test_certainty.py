"""Intervals hold what sounds the same, or what was true for similar answers."""

import numpy as np
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.certainty import (
    HeldOut,
    coverage,
    heard_alike,
    inaudible,
    likely_range,
    read_held_out,
    write_held_out,
)
from autofx_core.datasets import AUDIBLE_DB
from autofx_core.effects import EFFECTS
from autofx_core.losses import log_mel_distance
from autofx_core.sources import builtin_notes


@pytest.fixture(scope="module")
def clean():
    return normalize_peak(builtin_notes("validation")[3].read(ANALYSIS_RATE_HZ))[:, :22_050]


def setting(family, **changes):
    return {p.name: p.default for p in EFFECTS[family].parameters} | changes


def test_the_ends_of_an_interval_are_at_the_threshold_of_hearing(clean):
    effect, here = EFFECTS["delay"], setting("delay", mix=0.5, feedback=0.4, delay_seconds=0.2)
    for name, ends in heard_alike(effect, clean, ANALYSIS_RATE_HZ, here).items():
        for end in ends:
            sounds = [effect.render(clean, ANALYSIS_RATE_HZ, s) for s in (here, here | {name: end})]
            assert log_mel_distance(*sounds, ANALYSIS_RATE_HZ) < 2 * AUDIBLE_DB
        assert ends[0] <= here[name] <= ends[1]


def test_without_gain_a_shelfs_cutoff_and_q_are_inaudible_but_its_gain_is_not(clean):
    effect, here = EFFECTS["distortion"], setting("distortion", high_shelf_gain_db=0.0)
    intervals = heard_alike(effect, clean, ANALYSIS_RATE_HZ, here)
    unheard = inaudible(effect, intervals)
    assert {"high_shelf_cutoff_frequency_hz", "high_shelf_q"} <= set(unheard)
    assert intervals["high_shelf_cutoff_frequency_hz"] == pytest.approx((500.0, 2000.0))
    assert not {"drive_db", "high_shelf_gain_db"} & set(unheard)


def make_held_out(rng, sounds):
    """Answers whose errors grow with the estimate, from 0 to a third."""
    estimates = {f: rng.uniform(size=(sounds, len(e.parameters))) for f, e in EFFECTS.items()}
    truths = {
        f: np.clip(e + rng.uniform(-1, 1, e.shape) * e / 3, 0, 1) for f, e in estimates.items()
    }
    return HeldOut(estimates, truths)


def test_four_of_five_truths_lie_in_the_likely_range():
    rng = np.random.default_rng(0)
    shares = coverage(make_held_out(rng, 400), make_held_out(rng, 200))
    for family in EFFECTS:
        assert shares[family] == pytest.approx(0.8, abs=0.05)


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
    monkeypatch.setattr("autofx_core.certainty.SHIPPED", tmp_path)
    held_out = make_held_out(np.random.default_rng(2), 60)
    for name in ("same", "retrained", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.pt").write_bytes(b"weights")
    write_held_out(held_out, tmp_path / "same")
    write_held_out(held_out, tmp_path / "retrained")
    (tmp_path / "retrained" / "weights.pt").write_bytes(b"other weights")
    read = read_held_out("same")
    np.testing.assert_allclose(read.truths["delay"], held_out.truths["delay"], atol=1e-3)
    assert read_held_out("retrained") is None
    assert read_held_out("fresh") is None
