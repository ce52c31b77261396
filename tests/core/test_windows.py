"""A sound begins where its level rises, and its windows cover all of it."""

import numpy as np
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES, LEAD_IN_S
from autofx_core.windows import (
    MOST_WINDOWS,
    choose_windows,
    cut_windows,
    find_beginning,
    find_onsets,
    find_start,
)

RATE_HZ = ANALYSIS_RATE_HZ
LEAD_S = 0.3


def pluck(seconds=2.0, hertz=196.0, rate_hz=RATE_HZ, decay_per_s=2.0):
    """Twelve partials that begin at once and die away."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    orders = np.arange(1, 13)
    partials = (
        np.sin(2 * np.pi * hertz * np.outer(orders, time_s) + orders[:, None]) / orders[:, None]
    )
    wave = np.exp(-decay_per_s * time_s) * partials.sum(axis=0)
    return wave / np.abs(wave).max()


def lead_in(kind, rate_hz=RATE_HZ):
    """What may come before a note: 0.3 s of it."""
    rng = np.random.default_rng(0)
    samples = round(LEAD_S * rate_hz)
    lead = np.zeros(samples)
    noise = rng.standard_normal(samples)
    if kind == "finger":
        part = slice(round(0.05 * rate_hz), round(0.14 * rate_hz))
        lead[part] = 10 ** (-45 / 20) * noise[part] / np.abs(noise[part]).max()
    elif kind == "loud finger":
        part = slice(round(0.05 * rate_hz), round(0.14 * rate_hz))
        lead[part] = 10 ** (-26 / 20) * noise[part] / np.abs(noise[part]).max()
    elif kind == "click":
        lead[2000:2020] = 0.1 * noise[:20]
    elif kind == "hiss":
        lead = 10 ** (-50 / 20) * noise / 3
    elif kind == "hum":
        lead = 10 ** (-40 / 20) * np.sin(2 * np.pi * 50 * np.arange(samples) / rate_hz)
    elif kind == "DC":
        lead = lead + 0.2
    return lead


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 96_000])
@pytest.mark.parametrize("kind", ["silence", "finger", "loud finger", "click", "hiss", "hum", "DC"])
def test_a_note_begins_at_its_attack_whatever_comes_before(kind, rate_hz):
    note = pluck(rate_hz=rate_hz) + (0.2 if kind == "DC" else 0.0)
    wave = np.concatenate([lead_in(kind, rate_hz), note])
    for gain in (1.0, 1e-3):
        beginning_s = find_beginning(gain * wave, rate_hz) / rate_hz
        assert beginning_s == pytest.approx(LEAD_S, abs=0.003)
    assert find_start(wave, rate_hz) / rate_hz == pytest.approx(LEAD_S - LEAD_IN_S, abs=0.003)


def test_a_sound_that_starts_in_mid_note_begins_with_its_first_sample():
    assert find_beginning(pluck()[RATE_HZ // 2 :], RATE_HZ) == 0


def test_a_fade_in_begins_before_it_is_loud():
    fade = np.linspace(0, 1, RATE_HZ) * np.sin(np.arange(RATE_HZ) / 20)
    beginning = find_beginning(fade, RATE_HZ)
    assert 0 <= beginning < 0.2 * RATE_HZ


def test_onsets_are_where_notes_are_struck_over_ringing_ones():
    struck_s = [0.1, 0.6, 1.1, 1.35]
    wave = np.zeros(2 * RATE_HZ)
    for number, start_s in enumerate(struck_s):
        start = round(start_s * RATE_HZ)
        wave[start:] += pluck(2.0, 196 * 2 ** (number * 5 / 12))[: wave.size - start]
    np.testing.assert_allclose(find_onsets(wave) / RATE_HZ, struck_s, atol=0.02)


def test_a_single_note_has_one_window_that_begins_before_the_attack():
    wave = np.concatenate([lead_in("hiss"), pluck()])
    (start,) = choose_windows(wave)
    assert start / RATE_HZ == pytest.approx(LEAD_S - LEAD_IN_S, abs=0.003)


def test_windows_cover_a_phrase_and_begin_with_its_notes():
    wave = np.tile(pluck(0.9), 7)
    starts = choose_windows(wave)
    assert len(starts) <= MOST_WINDOWS
    covered = np.zeros(wave.size, dtype=bool)
    for start in starts:
        covered[start : start + ANALYSIS_SAMPLES] = True
    assert covered.all()
    struck = np.arange(7) * round(0.9 * RATE_HZ) - LEAD_IN_S * RATE_HZ
    late_s = np.abs(starts[:, None] - struck).min(axis=1) / RATE_HZ
    assert np.mean(late_s[:-1] < 0.02) >= 0.8  # one lies half-way between two notes


def test_windows_leave_out_what_is_silent_and_have_peak_one():
    wave = np.concatenate([pluck(1.0), np.zeros(6 * RATE_HZ), pluck(2.0)]).astype(np.float32)
    windows = cut_windows(wave[None], RATE_HZ)
    assert windows.shape[1] == ANALYSIS_SAMPLES
    np.testing.assert_allclose(np.abs(windows).max(axis=1), 1.0, rtol=1e-5)
    assert len(windows) < MOST_WINDOWS


@pytest.mark.slow
def test_a_minute_is_cut_into_no_more_windows_than_ten_seconds():
    wave = np.tile(pluck(0.9), 67).astype(np.float32)
    assert len(choose_windows(wave)) == MOST_WINDOWS


def test_a_faint_note_before_a_louder_echo_of_it_is_the_beginning():
    wave = np.concatenate([lead_in("hiss"), np.zeros(RATE_HZ // 2), pluck(1.5)])
    start = round(LEAD_S * RATE_HZ)
    wave[start:] += 10 ** (-30 / 20) * pluck(2.0)
    assert find_beginning(wave, RATE_HZ) == pytest.approx(start, abs=0.01 * RATE_HZ)
    louder = np.concatenate([lead_in("finger"), np.zeros(RATE_HZ // 2), pluck(1.5)])
    assert find_beginning(louder, RATE_HZ) == pytest.approx(start + RATE_HZ // 2, abs=100)
