"""How near matches with the clean sound come to real devices and to other implementations.

Every row is the match's distance to the reference, divided by the clean sound's: 0 is the same
sound, 1 no gain. `distance` is written for this benchmark alone (mean |log magnitude| in nepers,
both sounds at unit RMS, whole band), `fair` the same above 70 Hz and above −60 dB of the
reference's strongest bin, where hum and hiss cannot decide.

================  =========================================================================
`hardware`        a Stratocaster's notes through a CE-3, an E-Lady and a Phase 45
`captures`        phrases and notes through networks that were fitted to real drives
`designs`         AutoFX's own models of other pedals, one class a row
`phase`           AutoFX's own effects with their oscillator anywhere
`late`            takes that begin elsewhere or have their polarity inverted
`chains`          two of AutoFX's effects in a row, of which nothing is said
================  =========================================================================

The first two need a folder with real sounds (``--field``). With ``--part tune`` come the sounds
that thresholds and penalties were chosen by, with ``--part test`` the others: of the hardware
note 7 and note 6, of the captures `neuralpi` and `proteus`, of the rest validation notes and
unseen ones.

Baselines (``--way``): `st-ito` searches a chain of pedalboard's plug-ins by CMA-ES on a distance of
MFCCs, as ST-ITO does without its embedding; `eq` filters the clean sound to the reference's mean
spectrum.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_devices --field FOLDER
"""

import functools
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import cma
import numpy as np
import pedalboard
import torch
from scipy import signal

from autofx_core.audio import load_sound, normalize_peak
from autofx_core.datasets.plan import part_notes
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.registry import find_effect
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.matching.match import match
from autofx_core.sources.clean import builtin_notes

RATE_HZ = 44_100
NOTE_S = 2.0
SIZES = (512, 1024, 2048)
FLOOR = 1e-2
NOT_DRIVES = ("RockmanAcoustic", "XComp", "BluesJrAmp", "PrincetonAmp", "MatchlessSC30")
CHAINS = ("distortion+delay", "modulation+delay", "distortion+reverb", "tremolo+delay")


@dataclass(frozen=True)
class Case:
    """A clean sound, what was made of it, and the class of the effect that made it."""

    group: str
    name: str
    clean: np.ndarray
    reference: np.ndarray
    effect_class: str | None


def distance(reference: np.ndarray, other: np.ndarray, *, fair: bool = False) -> float:
    """Mean |log magnitude| of two sounds (samples,) at unit RMS, in nepers."""
    length = max(reference.size, other.size)
    pair = [np.pad(wave.astype(float), (0, length - wave.size)) for wave in (reference, other)]
    pair = [wave / max(np.sqrt(np.mean(wave**2)), 1e-9) for wave in pair]
    found = []
    for size in SIZES:
        hertz, _, spectra = signal.stft(
            np.stack(pair), RATE_HZ, nperseg=size, noverlap=3 * size // 4, scaling="spectrum"
        )
        magnitude = np.abs(spectra) * size / 2  # as of a sum over a Hann window
        floor = FLOOR
        if fair:
            magnitude = magnitude[:, hertz > 70]
            floor = 1e-3 * magnitude[0].max()
        logs = np.log(np.maximum(magnitude, floor))
        found.append(np.abs(logs[0] - logs[1]).mean())
    return float(np.mean(found))


def read_mono(path: Path) -> np.ndarray:
    """Read a file at 44.1 kHz; shape (1, samples)."""
    wave, rate_hz = load_sound(path)
    assert rate_hz == RATE_HZ, path
    return wave.mean(axis=0, keepdims=True)


def hardware(field: Path, part: str) -> Iterator[Case]:
    """Pairs of one performance, dry and through a pedal."""
    note = {"tune": "note7", "test": "note6"}[part]
    clean = read_mono(field / "pairs" / f"{note}_dry.flac")
    for path in sorted((field / "pairs").glob(f"{note}_[!d]*.flac")):
        yield Case(
            f"hardware {path.stem.split('_')[1]}", path.stem, clean, read_mono(path), "modulation"
        )


