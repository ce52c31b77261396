"""The generic effects that settings are estimated for, as one table, and their rendering.

Parameter names, units and ranges are pedalboard's own; in a chain of several plug-ins a stage's
prefix keeps them apart (``low_shelf_gain_db``). The ranges are AutoFX's (report, section 5). A new
effect is a new row of `EFFECTS`: the networks' outputs, the manifests, the tests and the tables
follow from it.

Conventions: a *setting* maps parameter names to values in the parameters' units; its *normalised*
form is a vector in [0, 1], linear between low and high, in the table's order. The fifteen
parameters of all effects, in that order, are the networks' output.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pedalboard


@dataclass(frozen=True)
class Parameter:
    """One knob: its name as in pedalboard, unit, and range.

    Attributes
    ----------
    logarithmic
        Whether the normalised form is linear in the value's logarithm, as suits frequencies.
    """

    name: str
    unit: str
    low: float
    high: float
    default: float
    logarithmic: bool = False

    def normalize(self, value: float) -> float:
        """Map a value in the range to [0, 1]."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def denormalize(self, share: float) -> float:
        """Map [0, 1] to a value in the range."""
        if self.logarithmic:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + share * (self.high - self.low)
        return float(min(max(value, self.low), self.high))


@dataclass(frozen=True)
class Stage:
    """One plug-in of an effect.

    Attributes
    ----------
    plugin
        Makes the plug-in anew for each sound; where that is slow (VST3), it may keep one. A plug-in
        has its parameters as attributes, and ``plugin(wave, sample_rate, reset=True)`` plays a wave
        (channels, samples), float32, from a state of rest.
    prefix
        Comes before the attributes' names in the parameters' names, to tell stages apart.
    parameters
        What is set before it plays.
    """

    plugin: Callable[[], Any]
    prefix: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Effect:
    """One row of the table: an effect as a chain of plug-ins.

    Attributes
    ----------
    key
        What `EFFECTS`, `registry.FURTHER` and ``--effect`` call it; for the generic effects, the
        class that it stands for.
    name
        What people call it.
    stages
        In signal order.
    lfo
        Names of the parameters that are rates of oscillators in Hz, one or several. Their phases
        at the first sample are no settings: `render` takes them, and `matching` finds them.
    """

    key: str
    name: str
    stages: tuple[Stage, ...]
    lfo: str | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = {parameter.name for parameter in self.parameters}
        if missing := sorted(set(self.lfos) - names):
            raise ValueError(f"{self.key}: lfo={missing[0]!r} is no parameter; known: {names}")

    @property
    def lfos(self) -> tuple[str, ...]:
        """Names of the oscillators' rates, in signal order."""
        return (self.lfo,) if isinstance(self.lfo, str) else self.lfo

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All stages' parameters, in the networks' order."""
        return tuple(parameter for stage in self.stages for parameter in stage.parameters)

    def check(self, setting: Mapping[str, float]) -> None:
        """Refuse a setting with unknown, missing or impossible values.

        Raises
        ------
        ValueError
        """
        known = {parameter.name for parameter in self.parameters}
        if unknown := sorted(set(setting) - known):
            raise ValueError(f"{self.key}: unknown parameter {unknown[0]!r}; known: {known}")
        for parameter in self.parameters:
            if parameter.name not in setting:
                raise ValueError(f"{self.key}: parameter {parameter.name!r} is missing")
            value = setting[parameter.name]
            if not parameter.low <= value <= parameter.high:
                raise ValueError(
                    f"{parameter.name} must be in [{parameter.low:g}, {parameter.high:g}]"
                    f"{' ' + parameter.unit if parameter.unit else ''}, got {value:g}"
                )

    def normalize(self, setting: Mapping[str, float]) -> np.ndarray:
        """Map a setting to [0, 1]; see `normalize`."""
        self.check(setting)
        return np.array([p.normalize(setting[p.name]) for p in self.parameters])

    def denormalize(self, vector: np.ndarray) -> dict[str, float]:
        """Map a vector in [0, 1] (clipped to it) back to a setting; see `denormalize`."""
        values = np.clip(np.asarray(vector, dtype=np.float64), 0.0, 1.0)
        if values.shape != (len(self.parameters),):
            raise ValueError(
                f"{self.key} has {len(self.parameters)} parameters, got shape {values.shape}"
            )
        return {
            p.name: p.denormalize(value) for p, value in zip(self.parameters, values, strict=True)
        }

    def render(
        self,
        wave: np.ndarray,
        sample_rate: int,
        setting: Mapping[str, float],
        *,
        lfo_phase: Sequence[float] = (),
    ) -> np.ndarray:
        """Play a clean sound through the effect.

        Parameters
        ----------
        wave : ndarray, shape (channels, samples), float32, full scale ±1
        sample_rate
            In Hz.
        setting
            Every parameter, in its unit.
        lfo_phase
            Of each oscillator of `lfos`, where it stands at the first sample, in turns; by default
            where the plug-in starts it. A plug-in without an attribute `lfo_phase` is played
            silence first, until its oscillator is there.

        Returns
        -------
        ndarray, shape (channels, samples), float32, not normalised; the tail is cut

        Raises
        ------
        ValueError
            If a parameter is unknown, missing or outside its range, or the phases are not as many
            as the oscillators.
        """
        self.check(setting)
        if lfo_phase and len(lfo_phase) != len(self.lfos):
            raise ValueError(
                f"{self.key} has {len(self.lfos)} oscillators, got {len(lfo_phase)} phases"
            )
        phases = dict(zip(self.lfos, lfo_phase, strict=False))
        wave = np.asarray(wave, dtype=np.float32)
        for stage in self.stages:
            plugin = stage.plugin()  # a new one: phaser and reverb remember more than reset clears
            lead = 0
            for parameter in stage.parameters:
                setattr(plugin, parameter.name.removeprefix(stage.prefix), setting[parameter.name])
                turns = phases.get(parameter.name, 0.0) % 1.0
                if turns and hasattr(plugin, "lfo_phase"):
                    plugin.lfo_phase = turns
                elif turns:
                    lead = round(turns / setting[parameter.name] * sample_rate)
            wave = plugin(np.pad(wave, ((0, 0), (lead, 0))), sample_rate, reset=True)[:, lead:]
        return wave


def _shelf(plugin: Callable[[], Any], prefix: str, low_hz: float, high_hz: float) -> Stage:
    middle_hz = (low_hz + high_hz) / 2
    parameters = (
        Parameter(f"{prefix}cutoff_frequency_hz", "Hz", low_hz, high_hz, middle_hz),
        Parameter(f"{prefix}gain_db", "dB", -10.0, 10.0, 0.0),
        Parameter(f"{prefix}q", "", 0.5, 2.0, 0.7071),
    )
    return Stage(plugin, prefix, parameters)


def single(
    key: str,
    name: str,
    plugin: Callable[[], Any],
    *parameters: Parameter,
    lfo: str | tuple[str, ...] = (),
) -> Effect:
    """Make an effect of one plug-in.

    Parameters
    ----------
    key, name
        What tables and people call it.
    plugin
        Makes the plug-in; see `Stage`.
    *parameters
        What is set before it plays.
    lfo
        See `Effect`.
    """
    return Effect(key, name, (Stage(plugin, "", parameters),), lfo)


EFFECTS: dict[str, Effect] = {
    effect.key: effect
    for effect in (
        single(
            "modulation",
            "Chorus",
            pedalboard.Chorus,
            Parameter("rate_hz", "Hz", 0.1, 10.0, 1.0),
            Parameter("depth", "", 0.0, 1.0, 0.25),
            Parameter("centre_delay_ms", "ms", 0.0, 20.0, 7.0),
            Parameter("feedback", "", 0.0, 1.0, 0.0),
            Parameter("mix", "", 0.0, 1.0, 0.5),
            lfo="rate_hz",
        ),
        single(
            "delay",
            "Delay",
            pedalboard.Delay,
            Parameter("delay_seconds", "s", 0.0, 1.0, 0.5),
            Parameter("feedback", "", 0.0, 1.0, 0.0),
            Parameter("mix", "", 0.0, 1.0, 0.5),
        ),
        Effect(
            "distortion",
            "Distortion and shelving filters",
            (
                Stage(pedalboard.Distortion, "", (Parameter("drive_db", "dB", 0.0, 60.0, 25.0),)),
                _shelf(pedalboard.LowShelfFilter, "low_shelf_", 50.0, 500.0),
                _shelf(pedalboard.HighShelfFilter, "high_shelf_", 500.0, 2000.0),
            ),
        ),
    )
}


_STARTS = [0, *accumulate(len(effect.parameters) for effect in EFFECTS.values())]

SLICES: dict[str, slice] = {
    name: slice(*ends) for name, ends in zip(EFFECTS, pairwise(_STARTS), strict=True)
}
"""Where each class's parameters lie in the vector of all fifteen."""

