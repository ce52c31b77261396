"""Whether sets keep their promises, whatever the seed.

Renders each preset and a study with every kind of condition under many seeds, checks every set, and
prints for each study: sets that `check` complains about, the largest spread of loudness within an
item as `check` measures it, the loudest end of a sound (its last 50 ms before the fade against its
loudest, in dB; items that ring on for longer than the study allows are counted apart), and
processor time a file. Exits with 1 if a set has a problem or an end lies above −30 dB.

Run, in one line:
    PYTHONPATH=tests OMP_NUM_THREADS=1
    python -m benchmarks.stimuli_seeds [--seeds 40] [--study compact …]
"""

import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import soundfile

from stimuli_gen.check import check_set
from stimuli_gen.item import FADE_OUT_S
from stimuli_gen.job import open_job
from stimuli_gen.loudness import measure_loudness
from stimuli_gen.manifest import Item, read_manifest
from stimuli_gen.render import render_set
from stimuli_gen.study import find_study, list_presets

LOUDEST_END_DB = -30.0
BLOCK_S = 0.05
EVERY_KIND = "every-kind"
STUDY = """
name = "every-kind"
title = "Every kind of condition"
seed = 0
conditions = [
    "reference", "clean", "anchor35", "anchor70", "random", "mlp_163nc", "match_wet", "match_pair",
    { id = "mine", function = "my_function:estimate" },
    { id = "theirs", folder = "theirs" },
]
clean = { source = "mixed" }
items = { in_domain = 2, out_of_domain = 2, training = 1 }
"""
FUNCTION = """
def estimate(request):
    return {p.name: p.default for p in request.effect.parameters}
"""


@dataclass
class Tally:
    """What was seen of one study's sets."""

    sets: int = 0
    files: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    spread_lu: float = 0.0
    end_db: float = -np.inf
    ringing: int = 0


def write_inputs(folder: Path, study: Path) -> None:
    """Make the external condition's sounds: the clean ones, at half their level."""
    from click.testing import CliRunner

    from stimuli_gen.__main__ import inputs

    result = CliRunner().invoke(inputs, [str(study), "-o", str(folder / "inputs")])
    assert result.exit_code == 0, result.output
    (folder / "theirs").mkdir()
    for path in (folder / "inputs").glob("*.clean.wav"):
        wave, rate = soundfile.read(path)
        name = path.name.replace(".clean.wav", ".wav")
        soundfile.write(folder / "theirs" / name, 0.5 * wave, rate, subtype="FLOAT")


def measure_item(folder: Path, item: Item, tally: Tally) -> None:
    """Measure an item's files."""
    loudness = []
    for sound in item.sounds():
        wave, rate = soundfile.read(folder / sound.file)
        loudness.append(measure_loudness(wave[np.newaxis], rate))
        size = round(BLOCK_S * rate)
        end = wave[: wave.size - round(FADE_OUT_S * rate)]
        blocks = end[end.size % size :].reshape(-1, size)
        powers = np.square(blocks).mean(axis=1)
        if item.timing.fade_out_s == FADE_OUT_S:
            tally.end_db = max(tally.end_db, 10 * np.log10(powers[-1] / powers.max()))
    tally.spread_lu = max(tally.spread_lu, float(np.ptp(loudness)))
    tally.ringing += item.timing.fade_out_s > FADE_OUT_S
    tally.files += len(item.sounds())


def render_seed(name: str, seed: int, tally: Tally) -> None:
    """Render a study under a seed and look at the set."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text = STUDY if name == EVERY_KIND else find_study(name).read_text(encoding="utf-8")
        study = folder / "study.toml"
        study.write_text(re.sub(r"(?m)^seed = \d+$", f"seed = {seed}", text), encoding="utf-8")
        if name == EVERY_KIND:
            (folder / "my_function.py").write_text(FUNCTION, encoding="utf-8")
            write_inputs(folder, study)
        start = time.process_time()
        try:
            render_set(open_job(str(study)), folder / "set", command="benchmark")
        except ValueError as error:
            tally.problems.append(f"seed {seed}: {error}")
            return
        tally.seconds += time.process_time() - start
        tally.sets += 1
        tally.problems += [f"seed {seed}: {problem}" for problem in check_set(folder / "set")]
        for item in read_manifest(folder / "set").items:
            measure_item(folder / "set", item, tally)


@click.command()
@click.option("--seeds", default=40, show_default=True)
@click.option("--study", "studies", multiple=True, help="By default, all presets and one more.")
def main(seeds: int, studies: tuple[str, ...]) -> None:
    """Render, check and measure."""
    bad = False
    for name in studies or (*list_presets(), EVERY_KIND):
        tally = Tally()
        for seed in range(1, seeds + 1):
            render_seed(name, seed, tally)
        for problem in tally.problems:
            print(f"  {problem}")
        print(
            f"{name:12} {tally.sets} sets, {len(tally.problems)} problems, spread at most "
            f"{tally.spread_lu:.3f} LU, loudest end {tally.end_db:.1f} dB, {tally.ringing} items "
            f"ring on and fade, {tally.seconds / max(tally.files, 1):.3f} s of CPU a file"
        )
        bad |= bool(tally.problems) or tally.end_db > LOUDEST_END_DB
    sys.exit(bad)


if __name__ == "__main__":
    main()
