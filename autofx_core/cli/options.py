"""Options that several commands have in common."""

import os
from functools import partial
from pathlib import Path

import click

PATH = click.Path(path_type=Path)
path_option = partial(click.option, type=PATH)
paths_option = partial(click.option, type=PATH, multiple=True)

notes_option = path_option(
    "--notes",
    help="Folder made by 'python -m autofx_core notes'.  [default: the built-in notes]",
)
seed_option = click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count(),
    show_default="all cores",
    help="Processes on this machine.",
)
output_option = path_option("-o", "--output", required=True)
run_option = path_option("--run", help="Run of the network.  [default: the pretrained one]")
