"""Phrases of guitar playing, made of single notes: riffs, arpeggios, strums, melodies.

What people have is playing, not single notes: notes overlap, are damped, repeated, struck harder
and softer, and never quite in time. A phrase is composed first (`compose`: which note, when, how
long, how hard), then played on any notes whose pitch is known (`perform`). `play_phrase` does both.
The same generator state gives the same samples.

============  ========================================================================
`melody`      one voice, legato; a tune of `TUNES`, or a walk over a scale
`riff`        one voice, short and muted notes, repeated notes, and fifths
`arpeggio`    the notes of chords one after the other, left to ring
`strum`       chords of three to six notes, up and down, 8–35 ms a stroke
`repeated`    one note or chord struck again before it has died away
============  ========================================================================

The tunes are in the public domain: Ode to Joy (Beethoven, 1824), Greensleeves (16th century),
Frère Jacques (18th century), Scarborough Fair (17th century), House of the Rising Sun
(traditional).

Conventions: times in s, pitches as MIDI numbers (40 is E2, 82.4 Hz), strengths in dB.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import soxr

from autofx_core.audio import LISTENING_RATE_HZ, AudioError
from autofx_core.sources.clean import CleanSound

LOWEST, HIGHEST = 40, 79
LENGTH_S = (6.0, 12.0)
TEMPO_BPM = (66.0, 152.0)
TIMING_S = 0.008  # standard deviation of a player's timing
STRENGTH_DB = 2.0  # standard deviation of a player's strokes
HAMMER_S = 0.02  # of the attack that a hammered note lacks
NOTES_KEPT = 1024

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
CHORDS = {
    "major": (0, 7, 12, 16, 19, 24),
    "minor": (0, 7, 12, 15, 19, 24),
    "seventh": (0, 7, 10, 16, 19, 24),
    "fifth": (0, 7, 12),
}
"""Semitones above the root, as a guitar stacks them."""
PROGRESSIONS = ((0, 5, 7, 0), (0, 9, 5, 7), (0, 10, 5, 0), (0, 3, 10, 5), (0, 7, 9, 5))

TUNES: dict[str, tuple[tuple[int, float], ...]] = {
    "ode to joy": (
        *((4, 1), (4, 1), (5, 1), (7, 1), (7, 1), (5, 1), (4, 1), (2, 1)),
        *((0, 1), (0, 1), (2, 1), (4, 1), (4, 1.5), (2, 0.5), (2, 2)),
    ),
    "greensleeves": (
        *((0, 1), (3, 2), (5, 1), (7, 1.5), (8, 0.5), (7, 1), (5, 2), (2, 1)),
        *((-2, 1.5), (0, 0.5), (2, 1), (3, 2), (0, 1), (0, 1.5), (-1, 0.5), (0, 1)),
    ),
    "frère jacques": (
        *((0, 1), (2, 1), (4, 1), (0, 1), (0, 1), (2, 1), (4, 1), (0, 1)),
        *((4, 1), (5, 1), (7, 2), (4, 1), (5, 1), (7, 2)),
    ),
    "scarborough fair": (
        *((0, 2), (0, 1), (7, 1.5), (7, 0.5), (7, 1), (2, 1.5), (3, 0.5), (2, 1), (0, 3)),
        *((7, 1), (10, 1), (12, 2), (10, 1), (7, 1), (9, 1), (5, 1), (7, 3)),
    ),
    "rising sun": (
        *((0, 1), (0, 1), (2, 1), (3, 1), (7, 2), (5, 1), (0, 2), (12, 1)),
        *((12, 1), (12, 1), (10, 1), (7, 3), (12, 1), (12, 2), (10, 1), (7, 2)),
    ),
}
"""Tune → (semitones above the tonic, beats)."""


@dataclass(frozen=True)
class Note:
    """A note of a phrase.

    Attributes
    ----------
    start_s
        When it is struck.
    midi
        Its pitch.
    length_s
        After which the string is damped.
    strength_db
        Against the recorded note.
    damping_s
        In which it dies away when it is damped.
    hammered
        Whether the string is hammered on, not struck: the attack is missing.
    """

    start_s: float
    midi: int
    length_s: float
    strength_db: float = 0.0
    damping_s: float = 0.03
    hammered: bool = False


@dataclass(frozen=True)
class Phrase:
    """A played phrase.

    Attributes
    ----------
    wave : ndarray, shape (1, samples), float32, peak 1
    sample_rate
        In Hz.
    style
        A name from `STYLES`.
    notes
        What is played, in the order of their beginnings.
    recordings
        What the played notes stem from (see `sources.clean`), in alphabetical order.
    """

    wave: np.ndarray
    sample_rate: int
    style: str
    notes: tuple[Note, ...]
    recordings: tuple[str, ...]


def play_phrase(
    notes: Sequence[CleanSound],
    rng: np.random.Generator,
    *,
    style: str | None = None,
    length_s: float | None = None,
    sample_rate: int = LISTENING_RATE_HZ,
) -> Phrase:
    """Compose a phrase and play it on the notes of one instrument.

    Parameters
    ----------
    notes
        Clean notes of known pitch; where they are of several instruments, one of these is drawn.
    rng
        Draws everything.
    style
        A name from `STYLES`; by default, drawn.
    length_s
        Of the phrase, at least 0.5 s; by default, between 6 and 12 s.
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        If no note has a known pitch.
    ValueError
        If the style is unknown or the length is too short.

    Examples
    --------
    >>> from autofx_core.sources.clean import builtin_notes
    >>> rng = np.random.default_rng(1)
    >>> phrase = play_phrase(builtin_notes("test"), rng, style="strum", length_s=6.0)
    >>> phrase.wave.shape, len(phrase.notes) > 10
    ((1, 264600), True)
    """
    known = [note for note in notes if note.midi is not None]
    if not known:
        raise AudioError("no clean note has a known pitch; phrases need notes whose 'midi' is set")
    instruments = sorted({note.instrument for note in known})
    instrument = instruments[int(rng.integers(len(instruments)))]
    own = [note for note in known if note.instrument == instrument]
    style = style if style is not None else list(STYLES)[int(rng.integers(len(STYLES)))]
    length_s = length_s if length_s is not None else float(rng.uniform(*LENGTH_S))
    played = compose(rng, style, length_s)
    wave, recordings = perform(played, own, rng, length_s=length_s, sample_rate=sample_rate)
    return Phrase(wave, sample_rate, style, tuple(played), recordings)


def compose(rng: np.random.Generator, style: str, length_s: float) -> list[Note]:
    """Compose a phrase.

    Parameters
    ----------
    rng
        Draws key, tempo, notes, and how they are played.
    style
        A name from `STYLES`.
    length_s
        No note begins in its last 0.2 s; at least 0.5 s.

    Raises
    ------
    ValueError
        If the style is unknown or the length is too short.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}; known: {', '.join(STYLES)}")
    if length_s < 0.5:
        raise ValueError(f"length_s must be at least 0.5 s, got {length_s:g}")
    beat_s = 60 / rng.uniform(*TEMPO_BPM)
    strict = STYLES[style](rng, beat_s, length_s)
    played = [
        Note(
            max(0.0, note.start_s + rng.normal(0, TIMING_S)),
            note.midi,
            note.length_s,
            note.strength_db + rng.normal(0, STRENGTH_DB),
            note.damping_s,
            note.hammered,
        )
        for note in strict
        if note.start_s < length_s - 0.2
    ]
    return sorted(played, key=lambda note: (note.start_s, note.midi))


