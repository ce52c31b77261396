"""Match a sound file: settings as JSON, the clean sound through them as WAV, and a picture."""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from autofx_core.audio import load_sound, normalize_peak, resample, write_audio
from autofx_core.effects.parts import Tremolo
from autofx_core.effects.registry import find_effect
from autofx_core.effects.table import Effect
from autofx_core.matching.adapt import Budget
from autofx_core.matching.audible_range import Intervals, inaudible, indistinguishable_range
from autofx_core.matching.match import DEFAULT_BUDGET, NEEDS_CLEAN, Match, default_method, match
from autofx_core.matching.prediction_intervals import SHARE, prediction_interval, read_calibration
from autofx_core.matching.refine import Progress, ignore
from autofx_core.metrics.distances import measure_distances
from autofx_core.sources.clean import builtin_notes

MODULES = {"pedalboard_native": "pedalboard", Tremolo.__module__: "parts"}
"""Module that a plug-in's class names as its own → name of the module in the line of Python."""


@dataclass(frozen=True)
class Certainty:
    """Intervals of the settings, and how they were found.

    Attributes
    ----------
    kind
        ``heard alike``, ``likely``, or ``unknown``.
    share
        Of the truths that lie inside likely intervals; None for the other kinds.
    intervals
        Name → lowest and highest value, in the parameter's unit.
    inaudible
        Parameters whose whole range sounds the same.
    judged_on
        ``clean`` or, without it, ``stand-in note``: what was played to find what is inaudible.
    """

    kind: str
    share: float | None
    intervals: Intervals
    inaudible: list[str]
    judged_on: str


