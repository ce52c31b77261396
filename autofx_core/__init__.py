"""Recognise a guitar effect, estimate its settings and render them.

========== ==========================================================================
`EFFECTS`    the generic effects, with the names, units and ranges of their settings
`match`      a reference's effect and the settings that reproduce it
`recognise`  a sound's effect alone
========== ==========================================================================

These names are imported when they are first used: ``import autofx_core`` does not import torch.

>>> import autofx_core
>>> [parameter.name for parameter in autofx_core.EFFECTS["delay"].parameters]
['delay_seconds', 'feedback', 'mix']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autofx_core.effects import EFFECTS
    from autofx_core.matching import match
    from autofx_core.matching.recognise import recognise

__all__ = ["EFFECTS", "match", "recognise"]

_MODULES = {"EFFECTS": "effects", "match": "matching", "recognise": "matching.recognise"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value  # found without this function the next time
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
