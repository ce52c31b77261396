"""Turn a wave into a file's bytes: dither, rounding, WAV or FLAC.

Nothing but the samples differs between two files of an item: no tags, the same header, the same
size (FLAC files are padded to one size, as PADDING blocks allow).

References
----------
Lipshitz, Wannamaker, Vanderkooy: "Quantization and Dither: A Theoretical Survey", J. Audio Eng.
Soc. 40 (1992): triangular dither of 2 LSB makes the error's mean and variance independent of the
signal. RFC 9639 (FLAC), section 8.
"""

import io

import numpy as np
import soundfile

MARKED_SAMPLES = 64
FLAC_MARKER = b"fLaC"
_LAST_BLOCK = 0x80
_PADDING_BLOCK = 1
_BLOCK_HEADER_BYTES = 4


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


def encode(steps: np.ndarray, sample_rate: int, *, bit_depth: int, file_format: str) -> bytes:
    """Write whole steps as a WAV or FLAC file in memory.

    Parameters
    ----------
    steps : ndarray, shape (channels, samples), int32
        As `quantize` returns.
    sample_rate
        In Hz.
    bit_depth
        16 or 24, as in `quantize`.
    file_format
        'wav' or 'flac'.
    """
    file = io.BytesIO()
    soundfile.write(
        file,
        steps.T << (32 - bit_depth),  # libsndfile takes the upper bits
        sample_rate,
        format=file_format.upper(),
        subtype=f"PCM_{bit_depth}",
    )
    return file.getvalue()


def pad_to_one_size(files: list[bytes]) -> list[bytes]:
    """Pad FLAC files to one size; other files are returned as they are."""
    if not files[0].startswith(FLAC_MARKER):
        return files
    size = max(map(len, files)) + _BLOCK_HEADER_BYTES
    return [_pad_flac(file, size) for file in files]


def _pad_flac(file: bytes, size: int) -> bytes:
    """Insert a block of padding before the first frame."""
    place = len(FLAC_MARKER)
    while True:
        last = place
        is_last = bool(file[place] & _LAST_BLOCK)
        place += _BLOCK_HEADER_BYTES + int.from_bytes(file[place + 1 : place + 4], "big")
        if is_last:
            break
    padding = size - len(file) - _BLOCK_HEADER_BYTES
    header = bytes([_LAST_BLOCK | _PADDING_BLOCK]) + padding.to_bytes(3, "big")
    unmarked = bytes([file[last] & ~_LAST_BLOCK])
    return b"".join(
        [file[:last], unmarked, file[last + 1 : place], header, bytes(padding), file[place:]]
    )
