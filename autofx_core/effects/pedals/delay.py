"""Echoes: one repeat (slapback) or many (feedback delay)."""

import numpy as np

from autofx_core.effects.pedals.dsp import delayed, high_pass, low_pass, phase_of
from autofx_core.effects.pedals.pedal import pedal


@pedal("slapback delay", delay_ms=(60.0, 160.0), level=(0.4, 0.9), cutoff_hz=(2000.0, 5000.0))
def _slapback(wave, sample_rate, *, delay_ms, level, cutoff_hz):
    """Add one repeat, soft in the treble."""
    repeat = delayed(wave, delay_ms * sample_rate / 1000)
    return wave + level * low_pass(repeat, sample_rate, cutoff_hz)


@pedal("feedback delay", delay_ms=(180.0, 600.0), feedback=(0.2, 0.75), level=(0.35, 0.9))
def _tape_echo(wave, sample_rate, *, delay_ms, feedback, level):
    """Add repeats that lose treble and bass on each round, with the tape's wow (0.8 Hz, 0.3 ms)."""
    wow = 0.3 * np.sin(phase_of(wave, sample_rate, 0.8))
    delay = (delay_ms + wow) * sample_rate / 1000
    echoes, repeat = np.zeros_like(wave), wave
    for number in range(int(wave.shape[-1] / (delay_ms / 1000 * sample_rate))):
        repeat = high_pass(delayed(repeat, delay), sample_rate, 120.0)
        repeat = low_pass(repeat, sample_rate, 3500.0)
        echoes += feedback**number * repeat
    return wave + level * echoes


@pedal("slapback delay", delay_ms=(50.0, 200.0), level=(0.3, 1.0))
def _digital_slap(wave, sample_rate, *, delay_ms, level):
    """Add one repeat, exactly the sound again."""
    return wave + level * delayed(wave, round(delay_ms * sample_rate / 1000))


@pedal("slapback delay", delay_ms=(80.0, 180.0), level=(0.4, 0.9), second=(0.2, 0.5))
def _double_slap(wave, sample_rate, *, delay_ms, level, second):
    """Add a repeat and, at 1.6 times its delay, a weaker and darker one: two playback heads."""
    first = delayed(wave, delay_ms * sample_rate / 1000)
    later = low_pass(delayed(wave, 1.6 * delay_ms * sample_rate / 1000), sample_rate, 3000.0)
    return wave + level * (first + second * later)


@pedal("feedback delay", delay_ms=(120.0, 700.0), feedback=(0.2, 0.8), mix=(0.2, 0.5))
def _digital_echo(wave, sample_rate, *, delay_ms, feedback, mix):
    """Mix with exact repeats, each `feedback` times the one before."""
    samples = round(delay_ms * sample_rate / 1000)
    echoes = np.zeros_like(wave)
    for number in range(1, 1 + wave.shape[-1] // samples):
        echoes[:, number * samples :] += feedback ** (number - 1) * wave[:, : -number * samples]
    return (1 - mix) * wave + mix * echoes


@pedal("feedback delay", delay_ms=(100.0, 400.0), feedback=(0.3, 0.75), level=(0.4, 0.9))
def _bucket_echo(wave, sample_rate, *, delay_ms, feedback, level):
    """Add repeats that a bucket-brigade line squeezes and darkens ever more."""
    echoes, repeat = np.zeros_like(wave), wave
    for _ in range(int(wave.shape[-1] / (delay_ms / 1000 * sample_rate))):
        repeat = low_pass(delayed(repeat, delay_ms * sample_rate / 1000), sample_rate, 2200.0, 2)
        echoes += repeat
        repeat = feedback * np.tanh(1.5 * repeat) / 1.5
    return wave + level * echoes


@pedal("feedback delay", beat_ms=(160.0, 400.0), fall_db=(2.0, 6.0), level=(0.4, 0.8))
def _multi_tap(wave, sample_rate, *, beat_ms, fall_db, level):
    """Add six taps in a dotted rhythm (1, 1.5, 2, 3, 3.5, 4 beats), each weaker."""
    taps = [
        10 ** (-fall_db * number / 20) * delayed(wave, beats * beat_ms * sample_rate / 1000)
        for number, beats in enumerate((1.0, 1.5, 2.0, 3.0, 3.5, 4.0))
    ]
    return wave + level * sum(taps)
