"""What moved: every item's measures, judged together so that quiet data stay quiet.

An item has up to five tests: of its PSI, of its shape, of its missing share, of new and of vanished levels. Its p-value
is the smallest of them times their number, and the p-values of all judged items are held together by Benjamini and
Hochberg (1995): whatever the rows, a period without drift raises anything in at most `Limits.level` of cases. Beyond
that an item must have moved by as much as the policy cares about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.compare.several import benjamini_hochberg
from core.domain.drift.bins import Bins, Counted, Of, Rows
from core.domain.drift.item import ABSENT, of_reference
from core.domain.drift.limits import Limits as Limits
from core.domain.drift.look import Look, look
from core.domain.drift.reasons import asides, moves, not_judged, vanished


class Level(StrEnum):
    """What an item's window came to."""

    TOO_FEW = "not enough rows"
    QUIET = "no change"
    MODERATE = "moderate change"
    SIGNIFICANT = "significant change"
    SHOWN = "shown, never judged"

    @property
    def raised(self) -> bool:
        return self in (Level.MODERATE, Level.SIGNIFICANT)


@dataclass(frozen=True)
class Finding:
    """One item in one window.

    Attributes
    ----------
    psi, kl, js : float
        Population stability index, KL(current || reference) in nats, Jensen-Shannon distance from 0 to 1; over the
        coarse bins.
    psi_limit, kl_limit : float
        The larger of the policy's band and what sampling alone makes of it; infinite without rows.
    ks, ks_error, ks_p : float or None
        Numbers: D from the bins, the most they hide, and its p-value.
    wasserstein, wasserstein_error : float or None
        Numbers: in standard deviations of the reference; the error is NaN where the window's ends are not known.
    chi2, chi2_p, cramers_v : float
        Two-sample contingency test; V of the table as it is.
    effect : float
        What stands against `Limits.effect`: D, or V as of two samples of one size.
    missing_now, missing_before : float
        Shares of rows.
    missing_p : float or None
        None where nothing is missing.
    unseen : mapping of str to int
        Levels that the reference does not know -> rows; "another level" where few share one, or it is personal.
    vanished : tuple of str
        Levels of the reference that the window has not, and not by chance.
    adjusted_p : float or None
        Of the whole item, corrected for its tests and for all items; None where it is not judged.
    n, n_effective, needed : int, float, int
        Rows, what they are worth where entities repeat, and the entities that a judgement takes.
    why : tuple of str
        What raised it, with value, n and limit; or why it is not judged.
    aside : tuple of str
        What was seen and raises nothing.
    """

    name: str
    of: Of
    level: Level
    n: int
    n_effective: float
    needed: int
    psi: float
    psi_limit: float
    kl: float
    kl_limit: float
    js: float
    chi2: float
    chi2_p: float
    cramers_v: float
    effect: float
    ks: float | None = None
    ks_error: float | None = None
    ks_p: float | None = None
    wasserstein: float | None = None
    wasserstein_error: float | None = None
    missing_now: float = 0.0
    missing_before: float = 0.0
    missing_p: float | None = None
    unseen: Mapping[str, int] = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    adjusted_p: float | None = None
    why: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def judge(
    bins: Sequence[Bins],
    now: Sequence[Counted],
    rows: Rows,
    limits: Limits,
    *,
    against: Sequence[Counted] | None = None,
    against_rows: Rows | None = None,
) -> tuple[Finding, ...]:
    """Judge a window against the reference, or against another window that was counted in the same bins.

    Parameters
    ----------
    bins : sequence of Bins
        All of them are one family: the more are judged at once, the more each must have moved.
    now : sequence of Counted, in the order of `bins`
    rows : Rows
        Of the window.
    against : sequence of Counted, in the order of `bins`, optional
    against_rows : Rows, optional
        Of the other window; given with `against`.

    Returns
    -------
    tuple of Finding, in the order of `bins`

    Raises
    ------
    ValueError
        The counts are of other items than the bins.
    """
    share = limits.level / max(sum(not item.calendar for item in bins), 1)
    looks = []
    for k, (item, counted) in enumerate(zip(bins, now, strict=True)):
        if item.name != counted.name:
            raise ValueError(f"'{counted.name}' is counted where the reference has '{item.name}'")
        before = of_reference(item) if against is None or against_rows is None else (against[k], against_rows)
        looks.append(look(item, (counted, rows), before, share, limits))
    asked = [found for found in looks if found.judged]
    adjusted = iter(benjamini_hochberg([found.item.p for found in asked]))
    by_look = [next(adjusted) if found.judged else None for found in looks]
    held = sum(p is not None and p <= limits.level for p in by_look)
    cut = max(held, 1) * limits.level / max(len(asked), 1)
    return tuple(_finding(found, p, cut, limits) for found, p in zip(looks, by_look, strict=True))


def _finding(found: Look, adjusted: float | None, cut: float, limits: Limits) -> Finding:
    item = found.item
    moved = moves(found, cut, limits) if found.judged else []
    tables, distance, area = item.divergence, item.ks, item.wasserstein
    sd = item.bins.sd if item.bins.sd > 0 else math.nan
    return Finding(
        name=item.bins.name,
        of=item.bins.of,
        level=_level(found, [move.significant for move in moved]),
        n=item.now.n,
        n_effective=item.now.n * found.worth,
        needed=found.needed,
        psi=tables.psi,
        psi_limit=max(limits.psi_moderate, tables.noise),
        kl=tables.kl,
        kl_limit=max(limits.kl, tables.noise / 2),
        js=tables.js,
        chi2=item.contingency.statistic,
        chi2_p=item.contingency.p,
        cramers_v=item.contingency.cramers_v,
        effect=item.effect,
        ks=distance.value if distance else None,
        ks_error=distance.error if distance else None,
        ks_p=item.ks_p,
        wasserstein=area.value / sd if area else None,
        wasserstein_error=area.error / sd if area else None,
        missing_now=item.missing[0],
        missing_before=item.missing[1],
        missing_p=item.tests.get(ABSENT),
        unseen=item.unseen,
        vanished=vanished(item, cut) if found.judged else (),
        adjusted_p=adjusted,
        why=tuple(move.sentence for move in moved) or not_judged(found),
        aside=asides(found, moved, limits),
    )


def _level(found: Look, moved: Sequence[bool]) -> Level:
    if found.item.bins.calendar:
        return Level.SHOWN
    if moved:
        return Level.SIGNIFICANT if any(moved) else Level.MODERATE
    return Level.QUIET if found.enough else Level.TOO_FEW


def persistent(levels: Sequence[Level], k: int, n: int) -> bool:
    """Whether at least k of the last n judged windows raised the item; windows of too few rows say nothing.

    Parameters
    ----------
    levels : sequence of Level, oldest first

    Examples
    --------
    >>> seen = [Level.MODERATE, Level.QUIET, Level.TOO_FEW, Level.SIGNIFICANT]
    >>> persistent(seen, 2, 3), persistent(seen, 2, 2)
    (True, False)
    """
    judged = [level for level in levels if level not in (Level.TOO_FEW, Level.SHOWN)]
    return sum(level.raised for level in judged[-n:]) >= k