def match_files(
    reference: Path,
    clean: Path | None,
    *,
    effect: str | None,
    method: str | None,
    output: Path,
    budget: Budget = DEFAULT_BUDGET,
    progress: Progress = ignore,
) -> dict:
    """Match a file, and leave match.json, with settings match.png, with a clean sound match.wav.

    Parameters
    ----------
    reference, clean
        Sound files, at any rates; the match is written at the reference's rate.
    effect
        Name of the effect (see `effects.registry.find_effect`), or None to recognise it.
    method
        A name from `matching.METHODS`, or None for the best there is with what is given.
    output
        Folder to write to; it is made if it is missing.
    budget
        How long may be searched, where the effect is to be recognised.
    progress
        Called with the number of renders just made.

    Returns
    -------
    dict
        What match.json holds: `effect` and its class among the six, `probabilities` of the six
        classes, `effects`, the probabilities of the eleven effects, `parameters`, `lfo_phase` of
        the oscillators at the first sample in turns, `certainty`, `distances` of the match and
        `clean_distances` of the clean sound to the reference, the `explained` share of the latter
        and the `verdict`, `offset_s` by which the reference was late, `warnings`, `python`, the
        effect as a line of Python, `method`, `reference`, `clean`, `version`.

    Raises
    ------
    AudioError
        If a file is missing, is not a sound, is too short or silent, or cannot be written.
    ValueError
        If the effect or the method is unknown, or needs the clean sound.
    """
    wave, sample_rate = load_sound(reference)
    dry = None
    if clean is not None:
        dry, clean_rate = load_sound(clean)
        dry = resample(dry, clean_rate, sample_rate)
    found = match(
        wave,
        dry,
        sample_rate=sample_rate,
        method=method or default_method(dry),
        effect=effect,
        budget=budget,
        progress=progress,
    )
    output.mkdir(parents=True, exist_ok=True)
    certainty = python = None
    if found.parameters:
        found_effect = find_effect(found.effect)
        certainty = assess(found, found_effect, dry, sample_rate)
        python = python_line(found_effect, found.parameters, found.lfo_phase)
        _draw(output / "match.png", wave, dry, found, certainty, sample_rate)
    record = asdict(found) | {
        "certainty": certainty and asdict(certainty),
        "clean_distances": {} if dry is None else measure_distances(wave, dry, sample_rate),
        "offset_s": found.offset_samples / sample_rate,
        "python": python,
        "reference": str(reference),
        "clean": None if clean is None else str(clean),
        "version": version("autofx"),
    }
    del record["audio"], record["offset_samples"]
    (output / "match.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if found.audio is not None:
        write_audio(output / "match.wav", normalize_peak(found.audio), sample_rate)
    return record


def assess(found: Match, effect: Effect, clean: np.ndarray | None, sample_rate: int) -> Certainty:
    """Find intervals of the settings: audible ranges, or a network's prediction intervals.

    Parameters
    ----------
    found
        With parameters.
    effect
        Whose parameters they are.
    clean : ndarray, shape (channels, samples), float32, or None
        Without it, a built-in note is played instead.
    sample_rate
        In Hz.
    """
    judged_on = "stand-in note" if clean is None else "clean"
    played = builtin_notes()[0].read(sample_rate) if clean is None else clean
    alike = indistinguishable_range(
        effect, normalize_peak(played), sample_rate, found.parameters, lfo_phase=found.lfo_phase
    )
    silent = inaudible(effect, alike)
    if found.method in NEEDS_CLEAN:
        return Certainty("heard alike", None, alike, silent, judged_on)
    calibration = read_calibration(found.method)
    if calibration is None:
        return Certainty("unknown", None, {}, silent, judged_on)
    likely = prediction_interval(calibration[effect.key], effect, found.parameters)
    return Certainty("likely", SHARE, likely, silent, judged_on)


def python_line(
    effect: Effect, parameters: dict[str, float], lfo_phase: tuple[float, ...] = ()
) -> str | None:
    """Write an effect as the Python expression that makes it.

    Parameters
    ----------
    effect, parameters, lfo_phase
        What was found.

    Returns
    -------
    str or None
        None for plug-ins without a class, or whose oscillator cannot be set.
    """
    calls = []
    phases = dict(zip(effect.lfos, lfo_phase, strict=False))
    for stage in effect.stages:
        if not isinstance(stage.plugin, type) or stage.plugin.__module__ not in MODULES:
            return None
        module = MODULES[stage.plugin.__module__]
        turns = sum(phases.get(p.name, 0.0) for p in stage.parameters)
        if turns and module == "pedalboard":
            return None
        arguments = ", ".join(
            f"{p.name.removeprefix(stage.prefix)}={parameters[p.name]:.6g}"
            for p in stage.parameters
        )
        arguments += f", lfo_phase={turns:.6g}" if turns else ""
        calls.append(f"{module}.{stage.plugin.__name__}({arguments})")
    return f"[{', '.join(calls)}]"


def _draw(
    path: Path,
    wave: np.ndarray,
    dry: np.ndarray | None,
    found: Match,
    certainty: Certainty,
    sample_rate: int,
) -> None:
    from autofx_core.matching.figure import draw_match  # noqa: PLC0415 - matplotlib takes its time

    sounds = {"clean": dry, "reference": wave, "match": found.audio}
    effect = find_effect(found.effect)
    draw_match(
        path,
        {name: sound for name, sound in sounds.items() if sound is not None},
        sample_rate,
        effect,
        found.parameters,
        certainty.intervals,
        certainty.inaudible,
        _title(effect, found),
    )


def _title(effect: Effect, found: Match) -> str:
    """Name the effect that was played, and what was recognised among the eleven."""
    title = f"{effect.name} ({found.effect}), by {found.method}"
    if found.effects:
        name, probability = next(iter(found.effects.items()))
        title += f"; recognised: {name}, {100 * probability:.0f} %"
    return title


def play_preset(preset: Path, clean: Path, output: Path) -> None:
    """Play a sound file through the settings that a match.json holds.

    Parameters
    ----------
    preset
        The match.json.
    clean
        The sound file; it is brought to peak 1.
    output
        Sound file to write; its suffix names the format.

    Raises
    ------
    AudioError
        If the sound cannot be read or written.
    ValueError
        If the preset cannot be read, or names an effect or a setting that does not exist.
    """
    try:
        stored = json.loads(preset.read_text(encoding="utf-8"))
        effect, parameters = find_effect(stored["effect"]), dict(stored["parameters"])
        lfo_phase = tuple(stored.get("lfo_phase", ()))
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{preset}: not a match.json ({type(error).__name__}: {error}); "
            "'match' writes one, with 'effect' and 'parameters'"
        ) from None
    wave, sample_rate = load_sound(clean)
    played = effect.render(normalize_peak(wave), sample_rate, parameters, lfo_phase=lfo_phase)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_audio(output, normalize_peak(played), sample_rate)
