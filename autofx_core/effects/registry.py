"""Effects beyond the three that networks estimate: `matching.refine` finds their settings too.

========================  =================================================================
`reverb`                  pedalboard's Reverb (Freeverb)
`tremolo`                 gain moved by a sine between 1 and 1 − depth (pedalboard has none)
`phaser`                  pedalboard's Phaser
`compressor`              pedalboard's Compressor
`drive`                   filters, a clipper from soft to hard, filters
`chorus`, `flanger`,      a tap that an oscillator of any shape moves, and tone controls
`vibrato`
`phase_shifter`           two to eight all-pass stages, and tone controls
`shaped_tremolo`          gain moved by a triangle, sine or square, and tone controls
`echo`, `slapback`        repeats that lose bass and treble, or one of them
`room`                    pedalboard's Reverb with pre-delay and tone
`equaliser`               cuts, shelves and bells
``first+second``          any two or more in a row, such as ``distortion+delay``
========================  =================================================================

The rows from `drive` on are built of `parts`, to follow devices that AutoFX's own effects do not.

Any other plug-in is an `effects.Effect` with its parameters declared, in a Python file of the
user's that ``--effects`` names (`add_effects`). A VST3, too; as it is slow to load, one is kept::

    load = functools.cache(functools.partial(pedalboard.load_plugin, "echo.vst3"))
    parameters = (Parameter("time_s", "s", 0.05, 1, 0.3), Parameter("mix", "%", 0, 100, 50))
    mine = single("mine", "My echo", load, *parameters)

A plug-in with an oscillator names the parameter that is its rate in Hz (``lfo="rate_hz"``); its
phase is then found, too. It needs no way to set it: silence is played first until the oscillator is
there.

A chain's parameters bear the name of their effect: ``delay_feedback``.
"""

import functools
import runpy
from dataclasses import replace
from pathlib import Path

import pedalboard

from autofx_core.effects.parts import (
    Clipper,
    EchoLine,
    Room,
    ShapedTremolo,
    SweptAllPass,
    SweptDelay,
    Tone,
    Tremolo,
)
from autofx_core.effects.table import EFFECTS, Effect, Parameter, Stage, single


def _hz(name: str, low: float, high: float, default: float) -> Parameter:
    return Parameter(name, "Hz", low, high, default, logarithmic=True)


_COLOUR = Stage(
    Tone,
    "tone_",
    (
        Parameter("tone_low_shelf_db", "dB", -18.0, 18.0, 0.0),
        Parameter("tone_high_shelf_db", "dB", -18.0, 18.0, 0.0),
        _hz("tone_high_cut_hz", 1000.0, 20_000.0, 20_000.0),
    ),
)
"""Behind the effects that move: a pedal colours the sound, too."""


def _swept(key: str, name: str, delay: Parameter, depth: Parameter, *rest: Parameter) -> Effect:
    """Make an effect of a moved tap, with its ranges, and a tone control behind."""
    rate = _hz("rate_hz", 0.05, 12.0, 1.0)
    shape = Parameter("shape", "", -1.0, 1.0, 0.0)
    stage = Stage(SweptDelay, "", (rate, depth, delay, *rest, shape))
    return Effect(key, name, (stage, _COLOUR), lfo="rate_hz")


