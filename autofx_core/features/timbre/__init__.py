"""The timbre set: what effects do to a note, in one pass over one spectrogram.

=============  =============================================================================
`hearing`      the spectrogram that all blocks read, and their statistics
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

from autofx_core.features.timbre import (
    bands,
    combs,
    echoes,
    envelope,
    movement,
    note,
    waveform,
)
from autofx_core.features.timbre.spectrogram import hear

GROUPS = {
    module.__name__.rpartition(".")[2]: module.NAMES
    for module in (bands, note, waveform, envelope, echoes, combs, movement)
}
"""Block → the names of its features, in order."""

TIMBRE_NAMES = tuple(name for names in GROUPS.values() for name in names)
"""Names of all features, in order."""


def timbre_features(wave: Tensor) -> Tensor:
    """Compute the timbre set.

    Parameters
    ----------
    wave : Tensor, shape (batch, samples), float32, 22.05 kHz, peak 1

    Returns
    -------
    Tensor, shape (batch, len(TIMBRE_NAMES)), float32, finite; in the order of `TIMBRE_NAMES`
    """
    sound = hear(wave)
    pitch_hz, periodicity = note.pitch(sound.power)
    blocks = [
        bands.describe(sound),
        note.describe(sound, pitch_hz, periodicity),
        waveform.describe(sound),
        envelope.describe(envelope.level_tracks(wave)),
        echoes.describe(sound),
        combs.describe(sound),
        movement.describe(sound, pitch_hz),
    ]
    return torch.cat(blocks, dim=1)
