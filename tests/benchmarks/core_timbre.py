"""Cost of the timbre set: processor time per 2 s sound, against its own spectrogram alone.

Run: PYTHONPATH=tests python -m benchmarks.core_timbre
"""

import time

import torch

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.stft import power_spectrum
from autofx_core.features.timbre import TIMBRE_NAMES, timbre_features
from autofx_core.features.timbre.spectrogram import HOP_LENGTH, N_FFT

CHUNK = 4  # sounds at once, as data sets are described
REPEATS = 40


def per_sound_ms(function, waves):
    """Best of some repeats: processor time per sound in ms."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        function(waves)
        times.append(time.process_time() - start)
    return 1000 * min(times) / len(waves)


def main():
    """Print one line."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    waves = torch.randn(CHUNK, 2 * ANALYSIS_RATE_HZ, generator=generator)
    waves = waves / waves.abs().amax(1, keepdim=True)
    with torch.no_grad():
        own = per_sound_ms(lambda w: power_spectrum(w, n_fft=N_FFT, hop_length=HOP_LENGTH), waves)
        whole = per_sound_ms(timbre_features, waves)
    print(
        f"timbre set, {len(TIMBRE_NAMES)} numbers: {whole:.2f} ms per 2 s sound, "
        f"{whole / own:.1f} times its own STFT ({own:.2f} ms)"
    )


if __name__ == "__main__":
    main()
