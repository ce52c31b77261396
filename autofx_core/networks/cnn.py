"""The spectrogram network of AutoFX: residual blocks conditioned on the effect class (FiLM).

=============  =========================================================  ==========
name           network                                                    parameters
=============  =========================================================  ==========
`autofx`       spectrogram, 6 class probabilities → 15 settings            3,651,407
`autofx_f`     the same and 48 features → 15 settings                      3,675,983
=============  =========================================================  ==========

Source: the AutoFX report; He et al. (2016) for the residual blocks, Perez et al. (2018) for FiLM,
feature-wise linear modulation: every channel is scaled and shifted by numbers computed from the
class probabilities.

What differs from the original: its input was linear power without a logarithm, in which all but
the loudest partials are invisible; here it is in dB, limited to 80 dB below each sound's maximum
and scaled to [0, 1]. Sizes and layers are the original's.
"""

import torch
from torch import Tensor, nn

from autofx_core.effects.table import N_PARAMETERS
from autofx_core.effects.taxonomy import CLASSES
from autofx_core.features import REGRESSION_NAMES
from autofx_core.features.stft import power_spectrum
from autofx_core.networks.network import Regressor
from autofx_core.networks.scaler import Scaler

N_FFT = 1024
HOP_LENGTH = 256
RANGE_DB = 80.0
WIDTH = 1024
"""Numbers left after pooling a sound of 35,000 samples: 256 channels × 4 × 1."""


def spectrogram(wave: Tensor) -> Tensor:
    """Log power spectrogram.

    Parameters
    ----------
    wave : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1

    Returns
    -------
    Tensor, shape (batch, 1, 513, 137), in [0, 1]
    """
    power = power_spectrum(wave, n_fft=N_FFT, hop_length=HOP_LENGTH).transpose(1, 2)[:, None]
    decibels = 10 * power.clamp(min=1e-10).log10()
    scaled = (decibels - decibels.amax((2, 3), keepdim=True)) / RANGE_DB + 1
    return scaled.clamp(min=0).contiguous(memory_format=torch.channels_last)


class Film(nn.Module):
    """Scale and shift channels by linear functions of the class probabilities."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Linear(len(CLASSES), channels)
        self.shift = nn.Linear(len(CLASSES), channels)
        nn.init.normal_(self.scale.weight, 1.0, 0.1)
        nn.init.normal_(self.shift.weight, 0.0, 0.1)

    def forward(self, maps: Tensor, probabilities: Tensor) -> Tensor:
        """Modulate maps (batch, channels, height, width) by probabilities (batch, classes)."""
        scale, shift = self.scale(probabilities), self.shift(probabilities)
        return maps * scale[..., None, None] + shift[..., None, None]


class Block(nn.Module):
    """Two 3 × 3 convolutions, FiLM, and the residual path."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, stride)
        self.second = _convolution(outputs, outputs)
        self.film = Film(outputs)
        self.residual = nn.Identity() if stride == 1 else _convolution(inputs, outputs, stride)

    def forward(self, maps: Tensor, probabilities: Tensor) -> Tensor:
        """Map (batch, inputs, height, width) to (batch, outputs, height / stride, …)."""
        inner = self.second(self.first(maps).relu())
        return (self.film(inner, probabilities).relu() + self.residual(maps)).relu()


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs))


class SpectrogramCNN(Regressor):
    """Sound and class probabilities, optionally the 48 features, to settings.

    Parameters
    ----------
    regression
        Whether the 48 regression features are used beside the spectrogram (AutoFX-F).
    """

    def __init__(self, *, regression: bool = False) -> None:
        super().__init__()
        self.inputs = ("wave", "probabilities", *(("regression",) * regression))
        n_features = regression * len(REGRESSION_NAMES)
        self.scaler = Scaler(n_features)
        self.stem = nn.Sequential(
            nn.Conv2d(1, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.blocks = nn.ModuleList(
            Block(inputs, outputs, stride=stride)
            for inputs, outputs, stride in (
                (64, 64, 1),
                (64, 64, 1),
                (64, 128, 2),
                (128, 128, 1),
                (128, 256, 2),
                (256, 256, 1),
            )
        )
        self.pool = nn.AvgPool2d(8)
        self.head = nn.Sequential(
            nn.Linear(WIDTH + n_features, 512), nn.ReLU(), nn.Linear(512, N_PARAMETERS)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight, 2**0.5)
        # A fifth faster on processors. The stubs of torch lack `memory_format`.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # see above

    def forward(
        self, wave: Tensor, probabilities: Tensor, regression: Tensor | None = None
    ) -> Tensor:
        """Estimate normalised settings.

        Parameters
        ----------
        wave : Tensor, shape (batch, 35000), float32, 22.05 kHz, peak 1
        probabilities : Tensor, shape (batch, 6), in the order of `effects.CLASSES`
        regression : Tensor, shape (batch, 48), float32

        Returns
        -------
        Tensor, shape (batch, 15), in [0, 1]; an effect's are at `effects.SLICES`
        """
        maps = self.stem(spectrogram(wave))
        for block in self.blocks:
            maps = block(maps, probabilities)
        flat = self.pool(maps).flatten(1)
        if regression is not None:
            flat = torch.cat([flat, self.scaler(regression)], dim=1)
        return self.head(flat).sigmoid()
