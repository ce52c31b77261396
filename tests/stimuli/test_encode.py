"""Rounding, dither and files: nothing lost, nothing revealed."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stimuli_gen.encode import encode_item, quantize

RATE = 44_100
FORMATS = [("wav", 16), ("wav", 24), ("flac", 16), ("flac", 24)]


def decode(content, dtype="int32"):
    return soundfile.read(io.BytesIO(content), dtype=dtype, always_2d=True)


@pytest.mark.parametrize(("file_format", "bit_depth"), FORMATS)
@settings(deadline=None)
@given(data=st.data())
def test_files_give_back_every_step(file_format, bit_depth, data):
    top = 2 ** (bit_depth - 1)
    values = st.integers(-top, top - 1)
    steps = data.draw(arrays.arrays(np.int32, (1, data.draw(st.integers(1, 64))), elements=values))
    content = encode_item({"it": steps}, RATE, bit_depth=bit_depth, file_format=file_format)["it"]
    frames, rate = decode(content)
    assert rate == RATE
    assert (frames.T >> (32 - bit_depth)).tolist() == steps.tolist()


@settings(deadline=None)
@given(arrays.arrays(np.float32, (1, 50), elements=st.floats(-1, 1, width=32)))
def test_rounding_without_dither_is_off_by_half_a_step_at_most(wave):
    steps = quantize(wave, 16, None)
    inside = wave < 1 - 2**-15
    assert np.abs(steps / 2**15 - wave)[inside].max(initial=0.0) <= 0.5 / 2**15


def test_dither_makes_the_error_independent_of_the_level():
    """Triangular dither: mean error 0, variance 1/4 step², wherever between two steps."""
    rng = np.random.default_rng(0)
    for offset in (0.0, 0.25, 0.5):
        level = (100 + offset) / 2**15
        error = quantize(np.full((1, 200_000), level), 16, rng) - (100 + offset)
        assert error.mean() == pytest.approx(0.0, abs=0.01)
        assert error.var() == pytest.approx(0.25, abs=0.01)


def test_full_scale_is_held_within_the_format():
    loud = np.array([[-2.0, 2.0]])
    assert quantize(loud, 16, None).tolist() == [[-32_768, 32_767]]
