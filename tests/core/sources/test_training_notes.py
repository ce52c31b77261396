"""Notes only to learn from: other recordings than those that test, and marked so."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from autofx_core.__main__ import main
from autofx_core.sources import soundfont
from autofx_core.sources.attribution import SYNTHESIZED
from autofx_core.sources.clean import CleanSound, rendered_notes
from autofx_core.sources.sf2 import SoundfontError
from autofx_core.sources.training_notes import (
    GUITARS,
    plan_others,
    plan_plucked,
    synthesize_strings,
)

OTHER = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


@pytest.fixture(scope="module")
def guitars():
    """Names of the recordings that FluidR3's guitars are made of."""
    if not (shutil.which("fluidsynth") and soundfont.SOUNDFONT.is_file() and OTHER.is_file()):
        pytest.skip("apt-get install fluidsynth fluid-soundfont-gm timgm6mb-soundfont")
    presets = soundfont.read_presets(soundfont.SOUNDFONT)
    return {zone.sample for _, zones in presets.values() for zone in zones}


def test_relatives_of_the_guitar_are_other_recordings_and_only_to_learn_from(guitars):
    planned = plan_plucked(soundfont.SOUNDFONT)
    assert {note.split for note in planned} == {"train"}
    recordings = {note.zone.sample for note in planned}
    assert len(recordings) > 60
    assert not recordings & guitars
    assert not any("(L)" in recording for recording in recordings)
    assert all(
        abs(note.midi - note.zone.root) <= soundfont.LONGEST_STRETCH_SEMITONES for note in planned
    )


def test_another_soundfont_gives_every_key_of_its_guitars_once_and_only_to_learn_from(guitars):
    planned = plan_others(OTHER, soundfont.SOUNDFONT)
    assert {note.split for note in planned} == {"train"}
    assert not {note.zone.sample for note in planned} & guitars
    for program in GUITARS:
        keys = [note.midi for note in planned if note.preset.program == program]
        assert sorted(keys) == list(soundfont.KEYS)
    assert len({note.file for note in planned}) == len(planned)


def test_a_soundfont_with_recordings_that_test_is_refused(guitars):
    with pytest.raises(SoundfontError, match=r"FluidR3_GM.sf2: its recording '.+' is one of"):
        plan_others(soundfont.SOUNDFONT, soundfont.SOUNDFONT)


def test_made_up_strings_are_read_back_each_a_recording_of_its_own(tmp_path):
    soundfont.write_table(tmp_path, synthesize_strings(tmp_path, 3))
    notes = rendered_notes(tmp_path)
    assert [(note.split, note.midi) for note in notes] == [("train", None)] * 3
    assert len({note.recording for note in notes}) == 3
    assert {note.attribution for note in notes} == {SYNTHESIZED}
    waves = [CleanSound.read(note, soundfont.SAMPLE_RATE_HZ) for note in notes]
    assert {wave.shape for wave in waves} == {(1, 110_250)}
    assert [np.abs(wave).max() for wave in waves] == pytest.approx([10 ** (-3 / 20)] * 3, rel=1e-3)


def test_a_missing_soundfont_names_its_package(tmp_path, guitars):
    result = CliRunner().invoke(
        main, ["notes", "-o", str(tmp_path), "--others", str(tmp_path / "TimGM6mb.sf2")]
    )
    assert result.exit_code == 1
    assert "TimGM6mb.sf2: no such file; apt-get install timgm6mb-soundfont" in result.output
