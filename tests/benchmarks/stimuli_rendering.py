"""Speed of rendering, as a ratio to bare pedalboard calls on the same sounds in the same run.

Both run in this process, in turns, on one core; the best of several rounds counts.

1. Drawing a study's items (references and stimuli, checked for faults) with analysis off, against
   bare calls of pedalboard with the very same sounds and settings: at least 0.7.
2. The whole item, loudness, dither and file included, and with the distances too: for information.
3. The synthetic sounds of a data set, in memory and with reused plug-ins, against AutoFX's way (for
   each sound: read one file, make one plug-in, write one file): at least 6.

Run: python tests/benchmarks/stimuli_rendering.py [--items 12] [--rounds 5]
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pedalboard
import soundfile

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets import Shard, fit_length, render_shard
from autofx_core.effects import EFFECTS, denormalize
from autofx_core.sources import builtin_notes
from stimuli_gen.config import ConditionSpec, Items, Study
from stimuli_gen.draw import ItemTask, draw_item
from stimuli_gen.item import render_item
from stimuli_gen.plan import plan_items

SYSTEMS = 6
RENDER_RATIO, GENERATOR_RATIO = 0.7, 6.0


def best_of(rounds: int, *functions) -> list[float]:
    """Time functions in turns; return each one's shortest time in seconds."""
    times = [[] for _ in functions]
    for _ in range(rounds):
        for function, seconds in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
    return [min(seconds) for seconds in times]


def make_tasks(per_family: int) -> list[ItemTask]:
    """Plan items whose systems all draw at random: nothing but rendering is left to do."""
    systems = [ConditionSpec(id=f"s{i}", method="random") for i in range(SYSTEMS)]
    study = Study(
        name="speed",
        title="Speed",
        conditions=[ConditionSpec(id="reference"), *systems],
        items=Items(in_domain=per_family),
    )
    return [
        ItemTask(
            study=study,
            study_folder=Path(),
            planned=planned,
            clean=planned.clean.read(study.sample_rate_hz),
            clean_sha256="0" * 64,
            recording=None,
            recording_sha256=None,
            elsewhere={},
            measure=False,
        )
        for planned in plan_items(study, Path())
    ]


def call_pedalboard(boards: dict, family: str, clean: np.ndarray, rate: int, setting: dict) -> None:
    """Set the knobs of a board that is there already, and play."""
    for stage, plugin in zip(EFFECTS[family].stages, boards[family], strict=True):
        for parameter in stage.parameters:
            setattr(plugin, parameter.name.removeprefix(stage.prefix), setting[parameter.name])
    boards[family](clean, rate, reset=True)


def compare_rendering(per_family: int, rounds: int) -> float:
    """Print rendered seconds of audio per second; return the ratio to the bare calls."""
    tasks = make_tasks(per_family)
    drawn = [draw_item(task) for task in tasks]
    rate = tasks[0].study.sample_rate_hz
    calls = [
        (task.planned.family, item.clean, rate, sound.parameters)
        for task, item in zip(tasks, drawn, strict=True)
        for name, sound in {"open": item.reference, **item.sounds}.items()
        if name != "reference"
    ]
    audio_s = sum(clean.shape[1] / rate for _, clean, _, _ in calls)
    boards = {
        family: pedalboard.Pedalboard([stage.plugin() for stage in effect.stages])
        for family, effect in EFFECTS.items()
    }
    measured = [replace(task, measure=True) for task in tasks]
    bare, drawing, whole, with_distances = best_of(
        rounds,
        lambda: [call_pedalboard(boards, *call) for call in calls],
        lambda: [draw_item(task) for task in tasks],
        lambda: [render_item(task) for task in tasks],
        lambda: [render_item(task) for task in measured],
    )
    for what, seconds in (
        ("bare pedalboard calls", bare),
        ("items drawn and checked", drawing),
        ("items matched, dithered and encoded", whole),
        ("with distances", with_distances),
    ):
        print(f"{what:36} {audio_s / seconds:7.0f} × real time   ratio {bare / seconds:.2f}")
    return bare / drawing


def compare_generator(sounds: int, rounds: int) -> float:
    """Print both ways' sounds per second; return the ratio."""
    notes = builtin_notes("train")[:20]
    ratios = []
    for family, effect in EFFECTS.items():
        shard = Shard("train", family, 0, sounds, 0)
        rng = np.random.default_rng(0)
        width = len(effect.parameters)
        settings = [denormalize(family, rng.uniform(size=width)) for _ in range(sounds)]
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for note in notes:
                files.append(Path(folder, f"{note.id}.wav"))
                wave = fit_length(normalize_peak(note.read(ANALYSIS_RATE_HZ)))
                soundfile.write(files[-1], wave.T, ANALYSIS_RATE_HZ)

            def one_by_one(effect=effect, settings=settings, folder=folder, files=files):
                for i, setting in enumerate(settings):
                    wave, rate = soundfile.read(files[i % len(files)], dtype="float32")
                    board = pedalboard.Pedalboard(
                        [
                            stage.plugin(
                                **{
                                    p.name.removeprefix(stage.prefix): setting[p.name]
                                    for p in stage.parameters
                                }
                            )
                            for stage in effect.stages
                        ]
                    )
                    processed = board(wave / np.abs(wave).max(), rate)
                    peak = max(np.abs(processed).max(), 1e-9)
                    soundfile.write(Path(folder, f"{i}.wav"), processed / peak, rate)

            slow, quick = best_of(
                rounds, one_by_one, lambda shard=shard: render_shard(shard, notes)
            )
        ratios.append(slow / quick)
        print(
            f"{family:12} AutoFX's way {sounds / slow:6.0f} sounds/s   "
            f"generator {sounds / quick:6.0f} sounds/s   ratio {slow / quick:.1f}"
        )
    return min(ratios)


@click.command()
@click.option("--items", default=12, show_default=True, help="Items, a multiple of three.")
@click.option("--rounds", default=5, show_default=True)
def main(items: int, rounds: int) -> None:
    """Compare, and exit with 1 if a ratio is too low."""
    rendering = compare_rendering(items // 3, rounds)
    generating = compare_generator(120, rounds)
    print(f"rendering {rendering:.2f} (at least {RENDER_RATIO})")
    print(f"generator {generating:.1f} (at least {GENERATOR_RATIO:.0f})")
    sys.exit(rendering < RENDER_RATIO or generating < GENERATOR_RATIO)


if __name__ == "__main__":
    main()
