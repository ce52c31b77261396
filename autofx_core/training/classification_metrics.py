"""How well effects are named: accuracies, confusions, unmet designs, folds, what is listened to.

Accuracies are over sounds whose effect is plainly heard or plainly not (`audibility`), and over all
of them where it says so; the share that can be argued about stands beside them. Everything returned
is plain: numbers, strings, lists and dictionaries of them.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofx_core.datasets.labels import EFFECT_ORDER, UNITS, Lessons
from autofx_core.datasets.synthetic import PEDALS
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.table import EFFECTS
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.features.timbre import GROUPS
from autofx_core.networks.classifier import CLASS_OF_EFFECT, EffectClassifier, OriginalClassifier
from autofx_core.training.classification import Recipe, fit, guess

Make = Callable[[], nn.Module]

UNMET_RECIPE = Recipe(epochs=8, learning_rate=3e-3)
UNMET_SOUNDS = 200
"""Of each pedal at most, where there is one training for every pedal."""

ORIGINAL_RECIPE = Recipe(batch_size=128, weight_decay=0.0, smoothing=0.0)


def classes_of(effect: Tensor) -> Tensor:
    """Name the class of each effect, by its number."""
    return CLASS_OF_EFFECT[effect]


def _share(mask: Tensor) -> float:
    return round(mask.double().mean().item(), 4) if len(mask) else float("nan")


def accuracies(network: nn.Module, lessons: Lessons) -> dict[str, float | None]:
    """Score a network on sounds.

    Returns
    -------
    dict
        `sounds`; `arguable`, the share left out; `six` and `eleven`, the accuracies; `six_of_all`,
        that over the arguable sounds, too, as the dry threshold labels them; `six_generic`, over
        the generic effects alone, None where there are none.
    """
    effects, classes = guess(network, lessons)
    right = classes == classes_of(lessons.effect)
    plain = lessons.plain
    generic = plain & (lessons.pedal < len(EFFECTS))
    return {
        "sounds": len(lessons),
        "ambiguous_share": _share(~plain),
        "accuracy_6": _share(right[plain]),
        "accuracy_11": _share((effects == lessons.effect)[plain]),
        "accuracy_6_with_ambiguous": _share(right),
        "accuracy_6_generic": _share(right[generic]) if generic.any() else None,
    }


def by_pedal(network: nn.Module, lessons: Lessons) -> dict[str, float]:
    """Six-class accuracy on the sounds of each pedal."""
    lessons = lessons[lessons.plain]
    right = guess(network, lessons)[1] == classes_of(lessons.effect)
    return {UNITS[p]: _share(right[lessons.pedal == p]) for p in lessons.pedal.unique().tolist()}


def confusions(network: nn.Module, lessons: Lessons) -> dict[str, dict]:
    """Count who is taken for whom, among the eleven effects and the six classes.

    Returns
    -------
    dict
        `eleven` and `six`, each with `names` and `counts`, a list of rows (the truth) of counts.
    """
    lessons = lessons[lessons.plain]
    effects, classes = guess(network, lessons)
    return {
        "11": _confusion(lessons.effect, effects, EFFECT_ORDER),
        "6": _confusion(classes_of(lessons.effect), classes, CLASSES),
    }


def _confusion(truth: Tensor, guessed: Tensor, names: tuple[str, ...]) -> dict:
    counts = torch.bincount(truth * len(names) + guessed, minlength=len(names) ** 2)
    return {"names": list(names), "counts": counts.reshape(len(names), len(names)).tolist()}


def leave_one_design_out(
    make: Make, training: Lessons, tests: Mapping[str, Lessons], recipe: Recipe
) -> list[dict]:
    """Train without each pedal in turn, and score the network on that pedal alone.

    Returns
    -------
    list of dict
        `pedal`, `effect_class`, and the six-class accuracy on its sounds in each test part by the
        part's name, on recordings that no network learnt from; sounds without an audible effect
        count as dry.
    """
    rows = []
    for number, pedal in enumerate(tqdm(PEDALS, unit="design")):
        network = make()
        fit(network, training[training.pedal != number], recipe)
        scores = {}
        for part, lessons in tests.items():
            own = lessons[(lessons.pedal == number) & lessons.plain]
            scores[part] = _share(guess(network, own)[1] == classes_of(own.effect))
        effect_class = pedal if pedal in EFFECTS else PEDAL_MODELS[pedal].effect_class
        rows.append({"pedal": pedal, "effect_class": effect_class} | scores)
    return rows


def thinned(lessons: Lessons, most: int) -> Lessons:
    """Keep at most so many sounds of each pedal, spread evenly over its own."""
    keep = []
    for pedal in lessons.pedal.unique():
        own = (lessons.pedal == pedal).nonzero()[:, 0]
        keep.append(own[torch.linspace(0, len(own) - 1, min(most, len(own))).long()])
    return lessons[torch.cat(keep)]


def folds(source: Tensor, count: int, seed: int) -> Iterator[Tensor]:
    """Share recordings out into folds; yields the mask of each fold's sounds.

    Made-up strings (sources below 0) are in none: they are only to learn from.
    """
    sources = source[source >= 0].unique()
    order = torch.randperm(len(sources), generator=torch.Generator().manual_seed(seed))
    for own in sources[order].tensor_split(count):
        yield torch.isin(source, own)


def k_fold(make: Make, sounds: Lessons, recipe: Recipe, *, count: int) -> list[dict]:
    """Train on all folds but one and score on that one; no recording is in two folds."""
    rows = []
    for number, held in enumerate(folds(sounds.source, count, recipe.seed), start=1):
        network = make()
        fit(network, sounds[~held], recipe)
        rows.append({"fold": number} | accuracies(network, sounds[held]))
    return rows


def importance(network: nn.Module, lessons: Lessons, *, seed: int = 0) -> list[dict]:
    """Measure what six-class accuracy loses when a block of the timbre set is shuffled.

    Returns
    -------
    list of dict
        `group`, `features` (how many), `loss` of accuracy; the most important first. Each block is
        dealt out anew among the sounds, all its features together (Breiman 2001).
    """
    lessons = lessons[lessons.plain]
    truth = classes_of(lessons.effect)
    whole = _share(guess(network, lessons)[1] == truth)
    order = torch.randperm(len(lessons), generator=torch.Generator().manual_seed(seed))
    rows, start = [], 0
    for group, names in GROUPS.items():
        columns = slice(start, start + len(names))
        start += len(names)
        shuffled = lessons.timbre.clone()
        shuffled[:, columns] = shuffled[order, columns]
        changed = lessons.replace(timbre=shuffled)
        loss = whole - _share(guess(network, changed)[1] == truth)
        rows.append({"group": group, "features": len(names), "loss": round(loss, 4)})
    return sorted(rows, key=lambda row: -row["loss"])


def judge_recogniser(
    network: nn.Module, parts: Mapping[str, Lessons], *, unmet: bool = True, count: int = 5
) -> dict:
    """Judge a trained recogniser beside the original's classifier, trained alike.

    Parameters
    ----------
    parts
        Sounds by the name of their part: `train`, and those to test on.
    unmet
        Whether to train once without each design, where more than one is known.
    count
        Number of folds of the training part; 0 for none. Both train a single network in fewer
        epochs.

    Returns
    -------
    dict
        `accuracy`, `unmet_designs`, `folds`, `importance`: lists of rows; `confusions`: part →
        confusion matrices.
    """
    tests = {name: lessons for name, lessons in parts.items() if name != "train"}
    original = OriginalClassifier()
    fit(original, parts["train"], ORIGINAL_RECIPE)
    networks = {"effect_classifier": network, "original_classifier": original}
    judgement = {
        "accuracy": [
            {"network": name, "part": part} | accuracies(each, lessons)
            for name, each in networks.items()
            for part, lessons in tests.items()
        ],
        "confusions": {part: confusions(network, lessons) for part, lessons in tests.items()},
        "importance": importance(network, tests["unseen_instrument"]),
    }
    small = partial(EffectClassifier, members=1)
    if count:
        judgement["folds"] = k_fold(small, parts["train"], UNMET_RECIPE, count=count)
    if unmet and len(parts["train"].pedal.unique()) > 1:
        some = thinned(parts["train"], UNMET_SOUNDS)
        rows = leave_one_design_out(small, some, tests, UNMET_RECIPE)
        judgement["pedals"] = [*rows, _mean(rows, tests)]
    return judgement


def _mean(rows: list[dict], tests: Mapping[str, Lessons]) -> dict:
    """Mean over the designs, each weighing the same."""
    means = {part: round(sum(row[part] for row in rows) / len(rows), 4) for part in tests}
    return {"pedal": "mean", "effect_class": ""} | means
