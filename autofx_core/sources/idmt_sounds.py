"""The sounds of IDMT-SMT-Audio-Effects: clean takes, pairs, and what AutoFX chose of them.

`monophonic_guitar` and `clean_guitar` are AutoFX's first two steps: collect the monophonic guitar
sounds (single notes, 11 classes), and pick the clean ones among them (no effect, and the amplifier
simulation that counts as none); `datasets.feature_table` is the third. The recordings begin with
about half a second of silence, which is cut.

What differs from the original: it took every second sample without a low-pass; here the
resampler has one. Two trims with unnamed thresholds become one: a note begins 5 ms before its
level rises (see `windows`).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autofx_core.audio import LISTENING_RATE_HZ, AudioError
from autofx_core.sources.attribution import IDMT
from autofx_core.sources.clean import CleanSound, folder_notes
from autofx_core.sources.idmt import IdmtName, parse_name
from autofx_core.windows import find_start

SINGLE_NOTES = ("finger, light", "finger, hard", "plectrum")
EXAMPLE = "names such as G61-40100-1111-00001.wav"


@dataclass(frozen=True)
class IdmtSound(CleanSound):
    """A recording of the data set, from where its note begins."""

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Load the sound without the silence before it; otherwise as `CleanSound.read`."""
        wave = super().read(sample_rate)
        return wave[:, find_start(wave, sample_rate) :]


def _named_sounds(folder: str | Path) -> list[tuple[CleanSound, IdmtName]]:
    """List the sounds in and under a folder whose names are the data set's, with what these say."""
    named = ((sound, parse_name(sound.path.stem)) for sound in folder_notes(folder))
    return [
        (
            replace(
                sound,
                recording=name.take,
                instrument=f"model {name.model}",
                midi=name.midi,
                string=name.string,
                attribution=IDMT,
            ),
            name,
        )
        for sound, name in named
        if name
    ]


def idmt_notes(folder: str | Path) -> list[CleanSound]:
    """List the clean takes (effect code 11), of all instruments, in and under a folder.

    Raises
    ------
    AudioError
        If there is none.
    """
    named = _named_sounds(folder)
    notes = [replace(s, id=s.path.stem) for s, name in named if name.effect == "dry"]
    if not notes:
        raise AudioError(f"{folder}: holds no clean IDMT-SMT file ({EXAMPLE})")
    return notes


def idmt_pairs(folder: str | Path) -> list[tuple[CleanSound, CleanSound, IdmtName]]:
    """Pair each processed sound in and under a folder with the clean take its name points to.

    Returns
    -------
    list of (CleanSound, CleanSound, IdmtName)
        Clean take, processed sound, and what the processed sound's name says.

    Raises
    ------
    AudioError
        If there is no clean take, no processed sound, or one without its clean take.
    """
    takes = {note.recording: note for note in idmt_notes(folder)}
    processed = [pair for pair in _named_sounds(folder) if pair[1].effect_class != "dry"]
    if not processed:
        raise AudioError(f"{folder}: holds no processed IDMT-SMT file")
    for sound, name in processed:
        if name.take not in takes:
            raise AudioError(f"{sound.path}: its clean take {name.take}-1111-*.wav is missing")
    return [(takes[name.take], sound, name) for sound, name in processed]


def monophonic_guitar(folder: str | Path) -> list[tuple[IdmtSound, IdmtName]]:
    """List the single notes of guitars in and under a folder, clean or not, with their names' news.

    Raises
    ------
    AudioError
        If there is none.
    """
    found = [
        (IdmtSound(**vars(sound)), name)
        for sound, name in _named_sounds(folder)
        if name.take.startswith("G") and name.style in SINGLE_NOTES
    ]
    if not found:
        raise AudioError(
            f"{folder}: holds no single guitar note of IDMT-SMT-Audio-Effects ({EXAMPLE})"
        )
    return found


def clean_guitar(folder: str | Path) -> list[IdmtSound]:
    """List the clean ones among the single guitar notes: dry, or of the amplifier simulation.

    Raises
    ------
    AudioError
        If there is none.
    """
    clean = [sound for sound, name in monophonic_guitar(folder) if name.effect_class == "dry"]
    if not clean:
        raise AudioError(f"{folder}: holds no clean guitar note; are NoFX and EQ there?")
    return clean
