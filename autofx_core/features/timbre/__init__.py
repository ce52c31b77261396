"""The timbre set: what effects do to a note, in one pass over one spectrogram.

=============  =============================================================================
`spectrogram`  the spectrogram that all blocks read, and their statistics
`bands`        colour: mel bands and the shape of the spectrum
`note`         pitch, partials, and what lies between them
`waveform`     crest, clipping, asymmetry
`envelope`     attack, decay, tail
`echoes`       onsets, resemblance after a delay, ripples of the whole sound's spectrum
`combs`        ripples of short-time spectra, static and moving
`movement`     oscillations of level and pitch, common to all partials or not
=============  =============================================================================

Ours, not AutoFX's: where that set names a descriptor's statistics, this one names what a pedal
does. It costs five to six of its own spectrograms, has no shapes that depend on the data, and spans
that cover decades are logarithms.
"""

import torch
from torch import Tensor

from autofx_core.features.columns import Block, stack_columns
from autofx_core.features.timbre import bands, combs, echoes, envelope, movement, note, waveform
from autofx_core.features.timbre.spectrogram import compute_spectrogram


def describe(wave: Tensor) -> dict[str, Block]:
    """Compute the timbre set by blocks.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1, at least 0.2 s
    """
    sound = compute_spectrogram(wave)
    pitch_hz, periodicity = note.pitch(sound.power)
    return {
        "bands": bands.describe(sound),
        "note": note.describe(sound, pitch_hz, periodicity),
        "waveform": waveform.describe(sound),
        "envelope": envelope.describe(envelope.level_tracks(wave)),
        "echoes": echoes.describe(sound),
        "combs": combs.describe(sound),
        "movement": movement.describe(sound, pitch_hz),
    }


GROUPS = {name: tuple(block) for name, block in describe(torch.zeros(1, 8192)).items()}
"""Block → the names of its features, in order, as `describe` gives them for a silent sound."""

TIMBRE_NAMES = tuple(name for names in GROUPS.values() for name in names)
"""Names of all features, in order."""


def timbre_features(wave: Tensor) -> Tensor:
    """Compute the timbre set.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1, at least 0.2 s

    Returns
    -------
    Tensor, shape (batch, 606), float32, finite; in the order of `TIMBRE_NAMES`
    """
    return stack_columns(
        {name: column for block in describe(wave).values() for name, column in block.items()}
    )
