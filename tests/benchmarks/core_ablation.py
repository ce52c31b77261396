"""What each step to our own estimators brought: squared error in the unit of Table C.2, ×10⁻³.

Needs the notes and two data sets of the same sounds (equal notes, seed and size), one with AutoFX's
columns and one with ours::

    python -m autofx_core notes --full -o runs/notes
    python -m autofx_core dataset --notes runs/notes --per-pedal 10000 -o runs/a
    python -m autofx_core dataset --notes runs/notes --per-pedal 10000 \\
        --features timbre --features clean_timbre --features relation -o runs/b
    PYTHONPATH=tests python -m benchmarks.core_ablation runs/notes runs/a runs/b

Every row trains one network, to the same recipe but for what the row names. The validation part is
what steps are chosen by, the next two are unseen. The last column is the distance
(`distances.mrstft_distance`) of the estimates of some validation sounds, rendered, to the sounds.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.datasets.plan import Shard, part_notes, read_plan
from autofx_core.datasets.reader import read_subset
from autofx_core.datasets.synthetic import render_shard
from autofx_core.effects.table import EFFECTS, N_PARAMETERS, SLICES, denormalize, render
from autofx_core.metrics.distances import log_mel_distances, mrstft_distance
from autofx_core.metrics.losses import OWN_PARAMETERS, c2_mse
from autofx_core.networks.scaler import Scaler
from autofx_core.sources.clean import rendered_notes

PARTS = ("train", "validation", "unseen_recording", "unseen_instrument")
EPOCHS, BATCH, RATE = 15, 256, 2e-3
LOGARITHMIC = ("rate_hz", "delay_seconds", "cutoff_frequency_hz")
MOVED = 0.2  # share of a parameter's range by which its audibility is tried
LOUDEST_DB = 3.0  # a change as plain as any other
RENDERED_SHARDS = 1  # of each effect, to render estimates of


Inputs = dict[str, Tensor]
SelectInputs = Callable[[Inputs], Tensor]


@dataclass(frozen=True)
class Row:
    """One row of the table: what it is called, and what it does differently."""

    title: str
    select: SelectInputs
    make: Callable[[int], nn.Module]
    share: float = 1.0
    log: bool = False
    audible: bool = False


def autofx_set(part: Inputs) -> Tensor:
    """AutoFX's 163 and 48 features."""
    return torch.cat([part["features"], part["regression"]], 1)


def timbre(part: Inputs) -> Tensor:
    """The timbre set of the processed sound."""
    return part["timbre"]


def both(part: Inputs) -> Tensor:
    """The timbre sets of both sounds."""
    return torch.cat([part["timbre"], part["clean_timbre"]], 1)


def difference(part: Inputs) -> Tensor:
    """The timbre set of the processed sound, and what the effect changed of it."""
    return torch.cat([part["timbre"], part["timbre"] - part["clean_timbre"]], 1)


def relation(part: Inputs) -> Tensor:
    """The timbre set of the processed sound, and the relation set of both."""
    return torch.cat([part["timbre"], part["relation"]], 1)


def wide(n_inputs: int) -> nn.Module:
    """Make our network."""
    layers = [
        layer
        for before, after in pairwise([n_inputs, 512, 512, 512])
        for layer in (nn.Linear(before, after), nn.LayerNorm(after), nn.GELU(), nn.Dropout(0.2))
    ]
    return nn.Sequential(*layers, nn.Linear(512, N_PARAMETERS), nn.Sigmoid())


def autofx_mlp(n_inputs: int) -> nn.Module:
    """Make AutoFX's network."""
    hidden = [layer for _ in range(4) for layer in (nn.Linear(100, 100), nn.ReLU())]
    first, last = nn.Linear(n_inputs, 100), nn.Linear(100, N_PARAMETERS)
    return nn.Sequential(first, *hidden, last, nn.Sigmoid())


