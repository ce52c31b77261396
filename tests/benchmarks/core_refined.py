"""How near `refined` comes, by how many renders and seconds, against chance, a network, CMA-ES.

On notes that no network learnt from, half unseen recordings, half an unseen guitar, 1.6 s long at
22.05 kHz; one thread, processor time. Distances are `losses.mrstft_distance` in nepers.

1. The generic effects with random settings:
   `random`, the low anchor; `network`, the best that takes the reference alone; `read off`, least
   squares on both sounds, without a render; `CMA-ES`, from the network's estimate by the objective
   alone, as other systems do; `refined`, the whole.
   At most .22 (modulation .40, delay .15, distortion .10) and 1 s a sound are asked of `refined`.
2. Other effects and chains, against their default settings.
3. Other designs of the three families than those that are played: what remains is the difference
   between the designs.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_refined [--sounds 10]
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
import numpy as np
import torch

from autofx_core.audio import ANALYSIS_RATE_HZ, fit_length, normalize_peak
from autofx_core.datasets.plan import part_notes
from autofx_core.effects.pedals import PEDAL_MODELS
from autofx_core.effects.registry import FURTHER, find_effect
from autofx_core.effects.table import EFFECTS, Effect, draw_setting
from autofx_core.matching.least_squares import INVERSIONS
from autofx_core.matching.match import METHODS, Request, default_method
from autofx_core.matching.refine import RefineOptions, refine
from autofx_core.metrics.distances import mrstft_distance
from autofx_core.sources.clean import CleanSound, builtin_notes

TARGETS = {"all": 0.22, "modulation": 0.40, "delay": 0.15, "distortion": 0.10}
TARGET_S = 1.0
CHAINS = ("distortion+delay", "modulation+reverb")


@dataclass(frozen=True)
class Case:
    """A clean sound, what was made of it, and by which settings if the effect is ours."""

    effect: Effect
    clean: np.ndarray
    reference: np.ndarray
    truth: dict[str, float] | None

    def distance(self, setting: dict[str, float]) -> float:
        """Play a setting, and compare."""
        played = self.effect.render(self.clean, ANALYSIS_RATE_HZ, setting)
        return mrstft_distance(self.reference, played, ANALYSIS_RATE_HZ)

    def error(self, setting: dict[str, float]) -> float:
        """Mean absolute error of the normalised setting."""
        difference = self.effect.normalize(setting) - self.effect.normalize(self.truth)
        return float(np.abs(difference).mean())


def clean_sounds(parts: tuple[str, ...], sounds: int, seed: int) -> Iterator[np.ndarray]:
    """Draw notes from the parts in turns."""
    by_part = part_notes(builtin_notes())
    rng = np.random.default_rng(seed)
    for number in range(sounds):
        notes: list[CleanSound] = by_part[parts[number % len(parts)]]
        yield fit_length(normalize_peak(notes[rng.integers(len(notes))].read(ANALYSIS_RATE_HZ)))


def make_cases(
    effect: Effect, sounds: int, *, parts=("unseen_recording", "unseen_instrument"), seed: int = 0
) -> list[Case]:
    """Play random settings of an effect on notes of the parts."""
    rng = np.random.default_rng([seed, len(effect.parameters)])
    cases = []
    for clean in clean_sounds(parts, sounds, seed):
        truth = effect.denormalize(rng.uniform(size=len(effect.parameters)))
        wet = normalize_peak(effect.render(clean, ANALYSIS_RATE_HZ, truth))
        cases.append(Case(effect, clean, wet, truth))
    return cases


def ask_network(case: Case) -> dict[str, float]:
    """Estimate by the best network that takes the reference alone."""
    rng = np.random.default_rng(0)
    request = Request(case.reference, None, ANALYSIS_RATE_HZ, case.effect, rng)
    return METHODS[default_method(None)](request)


def refine_case(case: Case, **choices) -> tuple[dict[str, float], int]:
    """Refine, and say by how many renders."""
    known = case.effect.key in EFFECTS
    found = refine(
        case.effect,
        case.reference,
        case.clean,
        sample_rate=ANALYSIS_RATE_HZ,
        suggest=(lambda: ask_network(case)) if known else None,
        options=RefineOptions(**choices),
    )
    return found.parameters, found.renders


def read_off(case: Case) -> tuple[dict[str, float], int]:
    """Take the likeliest of what least squares say."""
    sounds = (wave[0].astype(np.float64) for wave in (case.clean, case.reference))
    return INVERSIONS[case.effect.key](*sounds, ANALYSIS_RATE_HZ)[0], 0


WAYS: dict[str, Callable[[Case], tuple[dict[str, float], int]]] = {
    "random": lambda case: (draw_setting(np.random.default_rng(1), case.effect.key), 0),
    "network": lambda case: (ask_network(case), 0),
    "read off": read_off,
    "CMA-ES 300": lambda case: refine_case(case, invert=False, polish=False),
    "refined 100": lambda case: refine_case(case, renders=100),
    "refined 300": refine_case,
}


def measure(way: Callable, cases: list[Case]) -> np.ndarray:
    """Mean distance, error, renders and seconds, by case; shape (cases, 4)."""
    rows = []
    for case in cases:
        start = time.process_time()
        setting, renders = way(case)
        seconds = time.process_time() - start
        rows.append((case.distance(setting), case.error(setting), renders, seconds))
    return np.array(rows)


def compare_ways(ways: dict[str, Callable], cases: dict[str, list[Case]]) -> dict[str, dict]:
    """Print a row for each way; return the mean distances of the last, and its longest time."""
    print(f"{'':22}   all " + " ".join(f"{effect_class:>11}" for effect_class in cases), end="")
    print("   error  renders  s mean  s max  ratio to the first")
    first = None
    for name, way in ways.items():
        found = {effect_class: measure(way, of_class) for effect_class, of_class in cases.items()}
        every = np.concatenate(list(found.values()))
        distance, error, renders, seconds = every.mean(axis=0)
        first = first or distance
        families = " ".join(f"{rows[:, 0].mean():11.3f}" for rows in found.values())
        print(
            f"{name:22} {distance:5.3f} {families} {error:7.3f} {renders:8.0f} "
            f"{seconds:7.2f} {every[:, 3].max():6.2f}  {distance / first:.3f}",
            flush=True,
        )
    means = {"all": distance} | {f: rows[:, 0].mean() for f, rows in found.items()}
    return {"distances": means, "seconds": seconds}


def compare_others(sounds: int) -> None:
    """Print how near other effects and chains come."""
    for name in (*FURTHER, *CHAINS):
        effect = find_effect(name)
        cases = make_cases(effect, sounds)
        default = {p.name: p.default for p in effect.parameters}
        before = np.mean([case.distance(default) for case in cases])
        after = measure(refine_case, cases).mean(axis=0)
        print(
            f"{name:22} default {before:.3f}  refined {after[0]:.3f}  ratio {after[0] / before:.2f}"
            f"  error {after[1]:.3f}  {after[2]:.0f} renders  {after[3]:.2f} s",
            flush=True,
        )


def compare_designs(sounds: int) -> None:
    """Print how near our effects come to other designs of their effect_class."""
    rng = np.random.default_rng(0)
    for effect_class, effect in EFFECTS.items():
        designs = [d for d in PEDAL_MODELS.values() if d.effect_class == effect_class]
        rows = []
        for number, clean in enumerate(clean_sounds(("unseen_recording",), sounds, 1)):
            design = designs[number % len(designs)]
            wet = normalize_peak(design.render(clean, ANALYSIS_RATE_HZ, design.draw(rng)))
            case = Case(effect, clean, wet, None)
            rows.append(
                (
                    mrstft_distance(wet, clean, ANALYSIS_RATE_HZ),
                    case.distance(ask_network(case)),
                    case.distance(refine_case(case)[0]),
                )
            )
        clean_d, network_d, refined_d = np.mean(rows, axis=0)
        print(
            f"other {effect_class:16} clean {clean_d:.3f}  network {network_d:.3f}  "
            f"refined {refined_d:.3f}  ratio to clean {refined_d / clean_d:.2f}",
            flush=True,
        )


@click.command()
@click.option("--sounds", default=10, show_default=True, help="Of each effect.")
@click.option("--others/--no-others", default=True, help="Other effects and designs too.")
def main(sounds: int, others: bool) -> None:
    """Compare, and exit with 1 if `refined` is too far or too slow."""
    torch.set_num_threads(1)
    cases = {effect_class: make_cases(effect, sounds) for effect_class, effect in EFFECTS.items()}
    ask_network(cases["delay"][0])  # loads the weights
    found = compare_ways(WAYS, cases)
    if others:
        compare_others(max(2, sounds // 3))
        compare_designs(max(2, sounds // 2))
    missed = [name for name, most in TARGETS.items() if found["distances"][name] > most]
    print(f"missed: {', '.join(missed) or 'none'}; {found['seconds']:.2f} s (at most {TARGET_S})")
    sys.exit(bool(missed or found["seconds"] > TARGET_S))


if __name__ == "__main__":
    main()
