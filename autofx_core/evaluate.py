"""Measure a regressor on the parts of a data set that it never learnt from."""

import torch
from torch import nn

from autofx_core.datasets import Part
from autofx_core.losses import absolute_errors, c2_mse


def score(estimate: torch.Tensor, part: Part) -> dict:
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
def score_model(model: nn.Module, part: Part) -> dict:
    """Score a feature network (see `score`)."""
    model.eval()
    return score(model(part.features), part)


def score_constant(part: Part) -> dict:
    """Score the answer ½ for every parameter, the baseline that needs no listening."""
    return score(torch.full_like(part.settings, 0.5), part)
