"""The tables hold what the cards hold, and README is rebuilt from them by one command."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.datasets.make import make_dataset
from autofx_core.datasets.reader import read_subset
from autofx_core.networks.registry import (
    PRETRAINED,
    REGRESSORS,
    list_pretrained,
    load_network,
    read_card,
)
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.evaluate import predict_all, score_settings
from autofx_core.training.tables import README_MARKS

ROOT = Path(__file__).parents[3]
PRETRAINED_REGRESSORS = [name for name in list_pretrained() if name in REGRESSORS]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    readme = folder / "README.md"
    readme.write_text("# Ours\n" + "old\n".join(README_MARKS) + "Rest\n")
    command = ["evaluate", "-o", str(folder / "out"), "--readme", str(readme)]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 0, run.output
    return folder


def rows_of(evaluation, name):
    with (evaluation / "out" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_pretrained_regressor_is_measured_on_both_test_parts(evaluation):
    rows = {(row["network"], row["part"]): row for row in rows_of(evaluation, "errors")}
    assert set(rows) == {
        (n, p) for n in PRETRAINED_REGRESSORS for p in ("unseen_recording", "unseen_instrument")
    }
    for (name, part), row in rows.items():
        assert float(row["c2_mse"]) == read_card(name)["metrics"][part]["c2_mse"]
        assert float(row["c2_mse"]) < float(row["constant_one_half_c2_mse"])


def test_the_error_of_all_fifteen_parameters_is_stated(evaluation):
    rows = rows_of(evaluation, "parameters")
    assert len(rows) == 15 * 2 * len(PRETRAINED_REGRESSORS)
    for name in PRETRAINED_REGRESSORS:
        own = [r for r in rows if (r["network"], r["part"]) == (name, "unseen_recording")]
        mean = sum(float(row["absolute_error"]) for row in own) / 15
        stated = read_card(name)["metrics"]["unseen_recording"]["mean_absolute_error"]
        assert mean == pytest.approx(stated, abs=1e-4)


def test_costs_state_size_sounds_and_times(evaluation):
    for row in rows_of(evaluation, "costs"):
        assert float(row["size_kb"]) * 1000 >= 3.9 * int(row["parameters"])
        assert float(row["training_min"]) > 0
        assert float(row["inference_ms"]) > 0


def test_readme_keeps_all_but_the_table(evaluation):
    text = (evaluation / "README.md").read_text()
    assert text.startswith("# Ours\n" + README_MARKS[0] + "| network |")
    assert text.endswith("|\n" + README_MARKS[1] + "Rest\n")
    assert "old" not in text
    for name in PRETRAINED_REGRESSORS:
        figure = 1000 * read_card(name)["metrics"]["unseen_instrument"]["c2_mse"]
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| {figure:.1f} |" in row


def test_the_projects_readme_is_up_to_date(evaluation, tmp_path):
    copy = tmp_path / "README.md"
    copy.write_text((ROOT / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    command = ["evaluate", "-o", str(tmp_path / "out"), "--readme", str(copy)]
    assert CliRunner().invoke(main, command).exit_code == 0
    assert copy.read_text(encoding="utf-8") == (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_readme_without_the_marks_is_left_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Ours\n")
    command = ["evaluate", "-o", str(tmp_path / "out"), "--readme", str(readme)]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 1
    assert run.output.startswith(f"Error: {readme}: wants one line")
    assert readme.read_text() == "# Ours\n"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A few sounds that no card is about."""
    folder = tmp_path_factory.mktemp("pairs")
    make_dataset(builtin_notes(), folder, per_pedal=2, seed=77)
    return folder


def test_networks_are_measured_anew_and_differences_to_the_card_are_stated(tmp_path, pairs):
    words = ["--run", str(PRETRAINED / "mlp_163nc"), "--run", str(PRETRAINED / "match_wet")]
    command = ["evaluate", *words, "--dataset", str(pairs), "-o", str(tmp_path)]
    run = CliRunner().invoke(main, command)
    assert run.exit_code == 0, run.output
    with (tmp_path / "errors.csv").open(newline="") as file:
        rows = {(row["network"], row["part"]): row for row in csv.DictReader(file)}
    part = read_subset(pairs, "unseen_recording")
    score = score_settings(predict_all(load_network("mlp_163nc"), part), part)
    measured = rows["mlp_163nc", "unseen_recording"]
    assert (int(measured["sounds"]), float(measured["c2_mse"])) == (len(part), score["c2_mse"])
    stated = {
        name: read_card(name)["metrics"]["unseen_recording"] for name in ("mlp_163nc", "match_wet")
    }
    stated_by = f"unseen_recording: c2_mse is {score['c2_mse']:g}, the card says"
    assert f"mlp_163nc: {stated_by} {stated['mlp_163nc']['c2_mse']:g}" in run.output
    assert f"mlp_163nc: measured on {pairs}" in (tmp_path / "results.md").read_text()
    untouched = float(rows["match_wet", "unseen_recording"]["c2_mse"])
    assert untouched == stated["match_wet"]["c2_mse"]  # the data set lacks the timbre set
    assert "match_wet: measured" not in run.output


def test_without_a_data_set_the_figures_are_those_of_the_cards(evaluation):
    text = (evaluation / "out" / "results.md").read_text(encoding="utf-8")
    assert text.endswith("All figures are those that training left in the networks' cards.\n")


def test_a_data_set_for_other_networks_is_refused(tmp_path, pairs):
    words = ["--run", str(PRETRAINED / "match_wet"), "--dataset", str(pairs)]
    run = CliRunner().invoke(main, ["evaluate", *words, "-o", str(tmp_path)])
    assert run.exit_code == 1
    assert run.output.startswith(
        f"Error: {pairs}: holds a set for settings, with no feature set that"
    )


def test_the_pretrained_classifiers_evaluation_is_tabulated_with_its_confusions(evaluation):
    rows = {(row["network"], row["part"]): row for row in rows_of(evaluation, "accuracy")}
    card = read_card("effect_classifier")
    for part in ("unseen_recording", "unseen_instrument"):
        stated = float(rows["effect_classifier", part]["accuracy_6"])
        assert stated == card["metrics"][part]["accuracy_6"]
    page = (evaluation / "out" / "results.md").read_text(encoding="utf-8")
    assert "## Pedals left out of training" in page
    assert "## Confusions of effect_classifier, unseen_instrument, 11 names" in page
    figure = (evaluation / "out" / "confusions_effect_classifier.png").read_bytes()
    assert figure.startswith(b"\x89PNG")


def test_cross_validation_wants_sounds_to_train_on(tmp_path):
    run = CliRunner().invoke(main, ["evaluate", "--cross-validate", "folds", "-o", str(tmp_path)])
    assert run.exit_code == 2
    assert "--cross-validate wants --dataset" in run.output
