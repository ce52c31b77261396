"""How far estimated settings lie from the true ones: the loss to train by, errors to report.

==========================  ==================================================================
`c2_mse`                    training loss: squared error in the unit of the report's Table C.2
`absolute_errors`           honest error per parameter, over the sounds of its own effect
==========================  ==================================================================

The report's Table C.2 averages over all fifteen outputs although a sound has the parameters of one
effect only, which makes the errors look about three times smaller. `c2_mse` keeps that unit to be
comparable; everything else here counts the parameters that exist.
"""

import torch
from torch import Tensor

from autofx_core.effects.table import EFFECTS, N_PARAMETERS, SLICES


def _own_parameters() -> Tensor:
    own = torch.zeros(len(EFFECTS), N_PARAMETERS)
    for row, effect_class in enumerate(EFFECTS):
        own[row, SLICES[effect_class]] = 1.0
    return own


OWN_PARAMETERS = _own_parameters()
"""Which of the fifteen outputs belong to each class, shape (classes, 15), 0 or 1."""


def c2_mse(estimate: Tensor, target: Tensor, effect_class: Tensor) -> Tensor:
    """Squared error in the unit of Table C.2: zeros for foreign parameters, mean over all 15.

    Parameters
    ----------
    estimate, target : Tensor, shape (batch, 15), normalised, in [0, 1]
    effect_class : Tensor, shape (batch,), int64, index into `EFFECTS`
    """
    own = OWN_PARAMETERS.to(estimate.device)[effect_class]
    return ((estimate - target) * own).square().mean()


def absolute_errors(
    estimate: Tensor, target: Tensor, effect_class: Tensor
) -> dict[str, dict[str, float]]:
    """Mean absolute error of each normalised parameter over the sounds of its own effect.

    Parameters
    ----------
    estimate, target : Tensor, shape (batch, 15), normalised, in [0, 1]
    effect_class : Tensor, shape (batch,), int64, index into `EFFECTS`

    Returns
    -------
    dict
        Class → parameter name → error in [0, 1]; a class without sounds is left out.
    """
    errors = {}
    for row, (name, effect) in enumerate(EFFECTS.items()):
        own = effect_class == row
        if own.any():
            error = (estimate - target)[own, SLICES[name]].abs().mean(0)
            pairs = zip(effect.parameters, error.tolist(), strict=True)
            errors[name] = {parameter.name: value for parameter, value in pairs}
    return errors
