"""Milliseconds from a wave to settings, by each method, against one transform of the same wave.

One sound of 1.6 s at 22.05 kHz, warm, one thread, processor time, the shortest of several rounds in
turns. At most 25 ms are asked of a regression network. The anchor is the spectrogram that AutoFX's
features begin with (n_fft 8192, hop 512) by SciPy: what any such network has to compute at least.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_match_latency [--rounds 12]
"""

import sys
import time

import click
import numpy as np
import torch
from scipy import signal

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.effects.table import EFFECTS, draw_setting
from autofx_core.matching.match import METHODS, Request
from autofx_core.networks.registry import REGRESSORS
from autofx_core.sources.clean import builtin_notes

MOST_MS = 25.0


def make_request() -> Request:
    """Play a note that no network learnt from through a random delay."""
    clean = fit_length(normalize_peak(builtin_notes("test")[0].read(ANALYSIS_RATE_HZ)))
    rng = np.random.default_rng(0)
    wet = EFFECTS["delay"].render(clean, ANALYSIS_RATE_HZ, draw_setting(rng, "delay"))
    return Request(normalize_peak(wet), clean, ANALYSIS_RATE_HZ, EFFECTS["delay"], rng)


@click.command()
@click.option("--rounds", default=12, show_default=True)
def main(rounds: int) -> None:
    """Compare, and exit with 1 if a feature network takes too long."""
    torch.set_num_threads(1)
    request = make_request()
    ways = {
        "spectrogram alone": lambda: signal.stft(
            request.reference[0], nperseg=8192, noverlap=8192 - 512
        )
    }
    methods = [name for name in METHODS if name in REGRESSORS or name == "refined"]
    ways |= {name: lambda name=name: METHODS[name](request) for name in methods}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if round_number:  # the first round loads the weights
                times[name].append(1000 * (time.process_time() - start))
    anchor = min(times["spectrogram alone"])
    for name, taken in times.items():
        print(f"{name:20} {min(taken):7.1f} ms   ratio {min(taken) / anchor:.1f}")
    slow = [
        name for name in methods if name.startswith(("mlp", "match")) and min(times[name]) > MOST_MS
    ]
    print(f"over {MOST_MS:.0f} ms: {', '.join(slow) or 'none'}")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()
