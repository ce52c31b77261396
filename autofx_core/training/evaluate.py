"""Measure networks on the parts of a data set that they were not trained on."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_SAMPLES
from autofx_core.datasets.plan import TEST_PARTS, DatasetError, read_plan
from autofx_core.datasets.reader import Subset, read_subset
from autofx_core.features.batch import FeatureBatch
from autofx_core.metrics.losses import absolute_errors, c2_mse
from autofx_core.networks.inputs import WithProbabilities, load_conditioning
from autofx_core.networks.network import Network
from autofx_core.networks.registry import load_network
from autofx_core.training.classification_metrics import score_recognition
from autofx_core.training.presence_metrics import score_presence

ROUNDING = {"c2_mse": 1.5e-6, "mean_absolute_error": 1.5e-4, "accuracy_6": 1.5e-4}
"""By how much figures may differ that are the same but for their last digit."""

REPEATS = 5
"""Timed estimates, after a first one."""

BATCH = 32  # sounds at once: spectrogram networks are quicker with few


def score_settings(estimate: Tensor, subset: Subset) -> dict:
    """Score normalised settings against the true ones.

    Parameters
    ----------
    estimate : Tensor, shape (sounds, 15), in [0, 1]
    subset
        The sounds.

    Returns
    -------
    dict
        `sounds`; `c2_mse` in the unit of the report's Table C.2, and that of the constant estimate
        ½; `mean_absolute_error`, the mean over all parameters of the errors over the sounds that
        have them; `absolute_error`, effect class → parameter → error.
    """
    truth, effect_class = subset.settings, subset.effect_class
    errors = absolute_errors(estimate, truth, effect_class)
    each = [error for of_class in errors.values() for error in of_class.values()]
    constant = c2_mse(torch.full_like(truth, 0.5), truth, effect_class)
    return {
        "sounds": len(subset),
        "c2_mse": round(c2_mse(estimate, truth, effect_class).item(), 6),
        "mean_absolute_error": round(sum(each) / len(each), 4),
        "absolute_error": {
            name: {parameter: round(error, 4) for parameter, error in of_class.items()}
            for name, of_class in errors.items()
        },
        "constant_one_half_c2_mse": round(constant.item(), 6),
    }


SCORES = {
    "settings": score_settings,
    "recognition": score_recognition,
    "presence": score_presence,
}
"""How to score what `Network.predict` returns, by the network's task."""


def predict_all(network: Network, subset: Subset, classifier: Network | None = None) -> Tensor:
    """Let a network predict for every sound, some at a time.

    Parameters
    ----------
    network
        Any network.
    subset
        The sounds.
    classifier
        What conditions the network; by default, the pretrained one.

    Returns
    -------
    Tensor, shape (sounds, outputs)
    """
    columns = WithProbabilities(subset, classifier)
    inputs = {name: columns[name] for name in network.inputs}
    return torch.cat(
        [
            network.predict({name: column[rows] for name, column in inputs.items()})
            for rows in torch.arange(len(subset)).split(BATCH)
        ]
    )


def measure(network: Network, subset: Subset, classifier: Network | None = None) -> dict:
    """Score a network on sounds; see `score_settings` and `score_recognition`.

    Parameters
    ----------
    network
        Any network.
    subset
        The sounds.
    classifier
        What conditions the network; by default, the pretrained one.
    """
    return SCORES[network.task](predict_all(network, subset, classifier), subset)


def inference_ms(network: Network) -> float:
    """Time a network from one sound to its estimate, its features included, warm: the best of 5.

    Returns
    -------
    float
        In milliseconds, for a sound of 1.587 s, on as many threads as torch uses here.
    """
    wave = torch.randn(1, ANALYSIS_SAMPLES, generator=torch.Generator().manual_seed(0))
    wave = wave / wave.abs().max()
    times = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        with torch.no_grad():
            network.predict(WithProbabilities(FeatureBatch(wave, wave)))
        times.append(time.perf_counter() - start)
    return 1000 * min(times[1:])


def measure_again(
    cards: Mapping[str, dict], runs: Mapping[str, Path], dataset: Path
) -> dict[str, dict]:
    """Score networks on the unseen parts of a data set.

    Parameters
    ----------
    cards
        The networks' cards, by any name; `network` says which network it is.
    runs
        Folder of the weights of those that are not the pretrained ones.
    dataset
        Folder made by ``python -m autofx_core dataset``.

    Returns
    -------
    dict
        Name → part → metrics, as training leaves them in a card, of the networks that the data
        set is for and holds all inputs of.

    Raises
    ------
    CheckpointError
        If weights are missing.
    DatasetError
        If there is no such data set, or it is unfinished, or for none of the networks.
    """
    plan = read_plan(dataset)
    held = {*plan.feature_sets, *(("wave",) * plan.waves)}
    if held.issuperset(load_conditioning().inputs):
        held.add("probabilities")
    networks = {name: load_network(card["network"], runs.get(name)) for name, card in cards.items()}
    fitting = {
        name: network
        for name, network in networks.items()
        if network.task == plan.task and held.issuperset(network.inputs)
    }
    if not fitting:
        raise DatasetError(
            f"{dataset}: holds a set for {plan.task}, with no feature set that these networks take"
        )
    parts = {part: read_subset(dataset, part) for part in TEST_PARTS}
    return {
        name: {part: measure(network, subset) for part, subset in parts.items()}
        for name, network in fitting.items()
    }


def disagreements(card: dict, measured: dict[str, dict]) -> Iterator[str]:
    """Describe where figures measured again differ from a card's by more than `ROUNDING`."""
    for part, metrics in measured.items():
        for name, rounding in ROUNDING.items():
            stated = card["metrics"][part].get(name)
            if stated is not None and abs(metrics[name] - stated) > rounding:
                yield f"{part}: {name} is {metrics[name]:g}, the card says {stated:g}"


def plain_numbers(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers among metrics, without what is nested."""
    return {name: value for name, value in metrics.items() if not isinstance(value, dict)}
