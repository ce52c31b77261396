"""The timbre set names what was done to a sound: each claim on a sound of known answer."""

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.effects.table import render
from autofx_core.features.timbre import GROUPS, TIMBRE_NAMES, timbre_features
from autofx_core.features.timbre.note import pitch
from autofx_core.features.timbre.spectrogram import compute_spectrogram
from autofx_core.sources.clean import builtin_notes

SAMPLES = 35_000
RATE_HZ = ANALYSIS_RATE_HZ
TIME_S = torch.arange(SAMPLES) / RATE_HZ


def pluck(midi=45, *, decay_per_s=2.0):
    """A decaying harmonic note with a trace of noise, shape (35000,)."""
    frequency_hz = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(
        torch.sin(2 * torch.pi * k * frequency_hz * TIME_S + k)
        / k
        * torch.exp(-TIME_S * (decay_per_s + 0.4 * k))
        for k in range(1, 12)
    )
    return wave + 1e-3 * torch.randn(SAMPLES, generator=torch.Generator().manual_seed(0))


def measure(wave):
    """Name → value of the features of one wave."""
    values = timbre_features((wave / wave.abs().max())[None])[0].tolist()
    return dict(zip(TIMBRE_NAMES, values, strict=True))


def delayed(wave, delay_s):
    return torch.nn.functional.pad(wave, (round(delay_s * RATE_HZ), 0))[: wave.numel()]


def test_names_are_distinct_and_one_for_each_value():
    assert len(set(TIMBRE_NAMES)) == len(TIMBRE_NAMES)
    assert timbre_features(pluck()[None]).shape == (1, len(TIMBRE_NAMES))
    assert sum(len(names) for names in GROUPS.values()) == len(TIMBRE_NAMES)


