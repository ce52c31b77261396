"""Choose the effect that explains a reference, given the clean sound.

For each class that the recogniser finds possible, AutoFX's own effect is tried first: where it made
the sound, least squares find it at once. Otherwise the class's adaptable effects are fitted
(`adapt`), and the probabilities and the fits decide together::

    score = distance ÷ the clean sound's + PENALTY · settings − TRUST · log probability

The distance is that of log spectra over the whole band. So a class that the recogniser is sure of
is only given up for a much better fit, and a pedal with few knobs gets a simple answer.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft

from autofx_core.audio import resample, to_mono
from autofx_core.effects.registry import find_effect
from autofx_core.effects.table import EFFECTS, Effect
from autofx_core.effects.taxonomy import EFFECT_NAMES
from autofx_core.matching.adapt import FLOOR_DB, Budget, Spectra, Spent, fit
from autofx_core.matching.least_squares.chorus import invert_chorus_at_any_phase
from autofx_core.matching.oscillators import RESPONSES, read_oscillator
from autofx_core.matching.recognise import Recognition
from autofx_core.matching.refine import Progress, RefineOptions, refine

PENALTY = 0.004
TRUST = 0.1
LEAST_PROBABILITY = 0.005  # a recogniser is never surer than that
POSSIBLE = 0.03
MOST_CLASSES = 3
MOST_EFFECTS = 2
NEARLY = 0.25  # times the likeliest effect's probability, for another one to be tried
EXACT = 0.1  # of the clean sound's distance; nothing else is tried
ECHOES = 6
NOISE = 1e-4  # of the strongest frequency's power, below which responses are not looked for
INVERTED_RENDERS = 60
OWN_SHARE = 0.12  # of the budget, for an effect of AutoFX's that has no inversion
OSCILLATOR_HZ = 22_050

OWN: dict[str, tuple[str, ...]] = {
    "modulation": ("modulation", "phaser"),
    "delay": ("delay",),
    "distortion": ("distortion",),
    "reverb": ("reverb",),
    "tremolo": ("tremolo",),
}
"""Class → AutoFX's own effects."""

ADAPTABLE: dict[str, tuple[str, ...]] = {
    "chorus": ("chorus",),
    "flanger": ("flanger",),
    "phaser": ("phase_shifter",),
    "vibrato": ("vibrato",),
    "feedback delay": ("echo",),
    "slapback delay": ("slapback",),
    "reverb": ("room",),
    "tremolo": ("shaped_tremolo",),
    "distortion": ("drive",),
    "overdrive": ("drive",),
    "dry": ("equaliser",),
}
"""Effect among the eleven → effects whose settings are searched for."""


@dataclass(frozen=True)
class Candidate:
    """One effect, fitted.

    Attributes
    ----------
    effect_class
        Among the six.
    effect
        Key of the effect.
    parameters, lfo_phase
        See `adapt.Fit`.
    ratio
        Distance to the reference, divided by the clean sound's.
    score
        What is compared; see above.
    """

    effect_class: str
    effect: str
    parameters: dict[str, float]
    lfo_phase: tuple[float, ...]
    ratio: float
    score: float


