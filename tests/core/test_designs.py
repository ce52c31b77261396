"""Each design does, measurably, what its pedal is known for."""

import numpy as np
import pytest

from autofx_core.designs import DESIGNS
from autofx_core.effects import CLASSES

RATE_HZ = 44_100


def tone(frequency_hz=440.0, seconds=2.0, level=0.5):
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * np.pi * frequency_hz * time_s))[None].astype(np.float32)


def noise(seconds=2.0):
    rng = np.random.default_rng(0)
    return (0.2 * rng.standard_normal((1, int(seconds * RATE_HZ)))).astype(np.float32)


def impulse(seconds=2.0):
    wave = np.zeros((1, int(seconds * RATE_HZ)), dtype=np.float32)
    wave[0, 0] = 1.0
    return wave


def render(name, wave, **settings):
    return DESIGNS[name].render(wave, RATE_HZ, settings)[0].astype(np.float64)


def envelope(wave, frame=441):
    return np.abs(wave[: wave.size // frame * frame].reshape(-1, frame)).max(1)


def harmonics(wave, frequency_hz, count):
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size)))
    bins = [round(k * frequency_hz * wave.size / RATE_HZ) for k in range(1, count + 1)]
    return np.array([spectrum[b - 2 : b + 3].max() for b in bins])


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_keeps_shape_and_channels_and_stays_finite(name):
    rng = np.random.default_rng(1)
    stereo = np.concatenate([noise(0.5), tone(seconds=0.5)])
    for _ in range(3):
        wet = DESIGNS[name].render(stereo, RATE_HZ, DESIGNS[name].draw(rng))
        assert wet.shape == stereo.shape
        assert wet.dtype == np.float32
        assert np.isfinite(wet).all()
        assert 0.02 < np.abs(wet).max() < 5


@pytest.mark.parametrize("effect_class", CLASSES)
def test_every_class_has_at_least_two_designs(effect_class):
    assert sum(design.effect_class == effect_class for design in DESIGNS.values()) >= 2


def test_flanger_is_a_comb_with_teeth_one_over_the_delay_apart():
    # depth 0: a constant delay of 1 ms, so peaks at multiples of 1 kHz and notches between
    wet = render("flanger", impulse(), rate_hz=0.5, depth=0.0, feedback=0.7)
    response = np.abs(np.fft.rfft(wet))
    at = [response[round(f * wet.size / RATE_HZ)] for f in (500, 1000, 1500, 2000)]
    assert at[1] > 5 * at[0]
    assert at[3] > 5 * at[2]


