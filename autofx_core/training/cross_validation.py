"""Train a network several times, each time without some of the sounds, and score it on those.

==========  ===============================================================================
`folds`     without a fifth of the training recordings; no recording is in two folds
`pedals`    without one pedal: scored on that pedal alone, on recordings of the test parts
==========  ===============================================================================
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from tqdm import tqdm

from autofx_core.datasets.labels import PEDALS
from autofx_core.datasets.reader import Subset
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.training.evaluate import measure, plain_numbers
from autofx_core.training.loop import fit
from autofx_core.training.recipes import Recipe

FOLDS = 5
SOUNDS_PER_PEDAL = 200
"""Training sounds of each pedal at most, where a network is trained once for every pedal."""


def split_folds(recording: Tensor, count: int, seed: int) -> Iterator[Tensor]:
    """Distribute recordings over folds; yields the mask of each fold's sounds.

    Parameters
    ----------
    recording : Tensor, shape (sounds,), int64
        Made-up strings (below 0) are in no fold: they are only to train on.
    count
        Number of folds.
    seed
        Of the distribution.
    """
    recordings = recording[recording >= 0].unique()
    order = torch.randperm(len(recordings), generator=torch.Generator().manual_seed(seed))
    for own in recordings[order].tensor_split(count):
        yield torch.isin(recording, own)


def cross_validate_folds(recipe: Recipe, training: Subset, *, count: int = FOLDS) -> list[dict]:
    """Train on all folds but one and score on that one.

    Parameters
    ----------
    recipe
        Which network, and how.
    training
        Sounds of several recordings.
    count
        Number of folds.

    Returns
    -------
    list of dict
        `fold`, from 1, and the numbers that `evaluate.measure` gives.
    """
    rows = []
    masks = split_folds(training.recording, count, recipe.seed)
    for number, held_out in enumerate(tqdm(masks, total=count, unit="fold"), start=1):
        network, *_ = fit(recipe, training.take(~held_out))
        metrics = measure(network, training.take(held_out))
        rows.append({"fold": number} | plain_numbers(metrics))
    return rows


def cross_validate_pedals(
    recipe: Recipe, training: Subset, tests: Mapping[str, Subset]
) -> list[dict]:
    """Train without each pedal in turn, and score the network on that pedal alone.

    Parameters
    ----------
    recipe
        Which classifier, and how.
    training
        Sounds of several pedals.
    tests
        Sounds of the test parts by name.

    Returns
    -------
    list of dict
        `pedal`, `effect_class`, and the six-class accuracy on its unambiguous sounds in each test
        part; the last row has the means, each pedal weighing the same.
    """
    training = thin(training, SOUNDS_PER_PEDAL)
    rows = []
    for pedal in tqdm(training.pedal.unique().tolist(), unit="pedal"):
        network, *_ = fit(recipe, training.take(training.pedal != pedal))
        name = PEDALS[pedal]
        model = PEDAL_MODELS.get(name)
        scores = {
            part: measure(network, subset.take(subset.pedal == pedal))["accuracy_6"]
            for part, subset in tests.items()
        }
        rows.append({"pedal": name, "effect_class": model.effect_class if model else name} | scores)
    means = {part: round(sum(row[part] for row in rows) / len(rows), 4) for part in tests}
    return [*rows, {"pedal": "mean", "effect_class": ""} | means]


def thin(subset: Subset, most: int) -> Subset:
    """Keep at most so many sounds of each pedal, spread evenly over all of it."""
    keep = []
    for pedal in subset.pedal.unique():
        rows = (subset.pedal == pedal).nonzero()[:, 0]
        keep.append(rows[torch.linspace(0, len(rows) - 1, min(most, len(rows))).long()])
    return subset.take(torch.cat(keep))
