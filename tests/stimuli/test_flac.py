"""FLAC files of an item: exact, decoded by libFLAC, and alike in every length."""

import hashlib
import io
import zlib

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from stimuli_gen.flac import BLOCK_SAMPLES, encode_alike

RATE = 44_100
STREAMINFO_BYTES = 34


def decode(content, bit_depth):
    frames, rate = soundfile.read(io.BytesIO(content), dtype="int32")
    return frames >> (32 - bit_depth), rate


def unlike_sounds(bit_depth, samples=3 * BLOCK_SAMPLES + 100):
    """Noise, a dull tone, a loud square wave and silence."""
    top = 2 ** (bit_depth - 1) - 1
    time = np.arange(samples)
    noise = np.random.default_rng(0).integers(-top // 4, top // 4, samples)
    dull = np.rint(0.3 * top * np.sin(time / 80) * np.exp(-time / 3000))
    square = top * np.sign(np.sin(time / 9) + 1e-9)
    return [s.astype(np.int32) for s in (noise, dull, square, 0 * time)]


def read_frame_lengths(content):
    """Lengths of the frames, found by their headers, which begin alike in all of them.

    RFC 9639, 9.1: sync code and blocking strategy, sizes, the coded number of the frame.
    """
    numbers = [content[42:46] + chr(i).encode() for i in range(4)]
    numbers[-1] = content[42:44]  # the last block is shorter: other size bits
    places, at = [], 42
    for i, number in enumerate(numbers):
        at = content.index(number, at)
        if i == 3:
            while chr(3).encode() != content[at + 4 : at + 5]:
                at = content.index(number, at + 1)
        places.append(at)
        at += 5
    return np.diff([*places, len(content)]).tolist()


@pytest.mark.parametrize("bit_depth", [16, 24])
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_any_samples_come_back_from_another_decoder(bit_depth, data):
    top = 2 ** (bit_depth - 1)
    n = data.draw(st.integers(1, 40))
    values = st.lists(st.integers(-top, top - 1), min_size=n, max_size=n)
    sounds = [np.array(data.draw(values), np.int32) for _ in range(data.draw(st.integers(1, 3)))]
    for content, sound in zip(encode_alike(sounds, RATE, bit_depth), sounds, strict=True):
        decoded, rate = decode(content, bit_depth)
        assert rate == RATE
        assert decoded.tolist() == sound.tolist()


@pytest.mark.parametrize("bit_depth", [16, 24])
@pytest.mark.parametrize("samples", [BLOCK_SAMPLES - 1, BLOCK_SAMPLES, BLOCK_SAMPLES + 1])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 37_800, 192_000])
def test_whole_and_broken_blocks_at_any_rate_come_back(bit_depth, samples, rate):
    sounds = [sound[:samples] for sound in unlike_sounds(bit_depth)]
    for content, sound in zip(encode_alike(sounds, rate, bit_depth), sounds, strict=True):
        decoded, decoded_rate = decode(content, bit_depth)
        assert decoded_rate == rate
        assert np.array_equal(decoded, sound)


@pytest.mark.parametrize("bit_depth", [16, 24])
def test_no_length_in_a_file_depends_on_its_sound(bit_depth):
    """One metadata block, then frames: every length is the same for noise and for silence."""
    files = encode_alike(unlike_sounds(bit_depth), RATE, bit_depth)
    assert len({len(content) for content in files}) == 1
    heads = set()
    for content in files:
        assert content[:4] == b"fLaC"
        assert content[4:8] == bytes([0x80, 0, 0, STREAMINFO_BYTES])  # the last block: no padding
        heads.add(content[: 8 + STREAMINFO_BYTES - 16])  # all but the samples' MD5
    assert len(heads) == 1
    lengths = [read_frame_lengths(content) for content in files]
    assert len(lengths[0]) == 4
    assert all(own == lengths[0] for own in lengths)


def test_checksum_in_the_header_is_that_of_the_samples():
    sound = unlike_sounds(16)[0]
    (content,) = encode_alike([sound], RATE, 16)
    assert content[26:42] == hashlib.md5(sound.astype("<i2").tobytes()).digest()


def test_files_of_decaying_notes_are_smaller_than_wav():
    time = np.arange(3 * RATE)
    notes = [
        np.rint(8_000 * np.sin(time * f) * np.exp(-time / RATE)).astype(np.int32)
        for f in (0.01, 0.03)
    ]
    assert len(encode_alike(notes, RATE, 16)[0]) < 0.5 * 2 * time.size


def test_size_does_not_follow_how_well_a_sound_compresses():
    """The measure that padding gave away: the length of the same samples in another code."""
    sounds = unlike_sounds(16)
    compressed = [len(zlib.compress(sound.tobytes())) for sound in sounds]
    assert max(compressed) > 10 * min(compressed)
    assert len({len(content) for content in encode_alike(sounds, RATE, 16)}) == 1
