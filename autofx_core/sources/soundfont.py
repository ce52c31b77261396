"""Render clean guitar notes from a General MIDI soundfont, with the recording each stems from.

The notes in ``autofx_core/notes`` are FluidR3 GM's guitars (Debian package fluid-soundfont-gm,
MIT licence) played by FluidSynth without reverb or chorus: 44.1 kHz, mono, 2.5 s, the onset 5 ms
after the start, peak at −3 dBFS. The peak is the same for all notes, so dynamics are in the
timbre, not in the level: the nylon and jazz programs are rendered at several velocities, which move
a low-pass filter; in the others velocity changes the level alone, so one velocity is enough.

Left out: the overdriven and distorted programs; 31 "harmonics", which is amplifier feedback and
never decays; the bank variation "funk", which has a slap bass in it.

A soundfont stretches one recording (a *sample*) over several keys, and several programs share
recordings. So the unit of every split is the recording: it has one split, whatever the program,
key or velocity it is played with. The programs of the family ``clean`` are for testing only; in
each other family, one zone in five along the keyboard is for testing and one for validation, at
places that move on by one from family to family so that both spread over the range.

Needs the program ``fluidsynth`` and the package ``mido`` (extra ``notes``).
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, groupby
from pathlib import Path

import click
import numpy as np
import soundfile
from tqdm import tqdm

from autofx_core.audio import LEAD_IN_S, fade_ends, find_onset
from autofx_core.files import write_csv
from autofx_core.sources.attribution import attribute_soundfont
from autofx_core.sources.clean import ATTRIBUTION_FIELDS, NOTES_CSV_NAME, NOTES_FIELDS
from autofx_core.sources.sf2 import Zone, read_zones

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SAMPLE_RATE_HZ = 44_100
DURATION_S = 2.5
FADE_IN_S = 0.002
FADE_OUT_S = 0.05
PEAK_DBFS = -3.0
ONSET_DB = -30.0
"""Level against the note's peak at which a note has begun; recording hiss lies below it."""

HELD_MS = 2_700
QUIET_MS = 300
"""Each note begins after `QUIET_MS` of silence and is cut off `HELD_MS` later."""

CHANNELS = [channel for channel in range(16) if channel != 9]  # 9 is the drums'
VOLUME = 7

SLOT_MS = HELD_MS + QUIET_MS
KEYS = range(40, 89)
"""E2 to E6, the range of a guitar with 24 frets."""

LONGEST_STRETCH_SEMITONES = 9
NOT_A_GUITAR = "Extension"
"""A 0.45 s filler above the highest recordings, shared with programs that are no guitars."""

OTHER_CHANNEL = "(L)"
"""In the names of a stereo recording's left half: its right half stands for both."""


@dataclass(frozen=True)
class Preset:
    """A program. Presets of one family share their recordings."""

    bank: int
    program: int
    slug: str
    family: str
    velocities: tuple[int, ...] = (90,)


PRESETS = (
    Preset(0, 24, "nylon", "nylon", velocities=(60, 80, 100, 120)),
    Preset(0, 25, "steel", "steel"),
    Preset(0, 26, "jazz", "jazz", velocities=(60, 80, 100, 120)),
    Preset(0, 27, "clean", "clean"),
    Preset(0, 28, "muted", "muted"),
    Preset(8, 24, "ukulele", "nylon"),
    Preset(8, 25, "twelve-string", "steel"),
    Preset(8, 26, "hawaiian", "jazz"),
    Preset(16, 25, "mandolin", "steel"),
)
TEST_ONLY_FAMILY = "clean"


@dataclass(frozen=True)
class PlannedNote:
    """One note to render."""

    preset: Preset
    preset_name: str
    zone: Zone
    split: str
    midi: int
    velocity: int

    @property
    def file(self) -> str:
        """File name: program, key, velocity."""
        return f"{self.preset.slug}-{self.midi:03d}-v{self.velocity:03d}.flac"


