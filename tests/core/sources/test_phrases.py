"""Phrases hold the composed notes: at their times, at their pitches, damped, and the same again."""

import numpy as np
import pytest

from autofx_core.audio import ANALYSIS_RATE_HZ, AudioError
from autofx_core.sources.clean import LoadedSound, builtin_notes
from autofx_core.sources.phrases import (
    HIGHEST,
    LENGTH_S,
    LOWEST,
    STYLES,
    Note,
    compose,
    perform,
    play_phrase,
)

RATE_HZ = ANALYSIS_RATE_HZ


def tone(midi, instrument="sine", seconds=2.5):
    """A recorded note that is one sine."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    wave = np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * time_s)[np.newaxis]
    return LoadedSound(
        f"{instrument}-{midi}",
        "nowhere",
        f"{instrument} {midi}",
        instrument,
        midi,
        wave=wave.astype(np.float32),
        sample_rate=RATE_HZ,
    )


SINES = [tone(midi) for midi in (45, 57, 69)]


def strongest_hz(part):
    spectrum = np.abs(np.fft.rfft(part * np.hanning(part.size), 2**17))
    return np.argmax(spectrum) * RATE_HZ / 2**17


@pytest.mark.parametrize("midi", [45, 48, 52, 55, 57, 60, 66, 70])
def test_notes_sound_at_their_times_at_their_pitches_up_to_octaves(midi):
    rng = np.random.default_rng(0)
    wave, recordings = perform(
        [Note(0.5, midi, 0.6)], SINES, rng, length_s=2.0, sample_rate=RATE_HZ
    )
    assert wave.shape == (1, 2 * RATE_HZ)
    assert not wave[0, : RATE_HZ // 2].any()
    found = strongest_hz(wave[0, RATE_HZ // 2 : RATE_HZ])
    octaves = np.log2(found / 440) - (midi - 69) / 12
    assert octaves == pytest.approx(round(octaves), abs=0.003)
    if min(abs(midi - note.midi) for note in SINES) <= 3:
        assert round(octaves) == 0
    assert len(recordings) == 1


def test_a_damped_note_dies_away_and_a_hammered_one_lacks_its_attack():
    rng = np.random.default_rng(0)

    def level(note, start_s):
        wave, _ = perform([note, Note(1.5, 57, 0.4)], SINES, rng, length_s=2.0, sample_rate=RATE_HZ)
        part = wave[0, round(start_s * RATE_HZ) :][: RATE_HZ // 20]
        return np.sqrt(np.square(part).mean())

    assert level(Note(0.0, 57, 0.5), 0.4) == pytest.approx(0.707, rel=0.02)
    after_ten = 0.5 + 10 * 0.03
    assert level(Note(0.0, 57, 0.5, damping_s=0.03), after_ten) < 1e-4
    clicking = LoadedSound("click", "nowhere", "click", "sine", 57, sample_rate=RATE_HZ,
                           wave=np.eye(1, RATE_HZ, dtype=np.float32) + 0.1)  # fmt: skip
    waves = [
        perform([Note(0.0, 57, 0.9, hammered=hammered)], [clicking], rng, length_s=1.0,
                sample_rate=RATE_HZ)[0]
        for hammered in (False, True)
    ]  # fmt: skip
    crest = [np.abs(wave).max() / np.median(np.abs(wave)) for wave in waves]
    assert crest[0] > 5
    assert crest[1] < 1.2


@pytest.mark.parametrize("style", STYLES)
def test_a_phrase_is_the_same_for_the_same_seed_and_another_for_another(style):
    played = [
        play_phrase(SINES, np.random.default_rng(seed), style=style, sample_rate=RATE_HZ)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(played[0].wave, played[1].wave)
    assert played[0].notes == played[1].notes
    assert played[0].notes != played[2].notes
    for phrase in played:
        assert LENGTH_S[0] <= phrase.wave.shape[1] / RATE_HZ <= LENGTH_S[1]
        assert np.abs(phrase.wave).max() == pytest.approx(1.0)


@pytest.mark.parametrize("style", STYLES)
def test_styles_have_notes_in_a_guitars_range_all_the_time(style):
    for seed in range(20):
        notes = compose(np.random.default_rng(seed), style, 8.0)
        starts_s = np.array([note.start_s for note in notes])
        assert np.diff([*starts_s, 8.0]).max() < 4.0
        assert starts_s[0] < 2.0
        assert (np.diff(starts_s) >= 0).all()
        assert all(LOWEST - 3 <= note.midi <= HIGHEST + 7 for note in notes)
        assert all(note.length_s > 0 for note in notes)


def test_a_strum_has_several_voices_within_a_stroke_and_a_melody_has_one():
    for style, voices in (("strum", 3), ("melody", 1)):
        notes = compose(np.random.default_rng(3), style, 8.0)
        starts_s = np.array([note.start_s for note in notes])
        together = (np.abs(starts_s[:, None] - starts_s) < 0.06).sum(axis=0)
        assert np.median(together) >= voices if voices > 1 else np.median(together) == 1


def test_a_phrase_is_of_one_instrument_and_names_its_recordings():
    notes = [*SINES, *(tone(midi, "other") for midi in (50, 62))]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        phrase = play_phrase(notes, rng, length_s=2.0, sample_rate=RATE_HZ)
        assert len({name.split()[0] for name in phrase.recordings}) == 1


def test_held_out_notes_stay_held_out():
    notes = builtin_notes("test")
    phrase = play_phrase(notes, np.random.default_rng(0), length_s=3.0, sample_rate=RATE_HZ)
    assert set(phrase.recordings) <= {note.recording for note in notes}


def test_what_cannot_be_played_is_refused():
    rng = np.random.default_rng(0)
    unknown = LoadedSound("a", "nowhere", "a", wave=np.ones((1, 9), np.float32))
    with pytest.raises(AudioError, match="no clean note has a known pitch"):
        play_phrase([unknown], rng)
    with pytest.raises(ValueError, match="unknown style 'waltz'; known: melody, riff"):
        play_phrase(SINES, rng, style="waltz")
    with pytest.raises(ValueError, match=r"length_s must be at least 0\.5 s, got 0\.1"):
        compose(rng, "riff", 0.1)
