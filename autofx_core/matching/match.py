"""Match a reference: estimate the settings of an effect, and play the clean sound through it.

`match` places the clean sound under the reference, recognises the effect, estimates its settings by
one of `methods`, and renders all of it. With `refined` and no effect named, the recogniser's
probabilities and the fits of several effects decide together (`explain`), and no answer is further
from the reference than the clean sound is.
"""

from dataclasses import replace

import numpy as np

from autofx_core.audio import list_faults, normalize_peak, require_sound
from autofx_core.effects.registry import find_effect
from autofx_core.effects.table import EFFECTS, Effect
from autofx_core.matching.adapt import Budget
from autofx_core.matching.alignment import FARTHEST_S, Place, find_offset, place, shift
from autofx_core.matching.excerpts import choose_excerpt
from autofx_core.matching.explain import ADAPTABLE, Bench, Candidate, explain, find_exact
from autofx_core.matching.methods import (
    METHODS,
    NEEDS_CLEAN,
    Match,
    Request,
    check_method,
    default_method,
    register,
)
from autofx_core.matching.recognise import recognise
from autofx_core.matching.refine import Progress, ignore
from autofx_core.metrics.audibility import AUDIBLE_DB
from autofx_core.metrics.distances import log_mel_distance, measure_distances

__all__ = ["METHODS", "NEEDS_CLEAN", "Match", "Request", "default_method", "match", "register"]

IN_TIME = 0.1  # nepers; a match as near as that is in time
MUCH_NEARER = 0.8
CLOSE_DB = 3 * AUDIBLE_DB  # mean difference of mel spectra
MISSING = 0.25  # explained share from which the effect counts as found, and incomplete
NO_GAIN = 0.98  # of the clean sound's distance
DEFAULT_BUDGET = Budget()


class OtherPlayingError(ValueError):
    """The reference was not made from the clean sound."""


def match(
    reference: np.ndarray,
    clean: np.ndarray | None = None,
    *,
    sample_rate: int,
    method: str,
    effect: str | None = None,
    seed: int = 0,
    budget: Budget = DEFAULT_BUDGET,
    progress: Progress = ignore,
) -> Match:
    """Recognise the effect, and estimate the settings that make it sound like the reference.

    Parameters
    ----------
    reference : ndarray, shape (channels, samples), float32, full scale ±1
        At least 0.2 s; networks use up to eight windows of 1.587 s of it (see `windows`).
    clean : ndarray, shape (channels, samples), float32
        The dry sound, to be played through the effect at peak 1: distortion depends on the level,
        and that is the level at which all networks were trained. `refined` places it under the
        reference first, up to 10 s apart, and inverted where the polarity is.
    sample_rate
        Of both, in Hz.
    method
        A name from `METHODS`.
    effect
        Name of the effect, where it is known (see `effects.registry.find_effect`); by default its
        class is recognised, and `refined` tries the effects of all possible classes. Dry sounds
        have no settings, and networks estimate none of reverb and tremolo.
    seed
        For methods that draw.
    budget
        How long `refined` may search where no effect is named.
    progress
        Called with the number of renders just made.

    Raises
    ------
    AudioError
        If a sound is too short, silent or not finite.
    ValueError
        If the method or the effect is unknown, the method does not estimate that effect, or it
        needs the clean sound.
    OtherPlayingError
        If the reference was not made from the clean sound (`refined`, no effect named).
    """
    check_method(method, effect, clean)
    require_sound(reference, sample_rate, "the reference")
    if clean is not None:
        require_sound(clean, sample_rate, "the clean sound")
        clean = normalize_peak(clean)
    found = Match(method, effect or "", warnings=tuple(list_faults(reference)))
    rng = np.random.default_rng(seed)
    if clean is not None and method in NEEDS_CLEAN:
        where = place(clean, reference, sample_rate)
        if effect is None and not where.is_same_playing:
            raise OtherPlayingError(
                "the clean sound is not what the reference was made from: nowhere up to "
                f"{FARTHEST_S:.0f} s apart do their notes resemble each other (correlation "
                f"{where.resemblance:.2f}); give the clean take of the same playing"
            )
        late = where.offset_samples
        if effect is None and where.maybe_samples:
            late = _earlier_or_later(reference, clean, where, sample_rate)
        wet = where.sign * reference[:, max(0, late) :]
        dry = clean[:, max(0, -late) :]
        if effect is None:
            found = _explain(found, wet, dry, sample_rate, budget, seed, progress)
        else:
            request = Request(wet, dry, sample_rate, find_effect(effect), rng, progress)
            found = _fit_named(found, request, budget, seed)
        return _judge(found, reference, clean, sample_rate, late)
    if effect is None:
        recognition = recognise(reference, sample_rate)
        effect = next(iter(recognition.classes))
        found = replace(
            found, effect=effect, probabilities=recognition.classes, effects=recognition.effects
        )
    if effect not in EFFECTS:
        return found
    request = Request(reference, clean, sample_rate, find_effect(effect), rng, progress)
    if clean is None:
        return replace(found, parameters=METHODS[method](request))
    return _judge(_estimate(found, request), reference, clean, sample_rate, 0)


