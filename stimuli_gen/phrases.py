"""Phrases as clean sounds: 6 to 12 s of playing on held-out notes of one guitar.

A phrase follows from its guitar, style, length and seed, so that the manifest can name it and
`rebuild` plays it again; nothing of it is on disk. `autofx_core.sources.phrases` plays it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from autofx_core.audio import LISTENING_RATE_HZ, fade_ends
from autofx_core.sources.clean import CleanSound
from autofx_core.sources.phrases import LENGTH_S, STYLES, Phrase, play_phrase
from stimuli_gen.seeds import derive_rng, derive_seed

FADE_OUT_S = 0.3
"""At the end of a phrase, where notes may ring."""
FEWEST_PITCHES = 3
"""A guitar of fewer notes would play them all resampled."""


@dataclass(frozen=True)
class PhraseSound(CleanSound):
    """A phrase, played when it is read; `notes` are its guitar's."""

    style: str = ""
    length_s: float = LENGTH_S[0]
    seed: int = 0
    notes: tuple[CleanSound, ...] = field(default=(), repr=False, compare=False)

    def play(self, sample_rate: int) -> Phrase:
        """Play the phrase, which fades out at its end."""
        phrase = play_phrase(
            self.notes,
            np.random.default_rng(self.seed),
            style=self.style,
            length_s=self.length_s,
            sample_rate=sample_rate,
        )
        faded = fade_ends(phrase.wave, sample_rate, fade_in_s=0.0, fade_out_s=FADE_OUT_S)
        return replace(phrase, wave=faded)

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Return the samples of `play`, shape (1, samples), float32."""
        return self.play(sample_rate).wave


def find_phrase(
    notes: Sequence[CleanSound], instrument: str, *, style: str, length_s: float, seed: int
) -> PhraseSound:
    """Make a phrase of its guitar's notes.

    Parameters
    ----------
    notes
        Of any guitars.
    instrument
        Which of them plays.
    style
        A name from `autofx_core.sources.phrases.STYLES`.
    length_s
        In s.
    seed
        Of composition and playing.
    """
    own = tuple(note for note in notes if note.instrument == instrument and note.midi is not None)
    name = f"{instrument}, {style}, {seed:016x}"
    return PhraseSound(
        id=name,
        path=own[0].path.parent,
        recording=name,
        instrument=instrument,
        attribution=own[0].attribution,
        style=style,
        length_s=length_s,
        seed=seed,
        notes=own,
    )


def draw_phrases(
    notes: Sequence[CleanSound], n: int, *, seed: int, longest_s: float
) -> list[PhraseSound]:
    """Draw phrases: every guitar equally often, every style equally often.

    Parameters
    ----------
    notes
        Held-out notes with known pitches.
    n
        How many.
    seed
        The study's.
    longest_s
        No phrase is longer.

    Returns
    -------
    list of PhraseSound
        Empty if no guitar has three notes of known pitch.
    """
    known = {(note.instrument, note.midi) for note in notes if note.midi is not None}
    pitches = Counter(guitar for guitar, _ in known)
    guitars = [guitar for guitar, count in sorted(pitches.items()) if count >= FEWEST_PITCHES]
    if not guitars:
        return []
    rng = derive_rng(seed, "phrases")
    cells = [
        cell
        for _ in range(-(-n // (len(guitars) * len(STYLES))))
        for cell in _deal(guitars, list(STYLES), rng)
    ]
    shortest_s = min(LENGTH_S[0], longest_s)
    return [
        find_phrase(
            notes,
            guitar,
            style=style,
            length_s=round(float(rng.uniform(shortest_s, min(LENGTH_S[1], longest_s))), 2),
            seed=derive_seed(seed, "phrase", number),
        )
        for number, (guitar, style) in zip(range(n), cells, strict=False)
    ]


def _deal(guitars: list[str], styles: list[str], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Order all pairs so that any first few of them have guitars and styles equally often."""
    every = list(product(guitars, styles))
    left = [every[place] for place in rng.permutation(len(every))]
    used: Counter[str] = Counter()
    dealt = []
    while left:
        best = min(left, key=lambda cell: (used[cell[0]], used[cell[1]]))
        left.remove(best)
        used.update(best)
        dealt.append(best)
    return dealt
