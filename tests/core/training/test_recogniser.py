"""What the recogniser learns from, how it is judged, and its commands from notes to tables."""

import csv
import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.datasets.labels import (
    DRY,
    EFFECT_ORDER,
    Lessons,
    describe_shard,
    effect_name,
    plan_lessons,
    read_lessons,
    read_training,
)
from autofx_core.datasets.synthetic import PARTS, PEDALS, DatasetError, part_notes
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS, SLICES, normalize, render
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features import CLASSIFICATION_NAMES
from autofx_core.features.timbre import GROUPS, TIMBRE_NAMES
from autofx_core.metrics.audibility import INAUDIBLE_DB, PLAIN_DB, strength_db
from autofx_core.networks.classifier import (
    EffectClassifier,
    OriginalClassifier,
    class_log_probabilities,
)
from autofx_core.recogniser.__main__ import main
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.classification import Recipe, balance, error, fit, guess
from autofx_core.training.classification_metrics import (
    accuracies,
    confusions,
    folds,
    importance,
    leave_one_design_out,
)
from autofx_core.training.classification_tables import confusion_rows

pytestmark = pytest.mark.slow

QUICK = Recipe(epochs=12, batch_size=64)
N_PEDALS = len(PEDALS)


@pytest.fixture(scope="module")
def clean():
    note = next(n for n in builtin_notes("test") if n.midi == 50)
    return fit_length(normalize_peak(note.read(ANALYSIS_RATE_HZ)))


def strength(clean, wet):
    return strength_db(torch.from_numpy(clean), torch.from_numpy(normalize_peak(wet))).item()


def test_a_gain_and_a_tone_control_are_no_effect(clean):
    assert strength(clean, 0.3 * clean) < 1e-3
    tone = PEDAL_MODELS["amp_tone"].render(
        clean, ANALYSIS_RATE_HZ, dict(bass_db=3.0, treble_db=-3.0)
    )
    assert strength(clean, tone) < PLAIN_DB


def test_an_echo_is_heard_the_more_the_louder_it_is(clean):
    found = [
        strength(
            clean,
            render(
                "delay",
                clean,
                ANALYSIS_RATE_HZ,
                dict(delay_seconds=0.3, feedback=0.3, mix=mix),
            ),
        )
        for mix in (0.001, 0.1, 0.5)
    ]
    assert found[0] < INAUDIBLE_DB
    assert PLAIN_DB < found[1] < found[2]


@pytest.mark.parametrize("late_s", [0.01, 0.3])
def test_the_same_note_later_is_no_effect(clean, late_s):
    late = np.pad(clean, ((0, 0), (round(late_s * ANALYSIS_RATE_HZ), 0)))[:, : clean.shape[1]]
    assert strength(clean, late) < 0.05
    still = dict(rate_hz=1.0, depth=0.0, centre_delay_ms=10.0, feedback=0.0, mix=1.0)
    assert strength(clean, render("modulation", clean, ANALYSIS_RATE_HZ, still)) < INAUDIBLE_DB
    moved = still | dict(depth=0.5)
    assert strength(clean, render("modulation", clean, ANALYSIS_RATE_HZ, moved)) > PLAIN_DB


def settings_of(family, **setting):
    vector = np.zeros(15)
    vector[SLICES[family]] = normalize(family, setting)
    return vector


def test_a_generic_effect_is_named_by_what_it_does():
    assert effect_name("fuzz", np.zeros(15)) == "distortion"
    once = settings_of("delay", delay_seconds=0.2, feedback=0.05, mix=0.5)
    assert effect_name("delay", once) == "slapback delay"
    often = settings_of("delay", delay_seconds=0.2, feedback=0.5, mix=0.5)
    assert effect_name("delay", often) == "feedback delay"


