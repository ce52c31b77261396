"""Command line: ``python -m autofx_core export``."""

from pathlib import Path

import click

from autofx_core.cli.options import path_option, run_option
from autofx_core.networks.export import export_network
from autofx_core.networks.registry import NETWORKS


@click.command("export", epilog="Example: python -m autofx_core export mlp_211c -o exported")
@click.argument("network", type=click.Choice(list(NETWORKS)))
@run_option
@path_option("-o", "--output", default=Path("exported"))
def export_command(network: str, run: Path | None, output: Path) -> None:
    """Write NETWORK for other programs, from sound to estimate: ONNX, and torch.export's program.

    Leaves NETWORK.onnx, NETWORK.pt2 and NETWORK.json, which describes their inputs and outputs.
    """
    described = export_network(network, output, run=run)
    for kind, difference in described["largest_difference"].items():
        path = output / f"{network}.{kind}"
        click.echo(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, differs by {difference:.0e}")