class Bench:
    """The two sounds, and the means to fit effects to them.

    Parameters
    ----------
    reference, clean : ndarray, shape (channels, samples), float32
        In time with each other.
    sample_rate
        In Hz.
    budget
        For all effects together.
    seed
        Of the searches.
    progress
        Called with the number of renders just made.
    """

    def __init__(
        self,
        reference: np.ndarray,
        clean: np.ndarray,
        sample_rate: int,
        budget: Budget,
        seed: int,
        progress: Progress,
    ) -> None:
        self.reference, self.clean, self.sample_rate = reference, clean, sample_rate
        self.seed, self.spent = seed, Spent(budget, progress)
        target = to_mono(reference)
        samples = clean.shape[1]
        self.target = np.pad(target, (0, max(0, samples - target.size)))[:samples]
        self.spectra = Spectra(self.target, sample_rate, FLOOR_DB)
        self.clean_distance = max(self._distance(clean), 1e-6)

    def _distance(self, wave: np.ndarray) -> float:
        return float(self.spectra.difference(to_mono(wave)).abs().mean())

    def judge(
        self,
        effect_class: str,
        effect: Effect,
        parameters: Mapping[str, float],
        lfo_phase: tuple[float, ...],
        probability: float,
    ) -> Candidate:
        """Play an effect, and score it.

        Parameters
        ----------
        effect_class, probability
            Class, and how probable the recogniser finds it.
        effect, parameters, lfo_phase
            What is played.
        """
        wave = effect.render(self.clean, self.sample_rate, parameters, lfo_phase=lfo_phase)
        ratio = self._distance(wave) / self.clean_distance
        settings = sum(not math.isclose(parameters[p.name], p.default) for p in effect.parameters)
        surprise = -math.log(max(probability, LEAST_PROBABILITY))
        score = ratio + PENALTY * settings + TRUST * surprise
        return Candidate(effect_class, effect.key, dict(parameters), lfo_phase, ratio, score)

    def invert(self, effect_class: str, key: str, probability: float) -> Candidate:
        """Fit one of AutoFX's own effects, from where least squares see it."""
        effect = find_effect(key)
        options = RefineOptions(renders=INVERTED_RENDERS, seed=self.seed)
        found = refine(
            effect,
            self.target[None],
            self.clean,
            sample_rate=self.sample_rate,
            options=options,
            progress=self.spent.progress,
        )
        return self.judge(effect_class, effect, found.parameters, (), probability)

    def adapt(
        self,
        effect_class: str,
        key: str,
        probability: float,
        until: float,
        starts: tuple[Mapping[str, float], ...] = (),
    ) -> Candidate:
        """Fit an effect by its oscillator and by spectra.

        Parameters
        ----------
        effect_class, key, probability
            See `judge`.
        until
            Share of the budget at which to stop.
        starts
            Settings to begin from, too.
        """
        effect = find_effect(key)
        found = fit(
            effect,
            self.target[None],
            self.clean,
            sample_rate=self.sample_rate,
            spent=self.spent,
            until=until,
            starts=starts,
            oscillators=self._read_oscillators(effect),
            seed=self.seed,
        )
        parameters = self._simplify(effect, found.parameters, found.lfo_phase)
        return self.judge(effect_class, effect, parameters, found.lfo_phase, probability)

    def _read_oscillators(self, effect: Effect) -> list[np.ndarray]:
        if effect.key == "modulation":
            dry, wet = (
                to_mono(resample(wave, self.sample_rate, OSCILLATOR_HZ)).astype(np.float64)
                for wave in (self.clean, self.target[None])
            )
            inverted = invert_chorus_at_any_phase(dry, wet, OSCILLATOR_HZ)
            return [np.append(effect.normalize(setting), turns) for setting, turns in inverted]
        if effect.key not in RESPONSES:
            return []
        dry, wet = (
            to_mono(resample(wave, self.sample_rate, OSCILLATOR_HZ))
            for wave in (self.clean, self.target[None])
        )
        found = read_oscillator(
            effect,
            dry,
            wet,
            OSCILLATOR_HZ,
            rendered_hz=self.sample_rate,
            rng=np.random.default_rng(self.seed),
        )
        return [vector for _, vector in found]

    def _simplify(
        self, effect: Effect, parameters: Mapping[str, float], lfo_phase: tuple[float, ...]
    ) -> dict[str, float]:
        """Put every setting that is not worth its penalty back to its default."""
        kept = dict(parameters)
        now = self.judge("", effect, kept, lfo_phase, 1.0).score
        for p in effect.parameters:
            simpler = kept | {p.name: p.default}
            score = self.judge("", effect, simpler, lfo_phase, 1.0).score
            if score < now:
                kept, now = simpler, score
        return kept


