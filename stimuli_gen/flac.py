"""FLAC files whose sizes, blocks and frames are the same for every sound of an item.

An ordinary encoder makes each frame as short as its sound allows, so that the lengths reveal which
sound is the low-pass anchor; padding to one size does not help, since it can be read. Here every
frame has the same predictor and the same number of bits for each residual in all files of an item:
what the sound that needs most needs. Files differ in the values alone, and in the MD5 sum of their
samples. They are larger than an ordinary encoder's and smaller than WAV.

Conventions: mono, whole steps as `encode.round_to_steps` returns.

References
----------
RFC 9639 (FLAC): 8.2 (STREAMINFO), 9.1 (frame header), 9.2.5 (fixed predictors), 9.2.7.1 (escaped
partitions, whose residuals have a fixed number of bits).
"""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

BLOCK_SAMPLES = 4096
HIGHEST_ORDER = 4
_BLOCK_SIZE_CODES = {BLOCK_SAMPLES: 0b1100}
_BLOCK_SIZE_FOLLOWS = 0b0111
_RATE_CODES = {88_200: 1, 176_400: 2, 192_000: 3, 16_000: 5, 22_050: 6, 24_000: 7, 32_000: 8}
_RATE_CODES |= {44_100: 9, 48_000: 10, 96_000: 11}
_DEPTH_CODES = {16: 0b100, 24: 0b110}


def encode_alike(sounds: Sequence[np.ndarray], sample_rate: int, bit_depth: int) -> list[bytes]:
    """Encode sounds as FLAC files of one layout.

    Parameters
    ----------
    sounds : sequence of ndarray, shape (samples,), int32
        Equally long, in whole steps.
    sample_rate
        In Hz.
    bit_depth
        16 or 24.
    """
    stacked = np.stack(sounds).astype(np.int32)
    frames = [
        _encode_frames(stacked[:, start : start + BLOCK_SAMPLES], number, sample_rate, bit_depth)
        for number, start in enumerate(range(0, stacked.shape[1], BLOCK_SAMPLES))
    ]
    sizes = [of_all_sounds.shape[1] for of_all_sounds in frames]
    return [
        _stream_header(sound, sample_rate, bit_depth, sizes) + content.tobytes()
        for sound, content in zip(sounds, np.concatenate(frames, axis=1), strict=True)
    ]


def _stream_header(
    sound: np.ndarray, sample_rate: int, bit_depth: int, frame_sizes: list[int]
) -> bytes:
    """Marker and STREAMINFO, the only metadata block."""
    width = bit_depth // 8
    little_endian = sound.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width]
    rate_to_total = (sample_rate << 44) | ((bit_depth - 1) << 36) | len(sound)
    info = b"".join(
        [
            BLOCK_SAMPLES.to_bytes(2, "big") * 2,
            min(frame_sizes).to_bytes(3, "big"),
            max(frame_sizes).to_bytes(3, "big"),
            rate_to_total.to_bytes(8, "big"),
            hashlib.md5(little_endian.tobytes(), usedforsecurity=False).digest(),
        ]
    )
    return b"fLaC" + bytes([0x80]) + len(info).to_bytes(3, "big") + info


def _encode_frames(block: np.ndarray, number: int, sample_rate: int, bit_depth: int) -> np.ndarray:
    """Encode one block of every sound, shape (sounds, samples); gives bytes, (sounds, length)."""
    samples = block.shape[1]
    orders = range(min(HIGHEST_ORDER, samples - 1) + 1)
    # The fixed predictor of order k leaves the k-th difference.
    residuals = [np.diff(block, order, axis=1) for order in orders]
    widths = [_count_bits(residual) for residual in residuals]
    order = min(orders, key=lambda k: k * bit_depth + (samples - k) * widths[k])
    start = _frame_header(samples, number, sample_rate, bit_depth)
    subframe = [*_bits(0b001000 | order, 7), 0]  # padding bit, type; no wasted bits
    escape = _bits(0, 2 + 4) + _bits(0b1111, 4) + _bits(widths[order], 5)
    bits = [
        _repeat(subframe, len(block)),
        _to_bits(block[:, :order], bit_depth),
        _repeat(escape, len(block)),
        _to_bits(residuals[order], widths[order]),
    ]
    packed = np.packbits(np.concatenate(bits, axis=1), axis=1)
    content = np.concatenate([_repeat(list(start), len(block)), packed], axis=1)
    checksum = _checksum(content).astype(">u2").view(np.uint8).reshape(-1, 2)
    return np.concatenate([content, checksum], axis=1)


def _repeat(values: list[int], sounds: int) -> np.ndarray:
    return np.broadcast_to(np.array(values, np.uint8), (sounds, len(values)))


def _frame_header(samples: int, number: int, sample_rate: int, bit_depth: int) -> bytes:
    size_code = _BLOCK_SIZE_CODES.get(samples, _BLOCK_SIZE_FOLLOWS)
    header = bytes(
        [
            0xFF,
            0xF8,  # sync code, blocks of one size
            size_code << 4 | _RATE_CODES.get(sample_rate, 0),
            _DEPTH_CODES[bit_depth] << 1,  # one channel
        ]
    )
    header += chr(number).encode("utf-8", "surrogatepass")  # the coding is UTF-8's
    if size_code == _BLOCK_SIZE_FOLLOWS:
        header += (samples - 1).to_bytes(2, "big")
    crc = 0
    for byte in header:
        crc = _CRC8[crc ^ byte]
    return header + bytes([crc])


def _count_bits(values: np.ndarray) -> int:
    """Bits of a two's complement number that holds every value; 0 if all are 0."""
    if not values.any():
        return 0
    return int(max(values.max(), -values.min() - 1)).bit_length() + 1


def _bits(value: int, n: int) -> list[int]:
    return [value >> place & 1 for place in range(n - 1, -1, -1)]


def _to_bits(values: np.ndarray, n: int) -> np.ndarray:
    """Write whole numbers (sounds, values) as two's complement of n bits (sounds, values × n)."""
    octets = values.astype(">i4").view(np.uint8).reshape(*values.shape, 4)
    return np.unpackbits(octets, axis=2)[:, :, 32 - n :].reshape(len(values), -1)


def _make_crc_table(polynomial: int, width: int) -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << (width - 8)
        for _ in range(8):
            crc = (crc << 1) ^ (polynomial if crc >> (width - 1) else 0)
            crc &= (1 << width) - 1
        table.append(crc)
    return table


_CRC8 = _make_crc_table(0x07, 8)
_CRC16 = np.array(_make_crc_table(0x8005, 16), np.uint16)


@cache
def _crc_after_zeros(doublings: int) -> np.ndarray:
    """Compute what each checksum becomes when 2^doublings zero bytes follow, shape (65536,)."""
    if doublings == 0:
        crc = np.arange(65_536, dtype=np.uint16)
        return (crc << 8) ^ _CRC16[crc >> 8]
    half = _crc_after_zeros(doublings - 1)
    return half[half]


def _checksum(frames: np.ndarray) -> np.ndarray:
    """Compute the checksums of frames (sounds, bytes), shape (sounds,), uint16.

    Zeros before a frame leave a checksum that starts at 0 as it is; and that of two parts is the
    sum of the first one's, followed by zeros, and the second's.
    """
    doublings = frames.shape[1].bit_length()
    content = np.zeros((len(frames), 2**doublings), np.uint8)
    content[:, -frames.shape[1] :] = frames
    crc = _CRC16[content]
    for level in range(doublings):
        crc = _crc_after_zeros(level)[crc[:, 0::2]] ^ crc[:, 1::2]
    return crc[:, 0]
