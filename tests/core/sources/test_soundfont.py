"""Rendering the soundfont: the split rule, the alignment, and the same bytes again."""

import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.sources import clean as sources
from autofx_core.sources import soundfont
from autofx_core.sources.sf2 import Zone
from autofx_core.sources.soundfont import Preset

pytestmark = pytest.mark.slow


def zones_of(*families):
    return {
        Preset(bank, number, f"{family}-{bank}", family): (
            family,
            [Zone(40 + 4 * i, 43 + 4 * i, 41 + 4 * i, f"{family} {i}") for i in range(10)],
        )
        for number, family in enumerate(families)
        for bank in (0, 8)
    }


def test_split_of_a_recording_is_the_same_in_every_preset_velocity_and_key():
    notes = soundfont.plan_notes(zones_of("a", "b", "clean"), full=True)
    splits = {}
    for note in notes:
        splits.setdefault(note.zone.sample, set()).add(note.split)
    assert all(len(found) == 1 for found in splits.values())


def test_each_family_keeps_a_fifth_of_its_recordings_for_testing_and_a_fifth_for_validation():
    splits = soundfont.split_samples(zones_of("a", "b", "clean"))
    for family, n_test, n_validation in (("a", 2, 2), ("b", 2, 2), ("clean", 10, 0)):
        own = [split for sample, split in splits.items() if sample.startswith(family)]
        assert (own.count("test"), own.count("validation")) == (n_test, n_validation)


def test_test_zones_move_along_the_keyboard_from_family_to_family():
    splits = soundfont.split_samples(zones_of("a", "b"))
    assert splits["a 0"] == splits["a 5"] == splits["b 1"] == splits["b 6"] == "test"


def test_full_plan_holds_every_key_and_velocity_and_the_selection_is_part_of_it():
    zones = zones_of("a")
    everything = soundfont.plan_notes(zones, full=True)
    assert len({(n.preset, n.midi) for n in everything}) == 2 * 40
    assert set(soundfont.plan_notes(zones, full=False)) < set(everything)


def test_no_recording_is_stretched_beyond_nine_semitones():
    preset = Preset(0, 24, "x", "x")
    notes = soundfont.plan_notes({preset: ("x", [Zone(0, 127, 60, "x")])}, full=True)
    assert {note.midi for note in notes} == set(range(51, 70))


@pytest.mark.parametrize("delay", [0, 1, 700])
def test_cut_note_begins_five_milliseconds_after_the_start_wherever_it_was_played(delay):
    rate = soundfont.SAMPLE_RATE_HZ
    slot = np.zeros(3 * rate, np.float32)
    time_s = np.arange(slot.size - delay) / rate
    slot[delay:] = 0.1 * np.exp(-3 * time_s) * np.cos(2 * np.pi * 220 * time_s)
    note = soundfont.cut_note(slot)
    assert note.shape == (round(2.5 * rate),)
    assert np.flatnonzero(note)[0] == round(0.005 * rate)
    assert np.abs(note).max() == pytest.approx(10 ** (-3 / 20))


def test_cut_note_does_not_depend_on_the_level_it_was_played_at():
    slot = np.random.default_rng(0).normal(size=140_000).astype(np.float32)
    np.testing.assert_allclose(soundfont.cut_note(slot), soundfont.cut_note(slot / 1000), atol=1e-6)


@pytest.fixture(scope="module")
def installed():
    if not (shutil.which("fluidsynth") and soundfont.SOUNDFONT.is_file()):
        pytest.skip("to render the notes again: apt-get install fluidsynth fluid-soundfont-gm")
    return soundfont.read_presets(soundfont.SOUNDFONT)


def test_soundfont_plays_back_the_very_samples_that_are_packaged(installed, tmp_path):
    planned = [
        note
        for note in soundfont.plan_notes(installed, full=False)
        if note.preset.slug in ("muted", "jazz")
    ][-22:-18]
    rows = soundfont.render_notes(soundfont.SOUNDFONT, tmp_path, planned)
    soundfont.write_table(tmp_path, rows)
    packaged = {note.id: note for note in sources.builtin_notes()}
    for note in sources.rendered_notes(tmp_path):
        # FluidSynth's filter starts from the note before, so a note's first block may differ.
        error = note.read() - packaged[note.id].read()
        assert np.square(error).sum() < 1e-4 * np.square(note.read()).sum()
        assert (note.recording, note.split, note.attribution) == (
            packaged[note.id].recording,
            packaged[note.id].split,
            packaged[note.id].attribution,
        )


def test_packaged_table_is_the_plan(installed):
    planned = [
        (note.file, note.zone.sample, note.split)
        for note in soundfont.plan_notes(installed, full=False)
    ]
    packaged = [(n.path.name, n.recording, n.split) for n in sources.builtin_notes()]
    assert planned == packaged


def test_missing_soundfont_is_one_line_that_says_how_to_get_it(tmp_path):
    result = CliRunner().invoke(
        main, ["notes", "-o", str(tmp_path), "--soundfont", str(tmp_path / "x.sf2")]
    )
    assert result.exit_code == 1
    assert "x.sf2: no such file; apt-get install fluid-soundfont-gm" in result.output


def test_file_that_is_no_soundfont_is_refused(tmp_path):
    (tmp_path / "x.sf2").write_bytes(b"RIFF of something else")
    result = CliRunner().invoke(
        main, ["notes", "-o", str(tmp_path), "--soundfont", str(tmp_path / "x.sf2")]
    )
    assert result.exit_code == 1
    assert "x.sf2: is not a SoundFont 2 file" in result.output
