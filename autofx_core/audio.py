"""Read, write and resample sound: the only place where files' (samples, channels) turns.

Conventions: inside the package a wave is a NumPy array of shape (channels, samples), float32, full
scale ±1, with its sample rate in Hz beside it. Listening happens at 44.1 kHz, analysis at
22.05 kHz mono.
"""

from pathlib import Path

import numpy as np
import soundfile
import soxr

LISTENING_RATE_HZ = 44_100
ANALYSIS_RATE_HZ = 22_050
ANALYSIS_SAMPLES = 35_000  # 1.587 s at 22.05 kHz, as in AutoFX
SHORTEST_S = 0.2
SILENCE_DBFS = -60.0
LEAD_IN_S = 0.005
OPPOSITE = 0.1
"""Share of the channels' power that their average keeps; below it they cancel."""
DC_SHARE = 0.1
"""Of a sound's RMS level; more DC than that is a fault of the recording."""


class AudioError(ValueError):
    """A sound that cannot be used; the message names it and how to fix it."""


def read_audio(path: str | Path) -> tuple[np.ndarray, int]:
    """Read a sound file.

    Parameters
    ----------
    path
        Any format that libsndfile reads (WAV, FLAC, AIFF, Ogg, MP3).

    Returns
    -------
    wave : ndarray, shape (channels, samples), float32, full scale ±1
    sample_rate : int, Hz

    Raises
    ------
    AudioError
        If the file is missing or is not a sound.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: no such file")
    try:
        frames, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path}: not a sound file that libsndfile reads ({error})") from None
    return np.ascontiguousarray(frames.T), sample_rate


def write_audio(
    path: str | Path, wave: np.ndarray, sample_rate: int, *, subtype: str = "PCM_24"
) -> None:
    """Write a sound file.

    Parameters
    ----------
    path
        Its suffix names the format.
    wave : ndarray, shape (channels, samples), full scale ±1
    sample_rate
        In Hz.
    subtype
        Of libsndfile, such as PCM_16.

    Raises
    ------
    AudioError
        If the file cannot be written.
    """
    try:
        soundfile.write(path, wave.T, sample_rate, subtype=subtype)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path}: cannot be written ({error})") from None


def resample(wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Change the sample rate with the SoX resampler (linear phase, "high quality").

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    from_hz, to_hz
        Sample rates, in Hz.

    Returns
    -------
    ndarray, shape (channels, round(samples · to_hz / from_hz)), float32
    """
    if from_hz == to_hz:
        return wave.astype(np.float32, copy=False)
    return np.ascontiguousarray(soxr.resample(wave.T, from_hz, to_hz).T, dtype=np.float32)


def to_mono(wave: np.ndarray) -> np.ndarray:
    """Average the channels (channels, samples), or take the louder where they cancel.

    Examples
    --------
    >>> to_mono(np.array([[0.5, -0.25], [-0.5, 0.25]], dtype=np.float32)).tolist()
    [0.5, -0.25]
    """
    mono = wave.mean(axis=0, dtype=np.float32)
    if channels_cancel(wave):
        mono = wave[np.argmax(np.square(wave, dtype=np.float64).sum(axis=1))].astype(np.float32)
    return mono


def channels_cancel(wave: np.ndarray) -> bool:
    """Return whether the channels of a wave (channels, samples) have opposite phase."""
    if wave.shape[0] < 2:
        return False
    at_rest = wave - wave.mean(axis=1, keepdims=True)
    kept = np.square(at_rest.mean(axis=0), dtype=np.float64).sum()
    # Channels that have nothing in common keep 1/channels of their mean power.
    each = np.square(at_rest, dtype=np.float64).sum(axis=1)
    return bool(kept < OPPOSITE / wave.shape[0] * each.mean())


