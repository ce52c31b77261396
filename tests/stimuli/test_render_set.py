"""Rendering a set: reproducible to the byte, resumable, and refusing what cannot work."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from support.small_studies import SMALL, TINY, hashes, invoke, render_text

from stimuli_gen import render as rendering
from stimuli_gen.check import check_set
from stimuli_gen.manifest import file_sha256, read_manifest, verify_files
from stimuli_gen.study import StudySpecError, describe_keys

pytestmark = pytest.mark.slow


def described(folder):
    """The manifest without when and how the set was made."""
    content = json.loads((folder / "manifest.json").read_text())
    del content["created"], content["generator"]["command"]
    return content


def render_and_interrupt(text, folder, *, after):
    """Render a study until so many items are made; gives their ids."""
    render_item, made = rendering.render_item, []

    def interrupted(task):
        if len(made) == after:
            raise KeyboardInterrupt
        made.append(task.planned.id)
        return render_item(task)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rendering, "render_item", interrupted)
        render_text(text, folder)
    return made


def test_equal_seeds_give_equal_files_with_one_worker_or_two(small_set, tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "ITEMS_PER_WORKER", 1)
    again = render_text(SMALL, tmp_path, workers=2)
    assert hashes(again) == hashes(small_set)
    assert described(again) == described(small_set)
    assert (again / "preview.html").read_bytes() == (small_set / "preview.html").read_bytes()


def test_another_seed_gives_other_sounds_under_other_names(small_set, tmp_path):
    other = hashes(render_text(SMALL.replace("seed = 7", "seed = 8"), tmp_path))
    assert len(other) == len(hashes(small_set))
    assert not set(other.values()) & set(hashes(small_set).values())
    assert not set(other) & set(hashes(small_set))


def test_a_salt_gives_each_rendering_its_own_names_and_bytes_but_the_same_sounds(tmp_path):
    """Nobody who renders the same preset finds out by its files which sound is which."""
    folders = [render_text(TINY, tmp_path / name, reproducible=False) for name in "ab"]
    first, second = (hashes(folder) for folder in folders)
    assert not set(first) & set(second)
    assert not set(first.values()) & set(second.values())
    manifests = [read_manifest(folder) for folder in folders]
    assert len({manifest.generator.salt for manifest in manifests}) == 2
    for a, b in zip(*(manifest.items for manifest in manifests), strict=True):
        for one, other in zip(a.stimuli, b.stimuli, strict=True):
            assert (one.condition, one.parameters) == (other.condition, other.parameters)
            waves = [
                soundfile.read(folder / s.file, dtype="int16")[0].astype(int)
                for folder, s in zip(folders, (one, other), strict=True)
            ]
            assert np.abs(waves[0] - waves[1]).max() <= 2  # the dither's peaks, in steps


def test_an_interrupted_rendering_keeps_its_salt(tmp_path):
    render_item, made = rendering.render_item, []

    def interrupted(task):
        if made:
            raise KeyboardInterrupt
        made.append(task.salt)
        return render_item(task)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rendering, "render_item", interrupted)
        render_text(TINY, tmp_path, reproducible=False)
    folder = render_text(TINY, tmp_path, reproducible=False)
    assert read_manifest(folder).generator.salt == made[0] != ""
    assert check_set(folder) == []


@pytest.mark.parametrize("file_format", ["wav", "flac"])
def test_without_dither_the_salt_is_in_the_last_samples(tmp_path, file_format):
    text = TINY.replace("seed = 7", f'seed = 7\ndither = "none"\nformat = "{file_format}"')
    text = text.replace('"random"', '{ id = "x", function = "my_copy:copy" }')
    folders = []
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "my_copy.py").write_text(
            "def copy(request):\n    return request.reference\n"
        )
        folders.append(render_text(text, tmp_path / name, reproducible=False))
    first, second = (set(hashes(folder).values()) for folder in folders)
    assert len(first | second) == len(first) + len(second) == 2 * 2 * 5


def test_source_date_epoch_fixes_the_time(monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1664618400")
    folder = render_text(TINY, tmp_path)
    assert json.loads((folder / "manifest.json").read_text())["created"] == "2022-10-01T10:00:00Z"


def test_interrupted_rendering_goes_on_where_it_was(small_set, tmp_path, monkeypatch):
    made = render_and_interrupt(SMALL, tmp_path, after=2)
    assert not (tmp_path / "set" / "manifest.json").exists()

    render_item = rendering.render_item

    def resumed(task):
        assert task.planned.id not in made
        return render_item(task)

    monkeypatch.setattr(rendering, "render_item", resumed)
    folder = render_text(SMALL, tmp_path)
    assert hashes(folder) == hashes(small_set)
    assert not (folder / ".unfinished").exists()


def test_ctrl_c_ends_at_once_and_the_same_command_finishes(tmp_path):
    """A real process, interrupted in its work, and the same command once more."""
    study, output = tmp_path / "study.toml", tmp_path / "set"
    study.write_text(SMALL.replace("in_domain = 1", "in_domain = 3"))
    words = [sys.executable, "-m", "stimuli_gen", "render", str(study), "-o", str(output)]
    process = subprocess.Popen(
        [*words, "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C must reach it even where this test runs in a shell's background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    said = ""
    while "1/9" not in said:  # the progress bar
        letter = process.stderr.read(1)
        assert letter, said
        said += letter
    process.send_signal(signal.SIGINT)
    assert "Aborted!" in process.communicate(timeout=60)[1]
    assert process.returncode == 1
    finished = list((output / ".unfinished").glob("*.json"))
    assert 0 < len(finished) < 9
    assert invoke("check", output).exit_code == 1
    assert invoke(*words[3:]).exit_code == 0
    assert invoke("check", output).exit_code == 0


def test_what_another_study_left_unfinished_is_not_used(small_set, tmp_path):
    assert render_and_interrupt(SMALL.replace("seed = 7", "seed = 8"), tmp_path, after=1)
    assert hashes(render_text(SMALL, tmp_path)) == hashes(small_set)


def test_finished_set_is_up_to_date_and_another_study_does_not_overwrite_it(small_copy, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(SMALL)
    before = (small_copy / "manifest.json").read_bytes()
    result = invoke("render", study, "-o", small_copy)
    assert (result.exit_code, "is up to date" in result.output) == (0, True)
    study.write_text(SMALL.replace("seed = 7", "seed = 8"))
    result = invoke("render", study, "-o", small_copy)
    assert result.exit_code == 1
    assert "holds another stimulus set; choose an empty folder" in result.output
    assert (small_copy / "manifest.json").read_bytes() == before


def test_folder_with_other_files_is_left_alone(tmp_path):
    study, output = tmp_path / "study.toml", tmp_path / "thesis"
    study.write_text(SMALL)
    output.mkdir()
    (output / "chapter1.txt").write_text("precious")
    result = invoke("render", study, "-o", output)
    assert result.exit_code == 1
    assert "thesis: is not empty" in result.output
    assert [path.name for path in output.iterdir()] == ["chapter1.txt"]


def test_set_carries_its_study_verbatim_with_the_listening_tests_table(small_set):
    assert (small_set / "study.toml").read_text() == SMALL


def test_manifest_lists_inputs_versions_settings_and_distances(small_set):
    manifest = read_manifest(small_set)
    verify_files(small_set, manifest)
    assert manifest.generator.inputs["study.toml"] == file_sha256(small_set / "study.toml")
    assert "mlp_163nc/weights.pt" in manifest.generator.inputs
    assert {"torch", "pedalboard", "pyloudnorm", "autofx"} <= set(manifest.generator.versions)
    for item in manifest.items:
        assert item.clean.source.startswith("builtin:")
        assert item.clean.attribution.model_dump() == {
            "collection": "FluidR3 GM",
            "author": "Frank Wen",
            "licence": "MIT",
        }
        by_condition = {stimulus.condition: stimulus for stimulus in item.stimuli}
        assert by_condition["reference"].distances == {"mrstft": 0.0, "log_mel_db": 0.0}
        assert by_condition["random"].distances["mrstft"] > 0
        for stimulus in item.stimuli:
            if stimulus.parameters is not None:
                assert set(stimulus.normalized) == set(stimulus.parameters)
                assert all(0 <= value <= 1 for value in stimulus.normalized.values())


def test_estimates_are_nearer_to_the_reference_than_random_settings(small_set):
    distances = {"mlp_163nc": 0.0, "random": 0.0}
    for item in read_manifest(small_set).items:
        for stimulus in item.stimuli:
            if stimulus.condition in distances:
                distances[stimulus.condition] += stimulus.distances["mrstft"]
    assert distances["mlp_163nc"] < distances["random"]


@pytest.mark.parametrize("file_format", ["wav", "flac"])
@pytest.mark.parametrize("bit_depth", [16, 24])
@pytest.mark.parametrize("dither", ["tpdf", "none"])
def test_every_format_is_rendered_and_passes_its_check(tmp_path, file_format, bit_depth, dither):
    text = TINY.replace('families = ["delay", "distortion"]', 'families = ["delay"]')
    text = text.replace(
        "seed = 7",
        f'seed = 7\nformat = "{file_format}"\nbit_depth = {bit_depth}\ndither = "{dither}"',
    )
    folder = render_text(text, tmp_path)
    result = invoke("check", folder)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("seed = 7", "sead = 7", "unknown key 'sead'; known: bit_depth, clean, conditions"),
        ("training = 1", "trianing = 1", "unknown key 'items.trianing'; known: in_domain, out"),
        ("seed = 7", "seed = -7", "seed: Input should be greater than or equal to 0"),
        ("seed = 7", "seed = ", "Invalid value"),
        ('"clean", ', '"clean", "clean", ', "condition 'clean' is there twice"),
        ('"reference", ', "", "exactly one hidden 'reference'"),
        ('"mlp_163nc"', '"mlp_9000"', "no method 'mlp_9000'; known: reference, clean"),
        ('"mlp_163nc"', '{ id = "x", folder = "no" }', "no/training-01.wav: no such file"),
        ('"mlp_163nc"', '{ id = "x", function = "nowhere:f" }', "No module named 'nowhere'"),
        (
            '"delay", ',
            '"echo", ',
            "families.0: unknown family 'echo'; known: modulation, ",
        ),
        ("in_domain = 1", "in_domain = 90", "183 clean sounds wanted, 67 there"),
        ("in_domain = 1", "recorded = 1", "1 recorded references of the family delay wanted, 0"),
        ("\n[items]", '[clean]\nsource = "folder"\nfolder = "none"\n[items]', "no such folder"),
        ("\n[items]", '[clean]\nsource = "idmt"\n[items]', "source 'idmt' wants a folder"),
        (
            "items_per_listener = 2",
            "items_per_listner = 2",
            "unknown key 'listening_test.items_per_listner'; known: break_every, ",
        ),
        (
            "items_per_listener = 2",
            'questionnaire = [{ id = "age", type = "number", label = "Age", min = 9, max = 1 }]',
            "listening_test.questionnaire.0: question age: min 9 is above max 1",
        ),
        ("\n[items]", '[clean]\nlicence = "MIT"\n[items]', "has its own author and licence"),
    ],
)
def test_wrong_study_is_one_line_that_names_the_key(tmp_path, old, new, complaint):
    assert old in SMALL
    study = tmp_path / "study.toml"
    study.write_text(SMALL.replace(old, new))
    result = invoke("render", study, "-o", tmp_path / "set")
    assert result.exit_code == 1
    assert complaint in result.output
    assert result.output.count("\n") == 1
    assert not (tmp_path / "set").exists()


def test_unknown_preset_is_refused_with_the_known_ones(tmp_path):
    result = invoke("render", "dmeo", "-o", tmp_path / "set")
    assert result.exit_code == 1
    assert "dmeo: neither a file nor a preset (" in result.output
    assert "demo" in result.output


def test_help_documents_every_key_and_ends_in_an_example():
    text = invoke("render", "--help").output
    for key, meaning in describe_keys():
        assert key in text
        assert meaning in text
    assert text.rstrip().splitlines()[-1].strip().startswith("Example: python -m stimuli_gen")


@pytest.mark.parametrize("command", ["check", "inputs", ""])
def test_every_help_ends_in_an_example(command):
    text = invoke(*filter(None, [command]), "--help").output
    assert text.rstrip().splitlines()[-1].strip().startswith("Example: python -m stimuli_gen")


def test_one_loudness_for_the_whole_set_by_choice(tmp_path):
    """Distortions of guitars peak at different heights: item by item they are not equally loud."""
    text = TINY.replace("in_domain = 1", "in_domain = 2").replace(
        "seed = 7", "seed = 7\ntarget_lufs = -12.0"
    )
    by_item = read_manifest(render_text(text, tmp_path / "item"))
    assert len({item.stimuli[0].loudness_lufs for item in by_item.items}) > 1
    text = text.replace("seed = 7", 'seed = 7\nequally_loud = "set"')
    folder = render_text(text, tmp_path / "set", workers=2)
    promised = {s.loudness_lufs for item in read_manifest(folder).items for s in item.stimuli}
    assert promised == {min(item.stimuli[0].loudness_lufs for item in by_item.items)}
    assert check_set(folder) == []


def test_render_stops_rather_than_leave_a_set_that_check_refuses(tmp_path):
    """A treble tone of −60 LUFS peaks below −60 dBFS, which is silent."""
    (tmp_path / "whistle.py").write_text(
        "import numpy as np\n"
        "def whistle(request):\n"
        "    time_s = np.arange(request.clean.shape[1]) / request.sample_rate\n"
        "    return np.sin(2 * np.pi * 5000 * time_s)\n"
    )
    text = TINY.replace('"random"', '{ id = "x", function = "whistle:whistle" }')
    text = text.replace("seed = 7", "seed = 7\ntarget_lufs = -60.0\nbit_depth = 24")
    with pytest.raises(StudySpecError, match=r"delay-01: audio/\w+\.flac is silent"):
        render_text(text, tmp_path)
    assert not (tmp_path / "set" / "manifest.json").exists()