def explain(bench: Bench, recognition: Recognition) -> Candidate:
    """Fit the possible effects; return the best by fit, simplicity and probability together.

    Parameters
    ----------
    bench
        Of the two sounds.
    recognition
        Of the reference.
    """
    classes = _possible(recognition)
    found = list(_fit_own(bench, recognition))
    if found and found[-1].ratio < EXACT:
        return found[-1]
    rows = [
        (name, key, classes[name])
        for name in classes
        for effect in _likely_effects(recognition, name)
        for key in ADAPTABLE[effect]
    ]
    rows = list(dict.fromkeys(rows))
    total = sum(p for _, _, p in rows)
    begin, used = bench.spent.share, 0.0
    for name, key, probability in rows:
        if found and bench.spent.share >= 1.0:
            break
        used += probability / total
        until = begin + (1.0 - begin) * used
        found.append(bench.adapt(name, key, probability, until, _echo_starts(bench, key)))
        if found[-1].ratio < EXACT:
            break
    return min(found, key=lambda candidate: candidate.score)


def find_exact(bench: Bench, recognition: Recognition) -> Candidate | None:
    """Return AutoFX's own effect that made the reference, if one did.

    Parameters
    ----------
    bench
        Of the two sounds.
    recognition
        Of the reference.
    """
    for name, probability in _possible(recognition).items():
        for key in set(OWN.get(name, ())) & set(EFFECTS):
            candidate = bench.invert(name, key, probability)
            if candidate.ratio < EXACT:
                return candidate
    return None


def _possible(recognition: Recognition) -> dict[str, float]:
    """Classes that the recogniser does not rule out → their probabilities."""
    ranked = list(recognition.classes.items())[:MOST_CLASSES]
    return {name: p for name, p in ranked if p >= POSSIBLE}


def _fit_own(bench: Bench, recognition: Recognition) -> Iterator[Candidate]:
    """Fit AutoFX's own effects, until one is exact."""
    for name, probability in _possible(recognition).items():
        for key in OWN.get(name, ()):
            if key == "phaser" and "phaser" not in _likely_effects(recognition, name):
                continue
            tried = key not in EFFECTS
            if not tried:
                candidate = bench.invert(name, key, probability)
                yield candidate
                tried = candidate.ratio >= EXACT and bool(find_effect(key).lfos)
            if tried:
                until = bench.spent.share + OWN_SHARE
                candidate = bench.adapt(name, key, probability, until)
                yield candidate
            if candidate.ratio < EXACT:
                return


def _likely_effects(recognition: Recognition, effect_class: str) -> list[str]:
    """Name the likeliest of the eleven effects in a class."""
    members = {n: p for n, p in recognition.effects.items() if EFFECT_NAMES[n] == effect_class}
    first = max(members.values())
    return [name for name, p in members.items() if p >= NEARLY * first][:MOST_EFFECTS]


def _echo_starts(bench: Bench, key: str) -> tuple[Mapping[str, float], ...]:
    """Begin an adaptable echo at the times at which the reference repeats the clean sound."""
    if key not in ("echo", "slapback"):
        return ()
    effect = find_effect(key)
    default = {p.name: p.default for p in effect.parameters}
    time = effect.parameters[0]
    times_s = echo_times_s(to_mono(bench.clean), bench.target, bench.sample_rate, most=ECHOES)
    return tuple(
        default | {time.name: time_s} for time_s in times_s if time.low <= time_s <= time.high
    )


def echo_times_s(
    clean: np.ndarray, reference: np.ndarray, sample_rate: int, *, most: int
) -> list[float]:
    """Find how long after the clean sound the reference repeats it.

    Parameters
    ----------
    clean, reference : ndarray, shape (samples,)
        Aligned, equally long.
    sample_rate
        In Hz.
    most
        How many times to return, the strongest first.

    Returns
    -------
    list of float
        In s, from 15 ms on, at least 5 ms apart: peaks of the response from one to the other.
    """
    size = fft.next_fast_len(2 * clean.size, real=True)
    dry, wet = (fft.rfft(wave, size) for wave in (clean, reference))
    power = np.abs(dry) ** 2
    response = np.abs(fft.irfft(wet * np.conj(dry) / (power + NOISE * power.max()), size))
    first, apart = round(0.015 * sample_rate), round(0.005 * sample_rate)
    response = response[: clean.size]
    response[:first] = 0.0
    found = []
    for _ in range(most):
        best = int(np.argmax(response))
        found.append(best / sample_rate)
        response[max(0, best - apart) : best + apart] = 0.0
    return found