def list_faults(wave: np.ndarray) -> list[str]:
    """List what is wrong with a wave (channels, samples) but does not forbid to use it."""
    faults = []
    if channels_cancel(wave):
        faults.append("the channels have opposite phase; only the louder one was used")
    level = np.sqrt(np.square(wave, dtype=np.float64).mean())
    if np.abs(wave.mean(axis=1)).max() > DC_SHARE * level:
        faults.append("the sound has a DC offset, which was removed")
    return faults


def normalize_peak(wave: np.ndarray) -> np.ndarray:
    """Scale a wave so that its largest magnitude is 1; silence stays as it is."""
    peak = np.abs(wave).max(initial=0.0)
    return wave / peak if peak > 0 else wave


def fade_ends(
    wave: np.ndarray, sample_rate: int, *, fade_in_s: float, fade_out_s: float
) -> np.ndarray:
    """Fade the last axis in and out with half a cosine; the wave itself stays as it is.

    Parameters
    ----------
    wave : ndarray, shape (..., samples)
    sample_rate
        In Hz.
    fade_in_s, fade_out_s
        In s.
    """
    faded = wave.copy()
    for length_s, part in ((fade_in_s, faded), (fade_out_s, faded[..., ::-1])):
        n = round(length_s * sample_rate)
        part[..., :n] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
    return faded


def find_onset(wave: np.ndarray, *, threshold_db: float) -> int:
    """Find the first sample whose level comes within a threshold of the peak.

    Parameters
    ----------
    wave : ndarray, shape (samples,) or (channels, samples), not silent
    threshold_db
        Level against the peak, below 0 dB. The louder of the channels counts.

    Examples
    --------
    >>> find_onset(np.array([0.0, 0.004, 0.2, 1.0]), threshold_db=-40.0)
    2
    """
    level = np.abs(np.atleast_2d(wave)).max(axis=0)
    return int(np.argmax(level >= level.max() * 10 ** (threshold_db / 20)))


def require_sound(wave: np.ndarray, sample_rate: int, name: str | Path) -> None:
    """Refuse what no effect can be recognised in.

    Parameters
    ----------
    wave : ndarray, shape (channels, samples)
    sample_rate
        In Hz.
    name
        What to call the sound in the error, usually its path.

    Raises
    ------
    AudioError
        If the wave holds NaN or infinity, lasts less than 0.2 s, or peaks below −60 dBFS.
    """
    duration_s = wave.shape[-1] / sample_rate
    if duration_s < SHORTEST_S:
        raise AudioError(
            f"{name}: lasts {1000 * duration_s:.0f} ms; at least {1000 * SHORTEST_S:.0f} ms needed"
        )
    if not np.isfinite(wave).all():
        raise AudioError(f"{name}: holds NaN or infinite samples; export it again")
    peak = float(np.abs(wave).max())
    if peak < 10 ** (SILENCE_DBFS / 20):
        raise AudioError(
            f"{name}: is silent (peak below {SILENCE_DBFS:.0f} dBFS); was the right track exported?"
        )


def load_sound(path: str | Path) -> tuple[np.ndarray, int]:
    """Read a file and refuse it if it is silent, too short or not finite (see `require_sound`)."""
    wave, sample_rate = read_audio(path)
    require_sound(wave, sample_rate, path)
    return wave, sample_rate


def for_analysis(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Turn any wave (channels, samples) into the networks' input.

    Returns
    -------
    ndarray, shape (samples,), float32, 22.05 kHz mono with peak 1 and no DC
    """
    mono = to_mono(resample(wave, sample_rate, ANALYSIS_RATE_HZ))
    return normalize_peak(mono - mono.mean(dtype=np.float64).astype(np.float32))


def fit_length(wave: np.ndarray) -> np.ndarray:
    """Cut or zero-pad the last axis to 35,000 samples."""
    short = max(0, ANALYSIS_SAMPLES - wave.shape[-1])
    return np.pad(wave[..., :ANALYSIS_SAMPLES], [(0, 0)] * (wave.ndim - 1) + [(0, short)])