def _earlier_or_later(
    reference: np.ndarray, clean: np.ndarray, where: Place, sample_rate: int
) -> int:
    """Decide about milliseconds: a place counts only if one of AutoFX's effects is exact there.

    An effect that delays cannot be told from a take that begins later by the waves alone.
    """
    for late in (0, where.maybe_samples):
        wet = where.sign * reference[:, max(0, late) :]
        dry = clean[:, max(0, -late) :]
        part = choose_excerpt(dry, sample_rate)
        bench = Bench(wet[:, part], dry[:, part], sample_rate, DEFAULT_BUDGET, 0, ignore)
        if find_exact(bench, recognise(wet, sample_rate)):
            return late
    return 0


def _estimate(found: Match, request: Request) -> Match:
    """Estimate the settings of the effect, and milliseconds by which the reference is late."""
    part = choose_excerpt(request.require_clean(), request.sample_rate)
    excerpt = replace(
        request, reference=request.reference[:, part], clean=request.require_clean()[:, part]
    )
    found = _render(replace(found, parameters=METHODS[found.method](excerpt)), excerpt)
    return _align(found, excerpt)


def _fit_named(found: Match, request: Request, budget: Budget, seed: int) -> Match:
    """Find the settings of a named effect and, where it is not exact, its oscillators' phases."""
    adaptable = {key for keys in ADAPTABLE.values() for key in keys}
    if found.effect not in adaptable:
        found = _estimate(found, request)
        if not request.effect.lfos or found.distances["mrstft"] < IN_TIME:
            return found
    part = choose_excerpt(request.require_clean(), request.sample_rate)
    sounds = request.reference[:, part], request.require_clean()[:, part]
    bench = Bench(*sounds, request.sample_rate, budget, seed, request.progress)
    starts = (found.parameters,) if found.parameters else ()
    best = bench.adapt("", found.effect, 1.0, 1.0, starts)
    phases = _turn_back(request.effect, best, part.start / request.sample_rate)
    return replace(found, parameters=best.parameters, lfo_phase=phases, offset_samples=0)


def _turn_back(effect: Effect, best: Candidate, seconds: float) -> tuple[float, ...]:
    """Phases at the sound's first sample, of oscillators known that many seconds later."""
    rates_hz = [best.parameters[name] for name in effect.lfos]
    pairs = zip(best.lfo_phase, rates_hz, strict=False)
    return tuple((turns - rate * seconds) % 1.0 for turns, rate in pairs)


def _explain(
    found: Match,
    reference: np.ndarray,
    clean: np.ndarray,
    sample_rate: int,
    budget: Budget,
    seed: int,
    progress: Progress,
) -> Match:
    """Recognise the effect, and fit what may explain the reference.

    Parameters
    ----------
    found
        With the method's name.
    reference, clean : ndarray, shape (channels, samples), float32
        In time with each other.
    sample_rate, budget, seed, progress
        See `match`.
    """
    recognition = recognise(reference, sample_rate)
    likeliest = next(iter(recognition.classes))
    found = replace(
        found,
        effect=likeliest,
        effect_class=likeliest,
        probabilities=recognition.classes,
        effects=recognition.effects,
    )
    part = choose_excerpt(clean, sample_rate)
    sounds = reference[:, part], clean[:, part]
    if log_mel_distance(*sounds, sample_rate) < AUDIBLE_DB:
        return found
    best = explain(Bench(*sounds, sample_rate, budget, seed, progress), recognition)
    request = Request(*sounds, sample_rate, find_effect(best.effect), np.random.default_rng(seed))
    found = replace(
        found,
        effect=best.effect,
        effect_class=best.effect_class,
        parameters=best.parameters,
        lfo_phase=best.lfo_phase,
    )
    found = _render(found, request)
    if best.effect in EFFECTS and not best.lfo_phase:
        found = _align(found, request)
    phases = _turn_back(request.effect, best, part.start / sample_rate)
    return replace(found, lfo_phase=phases)


