"""Make an item's sound under each condition: one function a condition.

================  ===================================================================
`reference`       the hidden reference: the reference itself
`clean`           the clean sound
`anchor35`        the reference without anything above 3.5 kHz
`anchor70`        the reference without anything above 7 kHz
a method          `autofx_core.matching.match.METHODS`: its settings, played by the generic
                  effect
your function     the same, or the sound itself
your folder       an external sound
================  ===================================================================

Every system is given the effect's class, as in AutoFX's experiment: settings are under test.

References
----------
Rec. ITU-R BS.1534-3 (2015), 5.1: the low-pass anchors; at most ±0.1 dB of ripple below the cutoff
of 3.5 kHz, at least 25 dB down at 4 kHz and 50 dB at 4.5 kHz.
"""

import importlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import signal

from autofx_core.effects.table import effect_of
from autofx_core.matching.match import METHODS, Request
from stimuli_gen.reference import Sound, fit_length, play_effect
from stimuli_gen.seeds import derive_rng
from stimuli_gen.study import ConditionSpec, StudySpec, StudySpecError

ANCHOR_STOP_DB = 65.0
ANCHOR_TRANSITION_HZ = 450.0
ANCHORS_HZ = {"anchor35": 3500.0, "anchor70": 7000.0}
LENGTH_TOLERANCE_S = 0.05


@dataclass(frozen=True)
class ConditionInput:
    """What a condition's function takes: one item's sounds, shape (1, samples), float32.

    Attributes
    ----------
    study, study_folder
        The study, and the folder of the users' own modules.
    item, effect_class
        Id of the item and class of its effect.
    clean, reference
        What every condition starts from, and what it must match.
    attempt
        Number of the draw, from 0.
    external
        The item's finished sounds of conditions that were rendered by other programs.
    """

    study: StudySpec
    study_folder: Path
    item: str
    effect_class: str
    clean: np.ndarray
    reference: Sound
    attempt: int
    external: dict[str, np.ndarray]


def make_stimulus(spec: ConditionSpec, given: ConditionInput) -> Sound:
    """Make the item's sound under a condition.

    Raises
    ------
    StudySpecError
        If the condition is unknown, or a user's function fails or returns something else than
        settings or a sound.
    """
    if spec.folder is not None:
        return Sound(_like_clean(given.external[spec.id], given, spec.id), "external")
    if spec.function is None and spec.method is None and spec.id in FIXED:
        return FIXED[spec.id](given)
    return _estimate(spec, given)


def _reference(given: ConditionInput) -> Sound:
    return given.reference


def _clean(given: ConditionInput) -> Sound:
    return Sound(given.clean, "none")


def _anchor(cutoff_hz: float, given: ConditionInput) -> Sound:
    return Sound(low_pass(given.reference.wave, cutoff_hz, given.study.sample_rate_hz), "low-pass")


FIXED: dict[str, Callable[[ConditionInput], Sound]] = {
    "reference": _reference,
    "clean": _clean,
    **{name: partial(_anchor, cutoff_hz) for name, cutoff_hz in ANCHORS_HZ.items()},
}


@cache
def _anchor_filter(cutoff_hz: float, sample_rate: int) -> np.ndarray:
    """Design a linear-phase filter that passes all up to the cutoff and stops all 450 Hz above."""
    taps, beta = signal.kaiserord(ANCHOR_STOP_DB, ANCHOR_TRANSITION_HZ / (sample_rate / 2))
    middle = cutoff_hz + ANCHOR_TRANSITION_HZ / 2
    return signal.firwin(taps | 1, middle, window=("kaiser", beta), fs=sample_rate)


def low_pass(wave: np.ndarray, cutoff_hz: float, sample_rate: int) -> np.ndarray:
    """Filter without moving the sound by a sample.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    cutoff_hz
        Up to here the sound passes within ±0.1 dB; 450 Hz above, it is 65 dB down.
    sample_rate
        In Hz.
    """
    taps = _anchor_filter(cutoff_hz, sample_rate)
    return signal.oaconvolve(wave, taps[np.newaxis], mode="same", axes=1).astype(np.float32)


def _estimate(spec: ConditionSpec, given: ConditionInput) -> Sound:
    method: Callable[[Request], object]
    if spec.function is not None:
        method = load_function(spec.function, given.study_folder)
    else:
        method = METHODS[spec.method or spec.id]
    request = Request(
        reference=given.reference.wave,
        clean=given.clean,
        sample_rate=given.study.sample_rate_hz,
        effect=effect_of(given.effect_class),
        rng=derive_rng(given.study.seed, given.item, spec.id, given.attempt),
    )
    try:
        answer = method(request)
    except Exception as error:  # whatever a user's function raises
        if spec.function is None:
            raise
        line = traceback.extract_tb(error.__traceback__)[-1]
        raise StudySpecError(
            f"condition {spec.id}, item {given.item}: {type(error).__name__}: {error} "
            f"({Path(line.filename).name}, line {line.lineno})"
        ) from error
    if isinstance(answer, dict):
        try:
            return play_effect(given.effect_class, given.clean, given.study.sample_rate_hz, answer)
        except ValueError as error:
            raise StudySpecError(f"condition {spec.id}, item {given.item}: {error}") from None
    return Sound(_like_clean(answer, given, spec.id), "own sound")


def _like_clean(wave: object, given: ConditionInput, condition: str) -> np.ndarray:
    """Give a finished sound the clean sound's length and single channel."""
    where = f"condition {condition}, item {given.item}"
    if not isinstance(wave, np.ndarray) or wave.ndim not in (1, 2):
        raise StudySpecError(f"{where}: wants settings (a dict) or a sound (an array)")
    mono = np.atleast_2d(wave).mean(axis=0, keepdims=True)
    difference_s = abs(mono.shape[1] - given.clean.shape[1]) / given.study.sample_rate_hz
    if difference_s > LENGTH_TOLERANCE_S:
        raise StudySpecError(
            f"{where}: lasts {mono.shape[1]} samples, the clean sound {given.clean.shape[1]} "
            f"at {given.study.sample_rate_hz} Hz"
        )
    return fit_length(mono, given.clean.shape[1])


def load_function(name: str, study_folder: Path) -> Callable[[Request], object]:
    """Import a user's function, 'module:function'; the module may lie beside the study.

    Raises
    ------
    StudySpecError
        If there is no such module or function.
    """
    module_name, _, function_name = name.partition(":")
    if str(study_folder) not in sys.path:
        sys.path.insert(0, str(study_folder))
    try:
        function: Callable[[Request], object] = getattr(
            importlib.import_module(module_name), function_name
        )
        return function
    except (ImportError, ValueError, AttributeError) as error:
        raise StudySpecError(f"function {name!r}: {error} (looked in {study_folder})") from None


def require_known(study: StudySpec) -> None:
    """Refuse a study with a condition that is neither a method nor fixed, nor has its own sounds.

    Raises
    ------
    StudySpecError
    """
    for spec in study.conditions:
        method = spec.method or spec.id
        if spec.function is None and spec.folder is None and method not in {*METHODS, *FIXED}:
            known = ", ".join([*FIXED, *METHODS])
            raise StudySpecError(
                f"{study.name}: no method {method!r}; known: {known}. Give the condition a "
                "function or a folder, or leave it out"
            )
