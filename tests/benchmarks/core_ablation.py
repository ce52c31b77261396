"""What each step to our own estimators brought: squared error in the unit of Table C.2, ×10⁻³.

Needs two data sets of the same sounds (equal notes, seed and size), one with AutoFX's columns and
one with ours, as CONTRIBUTING says::

    python tests/benchmarks/core_ablation.py runs/settings runs/timbre

Every row trains one network, to the same recipe but for what the row names; the validation part is
what steps are chosen by, the other two are unseen.
"""

import math
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from autofx_core.datasets import read_part
from autofx_core.effects import EFFECTS, N_PARAMETERS
from autofx_core.losses import c2_mse
from autofx_core.scaler import Scaler

PARTS = ("train", "validation", "unseen_note", "unseen_program")
EPOCHS, BATCH, RATE = 15, 256, 2e-3
LOGARITHMIC = ("rate_hz", "delay_seconds", "cutoff_frequency_hz")

Inputs = dict[str, Tensor]
Hearing = Callable[[Inputs], Tensor]


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


def wide(n_inputs: int) -> nn.Module:
    """Make our network."""
    layers = [
        layer
        for before, after in pairwise([n_inputs, 512, 512, 512])
        for layer in (nn.Linear(before, after), nn.LayerNorm(after), nn.GELU(), nn.Dropout(0.3))
    ]
    return nn.Sequential(*layers, nn.Linear(512, N_PARAMETERS), nn.Sigmoid())


def autofx_mlp(n_inputs: int) -> nn.Module:
    """Make AutoFX's network."""
    hidden = [layer for _ in range(4) for layer in (nn.Linear(100, 100), nn.ReLU())]
    first, last = nn.Linear(n_inputs, 100), nn.Linear(100, N_PARAMETERS)
    return nn.Sequential(first, *hidden, last, nn.Sigmoid())


def log_scale(settings: Tensor) -> Tensor:
    """Bring what is heard in ratios (rates, times, cutoffs) to a logarithmic scale in [0, 1]."""
    scaled, column = settings.clone(), 0
    for effect in EFFECTS.values():
        for parameter in effect.parameters:
            if parameter.name.endswith(LOGARITHMIC):
                low = max(parameter.low, 0.02 * parameter.high)
                value = parameter.low + settings[:, column] * (parameter.high - parameter.low)
                scaled[:, column] = (value.clamp(min=low) / low).log() / math.log(
                    parameter.high / low
                )
            column += 1
    return scaled


def linear_scale(scaled: Tensor) -> Tensor:
    """Undo `log_scale`."""
    settings, column = scaled.clone(), 0
    for effect in EFFECTS.values():
        for parameter in effect.parameters:
            if parameter.name.endswith(LOGARITHMIC):
                low = max(parameter.low, 0.02 * parameter.high)
                value = low * (parameter.high / low) ** scaled[:, column]
                settings[:, column] = (value - parameter.low) / (parameter.high - parameter.low)
            column += 1
    return settings


def train(
    parts: dict[str, Inputs],
    hear: Hearing,
    make: Callable[[int], nn.Module],
    share: float,
    log: bool,
) -> dict[str, float]:
    """Train a network on a share of the sounds; return its error on the other parts."""
    torch.manual_seed(0)
    inputs = hear(parts["train"])
    rows = torch.randperm(len(inputs))[: round(share * len(inputs))]
    inputs, family = inputs[rows], parts["train"]["family"][rows]
    target = parts["train"]["settings"][rows]
    target = log_scale(target) if log else target
    scaler, network = Scaler(inputs.shape[1]), make(inputs.shape[1])
    scaler.fit(inputs)
    inputs = scaler(inputs)
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    steps = EPOCHS * math.ceil(len(inputs) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            c2_mse(network(inputs[batch]), target[batch], family[batch]).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    errors = {}
    with torch.no_grad():
        for name in PARTS[1:]:
            estimate = network(scaler(hear(parts[name])))
            estimate = linear_scale(estimate) if log else estimate
            errors[name] = c2_mse(estimate, parts[name]["settings"], parts[name]["family"]).item()
    return errors


def main() -> None:
    """Train and print every row."""
    columns = (("features", "regression"), ("timbre", "clean_timbre"))
    parts: dict[str, Inputs] = {name: {} for name in PARTS}
    for folder, wanted in zip(map(Path, sys.argv[1:3]), columns, strict=True):
        for name in PARTS:
            part = read_part(folder, name)
            if "settings" in parts[name]:
                assert torch.equal(parts[name]["settings"], part.settings), "not the same sounds"
            parts[name] |= {"settings": part.settings, "family": part.family}
            parts[name] |= {column: part[column] for column in wanted}
    print(f"{'':52}{'validation':>12}{'unseen note':>12}{'unseen program':>15}  cpu s")
    for title, hear, make, share, log in (
        ("AutoFX's 211 features, its network", autofx_set, autofx_mlp, 1, False),
        ("AutoFX's 211 features, our network", autofx_set, wide, 1, False),
        ("timbre set, our network", timbre, wide, 1, False),
        ("timbre set, logarithmic rates, times and cutoffs", timbre, wide, 1, True),
        ("timbre set, a third of the sounds", timbre, wide, 1 / 3, False),
        ("timbre set, a ninth of the sounds", timbre, wide, 1 / 9, False),
        ("timbre set of both sounds", both, wide, 1, False),
        ("timbre set and its difference to the clean sound's", difference, wide, 1, False),
    ):
        start = time.process_time()
        errors = train(parts, hear, make, share, log)
        figures = "".join(f"{1000 * errors[name]:12.2f}" for name in PARTS[1:])
        print(f"{title:52}{figures}{time.process_time() - start:9.0f}", flush=True)


if __name__ == "__main__":
    main()
