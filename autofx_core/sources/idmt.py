"""Read the file names of IDMT-SMT-Audio-Effects: what was played, through which effect.

A name such as ``G61-40100-1111-00001.wav`` says: guitar, instrument model 6, playing style 1; MIDI
note 40, string 1, fret 00; effect group 1, effect 11, setting 1; number. The processed sounds carry
the same first two parts as the clean take they were made from.

References
----------
M. Stein, "Automatic detection of multiple, cascaded audio effects in guitar recordings", DAFx
2010; the data set's documentation (IDMT-SMT-Audio-Effects, Fraunhofer IDMT).
"""

import re
from dataclasses import dataclass

from autofx_core.effects.taxonomy import EFFECT_NAMES

EFFECTS: dict[str, str] = {
    "11": "dry",
    "12": "amp simulation",
    "21": "feedback delay",
    "22": "slapback delay",
    "23": "reverb",
    "31": "chorus",
    "32": "flanger",
    "33": "phaser",
    "34": "tremolo",
    "35": "vibrato",
    "41": "distortion",
    "42": "overdrive",
}
"""Code → name; the amplifier simulation counts as dry."""

PLAYING_STYLES = {
    "1": "finger, light",
    "2": "finger, hard",
    "3": "plectrum",
    "4": "plectrum, intervals",
    "5": "plectrum, chords",
}

_NAME = re.compile(
    r"(?P<take>[GB](?P<model>[1-9])(?P<style>[1-5])-(?P<midi>\d\d)(?P<string>\d)(?P<fret>\d\d))"
    r"-(?P<group>[1-4])(?P<effect>\d\d)(?P<setting>\d)-(?P<id>\d+)"
)


@dataclass(frozen=True)
class IdmtName:
    """What a file name says. ``take`` is the clean recording; ``string`` 1 is the lowest."""

    take: str
    model: int
    style: str
    midi: int
    string: int
    fret: int
    effect: str
    effect_class: str
    setting: int


def parse_name(stem: str) -> IdmtName | None:
    """Read a file's name without its suffix; None if it is not one of the data set's.

    Examples
    --------
    >>> parse_name("G93-76612-4411-38064").effect
    'distortion'
    >>> parse_name("my take 3") is None
    True
    """
    match = _NAME.fullmatch(stem)
    if not match or match["effect"] not in EFFECTS:
        return None
    effect = EFFECTS[match["effect"]]
    return IdmtName(
        take=match["take"],
        model=int(match["model"]),
        style=PLAYING_STYLES[match["style"]],
        midi=int(match["midi"]),
        string=int(match["string"]),
        fret=int(match["fret"]),
        effect=effect,
        effect_class=EFFECT_NAMES.get(effect, "dry"),
        setting=int(match["setting"]),
    )