@torch.no_grad()
def play_capture(path: Path, wave: np.ndarray, *, knob: float = 0.6) -> np.ndarray:
    """Play a wave (1, samples) through a captured device, from rest and without its offset."""
    stored = json.loads(path.read_text())
    shape = stored["model_data"]
    lstm = torch.nn.LSTM(shape["input_size"], shape["hidden_size"], batch_first=True)
    linear = torch.nn.Linear(shape["hidden_size"], 1)
    state = {name: torch.tensor(values) for name, values in stored["state_dict"].items()}
    lstm.load_state_dict({k[4:]: v for k, v in state.items() if k.startswith("rec.")})
    linear.load_state_dict({k[4:]: v for k, v in state.items() if k.startswith("lin.")})
    lead = RATE_HZ // 4
    x = torch.from_numpy(np.pad(wave, ((0, 0), (lead, 0))).astype(np.float32))[..., None]
    inputs = torch.cat([x, torch.full_like(x, knob)], -1) if shape["input_size"] == 2 else x
    played = (linear(lstm(inputs)[0]) + x)[..., 0].numpy()
    sections = signal.butter(1, 35.0, "high", fs=RATE_HZ, output="sos")
    return signal.sosfilt(sections, played)[:, lead:].astype(np.float32)


def captures(field: Path, part: str) -> Iterator[Case]:
    """Notes and phrases through captured drives, at a peak of one half."""
    folder = field / "captures" / {"tune": "neuralpi", "test": "proteus"}[part]
    phrases = sorted((field / "phrases").glob("*.flac"))
    phrases = phrases[:2] if part == "tune" else phrases[2:]
    notes = part_notes(builtin_notes())["validation" if part == "tune" else "unseen_recording"]
    for number, path in enumerate(sorted(folder.glob("*.json"))):
        if path.stem.startswith(NOT_DRIVES):
            continue
        if number % 2:
            clean = read_mono(phrases[number % len(phrases)])
        else:
            clean = notes[number * 5 % len(notes)].read(RATE_HZ)
        clean = 0.5 * normalize_peak(clean[:1, : int(NOTE_S * RATE_HZ)])
        yield Case("captures", path.stem, clean, play_capture(path, clean), "distortion")


def clean_notes(part: str, seed: int) -> Iterator[np.ndarray]:
    """Notes without end, in an order that follows from the seed."""
    by_part = part_notes(builtin_notes())
    notes = by_part["validation"] if part == "tune" else by_part["unseen_recording"]
    rng = np.random.default_rng([seed, part == "test"])
    while True:
        wave = notes[rng.integers(len(notes))].read(RATE_HZ)
        yield normalize_peak(wave[:1, : int(NOTE_S * RATE_HZ)])


def designs(part: str, sounds: int) -> Iterator[Case]:
    """Other pedals' models, some sounds of each of the effects."""
    for number, effect in enumerate(EFFECT_NAMES):
        models = [pedal for pedal in PEDAL_MODELS.values() if pedal.effect == effect]
        rng = np.random.default_rng([number, part == "test"])
        for sound, clean in zip(range(sounds), clean_notes(part, number), strict=False):
            pedal = models[sound % len(models)]
            wet = normalize_peak(pedal.render(clean, RATE_HZ, pedal.draw(rng)))
            yield Case(f"designs {effect}", pedal.name, clean, wet, pedal.effect_class)


OWN_WITH_PHASE = {
    "chorus": ("modulation", {"centre_delay_ms": (6, 18), "depth": (0.1, 0.5)}),
    "flanger": ("modulation", {"centre_delay_ms": (1, 5), "depth": (0.1, 0.4)}),
    "phaser": ("phaser", {"depth": (0.3, 1.0)}),
    "tremolo": ("tremolo", {"depth": (0.3, 1.0)}),
}


def phase(part: str, sounds: int) -> Iterator[Case]:
    """AutoFX's own effects, their oscillator started before the sound."""
    for number, (name, (key, narrower)) in enumerate(OWN_WITH_PHASE.items()):
        effect = find_effect(key)
        rng = np.random.default_rng([number, part == "test"])
        ranges = {p.name: (p.low, p.high) for p in effect.parameters} | {
            "mix": (0.3, 0.7),
            "feedback": (0.0, 0.6),
            "rate_hz": (0.5, 5.0),
        }
        ranges |= narrower
        for _, clean in zip(range(sounds), clean_notes(part, 20 + number), strict=False):
            setting = {p.name: float(rng.uniform(*ranges[p.name])) for p in effect.parameters}
            ahead = round(rng.uniform() / setting["rate_hz"] * RATE_HZ)
            wet = effect.render(np.pad(clean, ((0, 0), (ahead, 0))), RATE_HZ, setting)
            yield Case(
                f"phase {name}", name, clean, normalize_peak(wet[:, ahead:]), effect_class_of(key)
            )