ROWS = (
    Row("AutoFX's 211 features, its network", autofx_set, autofx_mlp),
    Row("AutoFX's 211 features, our network", autofx_set, wide),
    Row("timbre set, our network", timbre, wide),
    Row("timbre set, logarithmic rates, times and cutoffs", timbre, wide, log=True),
    Row("timbre set, a third of the sounds", timbre, wide, 1 / 3),
    Row("the same, errors weighted by audibility", timbre, wide, 1 / 3, audible=True),
    Row("timbre set, a ninth of the sounds", timbre, wide, 1 / 9),
    Row("timbre set of both sounds", both, wide),
    Row("timbre set and its difference to the clean sound's", difference, wide),
    Row("timbre set and the relation set of both sounds", relation, wide),
)


def _log_ranges() -> list[tuple[int, float, float, float]]:
    """List the columns perceived in ratios, with ranges and the least value distinguished."""
    parameters = [parameter for effect in EFFECTS.values() for parameter in effect.parameters]
    return [
        (column, p.low, p.high, max(p.low, 0.02 * p.high))
        for column, p in enumerate(parameters)
        if p.name.endswith(LOGARITHMIC)
    ]


def log_scale(settings: Tensor) -> Tensor:
    """Bring rates, times and cutoffs to a logarithmic scale in [0, 1]."""
    scaled = settings.clone()
    for column, low, high, least in _log_ranges():
        value = low + settings[:, column] * (high - low)
        scaled[:, column] = (value.clamp(min=least) / least).log() / math.log(high / least)
    return scaled


def linear_scale(scaled: Tensor) -> Tensor:
    """Undo `log_scale`."""
    settings = scaled.clone()
    for column, low, high, least in _log_ranges():
        value = least * (high / least) ** scaled[:, column]
        settings[:, column] = (value - low) / (high - low)
    return settings


def _play(effect_class: str, clean: np.ndarray, vector: np.ndarray) -> np.ndarray:
    wet = render(effect_class, clean, ANALYSIS_RATE_HZ, denormalize(effect_class, vector))
    return normalize_peak(wet)[0]


def audibility(
    effect_class: str, clean: np.ndarray, wet: np.ndarray, settings: np.ndarray
) -> Tensor:
    """Measure what moving each parameter of a sound by a fifth of its range changes, in dB.

    Returns
    -------
    Tensor, shape (15,), at most `LOUDEST_DB`; zeros for foreign parameters
    """
    own = settings[SLICES[effect_class]]
    moved = np.tile(own, (len(own), 1))
    step = np.where(own > 0.5, -MOVED, MOVED)
    np.fill_diagonal(moved, own + step)
    changed = torch.from_numpy(np.stack([_play(effect_class, clean, vector) for vector in moved]))
    change_db = torch.zeros(N_PARAMETERS)
    same = torch.from_numpy(wet).expand_as(changed)
    change_db[SLICES[effect_class]] = log_mel_distances(same, changed).clamp(max=LOUDEST_DB)
    return change_db


def audibility_weights(dataset: Path, notes: Path, rows: int) -> Tensor:
    """Find the audibility of the first training sounds of each effect, those that a share takes.

    Returns
    -------
    Tensor, shape (effects · rows, 15), with mean 1 over the own parameters
    """
    own_notes = part_notes(rendered_notes(notes))["train"]
    weights = []
    for effect_class, shards in groupby(_shards(dataset, "train"), lambda shard: shard.pedal):
        changes_db: list[Tensor] = []
        for shard in tqdm(list(shards), effect_class, leave=False):
            if len(changes_db) >= rows:
                break
            made = render_shard(shard, own_notes)
            sounds = zip(made.clean, made.wet, made.settings, strict=True)
            changes_db += [audibility(effect_class, c[None], w, s) for c, w, s in sounds]
        weights += changes_db[:rows]
    stacked = torch.stack(weights)
    return stacked / stacked[stacked > 0].mean()


def _shards(dataset: Path, part: str) -> list[Shard]:
    return read_plan(dataset).shards(part)