def test_probabilities_of_the_classes_are_sums_of_their_effects():
    effects = torch.randn(5, 11, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    classes = class_log_probabilities(effects).exp()
    torch.testing.assert_close(classes.sum(1), torch.ones(5))
    delays = [k for k, name in enumerate(EFFECT_NAMES) if "delay" in name]
    torch.testing.assert_close(classes[:, CLASSES.index("delay")], effects.exp()[:, delays].sum(1))


def test_the_members_of_the_network_vote_by_their_mean():
    network = EffectClassifier(members=3).eval()
    timbre = torch.randn(4, len(TIMBRE_NAMES), generator=torch.Generator().manual_seed(1))
    mean = network.votes(timbre).exp().mean(0)
    torch.testing.assert_close(network(timbre).exp(), mean)


def test_the_originals_classifier_has_its_size():
    assert sum(p.numel() for p in OriginalClassifier().parameters()) == 163 * 100 + 100 + 1100 + 11


def test_every_class_weighs_the_same():
    effect = torch.tensor([DRY] * 90 + [EFFECT_ORDER.index("reverb")] * 10)
    weight = balance(effect)
    assert weight[:90].sum() == pytest.approx(weight[90:].sum())
    assert weight.mean() == pytest.approx(1)


def test_the_error_of_certainty_is_0_and_of_ignorance_that_of_11_and_6_names():
    effect = torch.arange(11)
    certain = torch.full((11, 11), -50.0).fill_diagonal_(0.0).log_softmax(-1)[None]
    assert error(certain, effect, torch.ones(11)) < 1e-6
    ignorant = torch.zeros(1, 11, 11).log_softmax(-1)
    sizes = torch.tensor([4, 2, 2, 1, 1, 1])  # effects in each class
    per_effect = torch.cat([size.repeat(size) for size in sizes]).double()
    expected = np.log(11) + (np.log(11) - per_effect.log()).mean().item()
    assert error(ignorant, effect, torch.ones(11)).item() == pytest.approx(expected, rel=1e-5)


def made_up(pedals, *, columns, per_pedal=40, seed=0):
    """Lessons whose truth about each pedal's effect is in the given columns of the timbre set."""
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
    return Lessons(
        timbre=timbre,
        features=torch.zeros(len(pedal), len(CLASSIFICATION_NAMES)),
        strength_db=torch.full((len(pedal),), 2.0),
        effect=effect,
        pedal=pedal,
        source=torch.randint(6, (len(pedal),), generator=generator),
    )


def test_a_trained_network_names_new_sounds_and_listens_to_what_tells():
    start = sum(len(GROUPS[name]) for name in ("bands", "note", "waveform"))
    envelope = slice(start, start + len(GROUPS["envelope"]))
    design_numbers = list(range(len(EFFECTS), N_PEDALS))
    network = EffectClassifier(members=1)
    fit(network, made_up(design_numbers, columns=envelope), QUICK)
    unseen = made_up(design_numbers, columns=envelope, seed=1)
    assert accuracies(network, unseen)["accuracy_6"] > 0.95
    assert accuracies(network, unseen)["accuracy_11"] > 0.95
    first, *others = importance(network, unseen)
    assert first["group"] == "envelope"
    assert first["loss"] > 0.5
    assert max(row["loss"] for row in others) < 0.1


def test_the_same_seed_trains_the_same_network():
    lessons = made_up([5, 10, 20, 30, 40], columns=slice(0, 50))
    networks = [EffectClassifier(members=1) for _ in range(2)]
    curves = [fit(network, lessons, Recipe(epochs=3, batch_size=64)) for network in networks]
    assert curves[0] == curves[1]
    for first, second in zip(*(n.state_dict().values() for n in networks), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_design_that_is_left_out_is_named_only_by_what_it_shares_with_others():
    """The lone reverb cannot be named once it is left out; of two fuzzes the other teaches it."""
    numbers = [PEDALS.index(name) for name in ("plate_reverb", "fuzz", "hard_clipper")]
    lessons = made_up(numbers, columns=slice(0, 60))
    rows = leave_one_design_out(
        partial(EffectClassifier, members=1), lessons, {"unseen": lessons}, QUICK
    )
    scores = {row["pedal"]: row["unseen"] for row in rows}
    assert scores["plate_reverb"] == 0
    assert scores["fuzz"] > 0.95
    assert [row["pedal"] for row in rows] == list(PEDALS)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-3, 12), min_size=20, max_size=80),
    st.integers(2, 5),
    st.integers(0, 1000),
)
def test_no_recording_is_in_two_folds_and_each_sound_in_one(sources, count, seed):
    source = torch.tensor(sources)
    masks = list(folds(source, count, seed))
    assert len(masks) == count
    assert (torch.stack(masks).sum(0) == (source >= 0)).all()  # made-up strings are in none
    for own in source[source >= 0].unique():
        assert sum(bool(mask[source == own].any()) for mask in masks) == 1


def test_arguable_effects_are_left_out_and_their_share_is_told():
    lessons = made_up([PEDALS.index("fuzz"), PEDALS.index("clean")], columns=slice(0, 9))
    weak = torch.where(torch.arange(80) % 4 == 0, (INAUDIBLE_DB + PLAIN_DB) / 2, 2.0)
    lessons = lessons.replace(strength_db=weak)
    assert (~lessons.plain).sum() == 10  # of the fuzz; a dry pedal is dry whatever it changes
    network = EffectClassifier(members=1).eval()
    assert accuracies(network, lessons)["ambiguous_share"] == pytest.approx(10 / 80)
    assert sum(map(sum, confusions(network, lessons)["6"]["counts"])) == 70


@pytest.mark.parametrize(
    ("names", "known"), [(("fuzz", "clean"), False), (("fuzz", "distortion"), True)]
)
def test_the_share_of_the_generic_effects_is_told_where_there_are_any(names, known):
    lessons = made_up([PEDALS.index(name) for name in names], columns=slice(0, 9))
    network = EffectClassifier(members=1).eval()
    assert (accuracies(network, lessons)["accuracy_6_generic"] is not None) == known


