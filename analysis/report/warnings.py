"""Warnings about the results; only those that these data call for.

Each rule looks at the findings and yields sentences; ``collect`` runs them in order of weight.
"""

from collections.abc import Iterator

import numpy as np

from analysis.analyse import Findings
from analysis.ratings.table import count
from analysis.report.apa import number, p_value, points
from analysis.report.style import missing_characters
from analysis.stats.comparisons import ALPHA
from analysis.stats.crossed import CLUSTERED, MIN_ITEMS, MIN_PARTICIPANTS
from stimuli_gen.contract import MAX_CONDITIONS

MANY_AT_THE_END = 0.4
FEW_SOUNDS = 6


def collect_warnings(findings: Findings) -> tuple[str, ...]:
    """List the warnings that apply."""
    rules = (
        _simulated,
        _few,
        _no_variation,
        _missing,
        _nesting,
        _primary,
        _method,
        _screening,
        _ends,
        _checks,
        _sounds,
        _families,
        _characters,
        _reading,
    )
    return tuple(sentence for rule in rules for sentence in rule(findings))


def _names(findings: Findings, conditions) -> str:
    return ", ".join(findings.label(c) for c in conditions)


def _simulated(f: Findings) -> Iterator[str]:
    table = f.ratings.table
    n = table.groupby("participant_code")["simulated"].first()
    if n.any():
        yield (
            f"{int(n.sum())} of {count(len(n), 'participant')} are simulated: no conclusion "
            "about hearing can be drawn from them."
        )


def _few(f: Findings) -> Iterator[str]:
    n, sounds = len(f.scores.participants), len(f.scores.items)
    if n < MIN_PARTICIPANTS:
        yield (
            f"Only {count(n, 'participant')}: nothing is tested; at least {MIN_PARTICIPANTS} "
            "are needed."
        )
    m = len(f.pairs.planned) or len(f.pairs.all)
    # The smallest p-value of a signed-rank test of n differences is 2/2ⁿ.
    if n >= MIN_PARTICIPANTS and 2 * 0.5**n * m > ALPHA:
        yield (
            f"With {n} participants a signed-rank test cannot reach p = .05 after Holm's "
            f"correction over {count(m, 'comparison')}, whatever the scores."
        )
    if sounds == 1:
        yield "Only one sound: no conclusion about other sounds is possible."
    elif sounds < MIN_ITEMS:
        yield (
            f"Only {sounds} sounds: no test for new sounds holds its level with so few, so that "
            "every result is for these sounds only."
        )
    elif sounds < FEW_SOUNDS:
        yield (
            f"Only {sounds} sounds: conclusions about new sounds rest on these few; more sounds "
            "help more than more participants."
        )
    if f.pairs.few_sounds:
        yield (
            f"{count(len(f.pairs.few_sounds), 'pair')} of conditions share fewer than "
            f"{MIN_ITEMS} sounds: their results are for these sounds only and stand in a table of "
            "their own."
        )


def _no_variation(f: Findings) -> Iterator[str]:
    constant = [d for d in f.descriptions if d.n > 1 and d.sd == 0]
    if constant:
        scores = ", ".join(f"{f.label(d.condition)} {d.median:g}" for d in constant)
        yield f"All ratings of a condition are equal ({scores}): this looks like missing answers."
    alike = [c for c in f.pairs.all if c.crossed.se == 0]
    if alike:
        c = alike[0]
        yield (
            f"All differences are equal in {count(len(alike), 'comparison')} (first: "
            f"{f.label(c.a)} − {f.label(c.b)}, {points(c.crossed.estimate, f.ratings.scale)} "
            "points): without variation nothing is tested."
        )


def _missing(f: Findings) -> Iterator[str]:
    rated = np.isfinite(f.scores.values)
    offered = rated.any(axis=0)
    cells = int(offered.sum()) * len(f.scores.participants)
    missing = cells - int(rated.sum())
    if missing:
        yield (
            f"{missing} of {count(cells, 'cell')} ({100 * missing / cells:.1f} %) are missing: "
            f"where a comparison lacks cells, errors are clustered two ways ({CLUSTERED}) instead "
            "of the closed form."
        )


def _nesting(f: Findings) -> Iterator[str]:
    offered = np.isfinite(f.scores.values).any(axis=0)
    partial = [c for n, c in enumerate(f.scores.conditions) if not offered[:, n].all()]
    if partial:
        yield (
            f"Not every sound has every condition: {_names(f, partial)} occur with some sounds "
            "only. Each comparison uses the sounds that both of its conditions share; means of "
            "such conditions are not over the same sounds."
        )
    if offered.sum(axis=1).max() > MAX_CONDITIONS:
        yield f"More than {MAX_CONDITIONS} stimuli in a trial; BS.1534-3 allows no more."


def _primary(f: Findings) -> Iterator[str]:
    unknown = [d.condition for d in f.descriptions if not d.kind]
    if unknown:
        yield (
            f"The kind of {_names(f, unknown)} is not known (estimated, random, anchor, …); a map "
            "file (--map) gives it."
        )
    randoms = f.scores.of_kind("random")
    if len(randoms) > 1 and f.options.against is None:
        yield (
            f"Several conditions are random ({_names(f, randoms)}); compared is with the first. "
            "Name the one wanted with --against."
        )
    if f.primary and f.options.primary is None and len(f.pairs.planned) > 1:
        yield (
            f"The primary comparison was not named: the first of {len(f.pairs.planned)} estimated "
            f"conditions, {f.label(f.primary.a)}, was taken, and its p-value carries Holm's "
            "correction. Name it with --primary before looking."
        )


