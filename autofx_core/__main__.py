"""Command line: ``python -m autofx_core``.

A command's module is imported when the command runs, so that ``--help`` is quick.
"""

from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "match": ("match:match_command", "Recognise an effect and estimate its settings."),
    "play": ("match:play_command", "Play a sound through the settings of a match."),
    "notes": ("notes:notes_command", "Render clean guitar notes from a soundfont."),
    "dataset": ("dataset:dataset_command", "Make sounds to train and test networks on."),
    "train": ("train:train_command", "Train a network."),
    "evaluate": ("evaluate:evaluate_command", "Tabulate how good networks are; measure them anew."),
    "calibrate": ("match:calibrate_command", "Fit a network's prediction intervals."),
    "export": ("export:export_command", "Write a network for other programs."),
}
"""Command → module of `cli` and function, and what it does."""

EXTRAS = {"train": "train", "evaluate": "train", "export": "export", "notes": "notes"}
"""Command → the extra whose packages it needs beyond those of `core`."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        ctx.meta["command"] = cmd_name
        module, function = COMMANDS[cmd_name][0].split(":")
        return getattr(import_module(f"autofx_core.cli.{module}"), function)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is wrong with its input or installation becomes one line."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = EXTRAS.get(ctx.meta["command"], "core")
            message = f"this needs {error.name}: pip install 'autofx[{extra}]'"
            raise click.ClickException(message) from None
        except (OSError, ValueError, RuntimeError) as error:
            ours = type(error).__module__.startswith("autofx_core")
            if isinstance(error, RuntimeError) and not ours:  # click's exit, or a fault in torch
                raise
            raise click.ClickException(str(error)) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    epilog="Example: python -m autofx_core match reference.wav --clean clean.wav -o match",
)
def main() -> None:
    """Recognise a guitar effect and estimate its settings; train the networks that do."""


if __name__ == "__main__":
    main(prog_name="python -m autofx_core")