def effect_class_of(key: str) -> str:
    """Class of one of our effects."""
    return {"phaser": "modulation"}.get(key, key)


def late(part: str, sounds: int) -> Iterator[Case]:
    """Takes of our own delay and distortion that begin elsewhere, or are upside down."""
    rng = np.random.default_rng([7, part == "test"])
    for offset_s in (0.05, 0.5, 5.0, -0.3, 0.0):
        for sound, clean in zip(range(sounds), clean_notes(part, 7), strict=False):
            key = ("distortion", "delay", "modulation")[sound % 3]
            effect = find_effect(key)
            setting = effect.denormalize(rng.uniform(0.3, 0.7, len(effect.parameters)))
            wet = normalize_peak(effect.render(clean, RATE_HZ, setting))
            offset = round(offset_s * RATE_HZ)
            wet = np.pad(wet, ((0, 0), (offset, 0))) if offset >= 0 else wet
            dry = np.pad(clean, ((0, 0), (-offset, 0))) if offset < 0 else clean
            sign = -1.0 if offset == 0 else 1.0
            yield Case("late", f"{key} {offset_s:+g} s", dry, sign * wet, key)


def chains(part: str, sounds: int) -> Iterator[Case]:
    """Two effects in a row."""
    for number, key in enumerate(CHAINS):
        effect = find_effect(key)
        rng = np.random.default_rng([30 + number, part == "test"])
        for _, clean in zip(range(sounds), clean_notes(part, 30 + number), strict=False):
            setting = effect.denormalize(rng.uniform(0.3, 0.7, len(effect.parameters)))
            wet = normalize_peak(effect.render(clean, RATE_HZ, setting))
            yield Case("chains", key, clean, wet, None)


def by_autofx(case: Case) -> tuple[np.ndarray, str]:
    """Match as the command does; return the match and its class."""
    found = match(case.reference, case.clean, sample_rate=RATE_HZ, method="refined")
    audio = case.clean if found.audio is None else found.audio
    answer = f"{found.effect_class or found.effect} by {found.effect}, {found.verdict}"
    return audio, answer if found.parameters else f"{answer}, as clean"


def mel_cepstra(wave: np.ndarray) -> np.ndarray:
    """Mean and deviation over time of ten mel-frequency cepstral coefficients."""
    from autofx_core.features.mfcc import mfcc

    values = mfcc(torch.from_numpy(wave.astype(np.float32))[None], RATE_HZ)[0].numpy()
    return np.concatenate([values.mean(-1), values.std(-1)])


def by_st_ito(case: Case) -> tuple[np.ndarray, str]:
    """Search a chain of plug-ins by CMA-ES on a distance of cepstra."""
    target = mel_cepstra(normalize_peak(case.reference)[0])

    def play(vector: np.ndarray) -> np.ndarray:
        v = np.clip(vector, 0, 1)
        board = pedalboard.Pedalboard(
            [
                pedalboard.LowShelfFilter(200.0, 24 * v[0] - 12),
                pedalboard.PeakFilter(200 * 15 ** v[1], 24 * v[2] - 12),
                pedalboard.HighShelfFilter(3000.0, 24 * v[3] - 12),
                pedalboard.Compressor(-40 * v[4], 1 + 9 * v[5]),
                pedalboard.Distortion(40 * v[6]),
                pedalboard.Chorus(0.1 + 5 * v[7], v[8], 1 + 19 * v[9], 0.0, v[10]),
                pedalboard.Delay(0.01 + 0.8 * v[11], 0.8 * v[12], 0.6 * v[13]),
                pedalboard.Reverb(v[14], 0.5, 0.6 * v[15], 1 - 0.6 * v[15]),
            ]
        )
        return board(case.clean, RATE_HZ, reset=True)

    def cost(vector: np.ndarray) -> float:
        return float(np.abs(mel_cepstra(normalize_peak(play(vector))[0]) - target).mean())

    options = {"bounds": [0, 1], "maxfevals": 300, "verbose": -9, "seed": 1}
    best, _ = cma.fmin2(cost, np.full(16, 0.3), 0.25, options)
    return play(best), "chain"


