"""The sounds of the conditions: BS.1534's anchors, users' own systems, external sounds."""

import numpy as np
import pytest
import soundfile
from scipy import signal
from support.small_studies import invoke, render_text

from autofx_core.audio import AudioError
from stimuli_gen.check import check_set
from stimuli_gen.conditions import low_pass
from stimuli_gen.manifest import read_manifest
from stimuli_gen.study import StudySpecError

RATE = 44_100
RIPPLE_DB = 0.1


def response_db(cutoff_hz):
    impulse = np.zeros((1, 4_095), np.float32)
    impulse[0, 2_047] = 1.0
    frequency_hz, response = signal.freqz(
        low_pass(impulse, cutoff_hz, RATE)[0], worN=8_192, fs=RATE
    )
    return frequency_hz, 20 * np.log10(np.abs(response) + 1e-9)


@pytest.mark.parametrize("cutoff_hz", [3500.0, 7000.0])
def test_anchor_lies_within_the_mask_of_bs1534(cutoff_hz):
    frequency_hz, level_db = response_db(cutoff_hz)
    assert np.abs(level_db[frequency_hz <= cutoff_hz]).max() <= RIPPLE_DB
    assert level_db[frequency_hz >= cutoff_hz + 500].max() <= -25
    assert level_db[frequency_hz >= cutoff_hz + 1000].max() <= -50


def test_anchor_is_aligned_with_the_reference_to_the_sample():
    wave = np.random.default_rng(0).normal(size=(1, 20_000)).astype(np.float32)
    correlation = signal.correlate(low_pass(wave, 3500.0, RATE)[0], wave[0], mode="full")
    assert np.argmax(correlation) == wave.shape[1] - 1


TEXT = """
name = "external"
title = "Rendered by another program"
seed = 5
families = ["distortion"]
conditions = ["reference", "random", { id = "theirs", folder = "renders" }]
items = { in_domain = 2 }
"""


def render_externally(folder, change):
    """What another system would do: read the inputs, write its answers."""
    (folder / "my-study.toml").write_text(TEXT)
    result = invoke("inputs", folder / "my-study.toml", "-o", folder / "inputs")
    assert result.exit_code == 0, result.output
    (folder / "renders").mkdir()
    for path in (folder / "inputs").glob("*.clean.wav"):
        item = path.name.removesuffix(".clean.wav")
        clean, rate = soundfile.read(path)
        reference, _ = soundfile.read(folder / "inputs" / f"{item}.reference.wav")
        soundfile.write(
            folder / "renders" / f"{item}.wav", change(clean, reference), rate, subtype="FLOAT"
        )


def test_external_sounds_come_into_the_set_matched_like_the_others(tmp_path):
    render_externally(tmp_path, lambda clean, _: 0.3 * np.tanh(20 * clean))
    folder = render_text(TEXT, tmp_path)
    assert check_set(folder) == []
    manifest = read_manifest(folder)
    assert "theirs/distortion-01.wav" in manifest.generator.inputs
    theirs = manifest.items[0].stimuli[2]
    assert (theirs.condition, theirs.effect, theirs.parameters) == (
        "theirs",
        "external",
        None,
    )


def test_inputs_are_the_very_sounds_of_the_set(tmp_path):
    """Whoever copies the reference has nothing left to improve."""
    render_externally(tmp_path, lambda _, reference: 0.1 * reference)
    for item in read_manifest(render_text(TEXT, tmp_path)).items:
        assert item.stimuli[2].distances["mrstft"] < 0.01
        assert any(
            "theirs" in remark and "is indistinguishable" in remark for remark in item.remarks
        )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda clean, _: 0 * clean, "is silent"),
        (lambda clean, _: np.clip(9 * clean, -1, 1), r"theirs .* is clipped"),
        (lambda clean, _: clean[: len(clean) // 2], "lasts 143325 samples, the clean sound 286650"),
    ],
)
def test_unusable_external_sounds_stop_the_rendering(tmp_path, change, complaint):
    render_externally(tmp_path, change)
    with pytest.raises((StudySpecError, AudioError), match=complaint):
        render_text(TEXT, tmp_path)


def test_missing_external_sound_is_named_with_the_command_that_helps(tmp_path):
    (tmp_path / "renders").mkdir()
    with pytest.raises(StudySpecError, match=r"renders/distortion-01.wav: no such file; .* inputs"):
        render_text(TEXT, tmp_path)
