"""What each part of `refined` brings, on validation sounds, by which it was chosen.

Distances and columns as in core_refined.py. `least squares` is reading settings off both sounds,
`polish` following the wave, the views are the objective's. Each row leaves one out of the row
that its group begins with; the objective's views only matter to the search, so that they are left
out of a search from the network's estimate.

Run: PYTHONPATH=tests OMP_NUM_THREADS=1 python -m benchmarks.core_refined_ablation [--sounds 5]
"""

from functools import partial

import click
import torch

from autofx_core.effects.table import EFFECTS
from autofx_core.matching.search_objective import WEIGHTS
from benchmarks.core_refined import ask_network, compare_ways, make_cases, refine_case

WHOLE = {
    "refined, 300 renders": {},
    "100 renders": {"renders": 100},
    "no polish": {"polish": False},
    "no least squares": {"invert": False},
}
SEARCH = {"search alone": WEIGHTS} | {
    f"without {view}": {v: w for v, w in WEIGHTS.items() if v != view} for view in WEIGHTS
}


@click.command()
@click.option("--sounds", default=5, show_default=True, help="Of each effect.")
@click.option("--seed", default=0, show_default=True)
def main(sounds: int, seed: int) -> None:
    """Compare."""
    torch.set_num_threads(1)
    cases = {
        effect_class: make_cases(effect, sounds, parts=("validation",), seed=seed)
        for effect_class, effect in EFFECTS.items()
    }
    ask_network(cases["delay"][0])  # loads the weights
    network = {"network": lambda case: (ask_network(case), 0)}
    whole = {name: partial(refine_case, **choices) for name, choices in WHOLE.items()}
    compare_ways(network | whole, cases)
    compare_ways(
        {
            name: partial(refine_case, weights=weights, invert=False, polish=False)
            for name, weights in SEARCH.items()
        },
        cases,
    )


if __name__ == "__main__":
    main()
