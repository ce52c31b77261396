"""Are there groups of participants who rate alike? Clusters of their correlations.

Average linkage of the distance 1 − r; the number of groups is the one with the largest mean
silhouette. Clustering always finds groups; they are reported only from a silhouette of 0.5 on,
which is called a reasonable structure.

References
----------
Kaufman & Rousseeuw (1990), Finding Groups in Data (silhouette; its bounds).
"""

from dataclasses import dataclass

import numpy as np

from analysis.ratings.scores import Scores
from analysis.stats.reliability import participant_correlations

MIN_PARTICIPANTS = 6
MAX_PARTICIPANTS = 500
MAX_GROUPS = 5
REASONABLE = 0.5


@dataclass(frozen=True)
class AgreementGroups:
    """The best split of the participants.

    Attributes
    ----------
    groups : tuple of tuple of str
        Participants of each group, the largest first.
    silhouette : float
        Mean silhouette, −1 to 1.
    """

    groups: tuple[tuple[str, ...], ...]
    silhouette: float

    @property
    def distinct(self) -> bool:
        """Whether the split is a reasonable structure."""
        return self.silhouette >= REASONABLE


def find_groups(scores: Scores) -> AgreementGroups | None:
    """Split the participants into groups; None with too few, or too few common ratings."""
    from scipy.cluster import hierarchy  # noqa: PLC0415 - slow to import
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    r = participant_correlations(scores)
    if not MIN_PARTICIPANTS <= len(r) <= MAX_PARTICIPANTS or not np.isfinite(r).all():
        return None
    distances = 1 - r
    np.fill_diagonal(distances, 0.0)
    tree = hierarchy.linkage(squareform(distances, checks=False), "average")
    splits = [hierarchy.fcluster(tree, k, "maxclust") for k in range(2, MAX_GROUPS + 1)]
    best = max(splits, key=lambda labels: silhouette(distances, labels))
    names = np.array(scores.participants, object)
    groups = sorted((tuple(names[best == k]) for k in np.unique(best)), key=lambda g: (-len(g), g))
    return AgreementGroups(tuple(groups), silhouette(distances, best))


def silhouette(distances: np.ndarray, labels: np.ndarray) -> float:
    """Average (b − a) / max(a, b): a the mean distance within a group, b to the nearest other.

    Parameters
    ----------
    distances : ndarray, shape (participants, participants), float
        Symmetric, 0 on the diagonal.
    labels : ndarray, shape (participants,), int
        Group of each; a group of one counts 0.
    """
    members = (labels[:, None] == np.unique(labels)[None, :]).astype(float)
    sizes = members.sum(axis=0)
    if len(sizes) < 2:
        return -1.0
    sums = distances @ members
    own = members > 0
    size = (members * sizes).sum(axis=1)
    a = sums[own] / np.maximum(size - 1, 1)
    b = np.where(own, np.inf, sums / sizes).min(axis=1)
    largest = np.maximum(a, b)
    values = np.divide(b - a, largest, out=np.zeros(len(a)), where=largest > 0)
    return float(np.where(size > 1, values, 0.0).mean())
