"""Training is reproducible, survives an interruption, and scales to several processes."""

import csv
import json
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import chain

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.datasets.make import make_dataset
from autofx_core.datasets.reader import read_training
from autofx_core.networks.checkpoints import WEIGHTS_NAME, CheckpointError, start_from
from autofx_core.networks.cnn import SpectrogramCNN
from autofx_core.networks.registry import NETWORKS, read_card
from autofx_core.sources.attribution import Attribution
from autofx_core.training import loop, train
from autofx_core.training.loop import Order
from autofx_core.training.recipes import RECIPES, recipe

pytestmark = pytest.mark.slow

COLLECTION = Attribution("Plucked tones", "A. Luthier", "CC-BY-4.0")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, notes):
    folder = tmp_path_factory.mktemp("data") / "settings"
    attributed = [replace(note, attribution=COLLECTION) for note in notes]
    make_dataset(attributed, folder, per_pedal=24, seed=1, waves=True)
    return folder


def weights_of(run):
    return torch.load(run / WEIGHTS_NAME, weights_only=True)


def assert_same_weights(first, second, **tolerance):
    for name, value in weights_of(first).items():
        torch.testing.assert_close(weights_of(second)[name], value, **tolerance)


def test_training_leaves_a_card_that_says_what_made_it(tmp_path, dataset):
    command = ["train", "mlp_163nc", "--dataset", str(dataset), "--max-epochs", "4"]
    run = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "run")])
    assert run.exit_code == 0, run.output
    assert "unseen_instrument: C.2 MSE" in run.output
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["parameters"] == 58_315
    assert card["recipe"]["seed"] == 2
    assert card["size_bytes"] == (tmp_path / "run" / WEIGHTS_NAME).stat().st_size
    assert card["inference_ms"] > 0
    assert set(card["metrics"]) == {"unseen_recording", "unseen_instrument"}
    assert set(card["data"]["recordings"]["train"]) == {f"recording {k}" for k in (0, 1, 4, 5)}
    assert card["data"]["collections"] == [asdict(COLLECTION)]
    assert len(card["curves"]["train"]) == len(card["curves"]["validation"]) == 4
    assert card["curves"]["train"][-1] < card["curves"]["train"][0]
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))
    command += ["--start", str(tmp_path / "run"), "--learning-rate", "1e-4"]
    run = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "on")])
    assert run.exit_code == 0, run.output
    on = json.loads((tmp_path / "on" / "card.json").read_text())
    assert on["started_from"]["sounds_seen"] == card["sounds_seen"]
    assert on["started_from"]["started_from"] is None
    assert on["recipe"]["learning_rate"] == 1e-4
    assert on["curves"]["train"][0] < card["curves"]["train"][0]


def test_the_spectrogram_networks_are_trained_on_the_kept_waves(tmp_path, dataset):
    settings = recipe("autofx_f", epoch_sounds=16, max_epochs=1, precision="32-true")
    card = train.train(settings, dataset, tmp_path, command="")
    assert card["parameters"] == 3_675_983
    assert len(card["curves"]["train"]) == 1


def test_without_waves_the_spectrogram_networks_cannot_be_trained(tmp_path, notes):
    make_dataset(notes, tmp_path / "data", per_pedal=2, seed=1)
    command = ["train", "autofx", "--dataset", str(tmp_path / "data"), "-o", str(tmp_path / "run")]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 1
    assert run.output.splitlines()[-1].endswith(
        "has no feature set 'wave'; make it again with --waves"
    )