def _judge(
    found: Match, reference: np.ndarray, clean: np.ndarray, sample_rate: int, late: int
) -> Match:
    """Play all of the clean sound, measure it, and say how much of the reference it explains.

    Parameters
    ----------
    found
        With settings, or with none where no effect is audible.
    reference, clean : ndarray, shape (channels, samples), float32
        As they were given.
    sample_rate
        In Hz.
    late
        Samples by which the reference is late, before `found.offset_samples`.
    """
    fine = found.offset_samples
    moved = shift(shift(clean, min(0, late)), fine)
    waves = {"clean": shift(moved, max(0, late))}
    if found.parameters:
        effect = find_effect(found.effect)
        played = effect.render(moved, sample_rate, found.parameters, lfo_phase=found.lfo_phase)
        waves["match"] = shift(played, max(0, late))
    measured = {name: measure_distances(reference, w, sample_rate) for name, w in waves.items()}
    before, after = measured["clean"]["mrstft"], measured.get("match", measured["clean"])["mrstft"]
    found = replace(found, offset_samples=late + fine)
    if found.probabilities and (not found.parameters or after > NO_GAIN * before):
        return _as_clean(found, waves["clean"], measured["clean"])
    explained = max(0.0, 1 - after / max(before, 1e-9))
    return replace(
        found,
        audio=waves["match"],
        distances=measured["match"],
        explained=explained,
        verdict=_verdict(measured["match"]["log_mel_db"], explained),
    )


def _as_clean(found: Match, clean: np.ndarray, distances: dict[str, float]) -> Match:
    """Answer that no effect of ours explains the reference."""
    return replace(
        found,
        effect=next(iter(found.probabilities)),
        effect_class=next(iter(found.probabilities)),
        parameters={},
        lfo_phase=(),
        audio=clean,
        distances=distances,
        explained=0.0,
        verdict=_verdict(distances["log_mel_db"], 0.0),
    )


def _verdict(log_mel_db: float, explained: float) -> str:
    """Name how near a match is; both thresholds in dB are multiples of what is audible."""
    if log_mel_db < AUDIBLE_DB:
        return "indistinguishable"
    if explained < MISSING:
        return "not explained"
    return "close" if log_mel_db < CLOSE_DB else "something is missing"


def _render(found: Match, request: Request) -> Match:
    """Play the clean sound with the estimated settings, and measure it."""
    audio = request.effect.render(
        request.require_clean(), request.sample_rate, found.parameters, lfo_phase=found.lfo_phase
    )
    distances = measure_distances(request.reference, audio, request.sample_rate)
    return replace(found, audio=audio, distances=distances)


def _align(found: Match, request: Request) -> Match:
    """Move the clean sound and estimate again, if the match is far away and that brings it nearer.

    The offset is that of the reference from the match or, where that is too far from the reference
    to tell, from the clean sound.
    """
    if found.distances["mrstft"] < IN_TIME:
        return found
    clean = request.require_clean()
    offsets = {
        find_offset(sound, request.reference, request.sample_rate)
        for sound in (found.audio, clean)
        if sound is not None
    }
    for samples in sorted(offsets - {0}):
        moved = replace(
            request,
            effect=request.effect,
            clean=shift(clean, samples),
            rng=np.random.default_rng(0),
        )
        parameters = METHODS[found.method](moved)
        later = _render(replace(found, parameters=parameters, offset_samples=samples), moved)
        if later.distances["mrstft"] < MUCH_NEARER * found.distances["mrstft"]:
            found = later
    return found