def perform(
    played: Sequence[Note],
    notes: Sequence[CleanSound],
    rng: np.random.Generator,
    *,
    length_s: float,
    sample_rate: int = LISTENING_RATE_HZ,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Play composed notes on recorded ones.

    A note that was not recorded is the nearest recorded one, resampled to its pitch; further away
    than three semitones it is moved by octaves first.

    Parameters
    ----------
    played
        What to play.
    notes
        Of one instrument, with known pitches.
    rng
        Chooses among recordings of the same pitch.
    length_s
        Of the phrase.
    sample_rate
        In Hz.

    Returns
    -------
    wave : ndarray, shape (1, samples), float32, peak 1
    recordings : tuple of str
        What the notes stem from.
    """
    samples = round(length_s * sample_rate)
    wave = np.zeros(samples)
    recordings = set()
    for note in played:
        recorded, midi = _nearest(notes, note.midi, rng)
        recordings.add(recorded.recording)
        sound = _tuned(recorded, midi - (recorded.midi or 0), sample_rate)
        start = round(note.start_s * sample_rate)
        sound = _shape(sound, note, sample_rate)[: max(0, samples - start)]
        wave[start : start + sound.size] += sound
    peak = np.abs(wave).max(initial=0.0)
    return (wave / (peak or 1.0)).astype(np.float32)[np.newaxis], tuple(sorted(recordings))


def _nearest(
    notes: Sequence[CleanSound], midi: int, rng: np.random.Generator
) -> tuple[CleanSound, int]:
    """Choose a recorded note and the pitch at which it is played."""
    known = np.array([note.midi for note in notes])
    options = midi + 12 * np.array([0, 1, -1, 2, -2])
    distances = np.abs(known - options[:, np.newaxis]).min(axis=1)
    within = np.flatnonzero(distances <= 3)
    octave = within[0] if within.size else int(np.argmin(distances))
    pitch = int(options[octave])
    candidates = np.flatnonzero(np.abs(known - pitch) == distances[octave])
    return notes[int(rng.choice(candidates))], pitch


@lru_cache(maxsize=NOTES_KEPT)
def _tuned(note: CleanSound, semitones: int, sample_rate: int) -> np.ndarray:
    """Read a note, and move its pitch by resampling; at most three semitones, as a rule."""
    wave = note.read(sample_rate)[0]
    wave = wave / np.abs(wave).max()
    return soxr.resample(wave, sample_rate * 2 ** (semitones / 12), sample_rate)


def _shape(sound: np.ndarray, note: Note, sample_rate: int) -> np.ndarray:
    """Strike, hammer and damp a note."""
    time_s = np.arange(sound.size) / sample_rate
    gain = 10 ** (note.strength_db / 20) * np.exp(
        -np.maximum(time_s - note.length_s, 0) / note.damping_s
    )
    end = np.searchsorted(time_s, note.length_s + 7 * note.damping_s)
    if note.hammered:
        skipped = round(HAMMER_S * sample_rate)
        fade = np.minimum(1.0, np.arange(sound.size - skipped) / (0.25 * skipped))
        return (sound[skipped:] * fade * gain[skipped:])[:end]
    return (sound * gain)[:end]


def _walk(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw pitches of one voice that moves by small steps over a scale."""
    scale = SCALES[list(SCALES)[int(rng.integers(len(SCALES)))]]
    root = int(rng.integers(LOWEST, LOWEST + 20))
    ladder = np.array([root + 12 * o + step for o in range(3) for step in scale])
    ladder = ladder[ladder <= HIGHEST]
    steps = rng.choice([-2, -1, -1, 0, 1, 1, 2, 3, -3], size=count)
    place = len(ladder) // 2 + np.cumsum(steps)
    folded = np.abs((place % (2 * len(ladder) - 2)) - (len(ladder) - 1))
    return ladder[folded]


def _melody(rng: np.random.Generator, beat_s: float, length_s: float) -> list[Note]:
    if rng.uniform() < 0.5:
        tune = TUNES[list(TUNES)[int(rng.integers(len(TUNES)))]]
        tonic = int(rng.integers(48, 62))
        repeats = 1 + int(length_s / (beat_s * sum(beats for _, beats in tune)))
        pitches = [tonic + step for step, _ in tune] * repeats
        beats = [beats for _, beats in tune] * repeats
    else:
        count = 1 + int(2 * length_s / beat_s)
        pitches = _walk(rng, count).tolist()
        beats = rng.choice([0.5, 0.5, 1.0, 1.0, 1.5, 2.0], size=count).tolist()
    starts_s = beat_s * np.cumsum([0.0, *beats[:-1]])
    overlap_s = rng.uniform(-0.02, 0.06)
    hammers = rng.uniform(0, 0.3)
    notes = []
    for number, (start_s, pitch, length) in enumerate(zip(starts_s, pitches, beats, strict=True)):
        near = number > 0 and 0 < abs(pitch - pitches[number - 1]) <= 3
        notes.append(
            Note(
                float(start_s),
                int(pitch),
                max(0.08, length * beat_s + overlap_s),
                damping_s=0.03,
                hammered=bool(near and rng.uniform() < hammers),
            )
        )
    return notes


def _riff(rng: np.random.Generator, beat_s: float, length_s: float) -> list[Note]:
    bar = _walk(rng, 8)
    rests = rng.uniform(size=8) < 0.2
    fifths = rng.uniform() < 0.4
    gate = rng.uniform(0.35, 1.0)
    muted = rng.uniform(size=8) < 0.3
    notes = []
    for number in range(1 + int(2 * length_s / beat_s)):
        place = number % 8
        if rests[place]:
            continue
        length_s_ = beat_s / 2 * (min(gate, 0.3) if muted[place] else gate)
        for step in (0, 7) if fifths else (0,):
            notes.append(
                Note(
                    number * beat_s / 2,
                    int(bar[place]) + step,
                    max(0.05, length_s_),
                    3.0 if place % 4 == 0 else 0.0,
                    damping_s=0.012,
                )
            )
    return notes


def _voicings(rng: np.random.Generator) -> list[list[int]]:
    """Draw four chords of three to six voices."""
    root = int(rng.integers(LOWEST, LOWEST + 12))
    progression = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    kinds = list(CHORDS)
    voices = int(rng.integers(3, 7))
    chords = []
    for step in progression:
        kind = kinds[int(rng.integers(len(kinds)))]
        pitches = [root + step % 12 + interval for interval in CHORDS[kind]]
        chords.append([pitch for pitch in pitches[:voices] if pitch <= HIGHEST])
    return chords


def _arpeggio(rng: np.random.Generator, beat_s: float, length_s: float) -> list[Note]:
    chords = _voicings(rng)
    order = rng.permutation(6) if rng.uniform() < 0.5 else np.array([0, 1, 2, 3, 2, 1])
    step_s = beat_s / 2
    notes = []
    for number in range(1 + int(length_s / step_s)):
        chord = chords[number // 8 % 4]
        until_change = 8 - number % 8
        notes.append(
            Note(
                number * step_s,
                chord[int(order[number % 6]) % len(chord)],
                until_change * step_s,
                2.0 if number % 8 == 0 else 0.0,
                damping_s=0.05,
            )
        )
    return notes


def _strum(rng: np.random.Generator, beat_s: float, length_s: float) -> list[Note]:
    chords = _voicings(rng)
    pattern = [True, *(rng.uniform(size=7) < 0.55)]
    stroke_s = rng.uniform(0.008, 0.035)
    chopped = rng.uniform() < 0.25
    struck = [n for n in range(1 + int(2 * length_s / beat_s)) if pattern[n % 8]]
    notes = []
    for number, following in zip(struck, [*struck[1:], struck[-1] + 8], strict=True):
        chord = chords[number // 8 % 4]
        up = number % 2 == 1
        length = beat_s / 2 * (0.5 if chopped else following - number)
        for place, pitch in enumerate(reversed(chord) if up else chord):
            late_s = place * stroke_s / len(chord)
            strength_db = -3.0 if up else 0.0
            notes.append(Note(number * beat_s / 2 + late_s, pitch, length, strength_db, 0.02))
    return notes


def _repeated(rng: np.random.Generator, beat_s: float, length_s: float) -> list[Note]:
    chord = _voicings(rng)[0] if rng.uniform() < 0.3 else [int(rng.integers(LOWEST, 70))]
    step_s = beat_s * rng.choice([0.5, 1.0, 1.0, 2.0])
    ring = rng.uniform(0.5, 1.0)
    return [
        Note(number * step_s, pitch, ring * step_s, damping_s=0.02)
        for number in range(1 + int(length_s / step_s))
        for pitch in chord
    ]


STYLES: dict[str, Callable[[np.random.Generator, float, float], list[Note]]] = {
    "melody": _melody,
    "riff": _riff,
    "arpeggio": _arpeggio,
    "strum": _strum,
    "repeated": _repeated,
}
"""Every style by its name: a function of generator, beat and length, both in s."""
