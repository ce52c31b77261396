"""Time and memory of the whole report, for a usual test and for a thousand participants.

Each size runs ``python -m analysis.report`` as a process of its own, figures and tables included,
and beside it the baseline: pandas reads the same file, takes medians and saves one box plot as
PNG. Limits: 17 participants × 210 ratings within 10 s, 1,000 × 210 within 30 s and 1.5 GB.

Run: PYTHONPATH=tests python -m benchmarks.analysis_scale [--seed 1]
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

CONDITIONS = {
    "reference": ("reference", 96.0),
    "mlp_163nc": ("estimated", 58.0),
    "mlp_163c": ("estimated", 60.0),
    "mlp_211c": ("estimated", 59.0),
    "autofx": ("estimated", 61.0),
    "autofx_f": ("estimated", 65.0),
    "random": ("random", 31.0),
}
FAMILIES = ("modulation", "delay", "distortion")
ITEMS = 30
SIZES = {17: (10.0, 1.5), 1000: (30.0, 1.5)}  # participants: (seconds, GB)
BASELINE = """
import sys, pandas as pd, matplotlib
matplotlib.use("Agg")
table = pd.read_csv(sys.argv[1])
print(table.groupby("condition")["score"].median())
axes = table.boxplot("score", by="condition")
axes.figure.savefig(sys.argv[2] + "/box.png", dpi=300)
"""


def simulate(participants: int, seed: int) -> pd.DataFrame:
    """Draw ratings of 30 sounds under seven conditions, with all effects, marked as simulated."""
    rng = np.random.default_rng(seed)
    n = len(CONDITIONS)
    means = np.array([mean for _, mean in CONDITIONS.values()])
    scores = (
        means
        + rng.normal(0, 6, (participants, 1, 1))
        + rng.normal(0, 8, (participants, 1, n))
        + rng.normal(0, 8, (1, ITEMS, n))
        + rng.normal(0, 13, (participants, ITEMS, n))
    )
    participant, item, condition = np.indices(scores.shape).reshape(3, -1)
    names = np.array(list(CONDITIONS))
    kinds = np.array([kind for kind, _ in CONDITIONS.values()])
    return pd.DataFrame(
        {
            "study": "scale",
            "session": np.char.add("s", participant.astype(str)),
            "item": np.char.add("item", item.astype(str)),
            "family": np.array(FAMILIES)[item % 3],
            "condition": names[condition],
            "kind": kinds[condition],
            "score": np.clip(np.round(scores.ravel()), 0, 100),
            "trial_position": item + 1,
            "trial_time_s": 60.0,
            "training": False,
            "simulated": True,
        }
    )


def run(*command: str) -> tuple[float, float, float]:
    """Run a process; return its wall and processor time in seconds and peak memory in GB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} failed")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6  # Linux counts in kB


@click.command()
@click.option("--seed", default=1, show_default=True)
def main(seed: int) -> None:
    """Print time and memory of each size, and fail if a limit is passed."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for participants, (limit_s, limit_gb) in SIZES.items():
            path = Path(folder) / f"{participants}.csv"
            simulate(participants, seed).to_csv(path, index=False)
            base_s, base_cpu_s, base_gb = run(sys.executable, "-c", BASELINE, str(path), folder)
            output = str(Path(folder) / "report")
            report = (sys.executable, "-m", "analysis.report", "--ratings", str(path))
            seconds, cpu_s, gigabytes = run(*report, "-o", output, "--margin", "5")
            click.echo(
                f"{participants} participants × 210 ratings: {seconds:.1f} s ({cpu_s:.1f} s of "
                f"processor time), {gigabytes:.2f} GB; baseline (read, medians, a box plot): "
                f"{base_s:.1f} s "
                f"({base_cpu_s:.1f} s), {base_gb:.2f} GB; ratio {cpu_s / base_cpu_s:.1f} in "
                f"processor time, {gigabytes / base_gb:.1f} in memory "
                f"(limits {limit_s:.0f} s, {limit_gb} GB)"
            )
            failed |= seconds > limit_s or gigabytes > limit_gb
    if failed:
        click.echo("A limit was passed.")
        sys.exit(1)


if __name__ == "__main__":
    main()
