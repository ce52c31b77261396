"""Turn a wave into a file's bytes: dither, rounding, WAV or FLAC.

Nothing but the samples differs between two files of an item: no tags, the same header, the same
size (see `flac` for how).

References
----------
Lipshitz, Wannamaker, Vanderkooy: "Quantization and Dither: A Theoretical Survey", J. Audio Eng.
Soc. 40 (1992): triangular dither of 2 LSB makes the error's mean and variance independent of the
signal.
"""

import io

import numpy as np
import soundfile

from stimuli_gen.flac import encode_alike

MARKED_SAMPLES = 64


def round_to_steps(wave: np.ndarray, *, bit_depth: int, dither: str, seed: int) -> np.ndarray:
    """Round a wave to the whole steps of its file; no two seeds give equal bytes.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), full scale ±1
    bit_depth
        16 or 24.
    dither
        'tpdf', or 'none': then the last 64 samples, which are faded out, are 0 or 1 step higher.
    seed
        Of the dither or of the last samples' steps.

    Returns
    -------
    ndarray, shape (channels, samples), int32
    """
    rng = np.random.default_rng(seed)
    if dither == "tpdf":
        return quantize(wave, bit_depth, rng)
    steps = quantize(wave, bit_depth, None)
    steps[:, -MARKED_SAMPLES:] += rng.integers(0, 2, steps[:, -MARKED_SAMPLES:].shape)
    return steps


def quantize(wave: np.ndarray, bit_depth: int, rng: np.random.Generator | None) -> np.ndarray:
    """Round a wave to whole steps.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), full scale ±1
    bit_depth
        16 or 24.
    rng
        Where the dither comes from; None rounds without.

    Returns
    -------
    ndarray, shape (channels, samples), int32, from −2^(bit_depth − 1) to 2^(bit_depth − 1) − 1
    """
    top = 2 ** (bit_depth - 1)
    steps = wave.astype(np.float64) * top
    if rng is not None:
        steps += rng.random(wave.shape) - rng.random(wave.shape)
    return np.clip(np.rint(steps), -top, top - 1).astype(np.int32)


def restore(steps: np.ndarray, bit_depth: int) -> np.ndarray:
    """Turn whole steps back into a wave of full scale ±1, float64, as players do."""
    return steps / 2 ** (bit_depth - 1)


def encode_wav(steps: np.ndarray, sample_rate: int, bit_depth: int) -> bytes:
    """Write whole steps as a WAV file in memory.

    Parameters
    ----------
    steps : ndarray, shape (channels, samples), int32
        As `round_to_steps` returns.
    sample_rate
        In Hz.
    bit_depth
        16 or 24.
    """
    file = io.BytesIO()
    soundfile.write(
        file,
        steps.T << (32 - bit_depth),  # libsndfile takes the upper bits
        sample_rate,
        format="WAV",
        subtype=f"PCM_{bit_depth}",
    )
    return file.getvalue()


def encode_item(
    sounds: dict[str, np.ndarray], sample_rate: int, *, bit_depth: int, file_format: str
) -> dict[str, bytes]:
    """Write an item's sounds as files of equal size and layout.

    Parameters
    ----------
    sounds : dict of ndarray, shape (1, samples), int32
        Equally long, as `round_to_steps` returns, by name.
    sample_rate
        In Hz.
    bit_depth
        16 or 24.
    file_format
        'wav' or 'flac'.
    """
    if file_format == "wav":
        return {name: encode_wav(steps, sample_rate, bit_depth) for name, steps in sounds.items()}
    files = encode_alike([steps[0] for steps in sounds.values()], sample_rate, bit_depth)
    return dict(zip(sounds, files, strict=True))
