"""What recordings have and soundfonts lack: rooms, hum, hiss, fingers, clicks, band limits.

None of it is an effect, so that nothing of it may change a label. What is in the air or on the
string comes before the pedals (`dirty_take`), what the line and the file add comes after them
(`dirty_line`).

Conventions: waves of shape (1, samples), float32; levels against the peak of the sound.
"""

import numpy as np
from scipy import signal

from autofx_core.datasets.augmentation import vary_tone

ROOM_DB = (-30.0, -10.0)
ROOM_S = (0.06, 0.35)  # in which it dies away by 60 dB: a living room, not a reverb
HUM_DB = (-75.0, -42.0)
HISS_DB = (-80.0, -45.0)
INPUT_HISS_DB = (-90.0, -60.0)  # a drive makes up to 40 dB more of it
FINGER_DB = (-50.0, -22.0)
FINGER_S = (0.03, 0.12)
LEAD_IN_S = (0.05, 0.6)
BAND_HZ = (3500.0, 10_000.0)


def dirty_take(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Play and record a clean sound less cleanly: another guitar, a lead-in, fingers, a room.

    Parameters
    ----------
    wave : ndarray, shape (1, samples), float32, peak 1
    sample_rate
        In Hz.
    rng
        Draws what is done, if anything.

    Returns
    -------
    ndarray, shape (1, other number of samples), float32, peak 1
    """
    if rng.uniform() < 0.6:
        wave = vary_tone(wave, sample_rate, rng)
    if rng.uniform() < 0.35:
        lead_in = round(rng.uniform(*LEAD_IN_S) * sample_rate)
        wave = np.pad(wave, ((0, 0), (lead_in, 0)))
    if rng.uniform() < 0.4:
        for _ in range(int(rng.integers(1, 5))):
            wave = wave + _finger(wave.shape[-1], sample_rate, rng)
    if rng.uniform() < 0.4:
        wave = _in_room(wave, sample_rate, rng)
    if rng.uniform() < 0.3:
        wave = wave + _hiss(wave.shape, rng.uniform(*INPUT_HISS_DB), rng)
    return _peak_one(wave)


def dirty_line(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Record a sound over a noisy line into a lossy file: hum, hiss, clicks, band limit, DC.

    Parameters
    ----------
    wave : ndarray, shape (1, samples), float32
    sample_rate
        In Hz.
    rng
        Draws what is done, if anything.

    Returns
    -------
    ndarray, shape (1, samples), float32, peak 1
    """
    wave = _peak_one(wave)
    time_s = np.arange(wave.shape[-1]) / sample_rate
    if rng.uniform() < 0.15:
        wave = _in_room(wave, sample_rate, rng)
    if rng.uniform() < 0.3:
        mains_hz = rng.choice([50.0, 60.0])
        orders = np.arange(1, 8)
        levels = 10 ** (rng.uniform(-30, 0, orders.size) / 20)
        phases = rng.uniform(0, 2 * np.pi, orders.size)
        hum = levels @ np.sin(2 * np.pi * mains_hz * np.outer(orders, time_s) + phases[:, None])
        wave = wave + 10 ** (rng.uniform(*HUM_DB) / 20) * hum
    if rng.uniform() < 0.5:
        wave = wave + _hiss(wave.shape, rng.uniform(*HISS_DB), rng)
    if rng.uniform() < 0.08:
        place = int(rng.integers(wave.shape[-1]))
        wave[:, place : place + 20] += (
            rng.uniform(0.02, 0.3) * rng.standard_normal(20)[: wave.shape[-1] - place]
        )
    if rng.uniform() < 0.25:
        sections = signal.butter(6, rng.uniform(*BAND_HZ), fs=sample_rate, output="sos")
        wave = signal.sosfilt(sections, wave)
    return _peak_one(wave)


def _peak_one(wave: np.ndarray) -> np.ndarray:
    return (wave / (np.abs(wave).max() or 1.0)).astype(np.float32)


def _hiss(shape: tuple[int, ...], level_db: float, rng: np.random.Generator) -> np.ndarray:
    return 10 ** (level_db / 20) * rng.standard_normal(shape) / 4


def _finger(samples: int, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Slide a finger over a wound string: noise in a band, swelling and dying away, anywhere."""
    length = round(rng.uniform(*FINGER_S) * sample_rate)
    low_hz = rng.uniform(200, 2000)
    sections = signal.butter(2, (low_hz, 3 * low_hz), "band", fs=sample_rate, output="sos")
    noise = signal.sosfilt(sections, rng.standard_normal(length)) * np.hanning(length)
    sound = np.zeros((1, samples))
    place = int(rng.integers(samples))
    kept = noise[: samples - place]
    level = 10 ** (rng.uniform(*FINGER_DB) / 20) / (np.abs(noise).max() or 1.0)
    sound[0, place : place + kept.size] = level * kept
    return sound


def _in_room(wave: np.ndarray, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Put a microphone into a small room: early reflections and a short, dark tail."""
    decay_s = rng.uniform(*ROOM_S)
    time_s = np.arange(round(decay_s * sample_rate)) / sample_rate
    tail = rng.standard_normal(time_s.size) * np.exp(-6.9 * time_s / decay_s)
    tail[: round(0.001 * sample_rate)] = 0.0
    sections = signal.butter(1, rng.uniform(1500, 6000), fs=sample_rate, output="sos")
    tail = signal.sosfilt(sections, tail)
    tail *= 10 ** (rng.uniform(*ROOM_DB) / 20) / np.sqrt(np.square(tail).sum())
    reflected = signal.oaconvolve(wave, tail[np.newaxis], axes=1)[:, : wave.shape[-1]]
    return wave + reflected
