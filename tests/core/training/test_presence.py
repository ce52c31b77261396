"""Presence is learnt from windows, counted as it should be, and its certainty measured."""

import pytest
import torch

from autofx_core.datasets.reader import Subset
from autofx_core.effects.taxonomy import PRESENCES
from autofx_core.features.timbre import TIMBRE_NAMES
from autofx_core.networks.presence import PresenceNetwork
from autofx_core.training.evaluate import predict_all
from autofx_core.training.loop import fit
from autofx_core.training.presence_metrics import (
    expected_calibration_error,
    reliability,
    score_presence,
)
from autofx_core.training.recipes import recipe

EFFECTS = len(PRESENCES)


def make_subset(presence_db, place, windows=None):
    sounds = len(presence_db)
    if windows is None:
        windows = torch.zeros(sounds, 1, len(TIMBRE_NAMES))
    zeros = torch.zeros(sounds, dtype=torch.int64)
    return Subset(
        {"windows": windows},
        settings=torch.zeros(sounds, 15),
        effect=zeros,
        strength_db=torch.zeros(sounds),
        pedal=zeros,
        recording=zeros,
        presence_db=presence_db,
        place=place,
    )


def sounds_of_one_window(count, seed):
    """Each effect shows in two features of one of three windows, later effects more strongly."""
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(count, EFFECTS, generator=generator) < 0.15
    windows = torch.randn(count, 3, len(TIMBRE_NAMES), generator=generator)
    place = present.cumsum(1) * present
    which = torch.randint(3, (count,), generator=generator)
    shown = 6.0 * present * (1 + 0.3 * place)
    windows[torch.arange(count), which, : 2 * EFFECTS] += shown.repeat(1, 2)
    return make_subset(2.0 * present, place, windows)


@pytest.mark.slow
def test_effects_that_show_in_one_window_are_found_alone_and_in_chains():
    torch.manual_seed(0)
    plan = recipe("presence", max_epochs=8)
    network, *_ = fit(plan, sounds_of_one_window(1500, 1), sounds_of_one_window(200, 2))
    scores = score_presence(predict_all(network, unseen := sounds_of_one_window(400, 3)), unseen)
    assert scores["macro_f1"] > 0.8
    assert scores["clean_right"] > 0.8
    assert scores["calibration_error"] < 0.08
    swapped = unseen.with_features(windows=unseen["windows"].flip(1))
    torch.testing.assert_close(predict_all(network, swapped), predict_all(network, unseen))


def test_an_ambiguous_effect_has_no_target():
    torch.manual_seed(0)
    network = PresenceNetwork().eval()
    windows = torch.randn(1, 2, len(TIMBRE_NAMES))

    def loss(strength_db):
        presence_db = torch.zeros(1, EFFECTS)
        presence_db[0, 0] = strength_db
        place = (presence_db > 0).long()
        return network.loss({"windows": windows, "presence_db": presence_db, "place": place}).item()

    logits, strength, _ = network(windows)[0].split(EFFECTS)
    kept = torch.nn.functional.softplus(logits[1:]).sum().item()
    error = 0.1 * (strength[0].item() - torch.tensor(0.6).log1p().item()) ** 2
    assert loss(0.6) == pytest.approx(kept + error, rel=1e-4)
    assert loss(0.0) == pytest.approx(
        kept + torch.nn.functional.softplus(logits[0]).item(), rel=1e-4
    )


def test_scores_count_names_chains_orders_and_clean_sounds():
    presence_db, place = torch.zeros(4, EFFECTS), torch.zeros(4, EFFECTS, dtype=torch.int64)
    presence_db[0, :2], place[0, :2] = 2.0, torch.tensor([1, 2])  # named, in order
    presence_db[1, :2], place[1, :2] = 2.0, torch.tensor([2, 1])  # one missing
    presence_db[2, 2], place[2, 2] = 0.6, 1  # ambiguous: neither right nor wrong
    prediction = torch.zeros(4, 3 * EFFECTS)
    prediction[0, :2], prediction[0, 2 * EFFECTS : 2 * EFFECTS + 2] = 0.9, torch.tensor([0.0, 1.0])
    prediction[1, 0] = 0.9
    prediction[2, 2] = 0.9
    prediction[3, 5] = 0.9  # the clean sound
    scores = score_presence(prediction, make_subset(presence_db, place))
    assert scores["f1"][PRESENCES[0]] == 1.0
    assert scores["f1"][PRESENCES[1]] == pytest.approx(2 / 3, abs=1e-4)
    assert scores["f1"][PRESENCES[2]] is None
    assert scores["macro_f1"] == pytest.approx(5 / 6, abs=1e-4)
    assert (scores["clean_right"], scores["chains_right"], scores["order_right"]) == (0.0, 0.5, 1.0)


def test_the_calibration_error_is_the_mean_distance_of_probability_and_share():
    probability = torch.tensor([0.1] * 10 + [0.95] * 10)
    present = torch.tensor([True] + [False] * 9 + [True] * 5 + [False] * 5)
    bins = reliability(probability, present)
    assert [row["answers"] for row in bins] == [10, 10]
    assert expected_calibration_error(bins) == pytest.approx((0.0 + 0.45) / 2, abs=1e-4)