_MIX = Parameter("mix", "", -1.0, 1.0, 0.5)
_FEEDBACK = Parameter("feedback", "", -0.9, 0.9, 0.0)

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
            lfo="rate_hz",
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
            lfo="rate_hz",
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
        _swept(
            "chorus",
            "Adaptable chorus",
            Parameter("delay_ms", "ms", 2.0, 30.0, 8.0),
            Parameter("depth_ms", "ms", 0.0, 12.0, 2.0),
            Parameter("feedback", "", -0.7, 0.7, 0.0),
            _MIX,
        ),
        _swept(
            "flanger",
            "Adaptable flanger",
            Parameter("delay_ms", "ms", 0.0, 6.0, 1.0),
            Parameter("depth_ms", "ms", 0.0, 10.0, 3.0),
            _FEEDBACK,
            _MIX,
        ),
        _swept(
            "vibrato",
            "Adaptable vibrato",
            Parameter("delay_ms", "ms", 0.0, 10.0, 0.0),
            Parameter("depth_ms", "ms", 0.0, 6.0, 1.0),
            Parameter("mix", "", 0.8, 1.0, 1.0),
        ),
        Effect(
            "phase_shifter",
            "Adaptable phaser",
            (
                Stage(
                    SweptAllPass,
                    "",
                    (
                        _hz("rate_hz", 0.05, 12.0, 1.0),
                        Parameter("depth_octaves", "", 0.0, 6.0, 2.0),
                        _hz("centre_frequency_hz", 80.0, 6000.0, 700.0),
                        Parameter("stages", "", 2.0, 8.0, 4.0),
                        Parameter("feedback", "", -0.8, 0.8, 0.0),
                        _MIX,
                        Parameter("shape", "", -1.0, 1.0, 0.0),
                    ),
                ),
                _COLOUR,
            ),
            lfo="rate_hz",
        ),
        Effect(
            "drive",
            "Adaptable drive",
            (
                Stage(
                    Tone,
                    "pre_",
                    (
                        _hz("pre_low_cut_hz", 20.0, 1500.0, 20.0),
                        _hz("pre_mid_hz", 150.0, 4000.0, 700.0),
                        Parameter("pre_mid_db", "dB", -24.0, 24.0, 0.0),
                    ),
                ),
                Stage(
                    Clipper,
                    "",
                    (
                        Parameter("drive_db", "dB", -10.0, 70.0, 20.0),
                        Parameter("hardness", "", 0.0, 1.0, 0.0),
                        Parameter("asymmetry", "", -1.0, 1.0, 0.0),
                        Parameter("clean_share", "", 0.0, 2.0, 0.0),
                    ),
                ),
                Stage(
                    Tone,
                    "post_",
                    (
                        _hz("post_low_cut_hz", 20.0, 1500.0, 20.0),
                        Parameter("post_low_shelf_db", "dB", -24.0, 24.0, 0.0),
                        _hz("post_mid_hz", 150.0, 1500.0, 700.0),
                        Parameter("post_mid_db", "dB", -24.0, 24.0, 0.0),
                        _hz("post_presence_hz", 1500.0, 10_000.0, 2500.0),
                        Parameter("post_presence_db", "dB", -24.0, 24.0, 0.0),
                        Parameter("post_high_shelf_db", "dB", -24.0, 24.0, 0.0),
                        _hz("post_high_cut_hz", 500.0, 20_000.0, 20_000.0),
                    ),
                ),
            ),
        ),
        single(
            "echo",
            "Adaptable echo",
            EchoLine,
            Parameter("delay_seconds", "s", 0.02, 1.0, 0.3),
            Parameter("feedback", "", 0.0, 0.95, 0.3),
            Parameter("mix", "", 0.0, 1.0, 0.4),
            _hz("low_cut_hz", 20.0, 1000.0, 20.0),
            _hz("high_cut_hz", 500.0, 20_000.0, 20_000.0),
            Parameter("wow_ms", "ms", 0.0, 2.0, 0.0),
        ),
        single(
            "slapback",
            "Adaptable slapback",
            functools.partial(EchoLine, feedback=0.0),
            Parameter("delay_seconds", "s", 0.02, 0.4, 0.1),
            Parameter("mix", "", 0.0, 1.0, 0.4),
            _hz("low_cut_hz", 20.0, 1000.0, 20.0),
            _hz("high_cut_hz", 500.0, 20_000.0, 20_000.0),
        ),
        single(
            "room",
            "Adaptable reverb",
            Room,
            Parameter("room_size", "", 0.0, 1.0, 0.5),
            Parameter("damping", "", 0.0, 1.0, 0.5),
            Parameter("mix", "", 0.0, 1.0, 0.3),
            Parameter("pre_delay_ms", "ms", 0.0, 120.0, 0.0),
            _hz("low_cut_hz", 20.0, 1000.0, 20.0),
            _hz("high_cut_hz", 500.0, 20_000.0, 20_000.0),
        ),
        Effect(
            "shaped_tremolo",
            "Adaptable tremolo",
            (
                Stage(
                    ShapedTremolo,
                    "",
                    (
                        _hz("rate_hz", 0.5, 14.0, 4.0),
                        Parameter("depth", "", 0.0, 1.0, 0.5),
                        Parameter("shape", "", -1.0, 1.0, 0.0),
                        Parameter("skew", "", 0.1, 0.9, 0.5),
                    ),
                ),
                _COLOUR,
            ),
            lfo="rate_hz",
        ),
        single(
            "equaliser",
            "Equaliser",
            Tone,
            _hz("low_cut_hz", 20.0, 1000.0, 20.0),
            Parameter("low_shelf_db", "dB", -18.0, 18.0, 0.0),
            _hz("mid_hz", 150.0, 1500.0, 700.0),
            Parameter("mid_db", "dB", -18.0, 18.0, 0.0),
            _hz("presence_hz", 1500.0, 10_000.0, 2500.0),
            Parameter("presence_db", "dB", -18.0, 18.0, 0.0),
            Parameter("high_shelf_db", "dB", -18.0, 18.0, 0.0),
            _hz("high_cut_hz", 500.0, 20_000.0, 20_000.0),
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
    lfo = tuple(f"{effect.key}_{rate}" for effect in effects for rate in effect.lfos)
    return Effect("+".join(keys), " → ".join(effect.name for effect in effects), stages, lfo)
