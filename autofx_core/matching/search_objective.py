"""How far a rendered sound is from the reference: what `refine` makes small.

Three views of the sound, each a mean absolute difference of logarithms (nepers), at one loudness:

==============  ==============================================================================
`spectra`       short-time magnitudes at three resolutions: everything, exactly in time
`average`       magnitudes averaged over time: the colour, whatever the oscillator's phase
`modulation`    spectra of the bands' envelopes: how fast and how far the sound moves
==============  ==============================================================================

`spectra` is what the results are scored by (`metrics.distances.mrstft_distance`) at half the sizes
and half the overlap, which makes it cheap enough for 300 renders. A modulation effect whose rate is
a little off is as far away in it as one whose rate is quite wrong; the other two differ.

The reference's side is computed once. Sounds of any rate: the transforms' lengths follow the rate,
and nothing above 11,025 Hz is compared, as by the scores.

References
----------
Yamamoto, Song, Kim: "Parallel WaveGAN" (ICASSP 2020), eq. 5, for `spectra`; McDermott, Simoncelli:
"Sound texture perception via statistics of the auditory periphery" (Neuron 71, 2011) for
modulation power as what distinguishes textures.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from autofx_core.audio import ANALYSIS_RATE_HZ
from autofx_core.features.mel import mel_filters
from autofx_core.features.stft import power_spectrum
from autofx_core.metrics.distances import MAGNITUDE_FLOOR

SIZES = (256, 1024, 2048)
BANDS = 24
FASTEST_HZ = 25.0
FAINTEST_DEPTH = 0.003
WEIGHTS = {"spectra": 1.0, "average": 0.25, "modulation": 0.25}
"""The three views' shares."""


class Objective:
    """Distance to one reference.

    Parameters
    ----------
    reference : ndarray, shape (samples,), float32
        Mono, at any level.
    sample_rate
        In Hz.
    weights
        Shares of the views; a view with weight 0 or left out is not computed.
    """

    def __init__(
        self, reference: np.ndarray, sample_rate: int, weights: Mapping[str, float] = WEIGHTS
    ):
        self.sample_rate = sample_rate
        self.weights = {view: weight for view, weight in weights.items() if weight > 0}
        self.octaves = max(0, round(np.log2(sample_rate / ANALYSIS_RATE_HZ)))
        self.bands: Tensor | None = None
        self.share = min(1.0, ANALYSIS_RATE_HZ / sample_rate)
        wave = torch.from_numpy(reference / max(np.abs(reference).max(), 1e-9)).float()[None]
        self.level = float(wave.square().mean().sqrt())
        self.target = self._views(wave)

    @torch.no_grad()
    def __call__(self, waves: np.ndarray) -> np.ndarray:
        """Measure a batch of sounds, shape (batch, samples), float32; returns shape (batch,)."""
        terms = [self.weights[view] * values for view, values in self.terms(waves).items()]
        return np.sum(terms, axis=0)

    @torch.no_grad()
    def terms(self, waves: np.ndarray) -> dict[str, np.ndarray]:
        """Measure a batch by each view alone, in nepers."""
        batch = torch.from_numpy(np.ascontiguousarray(waves, dtype=np.float32))
        level = batch.square().mean(1, keepdim=True).sqrt().clamp(min=1e-9)
        views = self._views(batch * (self.level / level))
        return {
            view: torch.stack(
                [
                    (found - wanted).abs().flatten(1).mean(1)
                    for found, wanted in zip(views[view], self.target[view], strict=True)
                ]
            )
            .mean(0)
            .numpy()
            for view in self.weights
        }

    def _views(self, waves: Tensor) -> dict[str, list[Tensor]]:
        views: dict[str, list[Tensor]] = {view: [] for view in self.weights}
        for size in SIZES:
            n_fft = size << self.octaves
            power = power_spectrum(waves, n_fft=n_fft, hop_length=n_fft // 2)
            power = power[..., : 1 + round(self.share * (n_fft // 2))] / 4**self.octaves
            if "spectra" in views:
                views["spectra"].append(_log(power))
            if "average" in views:
                views["average"].append(_log(power.mean(1)))
            if "modulation" in views and size == SIZES[0]:
                views["modulation"].append(self._modulation(power))
        return views

    def _modulation(self, power: Tensor) -> Tensor:
        """Log spectra of the bands' envelopes, each relative to its mean."""
        if self.bands is None:
            self.bands = mel_filters(power.shape[-1], ANALYSIS_RATE_HZ, BANDS)
        envelope = (power @ self.bands).clamp(min=MAGNITUDE_FLOOR**2).sqrt()
        envelope = envelope / envelope.mean(1, keepdim=True) - 1
        frames = envelope.shape[1]
        window = torch.hann_window(frames)[:, None]
        spectrum = torch.fft.rfft(envelope * window, dim=1) / frames
        fastest = int(FASTEST_HZ * frames * SIZES[0] / 2 / ANALYSIS_RATE_HZ)
        modulation = spectrum.real.square() + spectrum.imag.square()
        return modulation[:, 1 : 2 + fastest].clamp(min=FAINTEST_DEPTH**2).log().mul(0.5)


def _log(power: Tensor) -> Tensor:
    return power.clamp(min=MAGNITUDE_FLOOR**2).log().mul(0.5)
