"""Speed of the 163 features, as a ratio to their own short-time Fourier transform alone.

Synthetic sounds of 2 s, in chunks; one thread, processor time, chunk sizes and functions in turns,
the shortest of several rounds. The baseline is what `spectral` computes first and cannot do
without: `stft.spectrum` of 8192 samples every 512. It runs in the same chunks; the last column
divides by the quickest baseline of all chunk sizes. AutoFX's own features took about 12 times
their transform; the aim is 2.5 times, which chunks of 8 reach and smaller ones do not.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_features [--rounds 40]
"""

import time

import click
import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, normalize_peak
from autofx_core.effects.table import EFFECTS, draw_setting, render
from autofx_core.features import classification_features, regression_features, spectral, stft
from autofx_core.sources.clean import builtin_notes

SOUND_S = 2.0
SOUNDS = 8
CHUNKS = (1, 2, 4, 8)


def make_sounds() -> torch.Tensor:
    """Play notes through the effects, in turns; return them, shape (8, 44100)."""
    rng = np.random.default_rng(0)
    notes = builtin_notes()
    samples = round(SOUND_S * ANALYSIS_RATE_HZ)
    sounds = np.zeros((SOUNDS, samples), dtype=np.float32)
    for row, note in enumerate(notes[:: len(notes) // SOUNDS][:SOUNDS]):
        effect_class = list(EFFECTS)[row % len(EFFECTS)]
        setting = draw_setting(rng, effect_class)
        wet = render(effect_class, note.read(ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ, setting)
        wet = normalize_peak(wet)[0, :samples]
        sounds[row, : wet.size] = wet
    return torch.from_numpy(sounds)


def transform(sounds: torch.Tensor) -> torch.Tensor:
    """Compute the baseline."""
    return stft.spectrum(sounds, n_fft=spectral.N_FFT, hop_length=spectral.HOP_LENGTH)


@click.command()
@click.option("--rounds", default=40, show_default=True)
@torch.inference_mode()
def main(rounds: int) -> None:
    """Time the features, and print one line for each chunk size."""
    torch.set_num_threads(1)
    sounds = make_sounds()
    functions = (transform, classification_features, regression_features)
    best = {(function, size): np.inf for function in functions for size in CHUNKS}
    for _ in range(rounds):
        for function, size in list(best):
            start = time.process_time()
            for chunk in sounds.split(size):
                function(chunk)
            spent = (time.process_time() - start) / SOUNDS
            best[function, size] = min(best[function, size], spent)
    quickest = min(best[transform, size] for size in CHUNKS)
    for size in CHUNKS:
        alone, whole, others = (best[function, size] for function in functions)
        click.echo(
            f"chunks of {size}: transform {1000 * alone:.2f} ms a sound, "
            f"163 features {1000 * whole:.2f} ms ({SOUND_S / whole:.0f} × real time), "
            f"ratio {whole / alone:.2f}, to the quickest transform {whole / quickest:.2f}; "
            f"48 features {1000 * others:.2f} ms ({SOUND_S / others:.0f} × real time)"
        )


if __name__ == "__main__":
    main()
