"""`check` finds what is off in a set, by measuring."""

import json

import numpy as np
import pytest
import soundfile
from support.ffmpeg import TOLERANCE_LU, measure_by_ffmpeg
from support.small_studies import invoke

from stimuli_gen.check import check_set
from stimuli_gen.manifest import ManifestError, file_sha256, read_manifest


def change_sound(folder, change, *, keep_hash=False):
    """Change the samples of the first item's first stimulus."""
    stimulus = read_manifest(folder).items[0].stimuli[1]
    path = folder / stimulus.file
    wave, rate = soundfile.read(path)
    soundfile.write(path, change(wave), rate, subtype="PCM_16")
    if not keep_hash:
        manifest = folder / "manifest.json"
        text = manifest.read_text().replace(stimulus.sha256, file_sha256(path))
        manifest.write_text(text)


def test_rendered_set_is_as_its_manifest_says(small_set):
    assert check_set(small_set) == []


@pytest.mark.slow
def test_another_program_measures_the_loudness_that_the_manifest_promises(small_set):
    for item in read_manifest(small_set).items:
        for stimulus in item.stimuli:
            measured = measure_by_ffmpeg(small_set / stimulus.file)
            assert measured == pytest.approx(stimulus.loudness_lufs, abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda wave: 1.1 * wave, "LUFS, the manifest says"),
        (lambda wave: 1.1 * wave, "loudness differs by 0.8"),
        (lambda wave: wave / np.abs(wave).max(), "dBTP, above -1"),
        (lambda wave: 0 * wave, "is silent"),
        (lambda wave: wave[:-1], "lasts"),
        (lambda wave: wave[:-1], "files differ in rate, channels, length, format or size"),
        (lambda wave: np.stack([wave, wave], axis=1), "2 channels at 44100 Hz"),
    ],
)
def test_changed_sound_is_found_by_measuring_even_if_its_hash_is_forged(
    small_copy, change, complaint
):
    change_sound(small_copy, change)
    assert any(complaint in problem for problem in check_set(small_copy))


def test_changed_byte_is_found_by_its_hash(small_copy):
    change_sound(small_copy, lambda wave: wave + 2**-15, keep_hash=True)
    problems = check_set(small_copy)
    assert any("changed (SHA-256 differs" in problem for problem in problems)
    assert not any("loudness" in problem for problem in problems)  # a step is not audible


def test_missing_foreign_and_unreadable_files_are_each_named(small_copy):
    stimuli = read_manifest(small_copy).items[0].stimuli
    (small_copy / stimuli[0].file).unlink()
    (small_copy / stimuli[1].file).write_text("no sound")
    (small_copy / "audio" / "notes.txt").write_text("reference = best")
    problems = "\n".join(check_set(small_copy))
    assert f"{stimuli[0].file}: missing" in problems
    assert f"{stimuli[1].file}: not a sound file" in problems
    assert "audio/notes.txt: is not in the manifest" in problems


def test_telling_file_name_is_found(small_copy):
    stimulus = read_manifest(small_copy).items[0].stimuli[1]
    (small_copy / stimulus.file).rename(small_copy / "audio" / "mlp_163nc.wav")
    manifest = small_copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace(stimulus.file, "audio/mlp_163nc.wav"))
    assert "audio/mlp_163nc.wav: a name that may reveal its condition" in check_set(small_copy)


def test_equal_bytes_of_open_and_hidden_reference_are_found(small_copy):
    item = read_manifest(small_copy).items[0]
    hidden = item.stimuli[0]
    (small_copy / item.reference.file).write_bytes((small_copy / hidden.file).read_bytes())
    manifest = small_copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace(item.reference.sha256, hidden.sha256))
    assert any("two files have equal bytes" in problem for problem in check_set(small_copy))


def test_replaced_study_is_found(small_copy):
    study = small_copy / "study.toml"
    study.write_text(study.read_text().replace("seed = 7", "seed = 8"))
    assert check_set(small_copy) == ["study.toml: is not the study that the set was rendered from"]


def test_damaged_manifest_is_refused_by_field(small_copy):
    manifest = small_copy / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["items"][0]["family"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(ManifestError, match=r"key 'items\.0\.family' is missing"):
        check_set(small_copy)


def test_check_exits_with_1_and_names_what_is_off(small_copy):
    change_sound(small_copy, lambda wave: 0.5 * wave)
    result = invoke("check", small_copy)
    assert result.exit_code == 1
    assert "item training-01: loudness differs by 6.0" in result.output


def test_check_of_a_good_set_exits_with_0(small_set):
    result = invoke("check", small_set)
    assert (result.exit_code, "all files are as the manifest says" in result.output) == (0, True)