def test_an_interrupted_training_resumes_to_the_same_weights(tmp_path, dataset, monkeypatch):
    settings = recipe("mlp_163nc", max_epochs=5)
    whole = train.train(settings, dataset, tmp_path / "whole", command="")
    calls = iter(range(100))
    step = loop.TrainingModule.training_step

    def interrupted(*arguments):
        if next(calls) == 5:  # in the third epoch of two batches each
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(loop.TrainingModule, "training_step", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        train.train(settings, dataset, tmp_path / "parts", command="")
    signal.signal(signal.SIGINT, before)  # which Lightning silences while it shuts down
    monkeypatch.undo()
    parts = train.train(settings, dataset, tmp_path / "parts", command="")
    assert parts["curves"] == whole["curves"]
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", rtol=0, atol=0)


def test_two_processes_train_the_same_network_as_one(tmp_path, dataset):
    for name, devices in (("one", "1"), ("two", "2")):
        command = ["train", "mlp_163c", "--dataset", str(dataset), "--max-epochs", "3"]
        command += ["--epoch-sounds", "64", "--devices", devices, "-o", str(tmp_path / name)]
        subprocess.run(
            [sys.executable, "-m", "autofx_core", *command],
            check=True,
            capture_output=True,
            timeout=300,
        )
    assert_same_weights(tmp_path / "one", tmp_path / "two", rtol=1e-3, atol=1e-4)


def test_processes_share_an_epoch_without_overlap_and_epochs_go_through_all_rows():
    orders = [Order(rows=10, per_epoch=4, seed=3, rank=rank, world=2) for rank in (0, 1)]
    alone = Order(rows=10, per_epoch=4, seed=3, rank=0, world=1)
    seen = []
    for epoch in range(5):
        for order in (*orders, alone):
            order.set_epoch(epoch)
        shared = list(chain.from_iterable(zip(*orders, strict=True)))
        assert shared == list(alone)
        seen += shared
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


def test_a_network_started_from_a_smaller_one_estimates_the_same_until_it_is_trained(tmp_path):
    torch.manual_seed(0)
    smaller, network = SpectrogramCNN().eval(), SpectrogramCNN(regression=True).eval()
    torch.save(smaller.state_dict(), tmp_path / WEIGHTS_NAME)
    start_from(network, tmp_path)
    wave, probabilities = torch.rand(2, 35_000) - 0.5, torch.rand(2, 6).softmax(1)
    with torch.no_grad():
        given = network(wave, probabilities, torch.randn(2, 48))
        torch.testing.assert_close(given, smaller(wave, probabilities))
    with pytest.raises(CheckpointError, match="no such file; train it"):
        start_from(network, tmp_path / "elsewhere")


def test_every_network_has_a_recipe():
    assert set(RECIPES) == set(NETWORKS)


def test_a_missing_data_set_is_one_line_with_how_to_make_it(tmp_path):
    run = CliRunner().invoke(
        main, ["train", "mlp_163nc", "--dataset", str(tmp_path / "no"), "-o", str(tmp_path / "run")]
    )
    assert run.exit_code == 1
    assert run.output.count("\n") == 1
    assert "make one with 'python -m autofx_core dataset" in run.output


def test_a_classifier_is_trained_by_the_same_command_and_leaves_the_same_card(tmp_path, notes):
    data, run = tmp_path / "data", tmp_path / "run"
    make_dataset(
        notes, data, per_pedal=1, seed=1, task="recognition", feature_sets=["features"], workers=2
    )
    command = ["train", "original_classifier", "--dataset", str(data), "--max-epochs", "2"]
    done = CliRunner().invoke(main, [*command, "-o", str(run)])
    assert done.exit_code == 0, done.output
    assert "% of classes right" in done.output
    card = json.loads((run / "card.json").read_text())
    assert set(card) == set(read_card("effect_classifier"))
    assert card["data"]["audibility"]["measure"] == "strength_db"
    assert card["training_sounds"] <= len(read_training(data))
    for metrics in card["metrics"].values():
        counts = np.array(metrics["confusions"]["6"]["counts"])
        assert np.trace(counts) / counts.sum() == pytest.approx(metrics["accuracy_6"], abs=1e-3)
    words = ["evaluate", "--run", str(run), "--dataset", str(data), "--cross-validate", "folds"]
    done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert {row["part"] for row in evaluation["accuracy"]} == set(card["metrics"])
    assert len(evaluation["folds"]) == 5
    page = (tmp_path / "out" / "results.md").read_text()
    assert "## Folds left out of training" in page
    assert "| run | unseen_instrument |" in page
    with (tmp_path / "out" / "accuracy.csv").open(newline="") as file:
        accuracy = [float(row["accuracy_6"]) for row in csv.DictReader(file)]
    assert accuracy == [metrics["accuracy_6"] for metrics in card["metrics"].values()]
    assert (tmp_path / "out" / "confusions_run.png").read_bytes().startswith(b"\x89PNG")


def test_a_data_set_for_another_task_is_refused_in_one_line(tmp_path, dataset):
    command = ["train", "afx_classifier", "--dataset", str(dataset), "-o", str(tmp_path)]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 1
    assert "afx_classifier is trained on one for recognition; make one with" in run.output
