"""Each pedal does, measurably, what its pedal is known for."""

import numpy as np
import pytest

from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES

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
    return PEDAL_MODELS[name].render(wave, RATE_HZ, settings)[0].astype(np.float64)


def envelope(wave, frame=441):
    return np.abs(wave[: wave.size // frame * frame].reshape(-1, frame)).max(1)


def harmonics(wave, frequency_hz, count):
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.size)))
    bins = [round(k * frequency_hz * wave.size / RATE_HZ) for k in range(1, count + 1)]
    return np.array([spectrum[b - 2 : b + 3].max() for b in bins])


@pytest.mark.parametrize("name", PEDAL_MODELS)
def test_every_pedal_keeps_shape_and_channels_and_stays_finite(name):
    rng = np.random.default_rng(1)
    stereo = np.concatenate([noise(0.5), tone(seconds=0.5)])
    for _ in range(3):
        wet = PEDAL_MODELS[name].render(stereo, RATE_HZ, PEDAL_MODELS[name].draw(rng))
        assert wet.shape == stereo.shape
        assert wet.dtype == np.float32
        assert np.isfinite(wet).all()
        assert 0.02 < np.abs(wet).max() < 5


@pytest.mark.parametrize("effect_class", CLASSES)
def test_every_class_has_at_least_two_pedals(effect_class):
    assert sum(pedal.effect_class == effect_class for pedal in PEDAL_MODELS.values()) >= 2


def test_every_effect_has_at_least_three_pedals():
    for effect in EFFECT_NAMES:
        assert sum(pedal.effect == effect for pedal in PEDAL_MODELS.values()) >= 3


@pytest.mark.parametrize(
    "name", [name for name, pedal in PEDAL_MODELS.items() if "start_turns" in pedal.ranges]
)
def test_oscillators_start_where_they_are_told(name):
    pedal = PEDAL_MODELS[name]
    middle = {key: (low + high) / 2 for key, (low, high) in pedal.ranges.items()}
    at_rest, later, once_round = (
        pedal.render(noise(1.0), RATE_HZ, middle | {"start_turns": turns})
        for turns in (0.0, 0.3, 1.0)
    )
    assert np.abs(later - at_rest).max() > 0.01
    assert np.abs(once_round - at_rest).mean() < 1e-4


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


