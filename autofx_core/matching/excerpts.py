"""Choose the seconds of a long sound by which its settings are found.

Conventions: waves have shape (channels, samples); sample rates are in Hz.
"""

import numpy as np

from autofx_core.windows import find_start

EXCERPT_S = 2.0
LONGEST_LEAD_S = 2.0
AS_STRONG = 0.25


def choose_excerpt(clean: np.ndarray, sample_rate: int) -> slice:
    """Choose the samples up to two seconds of the clean sound's playing.

    What comes before stays, unless it is long, for oscillators run from the first sample.
    """
    begins = find_beginning(clean, sample_rate)
    start = begins if begins > LONGEST_LEAD_S * sample_rate else 0
    return slice(start, begins + int(EXCERPT_S * sample_rate))


def find_beginning(wave: np.ndarray, sample_rate: int) -> int:
    """Find where two seconds are a quarter as strong as anywhere, not counting silence.

    A click or a count-in, long before the playing, is not its beginning.
    """
    length, hop = int(EXCERPT_S * sample_rate), sample_rate // 4
    energy = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64).sum(axis=0))])
    starts = np.arange(0, wave.shape[1], hop)
    strength = energy[np.minimum(starts + length, wave.shape[1])] - energy[starts]
    first = int(starts[np.argmax(strength >= AS_STRONG * strength.max())])
    return first + find_start(wave[:, first:], sample_rate)
