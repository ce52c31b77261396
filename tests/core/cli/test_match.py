"""`python -m autofx_core match` answers in a file, and refuses bad sounds in one line."""

import json

import numpy as np
import pedalboard
import pytest
import soundfile
from click.testing import CliRunner
from support.trained import training_recordings

from autofx_core.__main__ import main
from autofx_core.audio import LISTENING_RATE_HZ, normalize_peak, read_audio, resample
from autofx_core.effects.registry import FURTHER
from autofx_core.effects.table import EFFECTS, normalize, render
from autofx_core.sources.clean import builtin_notes

pytestmark = pytest.mark.slow


def run(*arguments):
    return CliRunner().invoke(main, ["match", *map(str, arguments)])


def play(*arguments):
    return CliRunner().invoke(main, ["play", *map(str, arguments)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A clean recording that no network learnt from, and a heavily distorted version of it."""
    folder = tmp_path_factory.mktemp("match")
    note = next(
        n for n in builtin_notes("test") if n.recording not in training_recordings("afx_classifier")
    )
    clean = normalize_peak(note.read())
    setting = {p.name: p.default for p in EFFECTS["distortion"].parameters} | {"drive_db": 40.0}
    wet = normalize_peak(render("distortion", clean, LISTENING_RATE_HZ, setting))
    soundfile.write(folder / "clean.wav", clean.T, LISTENING_RATE_HZ)
    soundfile.write(folder / "reference.wav", np.repeat(wet, 2, axis=0).T, LISTENING_RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def refined(files):
    """The answer with the clean sound."""
    result = run(files / "reference.wav", "--clean", files / "clean.wav", "-o", files / "out")
    assert result.exit_code == 0, result.output
    return json.loads((files / "out" / "match.json").read_text()) | {"told": result.output}


def test_a_distorted_guitar_is_recognised_and_its_match_sounds_the_same(files, refined):
    assert refined["effect"] == "distortion"
    assert next(iter(refined["probabilities"])) == "distortion"
    assert next(iter(refined["effects"])) in {"distortion", "overdrive"}
    assert f"among the eleven effects: {next(iter(refined['effects']))} " in refined["told"]
    assert refined["method"] == "refined"
    normalize("distortion", refined["parameters"])  # every parameter there, in range
    assert refined["parameters"]["drive_db"] == pytest.approx(40.0, abs=0.5)
    assert refined["distances"]["log_mel_db"] < 0.1 * refined["clean_distances"]["log_mel_db"]
    played, rate_hz = read_audio(files / "out" / "match.wav")
    assert rate_hz == LISTENING_RATE_HZ
    assert np.abs(played).max() == pytest.approx(1.0, abs=1e-3)


def test_it_states_how_certain_settings_are_and_which_are_inaudible(refined):
    certainty = refined["certainty"]
    assert (certainty["kind"], certainty["judged_on"]) == ("heard alike", "clean")
    low, high = certainty["intervals"]["drive_db"]
    assert 35 < low < refined["parameters"]["drive_db"] < high < 45
    assert "low_shelf_q" in certainty["inaudible"]  # the shelf has no gain
    line = next(line for line in refined["told"].splitlines() if "low_shelf_q" in line)
    assert line.endswith("0.5 to 2  (not audible here)")


def test_the_picture_shows_sounds_and_dials(files, refined):
    picture = (files / "out" / "match.png").read_bytes()
    assert f"; recognised: {next(iter(refined['effects']))}, ".encode() in picture  # its title
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 50_000


def test_what_was_found_plays_on_other_sounds_as_preset_and_as_python(files, refined, tmp_path):
    result = play(files / "out" / "match.json", files / "clean.wav", "-o", tmp_path / "played.wav")
    assert result.exit_code == 0, result.output
    played, _ = read_audio(tmp_path / "played.wav")
    matched, _ = read_audio(files / "out" / "match.wav")
    np.testing.assert_allclose(played, matched, atol=1e-5)
    chain = pedalboard.Pedalboard(eval(refined["python"], {"pedalboard": pedalboard}))
    clean, _ = read_audio(files / "clean.wav")
    by_hand = normalize_peak(chain(normalize_peak(clean), LISTENING_RATE_HZ))
    np.testing.assert_allclose(by_hand, matched, atol=1e-3)


@pytest.mark.parametrize("rate_hz", [8_000, 192_000])
def test_a_fifth_of_a_second_at_any_rate_is_enough(files, tmp_path, rate_hz):
    found, found_hz = read_audio(files / "clean.wav")
    clean = normalize_peak(resample(found, found_hz, rate_hz))[:, : int(0.21 * rate_hz)]
    setting = {"delay_seconds": 0.05, "feedback": 0.3, "mix": 0.5}
    soundfile.write(tmp_path / "clean.wav", clean.T, rate_hz)
    wet = render("delay", clean, rate_hz, setting)
    soundfile.write(tmp_path / "wet.wav", normalize_peak(wet).T, rate_hz)
    result = run(
        *(tmp_path / "wet.wav", "--clean", tmp_path / "clean.wav"),
        *("--effect", "delay", "-o", tmp_path),
    )
    assert result.exit_code == 0, result.output
    answer = json.loads((tmp_path / "match.json").read_text())
    assert answer["parameters"] == pytest.approx(setting, abs=0.01)


def test_effects_that_networks_do_not_know_are_refined_or_refused(files, tmp_path):
    sounds = (files / "reference.wav", "--clean", files / "clean.wav", "-o", tmp_path)
    result = run(*sounds, "--effect", "compressor")
    assert result.exit_code == 0, result.output
    assert "ratio" in json.loads((tmp_path / "match.json").read_text())["parameters"]
    for effect, method, message in (
        ("compressor", "mlp_163nc", "'refined' does, with the clean sound"),
        ("flnger", "refined", "unknown effect 'flnger'; known: modulation"),
    ):
        result = run(*sounds, "--effect", effect, "--method", method)
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert message in result.output


OWN_EFFECTS = """
import pedalboard
from autofx_core.effects.table import Effect, Parameter, Stage

ladder = Effect(
    "ladder",
    "Ladder filter",
    (Stage(pedalboard.LadderFilter, "", (Parameter("cutoff_hz", "Hz", 200, 4000, 1000),)),),
)
"""


@pytest.fixture
def forgets_own_effects():
    known = set(FURTHER)
    yield
    for name in FURTHER.keys() - known:
        del FURTHER[name]


@pytest.mark.usefixtures("forgets_own_effects")
def test_an_effect_of_ones_own_is_matched_and_played(files, tmp_path):
    clean, rate_hz = read_audio(files / "clean.wav")
    wet = pedalboard.LadderFilter(cutoff_hz=700.0)(clean, rate_hz)
    soundfile.write(tmp_path / "reference.wav", wet.T, rate_hz)
    (tmp_path / "mine.py").write_text(OWN_EFFECTS)
    mine = ("--effects", tmp_path / "mine.py")
    sounds = (tmp_path / "reference.wav", "--clean", files / "clean.wav", "-o", tmp_path)
    result = run(*sounds, *mine, "--effect", "ladder")
    assert result.exit_code == 0, result.output
    answer = json.loads((tmp_path / "match.json").read_text())
    assert answer["parameters"] == pytest.approx({"cutoff_hz": 700.0}, rel=0.01)
    assert "pedalboard.LadderFilter(cutoff_hz=" in answer["python"]
    played = tmp_path / "played.wav"
    assert play(tmp_path / "match.json", files / "clean.wav", "-o", played).exit_code == 0
    np.testing.assert_allclose(
        read_audio(played)[0], read_audio(tmp_path / "match.wav")[0], atol=1e-3
    )


def test_a_preset_of_an_effect_of_ones_own_wants_its_file(files, tmp_path):
    preset, played = tmp_path / "match.json", tmp_path / "played.wav"
    preset.write_text('{"effect": "ladder", "parameters": {"cutoff_hz": 700}}')
    result = play(preset, files / "clean.wav", "-o", played)
    assert result.exit_code == 1
    assert "unknown effect 'ladder'" in result.output


def test_a_file_that_declares_no_effect_is_one_line_that_names_it(files, tmp_path):
    sounds = (files / "reference.wav", "--clean", files / "clean.wav", "-o", tmp_path / "out")
    for content, message in (
        ("x = 1", "declares no autofx_core.effects.table.Effect"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise OSError('a\\nb')", "OSError: a b"),
        ("def", "SyntaxError"),
        (OWN_EFFECTS.replace('"ladder"', '"delay"'), "the name 'delay' cannot be taken"),
    ):
        (tmp_path / "mine.py").write_text(content)
        result = run(*sounds, "--effects", tmp_path / "mine.py", "--effect", "ladder")
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert f"{tmp_path / 'mine.py'}: " in result.output
        assert message in result.output


def test_refining_without_the_clean_sound_is_refused_in_one_line(files, tmp_path):
    result = run(files / "reference.wav", "--method", "refined", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.output.startswith("Error: method 'refined' needs the clean sound")
    assert not (tmp_path / "out").exists()


def test_a_preset_that_is_none_is_one_line_that_names_it(files, tmp_path):
    for content in ("no json", "{}", '{"effect": "delay", "parameters": {"mix": 0.5}}'):
        (tmp_path / "preset.json").write_text(content)
        result = play(tmp_path / "preset.json", files / "clean.wav", "-o", tmp_path / "played.wav")
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        assert not (tmp_path / "played.wav").exists()


def test_without_the_clean_sound_there_are_settings_but_no_sound(files, tmp_path):
    result = run(files / "reference.wav", "--effect", "delay", "-o", tmp_path)
    assert result.exit_code == 0, result.output
    answer = json.loads((tmp_path / "match.json").read_text())
    assert answer["effect"] == "delay"
    assert answer["distances"] == {}
    assert answer["certainty"]["judged_on"] == "stand-in note"
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
