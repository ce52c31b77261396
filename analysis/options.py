"""What an analysis can be asked for: the choices of its command, without anything heavy."""

from collections.abc import Collection
from dataclasses import dataclass

from analysis.ratings.errors import RatingsError
from stimuli_gen.contract import MID_ANCHOR

DEFAULT_DATABASE = "sqlite:///autofx-data/ratings.sqlite3"
PARTICIPANTS = ("auto", "real", "simulated", "all")
RULES = ("none", "bs1534", "rank", "both")
AUDIO = ("none", "link", "embed")


@dataclass(frozen=True)
class Options:
    """What the experimenter decides before looking.

    Attributes
    ----------
    seed : int
        For everything drawn at random.
    primary, against : str, optional
        The primary comparison; the first estimated condition and ``random`` where absent.
    exclude : str
        One of ``RULES`` (see ``stats.screening``): whom the main analysis leaves out.
    participants : str
        ``auto`` takes the real ones, or the simulated where there are no others.
    margin : float, optional
        Equivalence margin in points.
    mid_anchor : str
        Condition id of the 7 kHz anchor.
    """

    seed: int = 1
    primary: str | None = None
    against: str | None = None
    exclude: str = "none"
    participants: str = "auto"
    margin: float | None = None
    mid_anchor: str = MID_ANCHOR

    def check_conditions(self, rated: Collection[str]) -> None:
        """Refuse options that name a condition which is not among ``rated``.

        Raises
        ------
        RatingsError
            With the names of the conditions that were rated.
        """
        for name in (self.primary, self.against):
            if name is not None and name not in rated:
                raise RatingsError(
                    f"no condition {name!r} was rated; there are: {', '.join(rated)}"
                )
