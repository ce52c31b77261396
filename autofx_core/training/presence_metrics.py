"""How well it is estimated which effects are on a sound, in which order, and how sure that is.

An effect is named from a probability of ½ on. Where its strength is ambiguous
(`metrics.audibility`), its presence does not count. Everything returned is plain data.
"""

from torch import Tensor

from autofx_core.datasets.reader import Subset
from autofx_core.effects.taxonomy import PRESENCES
from autofx_core.metrics.audibility import AUDIBLE_DB, UNAMBIGUOUS_DB
from autofx_core.training.classification_metrics import share

BINS = 10
NAMED = 0.5


def reliability(probability: Tensor, present: Tensor) -> list[dict]:
    """Compare probabilities with how often they were right, in ten bins.

    Parameters
    ----------
    probability : Tensor, shape (answers,), in [0, 1]
    present : Tensor, shape (answers,), bool

    Returns
    -------
    list of dict
        Of each bin that is not empty: `answers`, the mean `probability`, the `share` present.

    Examples
    --------
    >>> import torch
    >>> reliability(torch.tensor([0.25, 0.25, 0.75]), torch.tensor([False, True, True]))[0]
    {'answers': 2, 'probability': 0.25, 'share': 0.5}
    """
    number = (probability * BINS).long().clamp(max=BINS - 1)
    return [
        {
            "answers": int(own.sum()),
            "probability": round(probability[own].double().mean().item(), 4),
            "share": round(present[own].double().mean().item(), 4),
        }
        for own in (number == row for row in range(BINS))
        if own.any()
    ]


def expected_calibration_error(bins: list[dict]) -> float:
    """Mean distance of probability and share over the answers of `reliability`."""
    answers = sum(row["answers"] for row in bins)
    errors = (row["answers"] * abs(row["probability"] - row["share"]) for row in bins)
    return round(sum(errors) / answers, 4)


def score_presence(prediction: Tensor, subset: Subset) -> dict:
    """Score probabilities and places of effects.

    Parameters
    ----------
    prediction : Tensor, shape (sounds, 33)
        What `PresenceNetwork.predict` returns.
    subset
        The sounds.

    Returns
    -------
    dict
        `sounds`; `macro_f1`, the mean of `f1` by effect; `clean_right`, the share of the clean
        sounds on which nothing is named; `chains_right`, the share of the sounds with two or more
        effects on which all and no other are named; `order_right`, the share of the pairs of named
        effects whose order is right; `calibration_error` and `reliability` of all probabilities.
        None where there are no such sounds.
    """
    probability, _, place = prediction.split(len(PRESENCES), dim=1)
    present = subset.presence_db >= AUDIBLE_DB
    clear = ~present | (subset.presence_db >= UNAMBIGUOUS_DB)
    named = probability >= NAMED
    f1 = {
        name: _f1(named[:, row][clear[:, row]], present[:, row][clear[:, row]])
        for row, name in enumerate(PRESENCES)
    }
    known = [value for value in f1.values() if value is not None]
    exact = ((named == present) | ~clear).all(1)
    unambiguous = clear.all(1)
    both = (named & present)[:, :, None] & (named & present)[:, None]
    first = both & (subset.place[:, :, None] < subset.place[:, None])
    bins = reliability(probability[clear], present[clear])
    return {
        "sounds": len(subset),
        "macro_f1": round(sum(known) / len(known), 4) if known else None,
        "f1": f1,
        "clean_right": share(exact[unambiguous & ~present.any(1)]),
        "chains_right": share(exact[unambiguous & (present.sum(1) >= 2)]),
        "order_right": share((place[:, :, None] < place[:, None])[first]),
        "calibration_error": expected_calibration_error(bins),
        "reliability": bins,
    }


def _f1(named: Tensor, present: Tensor) -> float | None:
    """Harmonic mean of precision and recall; None where there is nothing to name."""
    if not present.any():
        return None
    right = (named & present).sum()
    return round((2 * right / (named.sum() + present.sum())).item(), 4)
