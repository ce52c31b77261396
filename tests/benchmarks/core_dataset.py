"""Speed of making a data set, times real time, on one core.

1. In memory: drawing, rendering and peak-normalising, no files and no features; at least 1300 times
   real time. The baseline of the same run is pedalboard alone, with its knobs set.
2. The same with what a data set describes by default: 163 and 48 features and the strength.

Training sounds, whose clean notes are there already in all their variants (to make one takes about
3 ms, once in a run). One thread, processor time, effects in turns, the shortest of several rounds.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_dataset [--sounds 60] [--rounds 8]
"""

import sys
import time

import click
import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, ANALYSIS_SAMPLES
from autofx_core.datasets.make import describe_shard
from autofx_core.datasets.plan import DEFAULT_FEATURE_SETS, Shard
from autofx_core.datasets.synthetic import Rendered, render_shard
from autofx_core.effects.table import EFFECTS, SLICES, denormalize
from autofx_core.sources.clean import builtin_notes

WANTED = 1300
FEATURE_SETS = DEFAULT_FEATURE_SETS["settings"]


def call_pedalboard(name: str, shard: Rendered) -> None:
    """Set the knobs of plug-ins that are there already, and play."""
    stages = [(stage, stage.plugin()) for stage in EFFECTS[name].stages]
    for clean, vector in zip(shard.clean, shard.settings, strict=True):
        setting = denormalize(name, vector[SLICES[name]])
        wave = clean[None]
        for stage, plugin in stages:
            for parameter in stage.parameters:
                name = parameter.name.removeprefix(stage.prefix)
                setattr(plugin, name, setting[parameter.name])
            wave = plugin(wave, ANALYSIS_RATE_HZ, reset=True)


@click.command()
@click.option("--sounds", default=60, show_default=True, help="Of each effect.")
@click.option("--rounds", default=8, show_default=True)
def main(sounds: int, rounds: int) -> None:
    """Time each effect, and exit with 1 if all together are too slow in memory."""
    torch.set_num_threads(1)
    notes = builtin_notes("train")[::8]
    shards = {name: Shard("train", name, 0, sounds, 0) for name in EFFECTS}
    rendered = {name: render_shard(shard, notes) for name, shard in shards.items()}
    ways = {
        "pedalboard alone": lambda name: call_pedalboard(name, rendered[name]),
        "in memory": lambda name: render_shard(shards[name], notes),
        "with features": lambda name: describe_shard(shards[name], notes, FEATURE_SETS),
    }
    best = {(way, name): np.inf for way in ways for name in EFFECTS}
    for _ in range(rounds):
        for way, name in list(best):
            start = time.process_time()
            ways[way](name)
            best[way, name] = min(best[way, name], time.process_time() - start)
    audio_s = sounds * ANALYSIS_SAMPLES / ANALYSIS_RATE_HZ
    alone_s = sum(best["pedalboard alone", name] for name in EFFECTS)
    speed = {}
    for way in ways:
        each = ", ".join(f"{name} {audio_s / best[way, name]:.0f}" for name in EFFECTS)
        total_s = sum(best[way, name] for name in EFFECTS)
        speed[way] = len(EFFECTS) * audio_s / total_s
        click.echo(
            f"{way:17}{speed[way]:6.0f} × real time ({each}), "
            f"{total_s / alone_s:.2f} times pedalboard's time"
        )
    sys.exit(speed["in memory"] < WANTED)


if __name__ == "__main__":
    main()
