"""Synthesized guitar strings: clean notes of instruments that no one recorded, for training.

A network that was trained on five guitars takes their peculiarities for effects: the slow beating
of one, the cut-off ends of another. A synthesized string has the same in any strength: stiffness,
where it is plucked and picked up, decay by partial, two polarisations that beat, a plectrum's
noise, a body, a palm that mutes it, a hand that stops it.

Each partial is a damped oscillation z^n. As z^(256·a + b) = (z^256)^a · z^b, a sum of all partials
is one product of two small matrices.

References
----------
Välimäki, Huopaniemi, Karjalainen, Jánosy: "Physical modeling of plucked string instruments with
application to real-time sound synthesis" (JAES 44, 1996): decay, pluck position, polarisations.
Fletcher: "Normal vibration frequencies of a stiff piano string" (JASA 36, 1964): stiffness.
"""

import numpy as np

MIDI = (40.0, 79.0)
MOST_PARTIALS = 80
_BLOCK = 256


def synthesize_string(rng: np.random.Generator, sample_rate: int, samples: int) -> np.ndarray:
    """Synthesize a note on a string with random properties.

    Parameters
    ----------
    rng
        Of all the string's properties.
    sample_rate
        In Hz.
    samples
        Length of the note.

    Returns
    -------
    ndarray, shape (1, samples), float32, peak 1
    """
    pitch_hz = 440 * 2 ** ((rng.uniform(*MIDI) - 69) / 12)
    hertz = _partials(rng, pitch_hz, sample_rate)
    order = np.arange(1, hertz.size + 1)
    amplitude = _colour(rng, hertz) * np.abs(np.sin(np.pi * order * rng.uniform(0.06, 0.5)))
    amplitude = amplitude / order ** rng.uniform(0.3, 1.6)
    if rng.uniform() < 0.7:  # an electric guitar's pick-up
        amplitude = amplitude * np.abs(np.sin(np.pi * order * rng.uniform(0.05, 0.3)))
    decay_per_s = _decays(rng, hertz)
    beating_hz = np.exp(rng.uniform(np.log(0.05), np.log(1.5)))
    second = 10 ** (rng.uniform(-30, -3) / 20)
    wave = _oscillate(
        np.concatenate([hertz, hertz + beating_hz * rng.uniform(0.5, 1.5, hertz.size)]),
        np.concatenate([decay_per_s, decay_per_s * rng.uniform(0.4, 1.0)]),
        np.concatenate([amplitude, second * amplitude])
        * np.exp(2j * np.pi * rng.uniform(size=2 * hertz.size)),
        sample_rate,
        samples,
    )
    wave = wave / np.abs(wave).max()
    time_s = np.arange(samples) / sample_rate
    wave = wave * (1 - np.exp(-time_s / rng.uniform(2e-4, 3e-3)))
    wave = wave + _plectrum(rng, time_s)
    if rng.uniform() < 0.3:
        wave = wave * _stopping(rng, time_s)
    noise = 10 ** (rng.uniform(-95, -55) / 20) * rng.standard_normal(samples)
    wave = wave + noise
    return (wave / np.abs(wave).max()).astype(np.float32)[np.newaxis]


def _partials(rng: np.random.Generator, pitch_hz: float, sample_rate: int) -> np.ndarray:
    order = np.arange(1, MOST_PARTIALS + 1)
    stiffness = np.exp(rng.uniform(np.log(1e-5), np.log(5e-4)))
    hertz = pitch_hz * order * np.sqrt(1 + stiffness * order**2)
    return hertz[hertz < 0.48 * sample_rate]


def _colour(rng: np.random.Generator, hertz: np.ndarray) -> np.ndarray:
    """Gains of body, pick-up and amplifier: smooth over the octaves, and a little by partial."""
    octaves = np.log2(hertz / 80) / 7
    terms = np.arange(1, 6)
    smooth_db = np.cos(np.pi * octaves[:, np.newaxis] * terms) @ rng.normal(0, 5, terms.size)
    return 10 ** ((smooth_db + rng.normal(0, 2, hertz.size)) / 20)


def _decays(rng: np.random.Generator, hertz: np.ndarray) -> np.ndarray:
    """Decay of each partial's amplitude, in nepers per second."""
    muted = rng.uniform() < 0.15
    longest_s = np.exp(rng.uniform(*np.log((0.15, 0.8) if muted else (1.5, 15.0))))
    at_1_khz = rng.uniform(0.3, 4.0) * (5.0 if muted else 1.0)
    decay = 6.9 / longest_s + at_1_khz * (hertz / 1000) ** rng.uniform(0.6, 1.6)
    return decay * np.exp(rng.normal(0, 0.25, hertz.size))


def _oscillate(hertz, decay_per_s, amplitude, sample_rate: int, samples: int) -> np.ndarray:
    step = (2j * np.pi * hertz - decay_per_s) / sample_rate
    blocks = -(-samples // _BLOCK)
    coarse = np.exp(np.outer(_BLOCK * np.arange(blocks), step)) * amplitude
    fine = np.exp(np.outer(step, np.arange(_BLOCK)))
    return (coarse.real @ fine.real - coarse.imag @ fine.imag).ravel()[:samples]


def _plectrum(rng: np.random.Generator, time_s: np.ndarray) -> np.ndarray:
    level = 10 ** (rng.uniform(-50, -12) / 20)
    return level * np.exp(-time_s / rng.uniform(1e-3, 1.5e-2)) * rng.standard_normal(time_s.size)


def _stopping(rng: np.random.Generator, time_s: np.ndarray) -> np.ndarray:
    stop_s, fade_s = rng.uniform(0.3, 1.4), rng.uniform(0.01, 0.12)
    return np.exp(-np.maximum(time_s - stop_s, 0) / fade_s)
