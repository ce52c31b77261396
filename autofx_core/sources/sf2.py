"""Read from a SoundFont 2 file which keys of a program play which sample.

References
----------
SoundFont Technical Specification 2.04, Creative Technology, 2006.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

# The tables of a soundfont that say which keys play which sample (specification, section 7).
_BAG = np.dtype([("first_generator", "<u2"), ("first_modulator", "<u2")])
_GENERATOR = np.dtype([("kind", "<u2"), ("amount", "<u2")])
_TABLES = {
    b"phdr": np.dtype(
        [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
    ),
    b"pbag": _BAG,
    b"pgen": _GENERATOR,
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"ibag": _BAG,
    b"igen": _GENERATOR,
    b"shdr": np.dtype([("name", "S20"), ("place", "V20"), ("root", "u1"), ("rest", "V5")]),
}
EVERY_KEY = 127 << 8  # a range: the lowest key in the low byte, the highest in the high byte
_INSTRUMENT, _KEY_RANGE, _SAMPLE, _ROOT_KEY = 41, 43, 53, 58


class SoundfontError(ValueError):
    """A soundfont that cannot be used; the message names the file."""


@dataclass(frozen=True)
class Zone:
    """A stretch of keys that plays one recording. ``root`` is the key of its own pitch."""

    low: int
    high: int
    root: int
    sample: str


def read_zones(
    soundfont: Path, programs: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, list[Zone]]]:
    """Read which keys play which sample, low to high.

    Where a program layers instruments, its first one counts.

    Parameters
    ----------
    programs
        Bank and number of each wanted program.

    Returns
    -------
    dict
        Bank and number → the program's name and its zones.

    Raises
    ------
    SoundfontError
        If the file is no soundfont or lacks one of the programs.
    """
    tables = _read_tables(soundfont)
    presets = tables[b"phdr"][:-1]  # each table's last row is its end mark
    found = {}
    for bank, program in programs:
        rows = np.flatnonzero((presets["bank"] == bank) & (presets["program"] == program))
        if not rows.size:
            raise SoundfontError(f"{soundfont}: has no program {program} in bank {bank}")
        bags = _bags(tables, rows[0], headers=b"phdr", bags=b"pbag", generators=b"pgen")
        instrument = next(bag[_INSTRUMENT] for bag in bags if _INSTRUMENT in bag)
        name = presets["name"][rows[0]].decode()
        found[bank, program] = (name, _zones_of(tables, instrument))
    return found


def _zones_of(tables: dict[bytes, np.ndarray], instrument: int) -> list[Zone]:
    zones = set()
    for bag in _bags(tables, instrument, headers=b"inst", bags=b"ibag", generators=b"igen"):
        if _SAMPLE in bag:
            sample = tables[b"shdr"][bag[_SAMPLE]]
            name = sample["name"].decode()
            high, low = divmod(bag.get(_KEY_RANGE, EVERY_KEY), 256)
            root = bag.get(_ROOT_KEY, int(sample["root"]))
            zones.add(Zone(low, high, root, f"{name} {root}"))
    return sorted(zones, key=lambda zone: zone.low)


def _read_tables(soundfont: Path) -> dict[bytes, np.ndarray]:
    """Find the seven tables in the file's last list of chunks, "pdta"."""
    content = soundfont.read_bytes()
    place = content.rfind(b"pdta")
    if content[:4] != b"RIFF" or content[8:12] != b"sfbk" or place < 0:
        raise SoundfontError(f"{soundfont}: is not a SoundFont 2 file")
    tables, place = {}, place + 4
    while place < len(content):
        name = content[place : place + 4]
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        if name in _TABLES:
            tables[name] = np.frombuffer(content[place + 8 : place + 8 + size], _TABLES[name])
        place += 8 + size
    return tables


def _bags(
    tables, row: int, *, headers: bytes, bags: bytes, generators: bytes
) -> list[dict[int, int]]:
    """List the bags of a preset or instrument, each as generator → its amount."""
    first, last = tables[headers]["bag"][row : row + 2]
    edges = tables[bags]["first_generator"][first : last + 1]
    return [dict(tables[generators][begin:end].tolist()) for begin, end in pairwise(edges)]
