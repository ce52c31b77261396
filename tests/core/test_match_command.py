"""`python -m autofx_core match` answers in a file, and refuses bad sounds in one line."""

import json

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.audio import LISTENING_RATE_HZ, normalize_peak, read_audio
from autofx_core.checkpoints import trained_on
from autofx_core.effects import EFFECTS, normalize, render
from autofx_core.sources import builtin_notes


def run(*arguments):
    return CliRunner().invoke(main, ["match", *map(str, arguments)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A clean recording that no network learnt from, and a heavily distorted version of it."""
    folder = tmp_path_factory.mktemp("match")
    note = next(n for n in builtin_notes("test") if n.source not in trained_on("recogniser"))
    clean = normalize_peak(note.read())
    setting = {p.name: p.default for p in EFFECTS["distortion"].parameters} | {"drive_db": 40.0}
    wet = normalize_peak(render("distortion", clean, LISTENING_RATE_HZ, setting))
    soundfile.write(folder / "clean.wav", clean.T, LISTENING_RATE_HZ)
    soundfile.write(folder / "reference.wav", np.repeat(wet, 2, axis=0).T, LISTENING_RATE_HZ)
    return folder


def test_a_distorted_guitar_is_recognised_and_its_match_is_nearer_than_the_clean_sound(files):
    result = run(files / "reference.wav", "--clean", files / "clean.wav", "-o", files / "out")
    assert result.exit_code == 0, result.output
    answer = json.loads((files / "out" / "match.json").read_text())
    assert answer["effect"] == "distortion"
    assert next(iter(answer["probabilities"])) == "distortion"
    normalize("distortion", answer["parameters"])  # every parameter there, in range
    assert 25 < answer["parameters"]["drive_db"] < 55
    assert answer["distances"]["log_mel_db"] < 0.6 * answer["clean_distances"]["log_mel_db"]
    played, rate_hz = read_audio(files / "out" / "match.wav")
    assert rate_hz == LISTENING_RATE_HZ
    assert np.abs(played).max() == pytest.approx(1.0, abs=1e-3)


def test_without_the_clean_sound_there_are_settings_but_no_sound(files, tmp_path):
    result = run(files / "reference.wav", "--effect", "delay", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    answer = json.loads((tmp_path / "match.json").read_text())
    assert answer["effect"] == "delay"
    assert answer["distances"] == {}
    assert not (tmp_path / "match.wav").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.wav", None, "no such file"),
        ("text.wav", "these are words", "not a sound file"),
        ("silent.wav", np.zeros(44_100), "is silent"),
        ("short.wav", np.ones(441), "lasts 10 ms"),
    ],
)
def test_a_bad_sound_is_one_line_that_names_it(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        soundfile.write(path, content, 44_100)
    result = run(path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {path}: {message}")
    assert result.output.count("\n") == 1
    assert not (tmp_path / "out").exists()