def test_values_do_not_depend_on_the_batch_and_are_finite_for_any_sound():
    waves = torch.stack([pluck(midi) for midi in (40, 55, 76)])
    together = timbre_features(waves)
    alone = torch.cat([timbre_features(wave[None]) for wave in waves])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=2e-3)
    odd = torch.zeros(4, SAMPLES)
    odd[1, 100] = 1.0
    odd[2] = torch.sign(torch.sin(torch.arange(SAMPLES) * 0.05))
    odd[3] = 1.0
    assert timbre_features(odd).isfinite().all()
    assert timbre_features(waves[:, : RATE_HZ // 5]).isfinite().all()


def test_pitch_is_within_50_cents_on_95_percent_of_the_notes_from_e2_to_e5():
    notes = [note for note in builtin_notes() if 40 <= note.midi <= 76]
    waves = np.concatenate([fit_length(normalize_peak(note.read(RATE_HZ))) for note in notes])
    chunks = torch.from_numpy(waves).split(16)
    found = torch.cat([pitch(compute_spectrogram(chunk).power)[0] for chunk in chunks]).numpy()
    true_hz = 440 * 2 ** ((np.array([note.midi for note in notes]) - 69) / 12)
    assert np.mean(np.abs(1200 * np.log2(found / true_hz)) < 50) >= 0.95


@pytest.mark.parametrize("delay_s", [0.1, 0.2345, 0.4, 0.7])
def test_an_echo_is_an_onset_a_resemblance_and_a_ripple_at_its_delay(delay_s):
    found = measure(pluck() + 0.5 * delayed(pluck(), delay_s))
    onsets_s = [10 ** found[f"onset_{k}_log_s"] for k in range(2)]
    assert sorted(onsets_s) == pytest.approx([0, delay_s], abs=0.02)
    assert 10 ** found["resemblance_0_log_s"] == pytest.approx(delay_s, abs=0.03)
    assert 10 ** found["ripple_0_log_s"] == pytest.approx(delay_s, abs=2e-4)
    assert found["ripple_0"] > 4 * measure(pluck())["ripple_0"]


def test_onsets_of_a_click_train_are_its_times():
    clicks_s = [0.1, 0.4, 0.7, 1.2]
    wave = torch.zeros(SAMPLES)
    for strength, time_s in zip([1.0, 0.8, 0.6, 0.4], clicks_s, strict=True):
        start = int(time_s * RATE_HZ)
        wave[start : start + 1100] = strength * pluck()[:1100]
    found = measure(wave)
    onsets_s = sorted(10 ** found[f"onset_{k}_log_s"] for k in range(4))
    assert onsets_s == pytest.approx(clicks_s, abs=0.02)


@pytest.mark.parametrize("decay_db_per_s", [5.0, 20.0, 60.0])
def test_decay_is_the_slope_of_the_level(decay_db_per_s):
    wave = torch.sin(2 * torch.pi * 440 * TIME_S) * 10 ** (-decay_db_per_s / 20 * TIME_S)
    found = measure(wave)
    assert found["level_decay_first_db_per_s"] == pytest.approx(-decay_db_per_s, rel=0.03)
    assert found["level_unevenness_first_db"] < 0.1


@pytest.mark.parametrize("rate_hz", [2.5, 5.0, 9.0])
def test_a_tremolo_moves_all_levels_together_at_its_rate(rate_hz):
    found = measure(pluck() * (1 + 0.5 * torch.sin(2 * torch.pi * rate_hz * TIME_S)))
    line_hz = found["partial_level_line_1"] * RATE_HZ / 256 / 2
    assert line_hz == pytest.approx(rate_hz, abs=0.2)
    assert found["partial_level_agreement"] > 0.75
    at_rate = found[f"partial_level_common_at_{rate_hz:g}_hz"]
    still = measure(pluck())[f"partial_level_common_at_{rate_hz:g}_hz"]
    assert at_rate > still + 1  # ten times


@pytest.mark.parametrize("rate_hz", [2.5, 5.0])
def test_a_vibrato_moves_all_pitches_together_at_its_rate(rate_hz):
    note = pluck()
    delay = 1e-3 * (1 - torch.cos(2 * torch.pi * rate_hz * TIME_S)) * RATE_HZ
    place = (torch.arange(SAMPLES) - delay).clamp(min=0)
    before = place.floor().long().clamp(max=SAMPLES - 2)
    share = place - before
    found = measure(note[before] * (1 - share) + note[before + 1] * share)
    line_hz = found["partial_pitch_line_1"] * RATE_HZ / 256 / 2
    assert line_hz == pytest.approx(rate_hz, abs=0.2)
    assert found["partial_pitch_agreement"] > 0.9
    assert found["partial_pitch_common_std"] > measure(note)["partial_pitch_common_std"] + 0.5


def test_a_chorus_moves_each_partial_at_its_own_time_and_its_comb_with_them():
    dry = pluck()
    setting = dict(rate_hz=1.5, depth=0.4, centre_delay_ms=8.0, feedback=0.0, mix=0.5)
    wet = torch.from_numpy(render("modulation", dry[None].numpy(), RATE_HZ, setting)[0])
    before, after = measure(dry), measure(wet)
    assert after["partial_level_agreement"] < 0.6
    assert after["partial_level_single_std"] > before["partial_level_single_std"] + 0.5
    span = int(np.log(8.0 / 0.35) / np.log((23.0 / 0.35) ** (1 / 18)))  # its centre delay's
    moving = f"moving_comb_span_{span}"
    assert after[moving] > before[moving] + 0.3  # twice


def test_a_fixed_comb_of_noise_is_the_static_ripple_at_its_delay():
    noise = torch.randn(SAMPLES, generator=torch.Generator().manual_seed(1))
    combed = measure(noise + 0.8 * delayed(noise, 0.005))
    spans = [combed[f"static_comb_span_{k}"] for k in range(18)]
    ratio = (23.0 / 0.35) ** (1 / 18)
    assert np.argmax(spans) == int(np.log(5.0 / 0.35) / np.log(ratio))


def test_distortion_strengthens_partials_and_flattens_the_crest():
    tone = torch.sin(2 * torch.pi * 220 * TIME_S)
    clean, hard = measure(tone), measure(torch.tanh(30 * tone))
    assert clean["partial_3_db"] < -50
    assert hard["partial_3_db"] == pytest.approx(-9.5, abs=1.0)  # a square wave's third
    assert clean["even_minus_odd_db"] > hard["even_minus_odd_db"]
    assert hard["crest_db_mean"] < 1 < clean["crest_db_mean"]
    biased = measure(torch.tanh(30 * (tone + 0.3)))
    assert biased["partial_2_db"] > hard["partial_2_db"] + 20
    assert biased["asymmetry_mean"] > hard["asymmetry_mean"] + 0.1


def test_noise_between_partials_is_inharmonic():
    noise = torch.randn(SAMPLES, generator=torch.Generator().manual_seed(2))
    clean, noisy = measure(pluck()), measure(pluck() + 0.05 * noise)
    assert noisy["inharmonic_late_db"] > clean["inharmonic_late_db"] + 10
    assert noisy["gap_8_db"] > clean["gap_8_db"] + 3


def test_a_low_pass_lowers_the_treble_bands_by_its_gain():
    noise = torch.randn(SAMPLES, generator=torch.Generator().manual_seed(3))
    setting = dict(
        drive_db=0.0,
        low_shelf_cutoff_frequency_hz=50.0,
        low_shelf_gain_db=0.0,
        low_shelf_q=0.7,
        high_shelf_cutoff_frequency_hz=1000.0,
        high_shelf_gain_db=-10.0,
        high_shelf_q=0.7,
    )
    quiet = 0.01 * noise
    wet = torch.from_numpy(render("distortion", quiet[None].numpy(), RATE_HZ, setting)[0])
    change = [
        measure(wet)[f"band_{k}_mean_db"] - measure(quiet)[f"band_{k}_mean_db"] for k in (2, 30)
    ]
    assert change[1] - change[0] == pytest.approx(-10.0, abs=0.7)
