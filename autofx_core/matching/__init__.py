"""Match a reference: recognise its effect and estimate the settings that reproduce it.

The public names are those of `match`: `match` itself, the registry of methods, and what they take.
"""

from autofx_core.matching.match import (
    METHODS,
    NEEDS_CLEAN,
    Match,
    Request,
    default_method,
    match,
    register,
)

__all__ = [
    "METHODS",
    "NEEDS_CLEAN",
    "Match",
    "Request",
    "default_method",
    "match",
    "register",
]
