"""Where a sound begins, where notes begin in it, and which windows stand for all of it.

A sound begins where its level rises, not at the first sample above a floor: a finger on the string,
a click or hiss before the note would otherwise be taken for the note, and the note for its echo.
Only what is fainter but has the spectrum of what follows is the note itself, before an echo that is
louder.
The networks take windows of 1.587 s that begin 5 ms before an onset, as their training sounds do,
or lie in what sustains.

Conventions: levels are of 20 ms, in dB against the loudest of them.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal

from autofx_core.audio import (
    ANALYSIS_RATE_HZ,
    ANALYSIS_SAMPLES,
    LEAD_IN_S,
    find_onset,
    fit_length,
    for_analysis,
)

FRAME_S = 0.005
LEVEL_FRAMES = 4
RUMBLE_HZ = 40.0  # no string is as low; DC and footsteps are no playing
AHEAD_S = 0.5
RISE_DB = 20.0
"""What is fainter by more than what follows within half a second is not the beginning yet."""
FAINTEST_DB = -50.0
"""Nothing below counts, though it be the note itself."""
COMPARED_S = 0.3
ALIKE = 0.7
"""Cosine of two magnitude spectra from which on they are of the same note."""
QUIETEST_DB = -30.0
"""What is fainter than that, compared with the loudest, is not the beginning either."""

FLUX_FRAME, FLUX_HOP = 1024, 220
FLUX_BANDS_HZ = (60, 150, 300, 500, 800, 1300, 2200, 4000, 8000)
FLUX_FLOOR_DB = -50.0
FLUX_DB = 4.0  # mean rise of the bands within 30 ms
APART_S = 0.06

AT_ONCE_S = 0.01  # a sound that begins as soon as that is not cut
NEARBY_S = 0.4
MOST_WINDOWS = 8
FULL_LENGTHS = 1.6  # times a window; shorter sounds have one


def find_beginning(wave: np.ndarray, sample_rate: int) -> int:
    """Find the sample where playing begins, or 0 if the sound starts in mid-note.

    Parameters
    ----------
    wave : ndarray, shape (samples,) or (channels, samples), not silent
        At any level, with or without DC, hum, hiss, clicks and handling noise before.
    sample_rate
        In Hz.

    Examples
    --------
    >>> noise = 0.003 * np.random.default_rng(0).standard_normal(4_000)
    >>> find_beginning(np.concatenate([noise, np.sin(np.arange(40_000) / 20)]), 22_050)
    4003
    """
    waves = np.atleast_2d(wave)
    level = _levels_db(waves, sample_rate)
    ahead = round(AHEAD_S / FRAME_S)
    following = sliding_window_view(np.pad(level, (0, ahead - 1), mode="edge"), ahead).max(axis=1)
    first = int(np.argmax((level >= following - RISE_DB) & (level >= QUIETEST_DB)))
    if first > LEVEL_FRAMES:
        before = level[: first - LEVEL_FRAMES]
        early = int(np.argmax(before >= max(before.max() - RISE_DB, FAINTEST_DB)))
        if before[early] >= FAINTEST_DB and _resemble(waves, early, first, sample_rate):
            first = early
    if first == 0:
        return 0
    start = round(first * FRAME_S * sample_rate)
    rise = waves[:, start : start + round(2 * LEVEL_FRAMES * FRAME_S * sample_rate)]
    rise = rise - rise[:, :1]
    return start + find_onset(rise, threshold_db=-RISE_DB) if rise.any() else start


def _resemble(waves: np.ndarray, early: int, late: int, sample_rate: int) -> bool:
    """Return whether what begins with an early frame has the spectrum of what begins later."""
    length = min(round((late - early) * FRAME_S * sample_rate), round(COMPARED_S * sample_rate))
    spectra = []
    for frame in (early, late):
        start = round(frame * FRAME_S * sample_rate)
        part = waves[:, start : start + length].sum(axis=0)
        part = np.pad(part, (0, length - part.size))
        spectra.append(np.abs(np.fft.rfft((part - part.mean()) * np.hanning(length))))
    product = np.prod([np.linalg.norm(spectrum) for spectrum in spectra])
    return bool(spectra[0] @ spectra[1] > ALIKE * product)


def find_start(wave: np.ndarray, sample_rate: int) -> int:
    """Find the sample 5 ms before the beginning, or the first one; see `find_beginning`."""
    return max(0, find_beginning(wave, sample_rate) - round(LEAD_IN_S * sample_rate))


def _levels_db(waves: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level of the 20 ms that begin with each frame of 5 ms, against the loudest."""
    sections = signal.butter(2, RUMBLE_HZ, "high", fs=sample_rate, output="sos")
    at_rest = waves - waves.mean(axis=-1, keepdims=True)
    power = np.square(signal.sosfilt(sections, at_rest)).sum(axis=0)
    edges = np.round(np.arange(0, power.size / sample_rate, FRAME_S) * sample_rate).astype(int)
    frames = np.add.reduceat(power, edges[edges < power.size])
    window = sliding_window_view(np.pad(frames, (0, LEVEL_FRAMES - 1)), LEVEL_FRAMES).sum(axis=1)
    return 10 * np.log10(np.maximum(window / window.max(), 1e-12))


