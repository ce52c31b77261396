"""How well effects are recognised: accuracies, confusions, importance of features.

Accuracies are over sounds whose effect is unambiguous (`metrics.audibility`), unless they say
otherwise; the share of the others stands beside them. Everything returned is plain data.
"""

import torch
from torch import Tensor

from autofx_core.datasets.labels import PEDALS, UNKNOWN_PEDAL
from autofx_core.datasets.reader import Subset
from autofx_core.effects.table import EFFECTS
from autofx_core.effects.taxonomy import CLASSES, EFFECT_NAMES
from autofx_core.features.timbre import GROUPS
from autofx_core.networks.classifier import class_log_probabilities
from autofx_core.networks.network import Network


def most_probable_class(probabilities: Tensor) -> Tensor:
    """Most probable of the six classes, shape (sounds,).

    Parameters
    ----------
    probabilities : Tensor, shape (sounds, 11) or (sounds, 6), of the effects or of the classes
    """
    return class_log_probabilities(probabilities.log()).argmax(1)


def share(mask: Tensor) -> float | None:
    """Share of a mask that is true, rounded; None if it is empty."""
    return round(mask.double().mean().item(), 4) if len(mask) else None


def score_recognition(probabilities: Tensor, subset: Subset) -> dict:
    """Score probabilities of effects, or of classes, against what is audible.

    Parameters
    ----------
    probabilities : Tensor, shape (sounds, 11) or (sounds, 6)
    subset
        The sounds.

    Returns
    -------
    dict
        `sounds`; `ambiguous_share`, left out of what follows; `accuracy_6` and `accuracy_11`, of
        classes and effects (None without effects); `accuracy_6_with_ambiguous`;
        `accuracy_6_generic`, over the generic effects alone (None where there are none);
        `accuracy_6_by_pedal`; `confusions`, by number of names, each with `names` and `counts`, a
        list of rows (the truth) of counts.
    """
    clear = subset.unambiguous
    classes = most_probable_class(probabilities)
    right = classes == subset.audible_class
    generic = clear & (subset.pedal < len(EFFECTS))
    confusions = {"6": _confusion(subset.audible_class[clear], classes[clear], CLASSES)}
    accuracy_11 = None
    if probabilities.shape[1] == len(EFFECT_NAMES):
        effects, truth = probabilities.argmax(1)[clear], subset.audible_effect[clear]
        accuracy_11 = share(effects == truth)
        confusions = {"11": _confusion(truth, effects, tuple(EFFECT_NAMES))} | confusions
    return {
        "sounds": len(subset),
        "ambiguous_share": share(~clear),
        "accuracy_6": share(right[clear]),
        "accuracy_11": accuracy_11,
        "accuracy_6_with_ambiguous": share(right),
        "accuracy_6_generic": share(right[generic]),
        "accuracy_6_by_pedal": {
            (*PEDALS, UNKNOWN_PEDAL)[pedal]: share(right[clear & (subset.pedal == pedal)])
            for pedal in subset.pedal[clear].unique().tolist()
        },
        "confusions": confusions,
    }


def _confusion(truth: Tensor, estimated: Tensor, names: tuple[str, ...]) -> dict:
    counts = torch.bincount(truth * len(names) + estimated, minlength=len(names) ** 2)
    return {"names": list(names), "counts": counts.reshape(len(names), len(names)).tolist()}


def importance(network: Network, subset: Subset) -> list[dict]:
    """Measure what six-class accuracy loses when a group of timbre features is shuffled.

    Parameters
    ----------
    network
        A classifier that takes the timbre set.
    subset
        The sounds.

    Returns
    -------
    list of dict
        `group`, `features` (how many), `loss` of accuracy; the most important first. All features
        of a group are exchanged together among the sounds (Breiman 2001).
    """
    subset = subset.take(subset.unambiguous)

    def accuracy(sounds: Subset) -> float:
        right = most_probable_class(network.predict(sounds)) == sounds.audible_class
        return right.double().mean().item()

    whole, timbre = accuracy(subset), subset["timbre"]
    order = torch.randperm(len(subset), generator=torch.Generator().manual_seed(0))
    rows, start = [], 0
    for group, names in GROUPS.items():
        columns = slice(start, start + len(names))
        start += len(names)
        shuffled = timbre.clone()
        shuffled[:, columns] = timbre[order, columns]
        loss = whole - accuracy(subset.with_features(timbre=shuffled))
        rows.append({"group": group, "features": len(names), "loss": round(loss, 4)})
    return sorted(rows, key=lambda row: -row["loss"])