def test_a_diode_overdrive_of_unequal_halves_adds_even_harmonics():
    wet = render("diode_overdrive", tone(220.0), drive_db=20.0, asymmetry=0.7, tone_hz=5000.0)
    level = harmonics(wet[RATE_HZ // 2 :], 220.0, 3)
    assert level[1] > 0.05 * level[0]
    assert abs(wet[RATE_HZ // 2 :].mean()) < 0.01


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cubic_overdrive", dict(drive_db=20.0, tone_hz=5000.0)),
        ("hard_clipper", dict(drive_db=40.0, tone=0.5)),
    ],
)
def test_a_clipper_of_equal_halves_adds_odd_harmonics_alone(name, settings):
    wet = render(name, tone(220.0), **settings)
    first, second, third, fourth = harmonics(wet[RATE_HZ // 2 :], 220.0, 4)
    assert third > 0.1 * first
    assert max(second, fourth) < 1e-3 * first


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


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("triangle_tremolo", dict(depth=0.6)),
        ("square_tremolo", dict(depth=0.6, open_share=0.5)),
        ("bias_tremolo", dict(depth_db=8.0)),  # 20·lg 0.4
    ],
)
def test_other_tremolos_reach_their_depth_at_their_rate(name, settings):
    level = envelope(render(name, tone(500.0), rate_hz=5.0, **settings), frame=88)
    assert level.min() / level.max() == pytest.approx(0.4, abs=0.05)
    spectrum = np.abs(np.fft.rfft(level - level.mean()))
    assert np.argmax(spectrum) * RATE_HZ / 88 / level.size == pytest.approx(5.0, abs=0.5)


def test_square_tremolo_stays_at_its_two_levels_most_of_the_time():
    settings = dict(rate_hz=4.0, depth=0.8, open_share=0.5)
    level = envelope(render("square_tremolo", tone(3000.0), **settings), frame=44) / 0.5
    assert np.mean((level > 0.95) | (level < 0.25)) > 0.9


def taps_ms(wet, threshold=0.05):
    """Delays of the taps of an impulse response, in ms; neighbours count as one."""
    hits = np.flatnonzero(np.abs(wet[1:]) > threshold * np.abs(wet).max())
    groups = np.split(hits, np.flatnonzero(np.diff(hits) > RATE_HZ / 2000) + 1)
    return [1000 * group.mean() / RATE_HZ for group in groups]


@pytest.mark.parametrize(
    ("name", "settings", "expected_ms"),
    [
        ("analog_chorus", dict(rate_hz=1.0, depth_ms=1.0, centre_ms=12.0, mix=0.5), [11.0]),
        ("digital_slap", dict(delay_ms=120.0, level=0.7), [120.0]),
        ("double_slap", dict(delay_ms=100.0, level=0.8, second=0.5), [100.0, 160.0]),
        (
            "digital_echo",
            dict(delay_ms=500.0, feedback=0.7, mix=0.5),
            [500.0, 1000.0, 1500.0],
        ),
        (
            "multi_tap",
            dict(beat_ms=200.0, fall_db=2.0, level=0.8),
            [200.0, 300.0, 400.0, 600.0, 700.0, 800.0],
        ),
    ],
)
def test_taps_come_at_their_delays(name, settings, expected_ms):
    assert taps_ms(render(name, impulse(), **settings)) == pytest.approx(expected_ms, abs=0.3)


def test_digital_echos_repeats_fall_by_the_feedback():
    wet = render("digital_echo", impulse(), delay_ms=300.0, feedback=0.5, mix=0.4)
    lag = round(0.3 * RATE_HZ)
    assert [wet[k * lag] for k in range(4)] == pytest.approx([0.6, 0.4, 0.2, 0.1])


def test_bucket_echos_repeats_come_in_time_and_darken():
    wet = render("bucket_echo", impulse(), delay_ms=300.0, feedback=0.7, level=0.8)
    lag = round(0.3 * RATE_HZ)
    hertz = np.fft.rfftfreq(4100, 1 / RATE_HZ)
    spectra = [np.abs(np.fft.rfft(wet[k * lag - 100 : k * lag + 4000])) ** 2 for k in (1, 2, 3)]
    centroids = [np.sum(hertz * s) / np.sum(s) for s in spectra]
    assert centroids[0] > 1.15 * centroids[1] > 1.3 * centroids[2]


def test_dimension_choruss_taps_move_against_each_other():
    settings = dict(rate_hz=0.01, depth_ms=2.0, level=1.0)
    for turns, expected_ms in ((0.0, [7.0, 11.0]), (0.25, [9.0]), (0.4, [7.8, 10.2])):
        wet = render("dimension_chorus", impulse(), start_turns=turns, **settings)
        if turns == 0.25:  # where they meet they cancel: their signs are opposite
            assert np.abs(wet[10:]).max() < 0.1
        else:
            assert taps_ms(wet) == pytest.approx(expected_ms, abs=0.1)


def test_wandering_chorus_has_four_voices_4_ms_apart():
    wet = render("wandering_chorus", impulse(), rate_hz=0.2, depth_ms=0.0, mix=0.6)
    assert taps_ms(wet) == pytest.approx([7.0, 11.0, 15.0, 19.0], abs=0.1)


def test_through_zero_flanger_cancels_the_sound_where_the_taps_meet():
    wet = render("through_zero_flanger", noise(), rate_hz=0.5, span_ms=2.0)
    level = envelope(wet, frame=22)
    meeting = int(0.5 * RATE_HZ / 22)  # a quarter of a period of 2 s
    assert level[meeting] < 0.1 * np.median(level)


def test_negative_flanger_has_notches_where_flanger_has_teeth():
    settings = dict(rate_hz=0.5, span_ms=0.0, feedback=0.6)
    response = np.abs(np.fft.rfft(render("negative_flanger", impulse(), **settings)))
    at = [response[round(f * 2)] for f in (1000, 1500, 2000, 2500)]
    plain = np.abs(np.fft.rfft(render("flanger", impulse(), rate_hz=0.5, depth=0.0, feedback=0.6)))
    teeth = [plain[round(f * 2)] for f in (1000, 1500, 2000, 2500)]
    assert at[0] < 0.8 * teeth[0]
    assert teeth[0] > 3 * teeth[1]
    assert teeth[2] > 3 * teeth[3]


@pytest.mark.parametrize(("name", "notches"), [("deep_phaser", 4), ("vibe", 2)])
def test_phasers_have_half_as_many_notches_as_stages(name, notches):
    settings = {
        "deep_phaser": dict(rate_hz=0.2, depth_octaves=0.0, centre_hz=800.0, feedback=0.0),
        "vibe": dict(rate_hz=0.2, depth=0.0),
    }[name]
    wet = render(name, impulse(), **settings)
    response = np.abs(np.fft.rfft(wet))[: int(12_000 * wet.size / RATE_HZ)]
    dips = (response[1:-1] < 0.1) & (np.diff(np.sign(np.diff(response))) > 0)
    assert dips.sum() == notches


def test_triangle_vibrato_has_two_pitches():
    wet = render("triangle_vibrato", tone(), rate_hz=4.0, swing_ms=0.5)
    crossings = np.flatnonzero((wet[:-1] < 0) & (wet[1:] >= 0))
    exact = crossings + wet[crossings] / (wet[crossings] - wet[crossings + 1])
    cents = 1200 * np.log2(RATE_HZ / np.diff(exact)[5:] / 440.0)
    expected = 1200 * np.log2(1 + 0.5e-3 * 2 * 4.0)  # the delay's slope
    assert np.mean(np.abs(np.abs(cents) - expected) < 0.5) > 0.9


def test_rotary_vibrato_moves_the_pitch_by_the_set_cents_and_the_treble_level():
    settings = dict(rate_hz=5.0, deviation_cents=40.0)
    wet = render("rotary_vibrato", tone(), **settings)
    crossings = np.flatnonzero((wet[:-1] < 0) & (wet[1:] >= 0))
    exact = crossings + wet[crossings] / (wet[crossings] - wet[crossings + 1])
    cents = 1200 * np.log2(RATE_HZ / np.diff(exact)[5:] / 440.0)
    assert (cents.max(), cents.min()) == pytest.approx((40, -40), abs=4)
    treble = envelope(render("rotary_vibrato", tone(8000.0), **settings), frame=220)[10:]
    assert treble.min() / treble.max() == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize(
    ("name", "settings", "even_db"),
    [
        ("screamer", dict(drive_db=25.0, mid_hz=700.0, clean_share=0.2), -60.0),
        ("cubic_overdrive", dict(drive_db=20.0, tone_hz=5000.0), -60.0),
        ("hard_clipper", dict(drive_db=40.0, tone=0.5), -60.0),
        ("high_gain_amp", dict(drive_db=45.0, mid_db=0.0), -60.0),
        ("tube_amp", dict(drive_db=12.0, bias=0.4, cabinet_hz=5000.0), None),
        ("octave_fuzz", dict(drive_db=30.0, octave=0.5, tone_hz=4000.0), None),
    ],
)
def test_clippers_add_odd_harmonics_and_the_lopsided_ones_even_ones_too(name, settings, even_db):
    first, second, third = harmonics(
        render(name, tone(220.0), **settings)[RATE_HZ // 2 :], 220.0, 3
    )
    assert third > 0.03 * first
    if even_db is None:
        assert second > 0.03 * first
    else:
        assert 20 * np.log10(second / first) < even_db


def test_octave_fuzz_doubles_the_pitch_when_all_is_rectified():
    settings = dict(drive_db=20.0, octave=1.0, tone_hz=5000.0)
    first, second = harmonics(render("octave_fuzz", tone(220.0), **settings), 220.0, 2)
    assert second > 30 * first


def test_overdrives_leave_a_quiet_sound_cleaner_than_a_loud_one():
    for name in ("screamer", "cubic_overdrive", "tube_amp"):
        middle = {key: sum(limits) / 2 for key, limits in PEDAL_MODELS[name].ranges.items()}
        shares = []
        for level in (0.01, 0.8):
            level_of = harmonics(render(name, tone(220.0, level=level), **middle), 220.0, 3)
            shares.append(level_of[2] / level_of[0])
        assert shares[0] < 0.2 * shares[1]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("spring_reverb", dict(decay_s=1.5, delay_ms=35.0, level=0.6)),
        ("schroeder_reverb", dict(decay_s=1.5, mix=0.5)),
    ],
)
def test_feedback_reverbs_fall_by_60_db_in_the_decay_time(name, settings):
    wet = render(name, impulse(3.0), **settings)
    early, late = (np.sum(wet[int(s * RATE_HZ) :][:8820] ** 2) for s in (0.3, 1.05))
    assert 10 * np.log10(early / late) == pytest.approx(30.0, abs=4.0)


def test_hall_reverb_waits_for_its_predelay_and_darkens():
    wet = render("hall_reverb", impulse(), decay_s=2.0, predelay_ms=50.0, level=0.8)
    assert np.abs(wet[1 : int(0.049 * RATE_HZ)]).max() < 1e-6
    hertz = np.fft.rfftfreq(8820, 1 / RATE_HZ)
    spectra = [np.abs(np.fft.rfft(wet[int(s * RATE_HZ) :][:8820])) ** 2 for s in (0.1, 1.2)]
    early, late = (np.sum(hertz * s) / np.sum(s) for s in spectra)
    assert late < 0.5 * early


def test_gated_reverb_is_level_and_ends_at_once():
    wet = render("gated_reverb", impulse(), gate_ms=300.0, level=0.8, brightness_hz=5000.0)
    spans = [np.sum(wet[int(s * RATE_HZ) :][:2205] ** 2) for s in (0.05, 0.2, 0.31)]
    assert 10 * np.log10(spans[0] / spans[1]) == pytest.approx(0, abs=1.5)
    assert spans[2] < 1e-6 * spans[1]


def test_spring_reverbs_low_tones_come_first():
    wet = render("spring_reverb", impulse(), decay_s=1.5, delay_ms=40.0, level=0.6)
    first = wet[1 : int(0.075 * RATE_HZ)]
    spectrum, bins = np.fft.rfft(first), np.fft.rfftfreq(first.size, 1 / RATE_HZ)
    arrivals_s = []
    for low, high in ((300, 800), (3000, 3800)):
        band = np.fft.irfft(np.where((bins > low) & (bins < high), spectrum, 0), first.size)
        arrivals_s.append(np.argmax(np.abs(band)) / RATE_HZ)
    assert arrivals_s[0] == pytest.approx(0.040, abs=0.005)
    assert arrivals_s[1] > arrivals_s[0] + 0.008


def gain_db(name, hertz, **settings):
    wave = noise(4.0)
    spectra = [np.abs(np.fft.rfft(w)) for w in (render(name, wave, **settings), wave[0])]
    around = slice(int(0.9 * hertz * 4), int(1.1 * hertz * 4))
    return 20 * np.log10(np.median(spectra[0][around]) / np.median(spectra[1][around]))


def test_equaliser_and_loudspeaker_have_their_responses():
    flat = dict(low_db=0.0, mid_db=6.0, high_db=-6.0, mid_hz=800.0)
    assert gain_db("equaliser", 800.0, **flat) == pytest.approx(6, abs=0.7)
    assert gain_db("equaliser", 3500.0, **flat) == pytest.approx(-6, abs=0.7)
    cabinet = dict(cutoff_hz=4000.0, resonance_hz=100.0)
    assert gain_db("loudspeaker", 8000.0, **cabinet) < -18
    assert abs(gain_db("loudspeaker", 500.0, **cabinet)) < 2


def test_compressor_evens_levels_out_by_its_ratio():
    loud = np.concatenate([tone(level=0.5, seconds=1.5), tone(level=0.125, seconds=1.5)], axis=1)
    wet = render("compressor", loud, threshold_db=-30.0, ratio=4.0, release_ms=100.0)
    first, second = (np.abs(wet[int(s * RATE_HZ) :][:8820]).max() for s in (1.2, 2.7))
    assert 20 * np.log10(first / second) == pytest.approx(12.04 / 4, abs=0.5)


def test_noisy_line_adds_hum_and_hiss_at_their_levels():
    wet = render("noisy_line", tone(1000.0, level=1.0), hiss_dbfs=-50.0, hum_dbfs=-40.0)
    rest = wet - tone(1000.0, level=1.0)[0]
    hum = np.abs(np.fft.rfft(rest))[100] * 2 / rest.size  # 50 Hz
    assert 20 * np.log10(hum) == pytest.approx(-40, abs=0.5)
    assert np.abs(rest).max() < 0.05


def test_clean_is_the_sound_itself_and_amp_tone_only_changes_its_colour():
    wave = noise()
    np.testing.assert_array_equal(PEDAL_MODELS["clean"].render(wave, RATE_HZ, {}), wave)
    wet = render("amp_tone", wave, bass_db=5.0, treble_db=-5.0)
    ratio = np.abs(np.fft.rfft(wet)) / np.abs(np.fft.rfft(wave[0]))
    low, high = (ratio[int(a * 2) : int(b * 2)] for a, b in ((30, 80), (8000, 15000)))
    assert 20 * np.log10(np.median(low)) == pytest.approx(5.0, abs=0.5)
    assert 20 * np.log10(np.median(high)) == pytest.approx(-5.0, abs=0.5)
