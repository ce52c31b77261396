"""Measure networks on the parts of a data set that they never learnt from."""

from pathlib import Path

import torch
from torch import Tensor, nn

from autofx_core.checkpoints import load_model
from autofx_core.datasets import PEDALS, Part
from autofx_core.effects import CLASSES
from autofx_core.losses import absolute_errors, c2_mse
from autofx_core.models import FeatureMLP


@torch.no_grad()
def class_probabilities(
    features: Tensor, regression: Tensor, recogniser: Path | None = None
) -> Tensor:
    """Weigh the six classes by the recogniser (the shipped one, or that of a run).

    Parameters
    ----------
    features : Tensor, shape (batch, 163), float32
    regression : Tensor, shape (batch, 48), float32

    Returns
    -------
    Tensor, shape (batch, 6), in the order of `effects.CLASSES`
    """
    return load_model("recogniser", recogniser)(features, regression).exp()


@torch.no_grad()
def estimate_settings(
    model: FeatureMLP, features: Tensor, regression: Tensor, recogniser: Path | None = None
) -> Tensor:
    """Estimate normalised settings, shape (batch, 15), conditioned on what is recognised."""
    return model(*regressor_inputs(model, features, regression, recogniser))


def regressor_inputs(
    model: FeatureMLP, features: Tensor, regression: Tensor, recogniser: Path | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Collect a regressor's inputs; the classes are the recogniser's guess, not the truth."""
    if model.conditioned:
        return features, regression, class_probabilities(features, regression, recogniser)
    return features, regression, features.new_zeros(len(features), len(CLASSES))


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
def _measure_regressor(model: FeatureMLP, part: Part, recogniser: Path | None) -> dict:
    """Score a regressor, and the answer ½ for every parameter, which needs no listening."""
    estimate = estimate_settings(model, part.features, part.regression, recogniser)
    own = score_settings(estimate, part)
    constant = score_settings(torch.full_like(part.settings, 0.5), part)
    return own | {"constant_one_half_c2_mse": constant["c2_mse"]}


@torch.no_grad()
def _measure_recogniser(model: nn.Module, part: Part, _recogniser: Path | None) -> dict:
    """Score the recogniser: accuracy, balanced over the pedals, and who is taken for whom."""
    guess = model(part.features, part.regression).argmax(1)
    right = (guess == part.heard).double()
    by_pedal = {
        PEDALS[pedal]: round(right[part.pedal == pedal].mean().item(), 4)
        for pedal in part.pedal.unique().tolist()
    }
    confusion = torch.zeros(len(CLASSES), len(CLASSES), dtype=torch.int64)
    confusion.index_put_((part.heard, guess), torch.tensor(1), accumulate=True)
    return {
        "sounds": len(part),
        "accuracy": round(right.mean().item(), 4),
        "accuracy_by_pedal": by_pedal,
        "classes": list(CLASSES),
        "confusion": confusion.tolist(),
    }


METRICS = {"settings": _measure_regressor, "recognition": _measure_recogniser}
"""How to measure a network on a part, by the task of the data set."""