def by_matching_eq(case: Case) -> tuple[np.ndarray, str]:
    """Filter the clean sound to the reference's mean spectrum, in thirds of an octave."""
    hertz, clean = signal.welch(case.clean[0], RATE_HZ, nperseg=4096)
    _, wanted = signal.welch(case.reference[0], RATE_HZ, nperseg=4096)
    edges = 40 * 2 ** (np.arange(28) / 3)
    gains = []
    for low, high in itertools.pairwise(edges):
        band = (hertz >= low) & (hertz < high) | (hertz == hertz[np.argmin(abs(hertz - low))])
        gains.append(0.5 * np.log((wanted[band].sum() + 1e-12) / (clean[band].sum() + 1e-12)))
    middle = np.sqrt(edges[:-1] * edges[1:])
    response = np.exp(np.interp(hertz, middle, gains))
    taps = signal.firwin2(2049, hertz, response, fs=RATE_HZ)
    wet = signal.fftconvolve(case.clean, taps[None], mode="full", axes=1)[:, 1024:]
    return wet[:, : case.clean.shape[1]], "eq"


WAYS: dict[str, Callable[[Case], tuple[np.ndarray, str]]] = {
    "autofx": by_autofx,
    "st-ito": by_st_ito,
    "eq": by_matching_eq,
}


@click.command()
@click.option("--field", type=click.Path(path_type=Path, exists=True), help="Real sounds.")
@click.option("--group", "groups", multiple=True, help="[default: all]")
@click.option("--part", type=click.Choice(["tune", "test"]), default="test", show_default=True)
@click.option("--sounds", default=3, show_default=True, help="Of each class or kind.")
@click.option("--way", "ways", multiple=True, default=["autofx"], type=click.Choice(list(WAYS)))
def main(
    field: Path | None, groups: tuple[str, ...], part: str, sounds: int, ways: tuple[str, ...]
) -> None:
    """Match every case, print each, then the means."""
    torch.set_num_threads(1)
    sources: dict[str, Callable[[], Iterator[Case]]] = {
        name: functools.partial(made, part, sounds)
        for name, made in (
            ("designs", designs),
            ("phase", phase),
            ("late", late),
            ("chains", chains),
        )
    }
    if field is not None:
        sources |= {
            "hardware": functools.partial(hardware, field, part),
            "captures": functools.partial(captures, field, part),
        }
    rows: dict[tuple[str, str], list[tuple[float, float, bool, float]]] = {}
    for name in groups or sources:
        for case in sources[name]():
            for way in ways:
                begun = time.process_time()
                audio, answer = WAYS[way](case)
                seconds = time.process_time() - begun
                mono = [wave.mean(axis=0) for wave in (case.reference, audio, case.clean)]
                ratio, fair = (
                    distance(mono[0], mono[1], fair=f)
                    / max(distance(mono[0], mono[2], fair=f), 1e-9)
                    for f in (False, True)
                )
                right = case.effect_class is None or answer.split(" ")[0] == case.effect_class
                rows.setdefault((case.group, way), []).append((ratio, fair, right, seconds))
                print(
                    f"{case.group:24} {case.name:34} {way:7} {ratio:6.3f} fair {fair:6.3f} "
                    f"{seconds:6.1f} s  {answer}{'' if right else '  WRONG CLASS'}",
                    flush=True,
                )
    print(f"\n{'':24} {'':7}   mean   worst   fair  worse than clean  right class  seconds")
    for (group, way), of_group in rows.items():
        ratio, fair, right, seconds = (np.array(column) for column in zip(*of_group, strict=True))
        print(
            f"{group:24} {way:7} {ratio.mean():6.3f} {ratio.max():7.3f} {fair.mean():6.3f} "
            f"{(ratio > 1.0).sum():7d} of {ratio.size:3d} {right.mean():12.2f} "
            f"{seconds.mean():8.1f}"
        )


if __name__ == "__main__":
    main()
