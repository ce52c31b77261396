"""Speed of rendering, as a ratio to bare pedalboard calls on the same sounds in the same run.

1. Drawing a study's items (references and stimuli, checked for faults) with analysis off, against
   bare calls of pedalboard with the very same sounds and settings: at least 0.7. Both in one thread
   and in processor time, so that other programs disturb little.
2. The whole item, loudness, dither and file included, and with the distances too: for information.
3. The synthetic sounds of a data set, in memory, with reused plug-ins and on all cores, against
   AutoFX's way (one process; for each sound: read one file, make one plug-in, write one file):
   at least 6 in elapsed time, over equally many sounds of each family. The ratio of processor times
   tells what a single core gains.

Runs go in turns; the shortest of several rounds counts.

Run, in one line:
    PYTHONPATH=tests OMP_NUM_THREADS=1
    python -m benchmarks.stimuli_rendering [--items 12] [--rounds 8]
"""

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import numpy as np
import pedalboard
import soundfile

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.datasets.plan import Shard
from autofx_core.datasets.synthetic import render_shard
from autofx_core.effects.table import EFFECTS, draw_setting
from autofx_core.sources.clean import CleanSound, builtin_notes
from stimuli_gen.item import render_item
from stimuli_gen.item_sounds import InputSound, ItemTask, make_item_sounds
from stimuli_gen.plan import plan_items
from stimuli_gen.study import ConditionSpec, Items, StudySpec

SYSTEMS = 6
SHARDS = 4
RENDER_RATIO, GENERATOR_RATIO = 0.7, 6.0


def best_of(rounds: int, *functions, clock=time.process_time) -> list[float]:
    """Time functions in turns; return each one's shortest time in seconds."""
    times = [[] for _ in functions]
    for _ in range(rounds):
        for function, seconds in zip(functions, times, strict=True):
            start = clock()
            function()
            seconds.append(clock() - start)
    return [min(seconds) for seconds in times]


def make_tasks(per_family: int) -> list[ItemTask]:
    """Plan items whose systems all draw at random: nothing but rendering is left to do."""
    systems = [ConditionSpec(id=f"s{i}", method="random") for i in range(SYSTEMS)]
    study = StudySpec(
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
            clean=InputSound(planned.clean.read(study.sample_rate_hz), "0" * 64),
            recording=None,
            external={},
            target_lufs=study.target_lufs,
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
    items = [make_item_sounds(task) for task in tasks]
    rate = tasks[0].study.sample_rate_hz
    calls = [
        (task.planned.effect_class, item.clean, rate, sound.parameters)
        for task, item in zip(tasks, items, strict=True)
        for name, sound in {"open": item.reference, **item.stimuli}.items()
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
        lambda: [make_item_sounds(task) for task in tasks],
        lambda: [render_item(task) for task in tasks],
        lambda: [render_item(task) for task in measured],
    )
    for what, seconds in (
        ("bare pedalboard calls", bare),
        ("items drawn and checked", drawing),
        ("items matched, dithered and encoded", whole),
        ("with distances", with_distances),
    ):
        print(f"{what:36} {audio_s / seconds:7.0f} s of audio per s   ratio {bare / seconds:.2f}")
    return bare / drawing


def generate_autofx_way(folder: Path, files: list[Path], settings: list[tuple[str, dict]]) -> None:
    """Read, play and write one sound after the other."""
    for i, (family, setting) in enumerate(settings):
        wave, rate = soundfile.read(files[i % len(files)], dtype="float32")
        plugins = [
            stage.plugin(
                **{p.name.removeprefix(stage.prefix): setting[p.name] for p in stage.parameters}
            )
            for stage in EFFECTS[family].stages
        ]
        processed = pedalboard.Pedalboard(plugins)(wave / np.abs(wave).max(), rate)
        peak = max(np.abs(processed).max(), 1e-9)
        soundfile.write(folder / f"{i}.wav", processed / peak, rate)


def render_and_count(shard: Shard, *, notes: list[CleanSound]) -> int:
    """Render a shard where it would be described, too: sounds stay in their process."""
    return len(render_shard(shard, notes).wet)


def compare_generator(per_family: int, rounds: int) -> float:
    """Print both ways' sounds per second; return the ratio of elapsed times."""
    notes = builtin_notes("train")[:20]
    shards = [
        Shard("validation", family, i, per_family // SHARDS, 0)
        for family in EFFECTS
        for i in range(SHARDS)
    ]
    rng = np.random.default_rng(0)
    settings = [(f, draw_setting(rng, f)) for f in EFFECTS for _ in range(per_family)]
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor() as pool:
        folder = Path(name)
        files = [folder / f"{note.id}.wav" for note in notes]
        for note, file in zip(notes, files, strict=True):
            wave = fit_length(normalize_peak(note.read(ANALYSIS_RATE_HZ)))
            soundfile.write(file, wave.T, ANALYSIS_RATE_HZ)
        render = partial(render_and_count, notes=notes)
        slow, quick = best_of(
            rounds,
            lambda: generate_autofx_way(folder, files, settings),
            lambda: list(pool.map(render, shards)),
            clock=time.perf_counter,
        )
        slow_core, quick_core = best_of(
            rounds,
            lambda: generate_autofx_way(folder, files, settings),
            lambda: list(map(render, shards)),
        )
    n = len(settings)
    print(f"{'AutoFX way':36} {n / slow:7.0f} sounds/s")
    print(f"{'generator, all cores':36} {n / quick:7.0f} sounds/s   ratio {slow / quick:.1f}")
    print(f"{'in processor time of one core':36} {'':16} ratio {slow_core / quick_core:.1f}")
    return slow / quick


@click.command()
@click.option("--items", default=12, show_default=True, help="Items, a multiple of three.")
@click.option("--rounds", default=8, show_default=True)
def main(items: int, rounds: int) -> None:
    """Compare, and exit with 1 if a ratio is too low."""
    rendering = compare_rendering(items // 3, rounds)
    generating = compare_generator(240, rounds)
    print(f"rendering {rendering:.2f} (at least {RENDER_RATIO})")
    print(f"generator {generating:.1f} (at least {GENERATOR_RATIO:.0f})")
    sys.exit(rendering < RENDER_RATIO or generating < GENERATOR_RATIO)


if __name__ == "__main__":
    main()
