"""Every descriptor against an independent formula or librosa, and on sounds of known answer."""

import librosa
import numpy as np
import pytest
import scipy.stats
import torch

from autofx_core.features import (
    CLASSIFICATION_NAMES,
    REGRESSION_NAMES,
    classification_features,
    filterbank,
    functionals,
    mfcc,
    modulation,
    onsets,
    pitch,
    regression_features,
    spectral,
    stft,
)

RATE_HZ = 22_050
FLOAT32_TOLERANCE = 2e-4  # relative; sums of 4097 float32 values


def pluck(midi=45, seconds=1.5, seed=0):
    """A decaying harmonic note with a little noise, peak 1: something like a guitar."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    frequency_hz = 440 * 2 ** ((midi - 69) / 12)
    wave = sum(
        np.sin(2 * np.pi * k * frequency_hz * time_s + k) / k * np.exp(-time_s * (1 + 0.4 * k))
        for k in range(1, 12)
    )
    wave = wave + 1e-3 * np.random.default_rng(seed).standard_normal(time_s.size)
    return (wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture(scope="module")
def wave():
    return pluck()


@pytest.fixture(scope="module")
def magnitude(wave):
    """librosa's magnitudes, shape (bins, frames)."""
    return np.abs(librosa.stft(wave, n_fft=8192, hop_length=512, pad_mode="constant")) + 1e-7


@pytest.fixture(scope="module")
def described(wave):
    tracks = spectral.describe(torch.from_numpy(wave)[None], RATE_HZ)
    return {name: track[0].numpy() for name, track in tracks.items()}


def test_magnitudes_are_librosas(wave, magnitude):
    ours = torch.cat(list(spectral.magnitudes(torch.from_numpy(wave)[None])), dim=1)[0].numpy().T
    np.testing.assert_allclose(ours, magnitude, rtol=1e-3, atol=1e-3)


def test_centroid_is_librosas(magnitude, described):
    expected = librosa.feature.spectral_centroid(S=magnitude, sr=RATE_HZ)[0]
    np.testing.assert_allclose(described["centroid"], expected, rtol=FLOAT32_TOLERANCE)


def test_spread_is_librosas_bandwidth(magnitude, described):
    expected = librosa.feature.spectral_bandwidth(S=magnitude, sr=RATE_HZ)[0]
    np.testing.assert_allclose(described["spread"], expected, rtol=FLOAT32_TOLERANCE)


def test_skewness_and_kurtosis_are_roots_of_the_central_moments(magnitude, described):
    share = magnitude / magnitude.sum(0)
    hertz = np.linspace(0, RATE_HZ / 2, 4097)[:, None]
    deviation = hertz - (hertz * share).sum(0)
    np.testing.assert_allclose(
        described["skewness"], np.cbrt((deviation**3 * share).sum(0)), rtol=FLOAT32_TOLERANCE
    )
    np.testing.assert_allclose(
        described["kurtosis"], ((deviation**4 * share).sum(0)) ** 0.25, rtol=FLOAT32_TOLERANCE
    )


def test_rolloff_is_librosas_on_the_power_spectrum(magnitude, described):
    expected = librosa.feature.spectral_rolloff(S=magnitude**2, sr=RATE_HZ, roll_percent=0.95)[0]
    bin_hz = RATE_HZ / 8192
    np.testing.assert_allclose(described["rolloff"], expected, atol=bin_hz + 0.01)


def test_slope_is_the_least_squares_line(magnitude, described):
    hertz = np.linspace(0, RATE_HZ / 2, 4097)
    expected = [scipy.stats.linregress(hertz, frame).slope for frame in magnitude.T]
    np.testing.assert_allclose(described["slope"], expected, rtol=1e-3)


def test_flatness_is_librosas_without_the_last_bin(magnitude, described):
    expected = librosa.feature.spectral_flatness(S=magnitude[:-1], power=1.0)[0]
    np.testing.assert_allclose(described["flatness"], expected, rtol=1e-3)


def test_flux_is_the_summed_change_of_magnitude(magnitude, described):
    expected = np.abs(np.diff(magnitude, axis=1)).sum(0)
    assert described["flux"][0] == 0
    np.testing.assert_allclose(described["flux"][1:], expected, rtol=1e-3)


@pytest.mark.parametrize("at_once", [1, 7])
def test_frames_taken_a_few_at_a_time_are_described_as_all_at_once(wave, monkeypatch, at_once):
    sounds = torch.from_numpy(np.stack([wave, wave[::-1]]))
    monkeypatch.setattr(spectral, "FRAMES_AT_ONCE", 10_000)
    together = spectral.describe(sounds, RATE_HZ)
    monkeypatch.setattr(spectral, "FRAMES_AT_ONCE", at_once)
    torch.testing.assert_close(spectral.describe(sounds, RATE_HZ), together)