def measure_estimates(dataset: Path, notes: Path, estimate: Tensor) -> float:
    """Render estimates of the first validation sounds of each effect; mean distance in nepers."""
    own_notes = part_notes(rendered_notes(notes))["validation"]
    distances, row = [], 0
    for shard in _shards(dataset, "validation"):
        if shard.index < RENDERED_SHARDS:
            made = render_shard(shard, own_notes)
            for number in range(shard.sounds):
                vector = estimate[row + number, SLICES[shard.pedal]].double().numpy()
                match = _play(shard.pedal, made.clean[number : number + 1], vector)
                reference = made.wet[number : number + 1]
                distances.append(mrstft_distance(reference, match[None], ANALYSIS_RATE_HZ))
        row += shard.sounds
    return float(np.mean(distances))


def train(parts: dict[str, Inputs], row: Row, weights: Tensor) -> Callable[[Inputs], Tensor]:
    """Train a network on the first share of each effect's sounds; return what estimates with it."""
    torch.manual_seed(0)
    part = parts["train"]
    rows = share_of(part["effect_class"], row.share)
    inputs, effect_class, target = (
        row.select(part)[rows],
        part["effect_class"][rows],
        part["settings"][rows],
    )
    target = log_scale(target) if row.log else target
    weight = weights if row.audible else OWN_PARAMETERS[effect_class]
    scaler, network = Scaler(inputs.shape[1]), row.make(inputs.shape[1])
    scaler.fit(inputs)
    inputs = scaler(inputs)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    steps = EPOCHS * math.ceil(len(inputs) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            error = (network(inputs[batch]) - target[batch]).square()
            (error * weight[batch]).mean().backward()
            optimizer.step()
            schedule.step()
    network.eval()

    @torch.no_grad()
    def estimate(part: Inputs) -> Tensor:
        answer = network(scaler(row.select(part)))
        return linear_scale(answer) if row.log else answer

    return estimate


def share_of(effect_class: Tensor, share: float) -> Tensor:
    """Rows of the first share of each effect's sounds, effect by effect."""
    rows = [(effect_class == number).nonzero()[:, 0] for number in range(len(EFFECTS))]
    return torch.cat([own[: round(share * len(own))] for own in rows])


def read(settings: Path, timbre_folder: Path) -> dict[str, Inputs]:
    """Read the columns of both data sets, which must hold the same sounds."""
    columns = {
        settings: ("features", "regression"),
        timbre_folder: ("timbre", "clean_timbre", "relation"),
    }
    parts: dict[str, Inputs] = {name: {} for name in PARTS}
    for folder, wanted in columns.items():
        for name in PARTS:
            part = read_subset(folder, name)
            if not torch.equal(parts[name].get("settings", part.settings), part.settings):
                sys.exit(f"{folder}: not the same sounds as in {settings}")
            parts[name] |= {"settings": part.settings, "effect_class": part.effect_class}
            parts[name] |= {column: part[column] for column in wanted}
    return parts


def main() -> None:
    """Train and print every row."""
    notes, settings, timbre_folder = map(Path, sys.argv[1:4])
    parts = read(settings, timbre_folder)
    (share,) = {row.share for row in ROWS if row.audible}
    weights = audibility_weights(
        settings, notes, len(share_of(parts["train"]["effect_class"], share)) // len(EFFECTS)
    )
    print(f"{'':52}{'validation':>12}{'unseen rec.':>12}{'unseen instr.':>15}  rend.  cpu s")
    for row in ROWS:
        start = time.process_time()
        estimate = train(parts, row, weights)
        seconds = time.process_time() - start
        estimates = {name: estimate(parts[name]) for name in PARTS[1:]}
        errors = [
            c2_mse(estimates[name], parts[name]["settings"], parts[name]["effect_class"])
            for name in PARTS[1:]
        ]
        figures = "".join(
            f"{1000 * error:{width}.2f}" for error, width in zip(errors, (12, 12, 15), strict=True)
        )
        rendered = measure_estimates(settings, notes, estimates["validation"])
        print(f"{row.title:52}{figures}{rendered:7.3f}{seconds:7.0f}", flush=True)


if __name__ == "__main__":
    main()
