"""Reads what the analysis needs of a stimulus set's ``manifest.json`` (schema 1)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.ratings.errors import RatingsError

ALL_PARAMETERS = "all"
Values = dict[tuple[str, str], dict[str, float]]
"""(item, condition) → name → number."""


@dataclass(frozen=True)
class StimulusSet:
    """What the analysis needs of a manifest.

    Attributes
    ----------
    distances, errors : dict
        (item, condition) → name → distance of the stimulus from its reference; absolute error of a
        parameter.
    order : tuple of str
        Conditions in the study's order.
    labels : dict
        Condition id → the name to print.
    title : str
        The study's title.
    files : dict
        (item, condition) → the sound's file, relative to the set's folder.
    references : dict
        Item → the file of the open reference.
    folder : Path
        The set's folder.
    """

    distances: Values
    order: tuple[str, ...]
    labels: dict[str, str]
    title: str
    errors: Values = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()


def read_stimulus_set(path: Path) -> StimulusSet:
    """Read the distances and parameters of a stimulus set's manifest.

    Raises
    ------
    RatingsError
        If the file is missing or is no manifest.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        stimuli = [(item, stimulus) for item in data["items"] for stimulus in item["stimuli"]]
        return StimulusSet(
            distances={(i["id"], s["condition"]): dict(s.get("distances", {})) for i, s in stimuli},
            order=tuple(c["id"] for c in data["conditions"]),
            labels={c["id"]: c["label"] for c in data["conditions"]},
            title=data["title"],
            errors={(i["id"], s["condition"]): parameter_errors(i, s) for i, s in stimuli},
            files={(i["id"], s["condition"]): s["file"] for i, s in stimuli if "file" in s},
            references={
                item["id"]: item["reference"]["file"]
                for item in data["items"]
                if "file" in item.get("reference", {})
            },
            folder=path.parent,
        )
    except OSError as error:
        raise RatingsError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RatingsError(
            f"{path}: not a stimulus set's manifest ({type(error).__name__}: {error})"
        ) from None


def parameter_errors(item: dict[str, Any], stimulus: dict[str, Any]) -> dict[str, float]:
    """Compute a stimulus's absolute errors; none where its effect is not its reference's.

    Parameters are compared in their units; ``normalized`` ones (0–1) make up the error over all.
    """
    reference = item.get("reference", {})
    if stimulus.get("effect") != reference.get("effect"):
        return {}
    true, estimated = reference.get("parameters") or {}, stimulus.get("parameters") or {}
    errors = {name: abs(estimated[name] - true[name]) for name in true if name in estimated}
    true, estimated = reference.get("normalized") or {}, stimulus.get("normalized") or {}
    mapped = [abs(estimated[name] - true[name]) for name in true if name in estimated]
    if mapped:
        errors[ALL_PARAMETERS] = sum(mapped) / len(mapped)
    return errors
