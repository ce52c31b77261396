"""Commands: ``match`` a sound, ``play`` the settings found, ``calibrate`` a network."""

import os
import sys
from pathlib import Path

import click
import torch
from tqdm import tqdm

from autofx_core.cli.options import PATH, output_option, path_option, seed_option
from autofx_core.effects.registry import FURTHER, add_effects, find_effect
from autofx_core.effects.table import EFFECTS
from autofx_core.matching.adapt import Budget
from autofx_core.matching.files import match_files, play_preset
from autofx_core.matching.match import METHODS
from autofx_core.networks.registry import PRETRAINED, REGRESSORS, list_pretrained
from autofx_core.sources.clean import builtin_notes
from autofx_core.training.calibrate import calibrate, coverage, write_calibration

_EFFECTS = ", ".join([*EFFECTS, *FURTHER])

effects_option = path_option(
    "--effects",
    help="A Python file that declares effects of your own, VST3 included, for --effect to name; it "
    "is run. autofx_core/effects/registry.py has an example.",
)


@click.command(
    "match",
    epilog="Example: python -m autofx_core match reference.wav --clean clean.wav -o match",
)
@click.argument("reference", type=PATH)
@path_option("--clean", help="The same playing without effect.")
@click.option(
    "--effect",
    help=f"One of {_EFFECTS}, or several in a row, such as distortion+delay; all but the first "
    "three need --clean.  [default: recognised]",
)
@effects_option
@click.option(
    "--method",
    type=click.Choice(list(METHODS)),
    help="[default: refined with --clean, else the best network]",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.5),
    default=6.0,
    show_default=True,
    help="Processor time of the search with --clean; Ctrl-C ends it, too, and keeps the best.",
)
@path_option("-o", "--output", default=Path("match"))
def match_command(
    reference: Path,
    clean: Path | None,
    effect: str | None,
    effects: Path | None,
    method: str | None,
    seconds: float,
    output: Path,
) -> None:
    """Recognise the effect on REFERENCE and estimate its settings.

    Leaves match.json and match.png in the output folder, with --clean also match.wav. With --clean,
    intervals are the values that sound the same; without, they hold four of five true settings.
    """
    if effects:
        add_effects(effects)
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # several are slower on sounds as short as these
    watched = sys.stderr.isatty()
    with tqdm(
        desc="searching",
        total=Budget().renders,
        unit="render",
        leave=False,
        disable=not clean,
        mininterval=0.1 if watched else 5.0,
        delay=0.5,  # a mistake is told first
        bar_format=None if watched else "{desc}: {percentage:.0f} %, {remaining} left\n",
    ) as bar:
        found = match_files(
            reference,
            clean,
            effect=effect,
            method=method,
            output=output,
            budget=Budget(seconds=seconds),
            progress=bar.update,
        )
    _report(found, output)


def _report(found: dict, output: Path) -> None:
    likely = list(found["probabilities"].items())[:3]
    chances = ", ".join(f"{name} {100 * value:.0f} %" for name, value in likely)
    click.echo(f"{found['effect']}{f' ({chances})' if chances else ''}, by {found['method']}")
    if found["effects"]:
        effects = list(found["effects"].items())[:3]
        named = ", ".join(f"{name} {100 * value:.0f} %" for name, value in effects)
        click.echo(f"  among the eleven effects: {named}")
    if found["parameters"]:
        certainty = found["certainty"]
        for parameter in find_effect(found["effect"]).parameters:
            line = f"  {parameter.name:30} {found['parameters'][parameter.name]:8.4g}"
            line += f" {parameter.unit:2}"
            if parameter.name in certainty["intervals"]:
                low, high = certainty["intervals"][parameter.name]
                line += f"  {low:.4g} to {high:.4g}"
            if parameter.name in certainty["inaudible"]:
                line += "  (not audible here)"
            click.echo(line)
        if certainty["judged_on"] != "clean":
            click.echo("  without the clean sound: what is audible was measured on another note")
    elif found["verdict"]:
        click.echo("  no settings: no effect of ours comes nearer than the clean sound")
    else:
        click.echo("  no settings: no generic effect of this class is in the method")
    _report_match(found)
    click.echo(f"wrote {output}")


def _report_match(found: dict) -> None:
    """Print where the takes lie, and how near the match is."""
    if found["offset_s"]:
        click.echo(
            f"  the reference is {1000 * found['offset_s']:.1f} ms late; the match follows it"
        )
    if any(found["lfo_phase"]):
        turns = ", ".join(f"{360 * phase:.0f}°" for phase in found["lfo_phase"])
        click.echo(f"  the oscillator stands at {turns} when the sound begins")
    for name, value in found["distances"].items():
        click.echo(f"  {name} {value:.3f} (clean sound: {found['clean_distances'][name]:.3f})")
    for warning in found["warnings"]:
        click.echo(f"  warning: {warning}")
    if found["verdict"]:
        share = f"{100 * found['explained']:.0f} % of the difference explained"
        click.echo(f"  {found['verdict']}: {share}")


@click.command(
    "play", epilog="Example: python -m autofx_core play match/match.json riff.wav -o played.wav"
)
@click.argument("preset", type=PATH)
@click.argument("clean", type=PATH)
@effects_option
@output_option
def play_command(preset: Path, clean: Path, effects: Path | None, output: Path) -> None:
    """Play CLEAN, brought to peak 1, through the settings in PRESET, a match.json."""
    if effects:
        add_effects(effects)
    play_preset(preset, clean, output)


@click.command("calibrate", epilog="Example: python -m autofx_core calibrate mlp_211c")
@click.argument("network", type=click.Choice([n for n in list_pretrained() if n in REGRESSORS]))
@click.option("--sounds", type=click.IntRange(60), default=600, show_default=True)
@seed_option
def calibrate_command(network: str, sounds: int, seed: int) -> None:
    """Fit NETWORK's prediction intervals to its errors on SOUNDS validation sounds of each effect.

    Leaves calibration.npz beside its weights, then prints how many true settings the intervals hold
    on sounds of recordings and of a guitar that it was not trained on.
    """
    notes = builtin_notes()
    calibration = calibrate(network, notes, sounds=sounds, seed=seed)
    write_calibration(calibration, PRETRAINED / network)
    for part in ("unseen_recording", "unseen_instrument"):
        fresh = calibrate(network, notes, sounds=sounds // 3, part=part, seed=seed)
        shares = coverage(calibration, fresh)
        listed = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
        click.echo(f"{part}: true settings inside the intervals: {listed}")