def read_presets(
    soundfont: Path, presets: Sequence[Preset] = PRESETS
) -> dict[Preset, tuple[str, list[Zone]]]:
    """Read each preset's name and zones; layers beside the first one play the same recordings.

    Raises
    ------
    SoundfontError
        If the file is no soundfont or lacks one of the presets.
    """
    found = read_zones(soundfont, [(preset.bank, preset.program) for preset in presets])
    return {
        preset: (name, [zone for zone in zones if _is_wanted(zone.sample)])
        for preset, (name, zones) in zip(presets, found.values(), strict=True)
    }


def _is_wanted(sample: str) -> bool:
    return not sample.startswith(NOT_A_GUITAR) and OTHER_CHANNEL not in sample


def split_samples(zones: dict[Preset, tuple[str, list[Zone]]]) -> dict[str, str]:
    """Assign every recording to train, validation or test, by the rule in the module's text."""
    splits = {}
    for place, family in enumerate(dict.fromkeys(preset.family for preset in zones)):
        own = {z for preset, (_, many) in zones.items() if preset.family == family for z in many}
        samples = dict.fromkeys(
            zone.sample for zone in sorted(own, key=lambda zone: zone.low) if zone.high >= KEYS[0]
        )
        for index, sample in enumerate(samples):
            turn = (index - place) % 5
            split = {0: "test", 2: "validation"}.get(turn, "train")
            splits[sample] = "test" if family == TEST_ONLY_FAMILY else split
    return splits


def plan_notes(zones: dict[Preset, tuple[str, list[Zone]]], *, full: bool) -> list[PlannedNote]:
    """List the notes to render: every program, key and velocity, or the built-in selection.

    The selection takes from each zone its root, lowest and highest key (in the bank variations,
    the root and the lowest), with every other velocity of the program, in turn.
    """
    splits = split_samples(zones)
    notes = []
    for preset, (name, many) in zones.items():
        for zone in many:
            for place, key in enumerate(keys_of(preset, zone, full=full)):
                every_other = preset.velocities[place % 2 :: 2] or preset.velocities
                notes += [
                    PlannedNote(preset, name, zone, splits[zone.sample], key, velocity)
                    for velocity in (preset.velocities if full else every_other)
                ]
    return notes


def keys_of(preset: Preset, zone: Zone, *, full: bool) -> list[int]:
    """List a recording's keys.

    Parameters
    ----------
    preset
        What plays it.
    zone
        The recording and the keys that it is stretched over.
    full
        All keys; otherwise its root, its lowest and, unless of a bank variation, its highest.
    """
    keys = [
        key
        for key in KEYS
        if zone.low <= key <= zone.high and abs(key - zone.root) <= LONGEST_STRETCH_SEMITONES
    ]
    if full or not keys:
        return keys
    root = min(keys, key=lambda key: abs(key - zone.root))
    return list(dict.fromkeys([root, keys[0]] + ([] if preset.bank else [keys[-1]])))


