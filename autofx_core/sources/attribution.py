"""Where clean sounds come from: name, author and licence of a collection.

A sound carries it (`clean.CleanSound.attribution`) into the cards of the networks that were trained
on it and into the manifests of the stimulus sets that play it.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Attribution:
    """A collection of sounds.

    Attributes
    ----------
    collection
        Its name.
    author
        Who recorded or made it; empty if unknown.
    licence
        SPDX identifier where there is one, such as ``CC-BY-4.0``; empty if unknown.
    """

    collection: str
    author: str = ""
    licence: str = ""


SOUNDFONTS = {
    "FluidR3_GM": Attribution("FluidR3 GM", "Frank Wen", "MIT"),
    "TimGM6mb": Attribution("TimGM6mb", "Tim Brechbill", "GPL-2.0-only"),
}
"""By the file's name without its suffix."""

SYNTHESIZED = Attribution("AutoFX synthesized strings", "The AutoFX developers", "GPL-3.0-or-later")
IDMT = Attribution("IDMT-SMT-Audio-Effects", "Fraunhofer IDMT", "CC-BY-NC-ND-4.0")


def attribute_soundfont(path: Path) -> Attribution:
    """Name a soundfont's author and licence, where they are known."""
    return SOUNDFONTS.get(path.stem, Attribution(path.stem))
