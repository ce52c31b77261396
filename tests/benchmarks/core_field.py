"""Recognition on sounds that nothing was trained on: recorded guitars, phrases, other designs.

Notes of five guitars (npm and Debian packages), phrases played on them and GuitarSet's, through the
designs of `support.field_designs`, captured real pedals and real hardware.

Run: PYTHONPATH=tests python -m benchmarks.core_field --field FOLDER --packages FOLDER
"""

import time
from pathlib import Path

import click
import numpy as np
import torch
from support.field_designs import DESIGNS, play_design
from support.field_sounds import RATE_HZ, Capture, field_phrases, package_notes

from autofx_core.audio import normalize_peak, read_audio
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.matching.recognise import recognise
from autofx_core.sources.phrases import Note, perform, play_phrase

NOT_DRIVES = {"RockmanAcoustic_Pedal", "XComp_Pedal", "PrincetonAmp_Clean", "BluesJrAmp_VolKnob",
              "MatchlessSC30_Ch1_DirectOut"}  # fmt: skip


def make_notes(packages):
    """Take six notes of each guitar, 2 s each."""
    chosen = []
    for notes in package_notes(packages).values():
        own = sorted(notes, key=lambda note: note.midi)
        chosen += [own[k] for k in np.linspace(0, len(own) - 1, 6).astype(int)]
    return [(note, normalize_peak(note.read(RATE_HZ)[:, : 2 * RATE_HZ])) for note in chosen]


def make_phrases(packages, field):
    """Play five phrases of 6 s on each guitar, and add GuitarSet's."""
    played = [
        play_phrase(notes, np.random.default_rng([number, place]), style=style, length_s=6.0).wave
        for place, notes in enumerate(package_notes(packages).values())
        for number, style in enumerate(("melody", "riff", "arpeggio", "strum", "repeated"))
    ]
    return played, field_phrases(field)


def before(wave, kind, rng):
    """Put a finger's noise, a click or hiss before a note."""
    lead = np.zeros((1, round(0.3 * RATE_HZ)))
    if kind == "finger":
        noise = rng.standard_normal((1, round(0.09 * RATE_HZ))) * np.hanning(round(0.09 * RATE_HZ))
        lead[:, 1000 : 1000 + noise.size] = 10 ** (-45 / 20) * noise / np.abs(noise).max()
    elif kind == "click":
        lead[:, 3000:3030] = 0.03 * rng.standard_normal(30)
    else:
        lead = 10 ** (-45 / 20) * rng.standard_normal(lead.shape)
    return np.concatenate([lead, wave], axis=1).astype(np.float32)


def build(field, packages, per_design):
    """Yield (row, effects that are there, wave)."""
    rng = np.random.default_rng(0)
    notes = make_notes(packages)
    played, real = make_phrases(packages, field)
    for note, wave in notes:
        yield "notes, clean", (), wave
        again = [Note(0.0, note.midi, 0.6), Note(0.6, note.midi, 2.0)]
        yield "struck twice, clean", (), perform(again, [note], rng, length_s=2.0)[0]
        damped = perform([Note(0.0, note.midi, 1.2)], [note], rng, length_s=2.0)[0]
        yield "damped, clean", (), damped
        for kind in ("finger", "click", "hiss"):
            yield f"{kind} before, clean", (), before(wave, kind, rng)
    for wave in played:
        yield "phrases, clean", (), wave
    for wave in real:
        yield "GuitarSet phrases, clean", (), wave
    for effect, designs in DESIGNS.items():
        for design in designs:
            for number in rng.permutation(len(notes))[:per_design]:
                wet = play_design(design, notes[number][1], RATE_HZ, rng)
                yield "notes, other designs", (effect,), wet
                kind = ("finger", "click", "hiss")[int(rng.integers(3))]
                yield "something before, other designs", (effect,), before(wet, kind, rng)
            phrases = [*played, *real]
            for number in rng.permutation(len(phrases))[:per_design]:
                wet = play_design(design, phrases[number], RATE_HZ, rng)
                yield "phrases, other designs", (effect,), wet
    yield from build_real(field, notes, played)
    yield from build_chains(played, per_design)


def build_real(field, notes, played):
    """Yield sounds of captured pedals and of hardware."""
    rng = np.random.default_rng(1)
    for path in sorted(field.glob("captures/*/*.json")):
        capture = Capture(path)
        if capture.name not in NOT_DRIVES:
            note = notes[int(rng.integers(len(notes)))][1]
            yield "captures, notes", ("distortion",), capture(note)
            phrase = played[int(rng.integers(len(played)))][:, : 4 * RATE_HZ]
            yield "captures, phrases", ("distortion",), capture(phrase)
    pairs = {"chorus": "chorus", "flanger": "flanger", "phaser": "phaser"}
    for path in sorted(field.glob("pairs/*.flac")):
        effects = tuple(e for name, e in pairs.items() if name in path.stem)
        yield "hardware" if effects else "hardware's clean takes", effects, read_audio(path)[0]


def build_chains(played, per_design):
    """Yield phrases through two designs in a row."""
    rng = np.random.default_rng(2)
    chains = [("distortion", "feedback delay"), ("overdrive", "chorus"), ("phaser", "reverb"),
              ("tremolo", "reverb"), ("distortion", "flanger"), ("chorus", "slapback delay"),
              ("overdrive", "tremolo"), ("vibrato", "feedback delay")]  # fmt: skip
    for chain in chains:
        for number in rng.permutation(len(played))[: per_design // 2]:
            wave = played[number]
            for effect in chain:
                design = DESIGNS[effect][int(rng.integers(2))]
                wave = play_design(design, wave, RATE_HZ, rng)
            yield "chains of two, phrases", chain, wave


def score(found, effects):
    """Score an answer: class right, effect right; for chains whether both are named."""
    classes = {EFFECT_NAMES[effect] for effect in effects} or {"dry"}
    six = next(iter(found.classes)) in classes
    eleven = next(iter(found.effects)) in (effects or ("dry",))
    return six, eleven


@click.command()
@click.option("--field", type=Path, required=True)
@click.option("--packages", type=Path, required=True)
@click.option("--per-design", default=8, show_default=True)
def main(field: Path, packages: Path, per_design: int) -> None:
    """Print a line for each row, and one for each effect."""
    torch.set_num_threads(1)
    rows: dict[str, list] = {}
    recalls: dict[str, list] = {}
    spent = {}
    for row, effects, wave in build(field, packages, per_design):
        start = time.process_time()
        found = recognise(wave, RATE_HZ)
        spent.setdefault(row, []).append(time.process_time() - start)
        rows.setdefault(row, []).append(score(found, effects))
        if "other designs" in row and row != "something before, other designs":
            recalls.setdefault(effects[0], []).append((row[:5], *score(found, effects)))
    print(f"{'row':34} {'n':>4} {'six':>6} {'eleven':>7} {'ms':>6}")
    for row, scores in rows.items():
        six, eleven = 100 * np.mean(scores, axis=0)
        ms = 1000 * np.median(spent[row])
        print(f"{row:34} {len(scores):4} {six:5.0f} % {eleven:5.0f} % {ms:6.0f}")
    print("\nrecall by effect       notes: six, eleven     phrases: six, eleven")
    for effect, scores in recalls.items():
        line = f"{effect:20}"
        for kind in ("notes", "phras"):
            six, eleven = 100 * np.mean([s[1:] for s in scores if s[0] == kind], axis=0)
            line += f"   {six:8.0f} % {eleven:6.0f} %"
        print(line)


if __name__ == "__main__":
    main()
