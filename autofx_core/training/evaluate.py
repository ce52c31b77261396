"""Measure networks on the parts of a data set that they never learnt from."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from autofx_core.audio import ANALYSIS_SAMPLES
from autofx_core.datasets.reader import Part, read_part
from autofx_core.datasets.shards import DatasetError, read_plan
from autofx_core.datasets.synthetic import PEDALS, TEST_PARTS
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.features.batch import FeatureBatch
from autofx_core.metrics.losses import absolute_errors, c2_mse
from autofx_core.networks.classifier import AfxClassifier
from autofx_core.networks.inputs import WithProbabilities, load_conditioning
from autofx_core.networks.registry import load_network

ROUNDING = {"c2_mse": 1.5e-6, "mean_absolute_error": 1.5e-4, "accuracy_6": 1.5e-4}
"""By how much figures may differ that are the same but for their last digit."""

BATCH = 32  # sounds at once: spectrogram networks are quicker with few


def score_settings(estimate: Tensor, part: Part) -> dict:
    """Score normalised settings against a part's truth.

    Parameters
    ----------
    estimate : Tensor, shape (sounds, 15)

    Returns
    -------
    dict
        `sounds`; `c2_mse` in the unit of the report's Table C.2; `mean_absolute_error`, the mean
        over all parameters of the honest errors; `absolute_error`, family → parameter → error.
    """
    errors = absolute_errors(estimate, part.settings, part.family)
    each = [error for family in errors.values() for error in family.values()]
    return {
        "sounds": len(part),
        "c2_mse": round(c2_mse(estimate, part.settings, part.family).item(), 6),
        "mean_absolute_error": round(sum(each) / len(each), 4),
        "absolute_error": {
            family: {name: round(error, 4) for name, error in of_family.items()}
            for family, of_family in errors.items()
        },
    }


@torch.no_grad()
def answer_all(model: nn.Module, part: Part, recogniser: Path | None = None) -> Tensor:
    """Let a network answer for every sound of a part, some at a time; shape (sounds, outputs)."""
    given = WithProbabilities(part, load_conditioning(recogniser))
    columns = [given[name] for name in model.inputs]
    batches = torch.arange(len(part)).split(BATCH)
    return torch.cat([model(*(column[rows] for column in columns)) for rows in batches])


def inference_ms(model: nn.Module, *, repeats: int = 5) -> float:
    """Time a network from one sound to its answer, all it hears included, warm: the best of some.

    Returns
    -------
    float
        In milliseconds, for a sound of 1.587 s, on as many threads as torch uses here.
    """
    wave = torch.randn(1, ANALYSIS_SAMPLES, generator=torch.Generator().manual_seed(0))
    wave = wave / wave.abs().max()
    times = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        model.predict(WithProbabilities(FeatureBatch(wave, wave)))
        times.append(time.perf_counter() - start)
    return 1000 * min(times[1:])


def _measure_regressor(model: nn.Module, part: Part, recogniser: Path | None) -> dict:
    """Score a regressor, and the answer ½ for every parameter, which needs no listening."""
    own = score_settings(answer_all(model, part, recogniser), part)
    constant = score_settings(torch.full_like(part.settings, 0.5), part)
    return own | {"constant_one_half_c2_mse": constant["c2_mse"]}


def _measure_recogniser(model: nn.Module, part: Part, _recogniser: Path | None) -> dict:
    """Score the recogniser: accuracy, balanced over the pedals, and who is taken for whom."""
    guess = answer_all(model, part).argmax(1)
    right = (guess == part.heard).double()
    by_pedal = {
        PEDALS[pedal]: round(right[part.pedal == pedal].mean().item(), 4)
        for pedal in part.pedal.unique().tolist()
    }
    confusion = torch.zeros(len(CLASSES), len(CLASSES), dtype=torch.int64)
    confusion.index_put_((part.heard, guess), torch.tensor(1), accumulate=True)
    return {
        "sounds": len(part),
        "accuracy_6": round(right.mean().item(), 4),
        "accuracy_6_by_pedal": by_pedal,
        "confusions": {"6": {"names": list(CLASSES), "counts": confusion.tolist()}},
    }


METRICS = {"settings": _measure_regressor, "recognition": _measure_recogniser}
"""How to measure a network on a part, by the task of the data set."""


def task_of(model: nn.Module) -> str:
    """Name the task of the data sets that a network learns from and is measured on."""
    return "recognition" if isinstance(model, AfxClassifier) else "settings"


def measure_again(
    cards: Mapping[str, dict], runs: Mapping[str, Path], dataset: Path
) -> dict[str, dict]:
    """Score networks on the unseen parts of a data set.

    Parameters
    ----------
    cards
        What is known of the networks, by any name; `network` says which network it is.
    runs
        Folder of the weights of those that are not the shipped ones.
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
    task = read_plan(dataset)["task"]
    models = {name: load_network(card["network"], runs.get(name)) for name, card in cards.items()}
    parts = {part: read_part(dataset, part) for part in TEST_PARTS} if task in METRICS else {}
    measured = {
        name: {title: METRICS[task](model, part, None) for title, part in parts.items()}
        for name, model in models.items()
        if task_of(model) == task and _hears(model, parts[TEST_PARTS[0]])
    }
    if not measured:
        raise DatasetError(
            f"{dataset}: holds a set for {task}, with nothing that these networks hear"
        )
    return measured


def _hears(model: nn.Module, part: Part) -> bool:
    """Tell whether a part has all columns that a network, or what conditions it, hears."""
    wanted = set(model.inputs)
    if "probabilities" in wanted:
        wanted = wanted - {"probabilities"} | set(AfxClassifier.inputs)
    return wanted <= part.columns.keys()


def disagreements(card: dict, measured: dict[str, dict]) -> Iterator[str]:
    """Say where figures measured again differ from a card's by more than `ROUNDING`."""
    for part, metrics in measured.items():
        for name, rounding in ROUNDING.items():
            stated = card["metrics"][part].get(name)
            if stated is not None and abs(metrics[name] - stated) > rounding:
                yield f"{part}: {name} is {metrics[name]:g}, the card says {stated:g}"
