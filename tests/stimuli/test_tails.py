"""An item lasts until its longest sound has decayed, or until a limit that is stated."""

import numpy as np
import pytest
import soundfile
from support.small_studies import invoke, render_text

from stimuli_gen.check import check_set
from stimuli_gen.manifest import read_manifest

RATE = 44_100
CLEAN_S = 2.5
STUDY = """
name = "tails"
title = "Tails"
seed = 7
families = ["distortion"]
conditions = ["reference", "clean", { id = "mine", function = "my_tails:NAME" }]
items = { in_domain = 1 }
"""
FUNCTIONS = """
import numpy as np

def echo(request):
    wave = request.clean.copy()
    wave[:, 66_150:] += 0.5 * request.clean[:, :-66_150]
    return wave

def forever(request):
    return np.random.default_rng(0).normal(size=request.clean.shape)
"""


def render_with(name, folder, extra=""):
    (folder / "my_tails.py").write_text(FUNCTIONS)
    text = STUDY.replace("NAME", name).replace("seed = 7", f"seed = 7\n{extra}")
    return render_text(text, folder)


def read_sounds(folder, item):
    return [soundfile.read(folder / sound.file)[0] for sound in item.sounds()]


def level_db(part):
    return 10 * np.log10(np.square(part).mean())


def test_item_lasts_as_long_as_its_longest_sound_rings(tmp_path, forget_modules):
    """The echo comes 1.5 s late: it ends 1.5 s after the clean note, and so do all files."""
    folder = render_with("echo", tmp_path)
    (item,) = read_manifest(folder).items
    for stimulus in item.stimuli:
        assert stimulus.duration_s == pytest.approx(CLEAN_S + 1.5, abs=0.15)
    assert item.remarks == []
    assert len({wave.size for wave in read_sounds(folder, item)}) == 1


def test_sound_that_rings_longer_than_the_limit_fades_out_and_is_remarked_on(
    tmp_path, forget_modules
):
    folder = render_with("forever", tmp_path, "longest_tail_s = 2.0")
    (item,) = read_manifest(folder).items
    assert item.stimuli[0].duration_s == pytest.approx(CLEAN_S + 2.0, abs=0.02)
    assert item.remarks == ["mine rings longer than longest_tail_s = 2: faded out"]
    mine = read_sounds(folder, item)[3]
    whole = level_db(mine[RATE : 2 * RATE])
    middle = mine.size - RATE // 2
    assert level_db(mine[middle - 2_000 : middle + 2_000]) == pytest.approx(whole - 6, abs=0.5)
    assert level_db(mine[-2_205:]) < whole - 40


def test_delays_end_in_silence_or_are_remarked_on(tmp_path):
    text = STUDY.replace(', { id = "mine", function = "my_tails:NAME" }', ', "random"')
    text = text.replace("distortion", "delay").replace("in_domain = 1", "in_domain = 6")
    folder = render_text(text, tmp_path)
    assert check_set(folder) == []
    items = read_manifest(folder).items
    durations_s = [item.stimuli[0].duration_s for item in items]
    assert CLEAN_S + 0.5 <= min(durations_s) < CLEAN_S + 1.0
    assert max(durations_s) == pytest.approx(CLEAN_S + 4.0, abs=0.02)
    for item in items:
        for wave in read_sounds(folder, item):
            blocks = wave[: wave.size // 2_205 * 2_205].reshape(-1, 2_205)
            power = np.square(blocks).mean(axis=1)
            assert 10 * np.log10(power[-2] / power.max()) < -30
        rings = item.stimuli[0].duration_s > CLEAN_S + 3.98
        assert rings == any("rings longer than longest_tail_s = 4" in r for r in item.remarks)


def test_limit_below_the_shortest_tail_is_refused(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(STUDY.replace("seed = 7", "tail_s = 1.0\nlongest_tail_s = 0.5"))
    result = invoke("render", study, "-o", tmp_path / "set")
    assert "longest_tail_s = 0.5 is below tail_s = 1" in result.output
