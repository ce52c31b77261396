"""Derive all random numbers of a stimulus set from one seed.

Every draw has a generator of its own, named by what it is for. So a draw depends on the study's
seed and its own name alone: not on the order of the work, the number of workers, or other items.
"""

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive the seed of one draw, in [0, 2⁶⁴).

    Examples
    --------
    >>> derive_seed(1, "item", 2) == derive_seed(1, "item", 2) != derive_seed(1, "item", 3)
    True
    """
    text = "\0".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def derive_rng(seed: int, *names: str | int) -> np.random.Generator:
    """Make the generator of one draw."""
    return np.random.default_rng(derive_seed(seed, *names))


def derive_name(seed: int, *names: str | int) -> str:
    """Derive a file name of 16 hexadecimal digits that reveals nothing without the seed."""
    return f"{derive_seed(seed, 'file', *names):016x}"
