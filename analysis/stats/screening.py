"""Screening: participants with doubtful scores are flagged always, excluded on request.

Two flags. ``bs1534``: the post-screening rule of Recommendation ITU-R BS.1534-3 (10/2015), section
4.1.2 – the hidden reference below 90 in more than 15 % of the participant's trials, or the mid
anchor (7 kHz low-pass) above 90 in more than 15 %; an item whose mid anchor more than 25 % of the
participants put above 90 counts against nobody. ``rank``: the hidden reference is beaten by another
stimulus in more than 25 % of the participant's trials, which attentive participants hardly ever do.

Conventions: shares are of the participant's own trials (those where the stimulus was rated) and
must strictly exceed the limit. Training trials do not count.
"""

from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores
from stimuli_gen.contract import (
    BS1534_MAX_ITEM_SHARE,
    BS1534_MAX_MISSED_SHARE,
    BS1534_THRESHOLD,
    MID_ANCHOR,
    SCORE_SCALE,
)

MAX_NOT_FIRST = 0.25


@dataclass(frozen=True)
class ScreeningResult:
    """One participant's screening.

    Attributes
    ----------
    n_trials : int
        Trials in which the hidden reference was rated.
    reference_below : float
        Share of them with the reference below 90.
    mid_anchor_above : float
        Share of trials with the mid anchor above 90, NaN without mid anchor.
    not_first : float
        Share of trials in which something was rated above the hidden reference.
    bs1534, rank : bool
        The two flags.
    """

    participant: str
    n_trials: int
    reference_below: float
    mid_anchor_above: float
    not_first: float
    bs1534: bool
    rank: bool

    def breaks(self, rule: str) -> bool:
        """Return whether ``rule`` (one of ``options.RULES``) excludes this participant."""
        return {
            "none": False,
            "bs1534": self.bs1534,
            "rank": self.rank,
            "both": self.bs1534 or self.rank,
        }[rule]

    def reason(self, rule: str) -> str:
        """Say which limits of ``rule`` the participant exceeds, with the shares."""
        reasons = []
        if rule in ("bs1534", "both") and self.reference_below > BS1534_MAX_MISSED_SHARE:
            reasons.append(f"hidden reference below 90 in {self.reference_below:.0%} of trials")
        if rule in ("bs1534", "both") and self.mid_anchor_above > BS1534_MAX_MISSED_SHARE:
            reasons.append(f"mid anchor above 90 in {self.mid_anchor_above:.0%} of trials")
        if rule in ("rank", "both") and self.not_first > MAX_NOT_FIRST:
            reasons.append(f"hidden reference not first in {self.not_first:.0%} of trials")
        return ", ".join(reasons).replace("%", " %")


@dataclass(frozen=True)
class Screening:
    """The results of all participants, or the reason why there are none."""

    results: tuple[ScreeningResult, ...]
    exempt_items: tuple[str, ...] = ()
    impossible: str = ""

    def excluded(self, rule: str) -> tuple[str, ...]:
        """Return the participants whom ``rule`` excludes."""
        return tuple(v.participant for v in self.results if v.breaks(rule))


def screen(
    scores: Scores, *, scale: tuple[float, float], mid_anchor: str = MID_ANCHOR
) -> Screening:
    """Apply both rules to every participant.

    Parameters
    ----------
    scores : Scores
        Scores of everyone who took part, training left out.
    scale : tuple of float
        The rule's limits are points of a 0–100 scale; on another scale they have no meaning.
    mid_anchor : str
        Condition id of the 7 kHz anchor; its part of the rule is skipped where it is absent.
    """
    references = scores.of_kind("reference")
    if not references:
        return Screening((), impossible="no hidden reference among the conditions")
    if scale != SCORE_SCALE:
        return Screening((), impossible=f"the rule is for 0–100, not {scale[0]:g}–{scale[1]:g}")
    reference = scores.of(references[0])
    trial = np.isfinite(reference)
    below = _share(reference < BS1534_THRESHOLD, trial)
    beaten = np.nanmax(np.where(trial[:, :, None], scores.values, -np.inf), axis=2) > reference
    not_first = _share(beaten, trial)
    above, exempt = _mid_anchor(scores, mid_anchor)
    results = tuple(
        ScreeningResult(
            name,
            int(trial[n].sum()),
            float(below[n]),
            float(above[n]),
            float(not_first[n]),
            bool(below[n] > BS1534_MAX_MISSED_SHARE or above[n] > BS1534_MAX_MISSED_SHARE),
            bool(not_first[n] > MAX_NOT_FIRST),
        )
        for n, name in enumerate(scores.participants)
    )
    return Screening(results, exempt)


def _mid_anchor(scores: Scores, mid_anchor: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Share of each participant's trials with the mid anchor above 90, and the exempt items."""
    if mid_anchor not in scores.conditions:
        return np.full(len(scores.participants), np.nan), ()
    anchor = scores.of(mid_anchor)
    trial = np.isfinite(anchor)
    above = trial & (anchor > BS1534_THRESHOLD)
    exempt = _share(above.T, trial.T) > BS1534_MAX_ITEM_SHARE
    names = tuple(item for item, out in zip(scores.items, exempt, strict=True) if out)
    return _share(above & ~exempt[None, :], trial), names


def _share(hits: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Row-wise share of hits among trials; NaN without trials."""
    n = trials.sum(axis=1)
    hit = (hits & trials).sum(axis=1)
    return np.divide(hit, n, out=np.full(len(n), np.nan), where=n > 0)
