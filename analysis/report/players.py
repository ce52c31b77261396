"""Players of the rated sounds, linked or embedded, for the page."""

import base64
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from analysis.analyse import Findings
from analysis.ratings.table import RatingsError

REFERENCE = "Reference (open)"


@dataclass(frozen=True)
class Player:
    """One file to play: its label, mean score as printed, and address."""

    label: str
    score: str
    source: str


def make_players(findings: Findings, folder: Path, audio: str) -> dict[str, list[Player]]:
    """Make the players of every rated sound, the open reference first.

    Parameters
    ----------
    findings : Findings
        With a stimulus set whose manifest names the files.
    folder : Path
        The report's folder, from which links are relative.
    audio : str
        One of ``options.AUDIO``.

    Raises
    ------
    RatingsError
        If players are wanted and there is no stimulus set, or a file of it is missing.
    """
    if audio == "none":
        return {}
    stimuli = findings.stimuli
    if stimuli is None:
        raise RatingsError("--audio needs the stimulus set: name its manifest with --manifest")

    def source(file: str) -> str:
        path = stimuli.folder / file
        if not path.is_file():
            raise RatingsError(f"{path}: no such sound; run the report beside the stimulus set")
        if audio == "link":
            return quote(Path(os.path.relpath(path, folder)).as_posix())
        kind = mimetypes.guess_type(path.name)[0] or "audio/wav"
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

    players: dict[str, list[Player]] = {}
    for sound in findings.sounds:
        reference = stimuli.references.get(sound.item)
        if sound.item not in players:
            first = [Player(REFERENCE, "", source(reference))] if reference else []
            players[sound.item] = first
        file = stimuli.files.get((sound.item, sound.condition))
        if file:
            score = f"{sound.mean.estimate:.1f}"
            players[sound.item].append(Player(findings.label(sound.condition), score, source(file)))
    return {item: found for item, found in players.items() if found}
