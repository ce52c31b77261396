"""Notes of other instruments, for training only: no sound of them tests anything.

A network that was trained on few recordings takes what is peculiar to a new one for an effect, or
for a setting of one. Three sources of more:

*plucked programs*
    other strings of the same soundfont that are plucked or struck, harpsichord to koto;
*another soundfont*
    guitars and their relatives that other people recorded, such as TimGM6mb's (Debian package
    timgm6mb-soundfont, GPL-2);
*synthesized strings*
    that nobody recorded (see `plucked_string`).
"""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from autofx_core.sources.attribution import SYNTHESIZED
from autofx_core.sources.plucked_string import synthesize_string
from autofx_core.sources.sf2 import SoundfontError, Zone
from autofx_core.sources.soundfont import (
    DURATION_S,
    KEYS,
    PEAK_DBFS,
    PRESETS,
    SAMPLE_RATE_HZ,
    PlannedNote,
    Preset,
    keys_of,
    read_presets,
    write_note,
)

GUITARS = {24: "nylon", 25: "steel", 26: "jazz", 27: "clean", 28: "muted"}
PLUCKED_PROGRAMS = {
    6: "harpsichord",
    7: "clavinet",
    15: "dulcimer",
    32: "acoustic-bass",
    33: "fingered-bass",
    34: "picked-bass",
    36: "slap-bass",
    37: "pop-bass",
    46: "harp",
    105: "banjo",
    106: "shamisen",
    107: "koto",
}
"""General MIDI's programs whose strings are plucked or struck, in the guitar's range."""


def plan_plucked(soundfont: Path) -> list[PlannedNote]:
    """List notes of `PLUCKED_PROGRAMS`: the root, lowest and highest key of each recording.

    Raises
    ------
    SoundfontError
        If the file is no soundfont or lacks one of them.
    """
    presets = [Preset(0, program, slug, slug) for program, slug in PLUCKED_PROGRAMS.items()]
    return [
        PlannedNote(preset, name, zone, "train", key, preset.velocities[0])
        for preset, (name, zones) in read_presets(soundfont, presets).items()
        for zone in zones
        for key in keys_of(preset, zone, full=False)
    ]


def plan_others(soundfont: Path, first: Path) -> list[PlannedNote]:
    """List notes of another General MIDI soundfont: every key of its guitars, three of a relative.

    Raises
    ------
    SoundfontError
        If one is no soundfont or lacks a program, or if a recording's name is in both: it may be
        one that tests.
    """
    stem = soundfont.stem.lower()
    presets = [
        Preset(0, program, f"{stem}-{slug}", stem)
        for program, slug in (GUITARS | PLUCKED_PROGRAMS).items()
    ]
    taken = {z.sample for _, zones in read_presets(first, PRESETS).values() for z in zones}
    notes = []
    for preset, (name, zones) in read_presets(soundfont, presets).items():
        if shared := sorted({zone.sample for zone in zones} & taken):
            raise SoundfontError(
                f"{soundfont}: its recording {shared[0]!r} is one of {first.name}'s; take a "
                "soundfont that shares none"
            )
        notes += [
            PlannedNote(preset, f"{stem} {name}", own, "train", key, preset.velocities[0])
            for zone, keys in _shared_out(zones)
            for own in [replace(zone, sample=f"{stem} {zone.sample}")]
            for key in (keys if preset.program in GUITARS else _three(keys))
        ]
    return notes


def _shared_out(zones: list[Zone]) -> list[tuple[Zone, list[int]]]:
    """Give each zone the keys that no zone before it has: layers would play them twice."""
    free = set(KEYS)
    shared = []
    for zone in zones:
        keys = sorted(free.intersection(range(zone.low, zone.high + 1)))
        free.difference_update(keys)
        shared.append((zone, keys))
    return shared


def _three(keys: list[int]) -> list[int]:
    return sorted({keys[0], keys[len(keys) // 2], keys[-1]}) if keys else []


def synthesize_strings(folder: Path, count: int) -> list[dict]:
    """Render synthesized strings as 16-bit FLAC files into a folder.

    Returns
    -------
    list of dict
        A row of `NOTES_FIELDS` and `ATTRIBUTION_FIELDS` a note; each is a recording of its own.
    """
    rows = []
    for number in range(count):
        rng = np.random.default_rng(number)
        wave = synthesize_string(rng, SAMPLE_RATE_HZ, round(DURATION_S * SAMPLE_RATE_HZ))[0]
        name = f"made-up-{number:05d}"
        rows.append(
            write_note(folder / f"{name}.flac", wave * 10 ** (PEAK_DBFS / 20))
            | {"preset": "Made-up string", "sample": name, "split": "train"}
            | asdict(SYNTHESIZED)
        )
    return rows