def play(soundfont: Path, notes: list[PlannedNote]) -> np.ndarray:
    """Play notes of one preset, each alone in a slot of `SLOT_MS`.

    Returns
    -------
    ndarray, shape (notes, samples), float32
        The two channels' mean: silence, then the note.

    Raises
    ------
    click.ClickException
        If FluidSynth is missing or fails.
    """
    if not shutil.which("fluidsynth"):
        raise click.ClickException("fluidsynth: not found; apt-get install fluidsynth")
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "notes.mid"), Path(folder, "notes.wav")
        _write_midi(score, notes)
        # Sample-exact alignment comes afterwards: FluidSynth starts notes on 64-sample blocks.
        run = subprocess.run(  # noqa: S603  (fixed program, paths of our own)
            [
                *("fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5"),
                *("-r", str(SAMPLE_RATE_HZ), "-T", "wav", "-O", "float", "-F", sound),
                *(soundfont, score),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode or not sound.is_file():
            raise click.ClickException(f"fluidsynth failed: {(run.stderr or run.stdout).strip()}")
        frames, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    slot = SLOT_MS * SAMPLE_RATE_HZ // 1000
    mono = np.zeros(slot * len(notes), dtype=np.float32)
    frames = frames[: mono.size].mean(axis=1)
    mono[: frames.size] = frames
    # The last note's cut reaches into the first milliseconds of a slot.
    return mono.reshape(len(notes), slot)[:, slot * QUIET_MS // SLOT_MS // 2 :]


def _write_midi(path: Path, notes: list[PlannedNote]) -> None:
    """Write a score whose ticks are milliseconds.

    Some programs ring on for half a minute after a note's end, "all sound off" or not. So notes go
    round the channels, and a channel's volume is 0 but for the time of its own note.
    """
    import mido  # noqa: PLC0415  (only here)

    preset = notes[0].preset
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    for channel in CHANNELS:
        track += [
            mido.Message("control_change", channel=channel, control=0, value=preset.bank),
            mido.Message("program_change", channel=channel, program=preset.program),
        ]
    for note, channel in zip(notes, cycle(CHANNELS), strict=False):
        track += [
            mido.Message(kind, channel=channel, time=time, **values)
            for kind, time, values in (
                ("control_change", QUIET_MS, {"control": VOLUME, "value": 100}),
                ("note_on", 0, {"note": note.midi, "velocity": note.velocity}),
                ("note_off", HELD_MS, {"note": note.midi}),
                ("control_change", 0, {"control": VOLUME, "value": 0}),
            )
        ]
    mido.MidiFile(ticks_per_beat=500, tracks=[track]).save(path)


def cut_note(slot: np.ndarray) -> np.ndarray:
    """Cut a note so that it begins `LEAD_IN_S` after the start, with faded ends and a fixed peak.

    Parameters
    ----------
    slot : ndarray, shape (samples,)

    Returns
    -------
    ndarray, shape (110250,), float32, peak at `PEAK_DBFS`
    """
    onset = find_onset(slot, threshold_db=ONSET_DB)
    lead_in = round(LEAD_IN_S * SAMPLE_RATE_HZ)
    padded = np.concatenate([np.zeros(lead_in, np.float32), slot])
    note = fade_ends(
        padded[onset : onset + round(DURATION_S * SAMPLE_RATE_HZ)],
        SAMPLE_RATE_HZ,
        fade_in_s=FADE_IN_S,
        fade_out_s=FADE_OUT_S,
    )
    return note * np.float32(10 ** (PEAK_DBFS / 20) / np.abs(note).max())


def render_notes(soundfont: Path, folder: Path, notes: list[PlannedNote]) -> list[dict]:
    """Render notes as 16-bit FLAC files into a folder; shows progress.

    Parameters
    ----------
    soundfont
        The SF2 file.
    folder
        Where the files are written.
    notes
        What to play, those of a preset one after the other.

    Returns
    -------
    list of dict
        A row of `NOTES_FIELDS` and `ATTRIBUTION_FIELDS` a note.
    """
    by_preset = [list(some) for _, some in groupby(notes, key=lambda note: note.preset)]
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(_render_preset, soundfont, folder, some) for some in by_preset]
        return [row for job in tqdm(jobs, unit="program") for row in job.result()]


def _render_preset(soundfont: Path, folder: Path, notes: list[PlannedNote]) -> list[dict]:
    rows = []
    attribution = asdict(attribute_soundfont(soundfont))
    for note, slot in zip(notes, play(soundfont, notes), strict=True):
        rows.append(
            write_note(folder / note.file, cut_note(slot))
            | {
                "bank": note.preset.bank,
                "program": note.preset.program,
                "preset": note.preset_name,
                "midi": note.midi,
                "velocity": note.velocity,
                "sample": note.zone.sample,
                "split": note.split,
            }
            | attribution
        )
    return rows


def write_note(path: Path, wave: np.ndarray) -> dict[str, str]:
    """Write a wave (samples,) as 16-bit FLAC; returns the table's `file` and `sha256`."""
    soundfile.write(path, wave, SAMPLE_RATE_HZ, subtype="PCM_16")
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def write_table(folder: Path, rows: list[dict]) -> None:
    """Write ``notes.csv`` beside the notes that its rows name."""
    write_csv(folder / NOTES_CSV_NAME, rows, (*NOTES_FIELDS, *ATTRIBUTION_FIELDS))