def test_a_pure_tone_has_its_frequency_as_centroid_and_hardly_any_spread():
    time_s = torch.arange(RATE_HZ, dtype=torch.float64) / RATE_HZ
    tone = torch.sin(2 * torch.pi * 1000 * time_s).float()[None]
    tracks = {name: track[0, 12:-12] for name, track in spectral.describe(tone, RATE_HZ).items()}
    assert tracks["centroid"].sub(1000).abs().max() < 2
    assert tracks["spread"].max() < 40


def test_functionals_are_scipys():
    track = np.random.default_rng(1).gamma(2.0, size=50)
    ours = functionals.functionals(torch.from_numpy(track))
    expected = [
        track.mean(),
        track.std(ddof=1),
        scipy.stats.skew(track),
        scipy.stats.kurtosis(track, fisher=False),
        track.min(),
        track.max(),
    ]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_functionals_of_a_constant_track_are_finite():
    result = functionals.functionals(torch.full((40,), 0.3))
    torch.testing.assert_close(
        result, torch.tensor([0.3, 0.0, 0.0, 0.0, 0.3, 0.3]), atol=1e-6, rtol=0
    )


def test_mfcc_is_librosas(wave):
    spectrum = librosa.stft(wave, n_fft=2048, hop_length=512, pad_mode="constant")
    power = np.abs(spectrum) ** 2
    mel = librosa.feature.melspectrogram(S=power, sr=RATE_HZ, n_mels=128, htk=True, norm=None)
    decibels = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=80.0)
    expected = librosa.feature.mfcc(S=decibels, n_mfcc=10, dct_type=2, norm="ortho")
    ours = mfcc.mfcc(torch.from_numpy(wave)[None], RATE_HZ)[0].numpy()
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_grouped_filters_give_what_the_whole_bank_gives():
    bank = mfcc.mel_filters(mfcc.N_FFT // 2 + 1, RATE_HZ, mfcc.N_MELS)
    power = torch.from_numpy(np.random.default_rng(3).gamma(1.0, size=(2, 5, len(bank)))).float()
    groups = filterbank.group_filters(bank)
    torch.testing.assert_close(filterbank.apply_filters(power, groups), power @ bank)
    assert sum(weights.numel() for *_, weights in groups) < 0.3 * bank.numel()


def test_functionals_of_a_tiny_track_are_those_of_the_track_scaled_up():
    track = torch.from_numpy(np.random.default_rng(2).gamma(2.0, size=50)).float()
    tiny = functionals.functionals(1e-12 * track)
    torch.testing.assert_close(tiny[2:4], functionals.functionals(track)[2:4])


def test_no_mel_band_is_empty():
    assert (mfcc.mel_filters(mfcc.N_FFT // 2 + 1, RATE_HZ, mfcc.N_MELS).sum(0) > 0).all()


@pytest.mark.parametrize("midi", range(40, 89, 4))
def test_pitch_is_within_20_cents_from_low_e_to_high_e(midi):
    measured_hz = pitch.note_pitch(torch.from_numpy(pluck(midi))[None], RATE_HZ).item()
    cents = 1200 * np.log2(measured_hz / (440 * 2 ** ((midi - 69) / 12)))
    assert abs(cents) < 20


def test_what_is_silent_but_for_rounding_has_the_lowest_pitch_until_a_note_begins():
    wave = np.concatenate([1e-9 * pluck(seconds=0.5, seed=1), pluck(midi=57, seconds=0.5)])
    pitch_hz, _ = pitch.pitch_track(torch.from_numpy(wave)[None], RATE_HZ)
    assert (pitch_hz[0, :40] == pitch.LOWEST_HZ).all()
    assert pitch_hz[0, 55].item() == pytest.approx(220, rel=0.01)


@pytest.mark.parametrize("rate_hz", [1.5, 4.0, 9.0, 13.0])
def test_a_tremolos_rate_and_depth_are_the_strongest_line_of_the_level(rate_hz):
    time_s = torch.arange(35_000) / RATE_HZ
    wave = torch.sin(2 * torch.pi * 440 * time_s) * (
        1 + 0.3 * torch.sin(2 * torch.pi * rate_hz * time_s)
    )
    level = modulation.level_track(wave[None])
    value, line, _, _ = modulation.strongest_lines(level).values()
    frame_rate_hz = RATE_HZ / modulation.TRACK_HOP
    assert line.item() * frame_rate_hz / 2 == pytest.approx(rate_hz, abs=0.1)
    smoothing = np.sinc(rate_hz * modulation.LEVEL_FRAME / RATE_HZ)  # of the frame's mean
    assert value.item() == pytest.approx(0.3 / np.sqrt(2) * smoothing, rel=0.05)


@pytest.mark.parametrize("rate_hz", [1.5, 5.0])
def test_a_vibratos_rate_is_the_strongest_line_of_the_phase(rate_hz):
    time_s = torch.arange(35_000) / RATE_HZ
    deviation_rad = 1.5
    wave = torch.sin(
        2 * torch.pi * 440 * time_s + deviation_rad * torch.sin(2 * torch.pi * rate_hz * time_s)
    )
    phase = modulation.phase_track(wave[None], RATE_HZ)
    value, line, _, _ = modulation.strongest_lines(phase).values()
    frame_rate_hz = RATE_HZ / modulation.TRACK_HOP
    assert line.item() * frame_rate_hz / 2 == pytest.approx(rate_hz, abs=0.15)
    assert value.item() == pytest.approx(deviation_rad, rel=0.2)


def test_the_two_strongest_lines_of_a_sum_of_cosines_are_its_terms():
    frames = torch.arange(170)
    track = 5 + 0.8 * torch.cos(0.4 * frames) + 0.3 * torch.cos(1.6 * frames)
    found = {name: x.item() for name, x in modulation.strongest_lines(track[None]).items()}
    assert (found["line_1"] * np.pi, found["line_2"] * np.pi) == pytest.approx((0.4, 1.6), abs=0.01)
    assert (found["value_1"], found["value_2"]) == pytest.approx((0.8, 0.3), rel=0.05)


def test_onsets_of_a_click_train_are_its_times():
    clicks_s = [0.1, 0.5, 0.9, 1.3]
    wave = torch.zeros(1, 2 * RATE_HZ)
    for strength, time_s in zip([1.0, 0.8, 0.6, 0.4], clicks_s, strict=True):
        start = int(time_s * RATE_HZ)
        burst = torch.from_numpy(pluck(seconds=0.05))
        wave[0, start : start + burst.numel()] = strength * burst
    time_s, activation = onsets.onsets(wave, RATE_HZ)
    found = sorted(time_s[0, :4].tolist())
    assert found == pytest.approx(clicks_s, abs=0.02)
    assert (activation[0, :4] > 0).all()
    assert time_s[0, 4] == pytest.approx(2.0)
    assert activation[0, 4] == 0


def test_a_note_that_starts_at_once_has_its_onset_at_zero(wave):
    time_s, _ = onsets.onsets(torch.from_numpy(wave)[None], RATE_HZ)
    assert time_s[0, 0] == pytest.approx(0.0, abs=0.02)


def test_the_sets_have_163_and_48_distinct_names_in_the_originals_blocks():
    assert len(set(CLASSIFICATION_NAMES)) == 163
    assert len(set(REGRESSION_NAMES)) == 48
    assert CLASSIFICATION_NAMES[0] == "centroid_mean"
    assert CLASSIFICATION_NAMES[48:53] == (
        "flux_mean",
        "flux_std",
        "flux_skewness",
        "flux_kurtosis",
        "flux_max",
    )
    assert CLASSIFICATION_NAMES[143] == "mfcc_0_mean"


def test_names_point_at_their_values(wave, described):
    values = dict(
        zip(
            CLASSIFICATION_NAMES,
            classification_features(torch.from_numpy(wave)[None])[0].tolist(),
            strict=True,
        )
    )
    pitch_hz = pitch.note_pitch(torch.from_numpy(wave)[None], RATE_HZ).item()
    assert values["flatness_max"] == pytest.approx(described["flatness"].max(), rel=1e-4)
    assert values["flux_max"] == pytest.approx(described["flux"].max(), rel=1e-4)
    assert values["spread_per_pitch_mean"] == pytest.approx(
        described["spread"].mean() / pitch_hz, rel=1e-4
    )
    assert values["rolloff_delta_min"] == pytest.approx(
        np.diff(described["rolloff"]).min(), abs=0.1
    )


@pytest.mark.parametrize("compute", [classification_features, regression_features])
def test_features_do_not_depend_on_the_batch_and_are_finite_for_any_sound(compute):
    waves = torch.stack([torch.from_numpy(pluck(midi, seed=midi)) for midi in (40, 55, 76)])
    together = compute(waves)
    alone = torch.cat([compute(wave[None]) for wave in waves])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    odd = torch.zeros(4, RATE_HZ)
    odd[1, 100] = 1.0
    odd[2] = torch.sign(torch.sin(torch.arange(RATE_HZ) * 0.05))
    odd[3] = 1.0
    assert compute(odd).isfinite().all()
    assert compute(waves[:, : RATE_HZ // 5]).isfinite().all()


def test_spectrum_is_torchs_own_stft(wave):
    batch = torch.from_numpy(wave)[None]
    ours = stft.spectrum(batch, n_fft=1024, hop_length=256)
    witness = torch.stft(
        batch, 1024, 256, window=torch.hann_window(1024), pad_mode="constant", return_complex=True
    )
    torch.testing.assert_close(ours, witness.transpose(1, 2), rtol=1e-4, atol=1e-4)