N_PARAMETERS = _STARTS[-1]


def effect_of(effect_class: str) -> Effect:
    """Look up a row of the table.

    Raises
    ------
    ValueError
        If it has no generic effect.
    """
    try:
        return EFFECTS[effect_class]
    except KeyError:
        raise ValueError(
            f"unknown effect class {effect_class!r}; known: {', '.join(EFFECTS)}"
        ) from None


def normalize(effect_class: str, setting: Mapping[str, float]) -> np.ndarray:
    """Map a setting to [0, 1].

    Returns
    -------
    ndarray, shape (parameters of the effect,), float64

    Raises
    ------
    ValueError
        If a parameter is unknown, missing or outside its range.

    Examples
    --------
    >>> normalize("delay", {"delay_seconds": 0.5, "feedback": 0.0, "mix": 1.0}).tolist()
    [0.5, 0.0, 1.0]
    """
    return effect_of(effect_class).normalize(setting)


def denormalize(effect_class: str, vector: np.ndarray) -> dict[str, float]:
    """Map a vector in [0, 1] (clipped to it) back to a setting in real units.

    Examples
    --------
    >>> denormalize("delay", [0.5, 0.0, 1.0])
    {'delay_seconds': 0.5, 'feedback': 0.0, 'mix': 1.0}
    """
    return effect_of(effect_class).denormalize(vector)


def draw_setting(rng: np.random.Generator, effect_class: str) -> dict[str, float]:
    """Draw every parameter uniformly from its range, as AutoFX's data and its random anchor."""
    return denormalize(effect_class, rng.uniform(size=len(effect_of(effect_class).parameters)))


def render(
    effect_class: str, wave: np.ndarray, sample_rate: int, setting: Mapping[str, float]
) -> np.ndarray:
    """Play a clean sound through a generic effect. The low-frequency oscillators start at phase 0.

    Parameters
    ----------
    effect_class
        A key of `EFFECTS`.
    wave : ndarray, shape (channels, samples), float32, full scale ±1
    sample_rate
        In Hz.
    setting
        Every parameter of the effect, in its unit.

    Returns
    -------
    ndarray, shape (channels, samples), float32, not normalised; the tail is cut

    Raises
    ------
    ValueError
        If the class is unknown, or a parameter is unknown, missing or outside its range.
    """
    return effect_of(effect_class).render(wave, sample_rate, setting)