def test_confusions_are_shares_of_each_truth():
    rows = confusion_rows({"names": ["a", "b"], "counts": [[3, 1], [0, 0]]})
    assert rows == [{"truth": "a", "a": 0.75, "b": 0.25}, {"truth": "b", "a": 0.0, "b": 0.0}]


def test_the_plan_has_more_of_the_generic_effects_and_of_the_dry():
    counts = dict.fromkeys(PEDALS, 0)
    for shard in plan_lessons(200, seed=0):
        if shard.part == "train":
            counts[shard.pedal] += shard.sounds
    assert counts["delay"] == 800
    assert counts["clean"] == 400
    assert counts["fuzz"] == 200


def test_a_shard_is_the_same_each_time_and_its_columns_belong_together():
    notes = part_notes(builtin_notes())["unseen_recording"]
    shard = next(
        s for s in plan_lessons(16, 3) if (s.part, s.pedal) == ("unseen_recording", "tape_echo")
    )
    columns, again = describe_shard(shard, notes), describe_shard(shard, notes)
    for name, column in columns.items():
        np.testing.assert_array_equal(column, again[name])
        assert len(column) == shard.sounds
    assert (columns["strength_db"] > PLAIN_DB).all()
    assert {EFFECT_ORDER[k] for k in columns["effect"]} == {"feedback delay"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recogniser")
    runner = CliRunner(catch_exceptions=False)
    steps = [
        ["sounds", "--per-design", "1", "--workers", "2", "-o", f"{folder}/sounds"],
        ["train", "--sounds", f"{folder}/sounds", "-o", f"{folder}/run"],
        [
            *("judge", "--sounds", f"{folder}/sounds", "--run", f"{folder}/run"),
            *("--no-unmet", "--folds", "2", "-o", f"{folder}/judged"),
        ],
    ]
    for step in steps:
        result = runner.invoke(main, step)
        assert result.exit_code == 0, result.output
    return folder


def test_the_parts_are_read_as_they_were_made(run):
    for part in (*PARTS, "strings"):
        lessons = read_lessons(run / "sounds", part)
        assert set(lessons.pedal.tolist()) == set(range(N_PEDALS))
        assert lessons.timbre.isfinite().all()
        assert (lessons.effect[lessons.strength_db < INAUDIBLE_DB] == DRY).all()
        assert (lessons.source >= 0).all() or part == "strings"
    both = read_training(run / "sounds")
    assert len(both) == sum(len(read_lessons(run / "sounds", p)) for p in ("train", "strings"))
    with pytest.raises(DatasetError, match="no such file; make one with"):
        read_lessons(run / "nowhere", "train")
    removed = next((run / "sounds").glob("validation-fuzz-*.npz"))
    content = removed.read_bytes()
    removed.unlink()
    with pytest.raises(DatasetError, match="missing; run the same command again"):
        read_lessons(run / "sounds", "validation")
    removed.write_bytes(content)


def test_the_card_names_the_data_and_the_scores_are_its_confusions(run):
    card = json.loads((run / "run" / "card.json").read_text())
    assert set(card["data"]["sources"]) == set(PARTS)
    for metrics in card["metrics"].values():
        counts = np.array(metrics["confusions"]["6"]["counts"])
        assert np.trace(counts) / counts.sum() == pytest.approx(metrics["accuracy_6"], abs=1e-3)


def test_the_judgement_is_written_as_tables_and_a_figure(run):
    judged = run / "judged"
    with (judged / "accuracy.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["network"], row["part"]) for row in rows} == {
        (network, part)
        for network in ("effect_classifier", "original_classifier")
        for part in ("unseen_recording", "unseen_instrument")
    }
    page = (judged / "recognition.md").read_text()
    assert "## Folds" in page
    assert "| effect_classifier | unseen_instrument |" in page
    assert (judged / "confusions.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_folder_is_told_in_one_line(tmp_path):
    result = CliRunner().invoke(
        main, ["train", "--sounds", str(tmp_path), "-o", str(tmp_path / "run")]
    )
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "make one with 'python -m autofx_core.recogniser sounds" in result.output


def test_the_package_is_a_command():
    command = [sys.executable, "-m", "autofx_core.recogniser", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Train and judge the network that names effects." in result.stdout


@pytest.mark.parametrize("command", ["sounds", "train", "judge"])
def test_every_commands_help_ends_in_an_example(command):
    lines = CliRunner().invoke(main, [command, "--help"]).output.strip().splitlines()
    assert "Example: python -m autofx_core.recogniser" in " ".join(lines[-2:])


def test_guesses_are_indices_of_effects_and_classes():
    lessons = made_up([5, 6], columns=slice(0, 5), per_pedal=3)
    effects, classes = guess(EffectClassifier(members=1).eval(), lessons)
    assert effects.shape == classes.shape == (6,)
    assert effects.max() < 11
    assert classes.max() < 6
