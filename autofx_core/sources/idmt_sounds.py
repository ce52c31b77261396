"""IDMT-SMT-Audio-Effects as AutoFX prepared it: which sounds, from where on, described by what.

The original's three steps: collect the monophonic guitar sounds (single notes, 11 classes), pick
the clean ones among them (no effect, and the amplifier simulation that counts as none), and write
the features of all as CSV. The recordings begin with about half a second of silence, which is cut.

What differs from the original: it took every second sample without a low-pass; here the
resampler has one. Two trims with unnamed thresholds become one: a note begins 5 ms before its
level first comes within 40 dB of its peak.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autofx_core.audio import LISTENING_RATE_HZ, AudioError, skip_silence
from autofx_core.sources.clean import CleanSound, folder_notes
from autofx_core.sources.idmt import IdmtName, parse_name

SINGLE_NOTES = ("finger, light", "finger, hard", "plectrum")
ONSET_DB = -40.0  # against the peak; softer is the hiss before the note


@dataclass(frozen=True)
class IdmtSound(CleanSound):
    """A recording of the data set, from where its note begins."""

    def read(self, sample_rate: int = LISTENING_RATE_HZ) -> np.ndarray:
        """Load the sound without the silence before it; otherwise as `CleanSound.read`."""
        return skip_silence(super().read(sample_rate), sample_rate, threshold_db=ONSET_DB)


def monophonic_guitar(folder: str | Path) -> list[tuple[IdmtSound, IdmtName]]:
    """List the single notes of guitars in and under a folder, clean or not, with their names' news.

    Raises
    ------
    AudioError
        If there is none.
    """
    found = []
    for sound in folder_notes(folder):
        name = parse_name(sound.path.stem)
        if name and name.take.startswith("G") and name.style in SINGLE_NOTES:
            known = IdmtSound(
                id=sound.id,
                path=sound.path,
                recording=name.take,
                instrument=f"model {name.model}",
                midi=name.midi,
                string=name.string,
            )
            found.append((known, name))
    if not found:
        raise AudioError(
            f"{folder}: holds no single guitar note of IDMT-SMT-Audio-Effects "
            "(names such as G61-40100-1111-00001.wav)"
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
