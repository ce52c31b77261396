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
    stacked = np.stack(sounds).astype(np.int64)
    frames = [
        _encode_frames(stacked[:, start : start + BLOCK_SAMPLES], number, sample_rate, bit_depth)
        for number, start in enumerate(range(0, stacked.shape[1], BLOCK_SAMPLES))
    ]
    _append_crc16(frames)
    sizes = [len(of_all_sounds[0]) for of_all_sounds in frames]
    return [
        _stream_header(sound, sample_rate, bit_depth, sizes)
        + b"".join(of_all_sounds[i] for of_all_sounds in frames)
        for i, sound in enumerate(sounds)
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


def _encode_frames(
    block: np.ndarray, number: int, sample_rate: int, bit_depth: int
) -> list[bytearray]:
    """Encode one block of every sound, shape (sounds, samples), without the checksums."""
    samples = block.shape[1]
    orders = range(min(HIGHEST_ORDER, samples - 1) + 1)
    # The fixed predictor of order k leaves the k-th difference.
    residuals = [np.diff(block, order, axis=1) for order in orders]
    widths = [_count_bits(residual) for residual in residuals]
    order = min(orders, key=lambda k: k * bit_depth + (samples - k) * widths[k])
    start = _frame_header(samples, number, sample_rate, bit_depth)
    subframe = [*_bits(0b001000 | order, 7), 0]  # padding bit, type; no wasted bits
    escape = _bits(0, 2 + 4) + _bits(0b1111, 4) + _bits(widths[order], 5)
    frames = []
    for values, residual in zip(block, residuals[order], strict=True):
        bits = np.concatenate(
            [
                np.array(subframe, np.uint8),
                _to_bits(values[:order], bit_depth),
                np.array(escape, np.uint8),
                _to_bits(residual, widths[order]),
            ]
        )
        frames.append(bytearray(start + np.packbits(bits).tobytes()))
    return frames


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
    """Write whole numbers as two's complement of n bits, n ≤ 32, shape (values × n,)."""
    octets = values.astype(">i4").view(np.uint8).reshape(-1, 4)
    return np.unpackbits(octets, axis=1)[:, 32 - n :].ravel()


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


def _append_crc16(frames: list[list[bytearray]]) -> None:
    """Append its checksum to every frame.

    All frames are computed side by side: zeros before a frame leave a checksum that starts at 0 as
    it is.
    """
    flat = [frame for of_all_sounds in frames for frame in of_all_sounds]
    longest = max(map(len, flat))
    content = np.zeros((longest, len(flat)), np.uint8)
    for column, frame in enumerate(flat):
        content[longest - len(frame) :, column] = np.frombuffer(frame, np.uint8)
    crc = np.zeros(len(flat), np.uint16)
    for row in content:
        crc = (crc << 8) ^ _CRC16[(crc >> 8) ^ row]
    for frame, value in zip(flat, crc.tolist(), strict=True):
        frame.extend(value.to_bytes(2, "big"))
