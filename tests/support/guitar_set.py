"""A small stimulus set of real guitar notes through real effects, made in a second or two."""

import json
from pathlib import Path

import numpy as np
import soundfile

import autofx_core
from autofx_core.effects.table import draw_setting, render
from stimuli_gen.manifest import file_sha256

NOTES = Path(autofx_core.__file__).parent / "notes"
FAMILIES = ("delay", "modulation", "distortion")
KINDS = {"reference": "reference", "mlp_163nc": "estimated", "random": "random", "clean": "anchor"}
PEAK = 0.5


class GuitarSet:
    """Writes ``manifest.json``, ``study.toml`` and FLAC files with opaque names into a folder.

    Parameters
    ----------
    n_items
        Trials that count, beside the one practice trial.
    n_stimuli
        Stimuli a trial; those beyond the four usual conditions are further random settings.
    duration_s
        Length of every sound; notes follow each other until it is filled.
    """

    def __init__(
        self,
        folder: Path,
        *,
        n_items: int = 2,
        n_stimuli: int = 4,
        duration_s: float = 2.5,
        listening_test: str = "",
    ) -> None:
        self.folder = folder
        self.duration_s = duration_s
        self.rng = np.random.default_rng(1)
        self.kinds = dict(KINDS)
        for n in range(len(KINDS), n_stimuli):
            self.kinds[f"random{n}"] = "random"
        (folder / "audio").mkdir(parents=True)
        notes = sorted(NOTES.glob("*.flac"))
        items = [
            self._make_item(n, notes[n * len(notes) // (n_items + 1) :]) for n in range(n_items + 1)
        ]
        self._write_manifest(items)
        (folder / "study.toml").write_text(f"[listening_test]\n{listening_test}")

    def condition_of(self) -> dict[str, str]:
        """Map the SHA-256 of every stimulus to its condition."""
        manifest = json.loads((self.folder / "manifest.json").read_text())
        return {s["sha256"]: s["condition"] for i in manifest["items"] for s in i["stimuli"]}

    def _make_item(self, n: int, notes: list[Path]) -> dict:
        clean, sample_rate = self._phrase(notes)
        family = FAMILIES[n % len(FAMILIES)]
        wet = self._effected(clean, sample_rate, family)
        waves = {"reference": wet, "clean": clean}
        stimuli = []
        for condition in self.kinds:
            wave = waves.get(condition)
            if wave is None:
                wave = self._effected(clean, sample_rate, family)
            stimuli.append(self._write(wave, sample_rate, family) | {"condition": condition})
        reference = self._write(wet, sample_rate, family)
        for entry in stimuli:
            entry |= {"duration_s": self.duration_s, "loudness_lufs": -20.0, "gain_db": 0.0}
            entry |= {"distances": {}}
        return {
            "id": f"item{n}",
            "family": family,
            "domain": "in",
            "training": n == 0,
            "clean": {"source": notes[0].stem, "sha256": file_sha256(notes[0])},
            "reference": reference | {"origin": "rendered"},
            "stimuli": stimuli,
        }

    def _phrase(self, notes: list[Path]) -> tuple[np.ndarray, int]:
        waves, sample_rate, length = [], 0, 0
        while length == 0 or length < self.duration_s * sample_rate:
            wave, sample_rate = soundfile.read(notes[len(waves)], dtype="float32")
            waves.append(wave)
            length += wave.size
        return np.concatenate(waves)[None, : round(self.duration_s * sample_rate)], sample_rate

    def _effected(self, wave: np.ndarray, sample_rate: int, family: str) -> np.ndarray:
        return render(family, wave, sample_rate, draw_setting(self.rng, family))

    def _write(self, wave: np.ndarray, sample_rate: int, family: str) -> dict:
        level = PEAK / np.abs(wave).max()
        dither = self.rng.triangular(-1, 0, 1, size=wave.shape) / 2**15
        name = f"audio/{self.rng.bytes(8).hex()}.flac"
        soundfile.write(
            self.folder / name, (level * wave + dither).T, sample_rate, subtype="PCM_16"
        )
        sha256 = file_sha256(self.folder / name)
        return {"file": name, "sha256": sha256, "effect": family, "parameters": None}

    def _write_manifest(self, items: list[dict]) -> None:
        manifest = {
            "schema": 1,
            "name": "guitar",
            "title": "Guitar effects",
            "seed": 1,
            "created": "2026-01-01T00:00:00Z",
            "generator": {"versions": {}, "command": "tests/support/guitar_set.py"},
            "sample_rate": 44_100,
            "conditions": [
                {"id": name, "label": name, "kind": kind} for name, kind in self.kinds.items()
            ],
            "items": items,
        }
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