def find_onsets(wave: np.ndarray) -> np.ndarray:
    """Find where notes begin: where the level of many bands rises at once.

    Parameters
    ----------
    wave : ndarray, shape (samples,), 22.05 kHz, not silent

    Returns
    -------
    ndarray, shape (onsets,), int
        Samples in rising order; echoes and chopped sounds have onsets, too.
    """
    if wave.size < FLUX_FRAME + 4 * FLUX_HOP:
        return np.zeros(0, dtype=int)
    frames = sliding_window_view(wave, FLUX_FRAME)[::FLUX_HOP] * np.hanning(FLUX_FRAME)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    edges = np.round(np.array(FLUX_BANDS_HZ) * FLUX_FRAME / ANALYSIS_RATE_HZ).astype(int)
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    floor = bands.sum(axis=1).max() * 10 ** (FLUX_FLOOR_DB / 10)
    bands_db = 10 * np.log10(bands + floor)
    rise = np.zeros(len(bands_db))
    rise[3:] = np.maximum(bands_db[3:] - bands_db[:-3], 0).mean(axis=1)
    apart = round(APART_S * ANALYSIS_RATE_HZ / FLUX_HOP)
    peaks, _ = signal.find_peaks(rise, height=FLUX_DB, distance=apart)
    # A frame shows a rise as soon as the note reaches its middle.
    return np.maximum(0, (peaks - 2) * FLUX_HOP + FLUX_FRAME // 2)


def choose_windows(wave: np.ndarray, *, most: int = MOST_WINDOWS) -> np.ndarray:
    """Choose where the windows begin that stand for the whole sound.

    The first begins 5 ms before the beginning, the last ends with the sound. The others are spread
    evenly, each from 5 ms before the onset nearest to its place or, in what sustains, from there.

    Parameters
    ----------
    wave : ndarray, shape (samples,), 22.05 kHz, not silent
    most
        Windows at most: a minute takes no more of them than ten seconds.

    Returns
    -------
    ndarray, shape (windows,), int
        First samples, in rising order, without those of windows that are nearly silent.
    """
    start = find_start(wave, ANALYSIS_RATE_HZ)
    if start < AT_ONCE_S * ANALYSIS_RATE_HZ:
        start = 0
    if wave.size - start <= FULL_LENGTHS * ANALYSIS_SAMPLES:
        return np.array([start])
    last = wave.size - ANALYSIS_SAMPLES
    count = min(most, 1 + int(np.ceil((last - start) / (0.5 * ANALYSIS_SAMPLES))))
    places = np.linspace(start, last, count).astype(int)
    moved = [min(_move_to_onset(wave, place), last) for place in places[1:-1].tolist()]
    places = np.unique([start, *moved, last])
    energy = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64))])
    strength = energy[places + ANALYSIS_SAMPLES] - energy[places]
    return places[strength >= strength.max() * 10 ** (QUIETEST_DB / 10)]


def _move_to_onset(wave: np.ndarray, place: int) -> int:
    """Move a place to 5 ms before the nearest onset within 0.4 s, if there is one."""
    first = max(0, place - round(NEARBY_S * ANALYSIS_RATE_HZ))
    onsets = first + find_onsets(wave[first : place + round(NEARBY_S * ANALYSIS_RATE_HZ)])
    if not onsets.size:
        return place
    nearest = int(onsets[np.argmin(np.abs(onsets - place))])
    return max(0, nearest - round(LEAD_IN_S * ANALYSIS_RATE_HZ))


def cut_windows(wave: np.ndarray, sample_rate: int, *, most: int = MOST_WINDOWS) -> np.ndarray:
    """Cut the windows that stand for a sound.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples), float32, not silent
    sample_rate
        In Hz.
    most
        Windows at most; see `choose_windows`.

    Returns
    -------
    ndarray, shape (windows, 35000), float32, 22.05 kHz mono, each with peak 1
    """
    mono = for_analysis(wave, sample_rate)
    cut = np.stack([fit_length(mono[start:]) for start in choose_windows(mono, most=most)])
    return cut / np.maximum(np.abs(cut).max(axis=1, keepdims=True), 1e-9)
