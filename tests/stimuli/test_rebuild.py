"""A manifest says enough to make an item again, to the last step of every sample."""

import shutil

import numpy as np
import pytest
import soundfile
from support.small_studies import SMALL, invoke, render_text

from stimuli_gen.manifest import read_manifest
from stimuli_gen.rebuild import rebuild_item

EVERY_KIND = (
    SMALL.replace("training = 1", "")
    .replace('"anchor35"', '"anchor35", "anchor70", { id = "x", function = "my_system:answer" }')
    .replace("seed = 7", 'seed = 7\nformat = "flac"\nlongest_s = 1.5\nbit_depth = 24')
)


@pytest.fixture(scope="module")
def whole_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "my_system.py").write_text("def answer(request):\n    return -request.clean\n")
    return render_text(EVERY_KIND, folder, reproducible=False)


@pytest.mark.parametrize("item", ["delay-01", "delay-02", "distortion-01", "distortion-02"])
def test_every_file_of_an_item_is_rebuilt_identical_from_the_manifest(whole_set, item):
    results = {result.name: result.outcome for result in rebuild_item(whole_set, item)}
    assert results.pop("x") == "not rebuilt (own sound)"
    assert len(results) == 7
    assert set(results.values()) == {"identical"}


def test_manifest_describes_the_items_times(whole_set):
    for item in read_manifest(whole_set).items:
        assert item.clean.recording
        assert item.timing.clean_s == 1.5  # cut by longest_s
        assert 0 < item.timing.lead_in_s <= 0.0051
        assert 0.5 <= item.timing.tail_s <= item.timing.rendered_tail_s == 4.0
        for stimulus in item.stimuli:
            total_s = item.timing.clean_s + item.timing.tail_s
            assert stimulus.duration_s == pytest.approx(total_s, abs=1e-4)


def test_changed_sound_and_unknown_item_are_named(whole_set, tmp_path):
    folder = shutil.copytree(whole_set, tmp_path / "copy")
    item = read_manifest(folder).items[0]
    path = folder / item.stimuli[3].file
    wave, rate = soundfile.read(path)
    soundfile.write(path, wave * np.float32(0.9), rate, subtype="PCM_24")
    result = invoke("rebuild", folder, item.id)
    assert result.exit_code == 1
    assert f"{item.stimuli[3].file}  {item.stimuli[3].condition}: " in result.output
    assert "samples differ, by" in result.output
    assert result.output.count("identical") == 6
    result = invoke("rebuild", folder, "delay-99")
    assert "no item 'delay-99'; there are: delay-01, delay-02" in result.output


def test_recordings_are_found_by_their_content_whatever_their_name(tmp_path):
    time_s = np.arange(44_100) / 44_100
    note = 0.5 * np.sin(2 * np.pi * 220 * time_s) * np.exp(-3 * time_s)
    soundfile.write(tmp_path / "dry.wav", note, 44_100)
    soundfile.write(tmp_path / "wet.wav", np.tanh(9 * np.roll(note, 300)), 44_100)
    text = """
name = "pairs"
title = "Pairs"
conditions = ["reference", "clean", "anchor35"]
families = ["distortion"]
items = { recorded = 1 }
recorded = { pairs = [ { reference = "wet.wav", clean = "dry.wav", family = "distortion" } ] }
"""
    folder = render_text(text, tmp_path)
    result = invoke("rebuild", folder, "distortion-01")
    assert "no sound with SHA-256" in result.output
    assert "name the folder that holds it with --sounds" in result.output
    (tmp_path / "archive").mkdir()
    (tmp_path / "dry.wav").rename(tmp_path / "archive" / "take 7.wav")
    (tmp_path / "wet.wav").rename(tmp_path / "archive" / "take 8.wav")
    result = invoke("rebuild", folder, "distortion-01", "--sounds", tmp_path / "archive")
    assert (result.exit_code, result.output.count("identical")) == (0, 4), result.output
