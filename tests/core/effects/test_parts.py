"""The parts of the adaptable effects do what their settings say, by closed forms."""

import numpy as np
import pytest

from autofx_core.effects.parts import (
    Clipper,
    EchoLine,
    Room,
    ShapedTremolo,
    SweptAllPass,
    SweptDelay,
    Tone,
    oscillate,
)
from autofx_core.effects.registry import FURTHER, find_effect
from autofx_core.effects.table import EFFECTS, Effect, Parameter, Stage

RATE_HZ = 20_000
WITH_LFO = [key for key, effect in (EFFECTS | FURTHER).items() if effect.lfos]


def impulse(samples=RATE_HZ):
    wave = np.zeros((1, samples), dtype=np.float32)
    wave[0, 0] = 1.0
    return wave


def gain_at(part, hertz):
    response = np.fft.rfft(part(impulse(), RATE_HZ)[0])
    return np.abs(response[round(hertz)])  # one bin is one hertz


def test_an_oscillator_is_a_triangle_a_sine_or_nearly_a_square_and_may_be_skewed():
    turns = np.linspace(0, 1, 401)
    np.testing.assert_allclose(oscillate(turns, 0.0), np.sin(2 * np.pi * turns), atol=1e-4)
    np.testing.assert_allclose(oscillate(turns[:101], -1.0), 4 * turns[:101], atol=1e-9)
    assert np.mean(np.abs(oscillate(turns, 1.0)) > 0.9) > 0.85
    assert np.argmax(oscillate(turns - 0.25, 0.0, 0.2)) == 80  # highest a fifth of a turn later


def test_a_still_swept_delay_is_a_comb_with_feedback_and_sign():
    still = SweptDelay(depth_ms=0.0, delay_ms=5.0, mix=-0.4, feedback=0.5)
    response = still(impulse(), RATE_HZ)[0]
    np.testing.assert_allclose(response[[0, 100, 200, 300]], [0.6, -0.4, -0.2, -0.1], atol=1e-3)
    assert np.abs(response[1:100]).max() == 0


def test_a_two_stage_phaser_cancels_at_its_centre():
    still = SweptAllPass(depth_octaves=0.0, centre_frequency_hz=1000.0, stages=2.0, mix=0.5)
    assert gain_at(still, 1000) < 1e-3
    assert gain_at(still, 10) == pytest.approx(1.0, abs=0.01)


def test_eight_stages_are_stable_at_the_lowest_centre():
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 2 * RATE_HZ)).astype(np.float32)
    swept = SweptAllPass(8.0, 6.0, 80.0, stages=8.0, feedback=0.8)
    assert np.abs(swept(noise, RATE_HZ)).max() < 20


def test_an_echo_repeats_at_its_time_and_level_and_loses_treble():
    response = EchoLine(0.1, feedback=0.5, mix=0.4)(impulse(), RATE_HZ)[0]
    np.testing.assert_allclose(response[[0, 2000, 4000, 6000]], [0.6, 0.4, 0.2, 0.1], atol=1e-6)
    dull = EchoLine(0.1, feedback=0.5, mix=1.0, high_cut_hz=1000.0)(impulse(), RATE_HZ)[0]
    first, second = (np.abs(np.fft.rfft(dull[n : n + 2000]))[100] for n in (2000, 4000))
    assert second / first == pytest.approx(0.5 / np.sqrt(2), rel=0.02)  # −3 dB at 1 kHz, a round


def test_a_clipper_is_tanh_or_corners_and_asymmetry_adds_even_harmonics():
    tone = 0.5 * np.sin(2 * np.pi * 100 * np.arange(RATE_HZ) / RATE_HZ)[None].astype(np.float32)
    np.testing.assert_allclose(Clipper(20.0)(tone, RATE_HZ), np.tanh(10 * tone), atol=1e-5)
    hard = Clipper(20.0, hardness=1.0)(tone, RATE_HZ)
    np.testing.assert_allclose(hard, np.clip(10 * tone, -1, 1), atol=1e-5)
    even = [
        np.abs(np.fft.rfft(Clipper(10.0, asymmetry=a)(tone, RATE_HZ)[0]))[200] for a in (0.0, 0.5)
    ]
    assert even[0] < 1
    assert even[1] > 500


def test_a_room_comes_after_its_pre_delay():
    wet = Room(mix=1.0, pre_delay_ms=50.0)(impulse(), RATE_HZ)[0]
    assert np.abs(wet[:1000]).max() == 0
    assert np.abs(wet[1000:]).max() > 0


def test_tone_controls_leave_alone_what_they_are_not_set_to_change():
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 500)).astype(np.float32)
    np.testing.assert_array_equal(Tone()(noise, RATE_HZ), noise)
    assert gain_at(Tone(mid_hz=700.0, mid_db=12.0), 700) == pytest.approx(10**0.6, rel=0.01)
    assert gain_at(Tone(high_cut_hz=2000.0), 2000) == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_a_shaped_tremolo_moves_between_full_and_its_depth():
    level = ShapedTremolo(2.0, 0.6)(np.ones((1, RATE_HZ), dtype=np.float32), RATE_HZ)
    assert (level.max(), level.min()) == pytest.approx((1.0, 0.4), abs=1e-4)


@pytest.mark.parametrize("key", WITH_LFO)
def test_a_phase_is_where_the_oscillator_stands_after_as_much_silence(key):
    effect = find_effect(key)
    setting = effect.denormalize(np.full(len(effect.parameters), 0.4))
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 4000)).astype(np.float32)
    lead = 4096
    turns = lead / RATE_HZ * setting[effect.lfos[0]]
    after_silence = effect.render(np.pad(noise, ((0, 0), (lead, 0))), RATE_HZ, setting)[:, lead:]
    at_phase = effect.render(noise, RATE_HZ, setting, lfo_phase=(turns,))
    np.testing.assert_allclose(at_phase, after_silence, atol=2e-3)
    still = effect.render(noise, RATE_HZ, setting)
    assert np.abs(at_phase - still).max() > 0.02


def test_an_oscillator_that_is_no_parameter_and_a_phase_too_many_are_refused():
    parameter = Parameter("rate_hz", "Hz", 0.1, 10.0, 1.0)
    with pytest.raises(ValueError, match="mine: lfo='rate' is no parameter"):
        Effect("mine", "Mine", (Stage(SweptDelay, "", (parameter,)),), lfo="rate")
    mine = Effect("mine", "Mine", (Stage(SweptDelay, "", (parameter,)),), lfo="rate_hz")
    with pytest.raises(ValueError, match="mine has 1 oscillators, got 2 phases"):
        mine.render(impulse(), RATE_HZ, {"rate_hz": 1.0}, lfo_phase=(0.1, 0.2))
