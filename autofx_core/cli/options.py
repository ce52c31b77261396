"""Options that several commands have in common."""

import os
from pathlib import Path

import click

notes_option = click.option(
    "--notes",
    type=click.Path(path_type=Path),
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

output_option = click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
