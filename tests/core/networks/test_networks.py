"""Every network has the size and contract that its table states, and the pretrained ones' weights
give the outputs that are stored in `tests/expected`.

`network_answers.npz` holds ten sounds, the feature sets of each, and the outputs of every network
for them, as the version that trained them computed both.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES, PRESENCES
from autofx_core.features.batch import FeatureBatch
from autofx_core.networks.classifier import class_log_probabilities
from autofx_core.networks.inputs import WithProbabilities
from autofx_core.networks.network import WIDTHS
from autofx_core.networks.registry import (
    NETWORKS,
    PRETRAINED,
    list_pretrained,
    load_network,
    read_card,
)
from autofx_core.networks.scaler import Scaler

EXPECTED = Path(__file__).parents[2] / "expected" / "network_answers.npz"
STORED = {"effect_classifier": "effects", "afx_classifier": "recogniser"}
"""Networks whose outputs are stored under another name."""

SAME_WEIGHTS = 1e-6
SAME_CHAIN = 1e-4


@pytest.fixture(scope="module")
def stored():
    with np.load(EXPECTED) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


@pytest.fixture(scope="module")
def sounds(stored):
    wet, clean = (stored[name].float() / 32_767 for name in ("wet", "clean"))
    with torch.no_grad():
        return wet, WithProbabilities(FeatureBatch(wet, clean))


def test_nine_networks_are_pretrained():
    assert set(NETWORKS) - set(list_pretrained()) == {"original_classifier", "presence"}
    assert {path.parent.name for path in PRETRAINED.glob("*/*")} == set(list_pretrained())


@pytest.mark.parametrize("name", list_pretrained())
def test_a_card_names_author_and_licence_of_every_collection_that_trained_the_network(name):
    data, notice = read_card(name)["data"], (PRETRAINED / "NOTICE").read_text()
    named = {c["collection"]: (c["author"], c["licence"]) for c in data["collections"]}
    assert named["FluidR3 GM"] == ("Frank Wen", "MIT")
    assert all(collection in notice for collection in named if "AutoFX" not in collection)
    others = any(recording.startswith("timgm6mb ") for recording in data["recordings"]["train"])
    if others:
        assert named["TimGM6mb"] == ("Tim Brechbill", "GPL-2.0-only")
    assert others == ("TimGM6mb" in named) == (name in re.findall(r"\w+", notice))


@pytest.mark.parametrize("name", list_pretrained())
def test_pretrained_weights_give_the_stored_outputs(name, stored, sounds):
    network, wet = load_network(name), sounds[0]
    inputs = [wet if column == "wave" else stored[f"input_{column}"] for column in network.inputs]
    with torch.no_grad():
        outputs = network(*inputs)
    expected = stored[f"output_{STORED.get(name, name)}"]
    torch.testing.assert_close(outputs, expected, rtol=0, atol=SAME_WEIGHTS)


@pytest.mark.parametrize("name", list_pretrained())
def test_pretrained_networks_estimate_the_same_from_the_sounds(name, stored, sounds):
    network = load_network(name)
    expected = stored[f"output_{STORED.get(name, name)}"]
    if network.task == "recognition":
        expected = expected.exp()
    estimated = network.predict(sounds[1])
    assert estimated.shape == (10, len(network.outputs))
    torch.testing.assert_close(estimated, expected, rtol=0, atol=SAME_CHAIN)


def test_the_networks_have_the_sizes_that_their_tables_state():
    sizes = {name: sum(p.numel() for p in make().parameters()) for name, make in NETWORKS.items()}
    assert sizes == {
        "mlp_163nc": 58_315,
        "mlp_163c": 58_915,
        "mlp_211c": 63_715,
        "autofx": 3_651_407,
        "autofx_f": 3_675_983,
        "match_wet": 2_742_287,
        "match_pair": 890_895,
        "effect_classifier": 675_105,
        "afx_classifier": 21_806,
        "original_classifier": 17_511,
        "presence": 362_529,
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_keeps_the_contract(name):
    torch.manual_seed(0)
    network = NETWORKS[name]()
    widths = WIDTHS | {"wave": 35_000, "probabilities": len(CLASSES)}
    columns = {c: torch.rand(4, widths[c]) for c in network.inputs if c != "windows"}
    if "windows" in network.inputs:
        columns["windows"] = torch.rand(4, 3, WIDTHS["timbre"])
    targets = {
        "settings": torch.rand(4, 15),
        "effect_class": torch.tensor([0, 1, 2, 0]),
        "audible_effect": torch.tensor([0, 3, 7, 10]),
        "weight": torch.ones(4),
        "presence_db": torch.rand(4, len(PRESENCES)),
        "place": torch.arange(4 * len(PRESENCES)).reshape(4, -1),
    }
    network.fit_scaler(columns)
    loss = network.loss(columns | {target: targets[target] for target in network.targets})
    assert loss.shape == ()
    loss.backward()
    assert all(p.grad is not None for p in network.parameters())
    estimated = network.eval().predict(columns)
    assert estimated.shape == (4, len(network.outputs))
    if network.task == "presence":
        assert (estimated[:, : 2 * len(PRESENCES)] >= 0).all()  # probabilities and strengths
        estimated = estimated[:, : len(PRESENCES)]
    assert ((estimated >= 0) & (estimated <= 1)).all()
    if network.task == "recognition":
        torch.testing.assert_close(estimated.sum(1), torch.ones(4))


CARD_KEYS = {
    *("network", "command", "recipe", "data", "started_from", "versions", "inputs", "parameters"),
    *("size_bytes", "training_sounds", "sounds_seen", "epochs", "best_epoch", "training_s"),
    *("inference_ms", "curves", "metrics"),
}


@pytest.mark.parametrize("name", list_pretrained())
def test_every_card_has_the_same_keys_and_belongs_to_its_weights(name):
    card, network = read_card(name), load_network(name)
    assert set(card) == CARD_KEYS
    assert card["network"] == card["recipe"]["network"] == name
    assert card["inputs"] == list(network.inputs)
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert card["size_bytes"] == (PRETRAINED / name / "weights.pt").stat().st_size
    assert card["data"]["task"] == network.task
    assert card["data"]["audibility"]["audible_db"] == 0.5
    parts = {"train", "validation", "unseen_recording", "unseen_instrument"}
    assert set(card["data"]["recordings"]) == parts
    assert {"unseen_recording", "unseen_instrument"} <= set(card["metrics"])
    assert json.loads(json.dumps(card)) == card


def test_probabilities_of_the_classes_are_sums_of_their_effects():
    effects = torch.randn(5, 11, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    classes = class_log_probabilities(effects).exp()
    torch.testing.assert_close(classes.sum(1), torch.ones(5))
    delays = [k for k, name in enumerate(EFFECT_NAMES) if "delay" in name]
    torch.testing.assert_close(classes[:, CLASSES.index("delay")], effects.exp()[:, delays].sum(1))


def test_an_ensemble_averages_the_probabilities_of_its_members():
    network = NETWORKS["effect_classifier"](members=3).eval()
    timbre = torch.randn(4, WIDTHS["timbre"], generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(network(timbre).exp(), network.votes(timbre).exp().mean(0))


def test_the_scaler_gives_unit_variance_and_clips_what_is_absurd():
    features = 5 + 3 * torch.randn(2000, 4, generator=torch.Generator().manual_seed(0))
    scaler = Scaler(4)
    scaler.fit(features)
    scaled = scaler(features)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std(0), torch.ones(4), atol=1e-5, rtol=0)
    assert scaler(torch.full((1, 4), 1e9)).max() == Scaler.LIMIT


def test_regressors_are_conditioned_on_estimated_probabilities_not_on_the_true_class(sounds):
    conditioned = {name for name in NETWORKS if "probabilities" in NETWORKS[name]().inputs}
    assert conditioned == {"mlp_163c", "mlp_211c", "autofx", "autofx_f"}
    estimated = load_network("afx_classifier").predict(sounds[1])
    torch.testing.assert_close(sounds[1]["probabilities"], estimated)


def test_the_card_of_the_conditioning_network_states_its_accuracy():
    card = read_card("afx_classifier")
    for metrics in card["metrics"].values():
        counts = np.array(metrics["confusions"]["6"]["counts"])
        assert counts.sum() == metrics["sounds"]
        assert np.trace(counts) / counts.sum() == pytest.approx(metrics["accuracy_6"], abs=1e-4)
        assert {"modulation", "delay", "distortion"} < set(metrics["accuracy_6_by_pedal"])


def test_stored_sounds_have_the_length_and_level_that_networks_take(sounds):
    assert sounds[0].shape == (10, 35_000)
    assert sounds[0].shape[1] / ANALYSIS_RATE_HZ == pytest.approx(1.587, abs=1e-3)
    torch.testing.assert_close(sounds[0].abs().amax(1), torch.ones(10))