def _method(f: Findings) -> Iterator[str]:
    if not f.scores.of_kind("reference"):
        yield "There is no hidden reference: participants cannot be screened by BS.1534-3."
    elif not {"anchor35", "anchor70"} <= set(f.scores.conditions):
        yield (
            "The 3.5 kHz and 7 kHz anchors are not both there: by BS.1534-3 this is a "
            "'MUSHRA-like' test."
        )


def _screening(f: Findings) -> Iterator[str]:
    for rule in ("bs1534", "rank"):
        flagged = f.screening.excluded(rule)
        if flagged and f.options.exclude not in (rule, "both"):
            name = "BS.1534-3" if rule == "bs1534" else "the rank rule"
            yield (
                f"{len(flagged)} of {len(f.everyone.participants)} participants are flagged by "
                f"{name} ({', '.join(flagged[:12])}{', …' if len(flagged) > 12 else ''}) but not "
                "excluded."
            )
    if f.excluded:
        who = "participant was" if len(f.excluded) == 1 else "participants were"
        yield f"{len(f.excluded)} {who} excluded by the rule '{f.options.exclude}'."
    decisions = {
        rule: c.crossed.p_value < ALPHA
        for rule, c in f.screened.items()
        if c is not None and np.isfinite(c.crossed.p_value)
    }
    if len(set(decisions.values())) > 1:
        yield "Screening changes the decision of the primary comparison; see the table of rules."


def _ends(f: Findings) -> Iterator[str]:
    for share, end in (("share_at_top", "highest"), ("share_at_bottom", "lowest")):
        full = [d for d in f.descriptions if getattr(d, share) > MANY_AT_THE_END]
        full = [d for d in full if d.kind != "reference"]
        if full:
            shares = ", ".join(
                f"{f.label(d.condition)} {100 * getattr(d, share):.0f} %" for d in full
            )
            yield (
                f"Many ratings are at the {end} score ({shares}): differences there are squeezed; "
                "see the check on ranks."
            )
    references = [d for d in f.descriptions if d.kind == "reference"]
    if references:
        better = [
            d.condition
            for d in f.descriptions
            if d.kind != "reference" and d.mean.estimate > references[0].mean.estimate
        ]
        if better:
            yield f"Rated above the hidden reference on average: {_names(f, better)}."


def _checks(f: Findings) -> Iterator[str]:
    if f.mixed is not None and not f.mixed.status.startswith("agrees"):
        yield f"The mixed model as a cross-check: {f.mixed.status}."
    odd = [r.name for r in f.robustness if not (r.same_sign and r.same_decision)]
    if odd:
        yield (
            "Robustness checks of the primary comparison differ in sign or decision: "
            f"{'; '.join(odd)}."
        )

    different = [o for o in f.ordinal if o.same_decision is False or o.same_sign is False]
    if different:
        names = "; ".join(f"{f.label(o.a)} − {f.label(o.b)}" for o in different)
        yield (
            f"With scores in bands instead of points (ordinal model) the sign or the decision "
            f"differs for {names}."
        )
    if f.groups is not None and f.groups.distinct:
        sizes = " and ".join(str(len(g)) for g in f.groups.groups)
        yield (
            f"The participants fall into groups of {sizes} that rate alike: means over all hide "
            "that; see the table of groups."
        )


def _sounds(f: Findings) -> Iterator[str]:
    outlying = [s for s in f.sound_differences if s.outlying]
    if outlying:
        named = ", ".join(
            f"{s.item} ({points(s.difference.estimate, f.ratings.scale)} points)" for s in outlying
        )
        yield (
            f"The primary difference on {named} lies far from that on the other sounds: listen to "
            f"{'it' if len(outlying) == 1 else 'them'} before the mean is quoted."
        )


def _families(f: Findings) -> Iterator[str]:
    for effect in f.family_effects:
        if effect.p_value < ALPHA and f.primary and effect.a == f.primary.a:
            means = ", ".join(
                f"{x.family} {points(c.crossed.estimate, f.ratings.scale)}"
                for x in f.families
                for c in x.planned
                if (c.a, c.b) == (effect.a, effect.b)
            )
            yield (
                f"The primary difference depends on the family ({means} points; "
                f"F = {number(effect.statistic)}, p {p_value(effect.p_value)}): the overall mean "
                "is over this mix of sounds."
            )


def _characters(f: Findings) -> Iterator[str]:
    names = [f.label(c) for c in f.scores.conditions]
    missing = missing_characters([*names, *f.scores.items, *f.scores.families])
    if missing:
        yield (
            f"No installed font has {' '.join(missing[:12])}: figures as PNG and PDF show boxes "
            "instead; the page shows them where the reader's fonts have them."
        )


def _reading(f: Findings) -> Iterator[str]:
    yield from f.ratings.notes