def test_phaser_has_two_notches_an_all_passes_phase_apart():
    wet = render("phaser", impulse(), rate_hz=0.2, depth_octaves=0.0, centre_hz=1000.0)
    response = np.abs(np.fft.rfft(wet))[: wet.size // 4]
    hertz = np.arange(response.size) * RATE_HZ / wet.size
    notches = hertz[1:-1][(response[1:-1] < 0.05) & (np.diff(np.sign(np.diff(response))) > 0)]
    # each stage turns the phase by 2·atan(tan(πf/R)/tan(πc/R)): notches where four make 180°, 540°
    bend = np.tan(np.pi * 1000.0 / RATE_HZ)
    expected = RATE_HZ / np.pi * np.arctan(bend * np.tan(np.pi / 8 * np.array([1, 3])))
    np.testing.assert_allclose(notches, expected, rtol=0.01)


def test_vibrato_moves_the_pitch_by_the_set_cents():
    wet = render("vibrato", tone(), rate_hz=5.0, deviation_cents=40.0)
    crossings = np.flatnonzero((wet[:-1] < 0) & (wet[1:] >= 0))
    exact = crossings + wet[crossings] / (wet[crossings] - wet[crossings + 1])
    hertz = RATE_HZ / np.diff(exact)
    cents = 1200 * np.log2(hertz[5:] / 440.0)
    assert (cents.max(), cents.min()) == pytest.approx((40, -40), abs=2)


def test_ensemble_chorus_has_three_moving_taps_behind_the_dry_sound():
    wet = render("ensemble_chorus", impulse(), rate_hz=0.5, depth_ms=1.0, mix=0.6)
    assert wet[0] == pytest.approx(0.4)
    taps_ms = 1000 * np.flatnonzero(np.abs(wet[1:]) > 0.1) / RATE_HZ
    groups = np.split(taps_ms, np.flatnonzero(np.diff(taps_ms) > 0.5) + 1)
    assert [round(group.mean()) for group in groups] == [8, 12, 13]


def test_slapback_is_one_repeat_that_has_lost_its_treble():
    wet = render("slapback", impulse(), delay_ms=100.0, level=0.8, cutoff_hz=3000.0)
    lag = round(0.1 * RATE_HZ)
    assert wet[0] == 1.0
    repeat = wet[lag : lag + 4410]
    response = np.abs(np.fft.rfft(repeat))
    assert response[1] == pytest.approx(0.8, rel=0.02)
    cutoff = round(3000 * repeat.size / RATE_HZ)
    assert response[cutoff] == pytest.approx(0.8 / np.sqrt(2), rel=0.03)
    assert np.abs(wet[lag + 4410 :]).max() < 1e-6


def test_tape_echos_repeats_come_in_time_get_weaker_and_darker():
    wet = render("tape_echo", impulse(), delay_ms=300.0, feedback=0.6, level=0.8)
    lag = round(0.3 * RATE_HZ)
    repeats = [wet[k * lag - 100 : k * lag + 4000] for k in (1, 2, 3)]
    energies = [np.sum(r**2) for r in repeats]
    assert energies[0] > energies[1] > energies[2] > 0
    hertz = np.fft.rfftfreq(4100, 1 / RATE_HZ)
    spectra = [np.abs(np.fft.rfft(r)) ** 2 for r in repeats]
    centroids = [np.sum(hertz * s) / np.sum(s) for s in spectra]
    assert centroids[0] > 1.15 * centroids[1] > 1.3 * centroids[2]


def test_diode_overdrive_adds_even_harmonics_and_symmetric_distortion_does_not():
    wet = render("diode_overdrive", tone(220.0), drive_db=20.0, asymmetry=0.7, tone_hz=5000.0)
    level = harmonics(wet[RATE_HZ // 2 :], 220.0, 3)
    assert level[1] > 0.05 * level[0]
    assert abs(wet[RATE_HZ // 2 :].mean()) < 0.01


def test_fuzz_is_nearly_a_square_wave_whatever_the_input_level():
    for level in (0.1, 0.8):
        settings = dict(drive_db=50.0, bias=0.0, tone_hz=4000.0)
        wet = render("fuzz", tone(110.0, level=level), **settings)[RATE_HZ // 2 :]
        assert np.sqrt(np.mean(wet**2)) > 0.9  # a sine of that peak: 0.7
        first, _, third = harmonics(wet, 110.0, 3)
        assert third / first == pytest.approx(1 / 3, rel=0.06)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("plate_reverb", dict(room_size=0.9, damping=0.3, wet_level=0.5)),
        ("room_reverb", dict(decay_s=1.0, brightness_hz=5000.0, level=0.6)),
    ],
)
def test_reverbs_ring_on_and_fade_smoothly(name, settings):
    burst = tone(seconds=2.0)
    burst[:, 2205:] = 0
    wet = render(name, burst, **settings)
    early, late = (np.sqrt(np.mean(wet[int(s * RATE_HZ) :][:8820] ** 2)) for s in (0.1, 0.6))
    assert early > late > 1e-4


def test_room_reverb_falls_by_60_db_in_the_decay_time():
    wet = render("room_reverb", impulse(), decay_s=1.0, brightness_hz=6000.0, level=0.8)
    early, late = (np.sum(wet[int(s * RATE_HZ) :][:4410] ** 2) for s in (0.1, 0.6))
    assert 10 * np.log10(early / late) == pytest.approx(30.0, abs=1.5)


@pytest.mark.parametrize("name", ["sine_tremolo", "optical_tremolo"])
def test_tremolos_move_the_level_at_the_set_rate_and_depth(name):
    wet = render(name, tone(3000.0), rate_hz=4.0, depth=0.8)
    level = envelope(wet, frame=44)
    assert level.min() / level.max() == pytest.approx(0.2, abs=0.03)
    spectrum = np.abs(np.fft.rfft(level - level.mean()))
    assert np.argmax(spectrum) * RATE_HZ / 44 / level.size == pytest.approx(4.0, abs=0.5)


def test_clean_is_the_sound_itself_and_amp_tone_only_changes_its_colour():
    wave = noise()
    np.testing.assert_array_equal(DESIGNS["clean"].render(wave, RATE_HZ, {}), wave)
    wet = render("amp_tone", wave, bass_db=5.0, treble_db=-5.0)
    ratio = np.abs(np.fft.rfft(wet)) / np.abs(np.fft.rfft(wave[0]))
    low, high = (ratio[int(a * 2) : int(b * 2)] for a, b in ((30, 80), (8000, 15000)))
    assert 20 * np.log10(np.median(low)) == pytest.approx(5.0, abs=0.5)
    assert 20 * np.log10(np.median(high)) == pytest.approx(-5.0, abs=0.5)
