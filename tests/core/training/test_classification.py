"""Classifiers are trained and scored as their recipes and metrics say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofx_core.datasets.labels import DRY, EFFECT_ORDER, PEDALS
from autofx_core.datasets.reader import Subset
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS
from autofx_core.features.timbre import GROUPS, TIMBRE_NAMES
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.networks.classifier import AfxClassifier, Classifier, EffectClassifier
from autofx_core.training.classification_metrics import importance, score_recognition
from autofx_core.training.cross_validation import (
    cross_validate_folds,
    cross_validate_pedals,
    split_folds,
)
from autofx_core.training.evaluate import measure
from autofx_core.training.loop import fit, select_columns
from autofx_core.training.recipes import cross_validation_recipe, recipe
from autofx_core.training.tables import confusion_rows

pytestmark = pytest.mark.slow

QUICK = replace(cross_validation_recipe("effect_classifier"), max_epochs=12, batch_size=64)
N_PEDALS = len(PEDALS)


def make_subset(pedals, *, columns, per_pedal=40, seed=0):
    """Sounds whose effect is in the given columns of the timbre set."""
    generator = torch.Generator().manual_seed(seed)
    pedal = torch.tensor(pedals).repeat_interleave(per_pedal)
    effects = [
        EFFECT_ORDER.index(PEDAL_MODELS[p].effect if p in PEDAL_MODELS else "chorus")
        for p in PEDALS
    ]
    effect = torch.tensor(effects)[pedal]
    timbre = torch.randn(len(pedal), len(TIMBRE_NAMES), generator=generator)
    means = torch.randn(11, len(TIMBRE_NAMES), generator=torch.Generator().manual_seed(9))
    timbre[:, columns] = 0.1 * timbre[:, columns] + 3 * means[effect][:, columns]
    return Subset(
        {"timbre": timbre},
        settings=torch.zeros(len(pedal), 15),
        strength_db=torch.full((len(pedal),), 2.0),
        effect=effect,
        pedal=pedal,
        recording=torch.randint(6, (len(pedal),), generator=generator),
        presence_db=torch.zeros(len(pedal), 0),
        place=torch.zeros(len(pedal), 0),
    )


class Stated(Classifier):
    """A classifier of the eleven effects whose votes are an input."""

    inputs = ("votes",)
    outputs = EffectClassifier.outputs

    def votes(self, *inputs):
        return inputs[0]


def loss_of(votes, effect, smoothing=0.0):
    batch = {"votes": votes, "audible_effect": effect, "weight": torch.ones(len(effect))}
    return Stated().loss(batch, smoothing=smoothing)


def test_the_loss_of_certainty_is_0_and_of_ignorance_that_of_11_and_6_names():
    effect = torch.arange(11)
    certain = torch.full((11, 11), -50.0).fill_diagonal_(0.0).log_softmax(-1)[None]
    assert loss_of(certain, effect) < 1e-6
    ignorant = torch.zeros(1, 11, 11).log_softmax(-1)
    sizes = torch.tensor([4, 2, 2, 1, 1, 1])  # effects in each class
    per_effect = torch.cat([size.repeat(size) for size in sizes]).double()
    expected = np.log(11) + (np.log(11) - per_effect.log()).mean().item()
    assert loss_of(ignorant, effect).item() == pytest.approx(expected, rel=1e-5)


def test_smoothing_spreads_a_share_of_the_target_over_all_names():
    certain = torch.full((11, 11), -20.0).fill_diagonal_(0.0).log_softmax(-1)[None]
    plain, spread = (loss_of(certain, torch.arange(11), smoothing=s) for s in (0.0, 1.0))
    for share in (0.05, 0.5):
        mixed = loss_of(certain, torch.arange(11), smoothing=share)
        torch.testing.assert_close(mixed, (1 - share) * plain + share * spread)


def test_the_loss_of_six_classes_is_the_weighted_negative_log_likelihood():
    torch.manual_seed(0)
    network = AfxClassifier()
    batch = {"features": torch.randn(5, 163), "regression": torch.randn(5, 48)}
    effect, weight = torch.tensor([0, 1, 4, 9, 10]), torch.tensor([1.0, 2.0, 0.5, 1.0, 0.5])
    classes = torch.tensor([5, 1, 0, 2, 2])
    found = network.loss(batch | {"audible_effect": effect, "weight": weight})
    outputs = network(batch["features"], batch["regression"])
    expected = torch.nn.functional.nll_loss(outputs, classes, reduction="none")
    torch.testing.assert_close(found, (weight * expected).mean())


def test_classes_weigh_the_same_where_the_recipe_says_so():
    numbers = [PEDALS.index(name) for name in ("clean", "plate_reverb")]
    subset = make_subset([numbers[0]] * 9 + [numbers[1]], columns=slice(0, 9), per_pedal=10)
    weight = subset.weight
    assert (subset.audible_effect[:90] == DRY).all()
    assert weight[:90].sum() == pytest.approx(weight[90:].sum())
    assert weight.mean() == pytest.approx(1)
    network = EffectClassifier(members=1)
    for balanced, expected in ((True, weight), (False, torch.ones(100))):
        rows = select_columns(network, replace(QUICK, balanced=balanced), subset)
        torch.testing.assert_close(rows.columns["weight"], expected)


def test_a_trained_network_names_new_sounds_by_the_features_that_carry_the_effect():
    start = sum(len(GROUPS[name]) for name in ("bands", "note", "waveform"))
    envelope = slice(start, start + len(GROUPS["envelope"]))
    numbers = list(range(len(EFFECTS), N_PEDALS))
    network, curves, _ = fit(QUICK, make_subset(numbers, columns=envelope))
    assert curves.losses["train"][-1] < curves.losses["train"][0]
    unseen = make_subset(numbers, columns=envelope, seed=1)
    metrics = measure(network, unseen)
    assert min(metrics["accuracy_6"], metrics["accuracy_11"]) > 0.95
    first, *others = importance(network, unseen)
    assert first["group"] == "envelope"
    assert first["loss"] > 0.5
    assert max(row["loss"] for row in others) < 0.1


def test_the_same_seed_trains_the_same_network():
    subset = make_subset([5, 10, 20, 30, 40], columns=slice(0, 50))
    trained = [fit(replace(QUICK, max_epochs=3), subset) for _ in range(2)]
    assert trained[0][1].losses == trained[1][1].losses
    for first, second in zip(*(n.state_dict().values() for n, *_ in trained), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_pedal_that_is_left_out_is_recognised_only_by_what_it_shares_with_others():
    """The only reverb is not recognised once it is left out; of two fuzzes the other remains."""
    names = ("fuzz", "hard_clipper", "plate_reverb")
    numbers = [PEDALS.index(name) for name in names]
    subset = make_subset(numbers, columns=slice(0, 60))
    *rows, mean = cross_validate_pedals(QUICK, subset, {"unseen": subset})
    scores = {row["pedal"]: row["unseen"] for row in rows}
    assert set(scores) == set(names)
    assert scores["plate_reverb"] == 0
    assert scores["fuzz"] > 0.95
    assert mean["unseen"] == pytest.approx(sum(scores.values()) / 3, abs=1e-4)


def test_a_fold_is_scored_by_a_network_that_was_not_trained_on_it():
    subset = make_subset([PEDALS.index("fuzz"), PEDALS.index("flanger")], columns=slice(0, 60))
    rows = cross_validate_folds(QUICK, subset, count=2)
    assert [row["fold"] for row in rows] == [1, 2]
    assert sum(row["sounds"] for row in rows) == len(subset)
    assert min(row["accuracy_11"] for row in rows) > 0.95


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-1, 12), min_size=20, max_size=80),
    st.integers(2, 5),
    st.integers(0, 1000),
)
def test_no_recording_is_in_two_folds_and_each_sound_in_one(recordings, count, seed):
    recording = torch.tensor(recordings)
    masks = list(split_folds(recording, count, seed))
    assert len(masks) == count
    assert (torch.stack(masks).sum(0) == (recording >= 0)).all()  # made-up strings are in none
    for own in recording[recording >= 0].unique():
        assert sum(bool(mask[recording == own].any()) for mask in masks) == 1


def test_ambiguous_effects_are_left_out_and_their_share_is_stated():
    subset = make_subset([PEDALS.index("fuzz"), PEDALS.index("clean")], columns=slice(0, 9))
    weak = torch.where(torch.arange(80) % 4 == 0, (AUDIBLE_DB + UNAMBIGUOUS_DB) / 2, 2.0)
    subset = replace(subset, strength_db=weak)
    assert (~subset.unambiguous).sum() == 10  # of the fuzz; a dry pedal is dry whatever it changes
    network = EffectClassifier(members=1).eval()
    metrics = measure(network, subset)
    assert metrics["ambiguous_share"] == pytest.approx(10 / 80)
    for confusion in metrics["confusions"].values():
        assert sum(map(sum, confusion["counts"])) == 70
    assert len(select_columns(network, recipe("effect_classifier"), subset)) == 70
    assert len(select_columns(network, replace(QUICK, unambiguous=False), subset)) == 80


def test_an_inaudible_effect_counts_as_dry():
    subset = make_subset([PEDALS.index("fuzz")], columns=slice(0, 9), per_pedal=4)
    subset = replace(subset, strength_db=torch.tensor([0.1, 0.1, 2.0, 2.0]))
    dry = torch.eye(11)[torch.full((4,), DRY)]
    metrics = score_recognition(dry, subset)
    assert metrics["accuracy_6"] == metrics["accuracy_11"] == 0.5


def test_scores_of_six_classes_have_no_accuracy_of_the_eleven_effects():
    subset = make_subset([PEDALS.index("fuzz"), PEDALS.index("distortion")], columns=slice(0, 9))
    probabilities = torch.eye(6)[subset.audible_class]
    metrics = score_recognition(probabilities, subset)
    assert (metrics["accuracy_6"], metrics["accuracy_11"]) == (1.0, None)
    assert set(metrics["confusions"]) == {"6"}


@pytest.mark.parametrize(
    ("names", "known"), [(("fuzz", "clean"), False), (("fuzz", "distortion"), True)]
)
def test_the_accuracy_on_the_generic_effects_is_stated_where_there_are_any(names, known):
    subset = make_subset([PEDALS.index(name) for name in names], columns=slice(0, 9))
    metrics = measure(EffectClassifier(members=1).eval(), subset)
    assert (metrics["accuracy_6_generic"] is not None) == known


def test_confusions_are_shares_of_each_truth():
    rows = confusion_rows({"names": ["a", "b"], "counts": [[3, 1], [0, 0]]})
    assert rows == [{"truth": "a", "a": 0.75, "b": 0.25}, {"truth": "b", "a": 0.0, "b": 0.0}]
