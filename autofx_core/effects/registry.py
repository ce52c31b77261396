"""Effects beyond the three that networks estimate: `matching.refine` finds their settings too.

========================  =================================================================
`reverb`                  pedalboard's Reverb (Freeverb)
`tremolo`                 gain moved by a sine between 1 and 1 − depth (pedalboard has none)
`phaser`                  pedalboard's Phaser
`compressor`              pedalboard's Compressor
``first+second``          any two or more in a row, such as ``distortion+delay``
========================  =================================================================

Any other plug-in is an `effects.Effect` with its parameters declared, in a Python file of the
user's that ``--effects`` names (`add_effects`). A VST3, too; as it is slow to load, one is kept::

    load = functools.cache(functools.partial(pedalboard.load_plugin, "echo.vst3"))
    parameters = (Parameter("time_s", "s", 0.05, 1, 0.3), Parameter("mix", "%", 0, 100, 50))
    echo = single("echo", "My echo", load, *parameters)

A chain's parameters bear the name of their effect: ``delay_feedback``.
"""

import runpy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pedalboard

from autofx_core.effects.table import EFFECTS, Effect, Parameter, Stage, single


@dataclass
class Tremolo:
    """Move the level by a sine that starts at its highest."""

    rate_hz: float = 4.0
    depth: float = 0.5

    def __call__(self, wave: np.ndarray, sample_rate: float, *, reset: bool = True) -> np.ndarray:
        """Play a wave (channels, samples), float32; it always starts anew."""
        phase = 2 * np.pi * self.rate_hz / sample_rate * np.arange(wave.shape[-1])
        return wave * (1 - self.depth / 2 * (1 - np.cos(phase))).astype(np.float32)


FURTHER: dict[str, Effect] = {
    effect.key: effect
    for effect in (
        single(
            "reverb",
            "Reverb",
            pedalboard.Reverb,
            Parameter("room_size", "", 0.0, 1.0, 0.5),
            Parameter("damping", "", 0.0, 1.0, 0.5),
            Parameter("wet_level", "", 0.0, 1.0, 0.33),
            Parameter("dry_level", "", 0.0, 1.0, 0.4),
        ),
        single(
            "tremolo",
            "Sine tremolo",
            Tremolo,
            Parameter("rate_hz", "Hz", 0.5, 12.0, 4.0),
            Parameter("depth", "", 0.0, 1.0, 0.5),
        ),
        single(
            "phaser",
            "Phaser",
            pedalboard.Phaser,
            Parameter("rate_hz", "Hz", 0.1, 10.0, 1.0),
            Parameter("depth", "", 0.0, 1.0, 0.5),
            Parameter("centre_frequency_hz", "Hz", 200.0, 4000.0, 1300.0),
            Parameter("feedback", "", 0.0, 0.95, 0.0),
            Parameter("mix", "", 0.0, 1.0, 0.5),
        ),
        single(
            "compressor",
            "Compressor",
            pedalboard.Compressor,
            Parameter("threshold_db", "dB", -60.0, 0.0, -20.0),
            Parameter("ratio", "", 1.0, 20.0, 4.0),
            Parameter("attack_ms", "ms", 0.1, 100.0, 1.0),
            Parameter("release_ms", "ms", 10.0, 1000.0, 100.0),
        ),
    )
}


def add_effects(path: Path) -> None:
    """Run a Python file, and make the effects that it declares known by their keys.

    Raises
    ------
    ValueError
        If it cannot be run, declares no `Effect`, or one of a name that is known already.
    """
    try:
        declared = runpy.run_path(str(path)).values()
    except Exception as error:  # whatever the user's own code raises
        message = " ".join(str(error).split())
        raise ValueError(f"{path}: {type(error).__name__}: {message}") from None
    own = {value.key: value for value in declared if isinstance(value, Effect)}
    if not own:
        raise ValueError(f"{path}: declares no autofx_core.effects.table.Effect")
    for key in own:
        if key in EFFECTS | FURTHER or "+" in key:
            raise ValueError(f"{path}: the name {key!r} cannot be taken; choose another")
    FURTHER.update(own)


def find_effect(name: str) -> Effect:
    """Look up an effect, or join those of a chain.

    Parameters
    ----------
    name
        A key of `EFFECTS` or `FURTHER`, or several with ``+`` between.

    Raises
    ------
    ValueError
        If one is unknown.
    """
    known = EFFECTS | FURTHER
    parts = name.split("+")
    for part in parts:
        if part not in known:
            raise ValueError(
                f"unknown effect {part!r}; known: {', '.join(known)}, chains such as "
                "distortion+delay, and what a file named by --effects declares"
            )
    return known[name] if len(parts) == 1 else join_effects(*(known[part] for part in parts))


def join_effects(*effects: Effect) -> Effect:
    """Play one effect after the other; each parameter's name begins with its effect's.

    Raises
    ------
    ValueError
        If an effect comes twice: its parameters would have the same names.
    """
    keys = [effect.key for effect in effects]
    if len(set(keys)) < len(keys):
        raise ValueError(f"{'+'.join(keys)}: every effect can be in a chain only once")
    stages = tuple(
        Stage(
            stage.plugin,
            f"{effect.key}_{stage.prefix}",
            tuple(replace(p, name=f"{effect.key}_{p.name}") for p in stage.parameters),
        )
        for effect in effects
        for stage in effect.stages
    )
    return Effect("+".join(keys), " → ".join(effect.name for effect in effects), stages)
