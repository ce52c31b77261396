"""Features that pretrained networks were trained with stay as they are, by name and value."""

from pathlib import Path

import numpy as np
import pytest
import torch

from autofx_core.features import (
    CLASSIFICATION_NAMES,
    REGRESSION_NAMES,
    describe_for_classification,
    describe_for_regression,
    pair,
    timbre,
)
from autofx_core.features.batch import FeatureBatch
from autofx_core.features.columns import number_columns, stack_columns
from autofx_core.features.pair import PAIR_NAMES
from autofx_core.features.timbre import GROUPS, TIMBRE_NAMES
from autofx_core.parallel import one_thread

TOLERANCE = 1e-6  # of a value, or absolute below 1
ILL_CONDITIONED = 1e-3
"""Few features of few sounds divide by nearly nothing: another number of threads or another
processor sums float32 in another order, and moves them by some 1e-4."""
ILL_CONDITIONED_SHARE = 0.03
STORED = Path(__file__).parents[2] / "expected" / "network_answers.npz"
NAMES = {
    "features": CLASSIFICATION_NAMES,
    "regression": REGRESSION_NAMES,
    "timbre": TIMBRE_NAMES,
    "relation": PAIR_NAMES,
}


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED) as file:
        return dict(file)


@pytest.fixture(scope="module")
def sounds(stored):
    """Ten sounds and the same without the effect, shape (10, 35000) each."""
    return [torch.from_numpy(stored[n].astype(np.float32) / 32767) for n in ("wet", "clean")]


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_of_ten_stored_sounds_is_what_networks_were_trained_with(
    stored, sounds, name
):
    with one_thread():
        found = FeatureBatch(*sounds)[name].numpy()
    expected = stored[f"input_{name}"]
    assert found.shape[1] == len(NAMES[name])
    np.testing.assert_allclose(found, expected, rtol=ILL_CONDITIONED, atol=ILL_CONDITIONED)
    same = np.isclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert np.mean(~same) <= ILL_CONDITIONED_SHARE


def test_names_of_any_sound_are_those_of_the_constants(sounds):
    wave, clean = (wave[:1] for wave in sounds)
    assert tuple(describe_for_classification(wave)) == CLASSIFICATION_NAMES
    assert tuple(describe_for_regression(wave)) == REGRESSION_NAMES
    assert {k: tuple(block) for k, block in timbre.describe(wave).items()} == GROUPS
    assert tuple(pair.describe(wave, clean)) == PAIR_NAMES


def test_columns_keep_their_names_and_a_missing_label_is_refused():
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    block = number_columns("x_{}", "ab", values)
    assert block["x_b"].tolist() == [2.0, 4.0]
    torch.testing.assert_close(stack_columns(block), values)
    with pytest.raises(ValueError, match="argument"):
        number_columns("x_{}", "a", values)
