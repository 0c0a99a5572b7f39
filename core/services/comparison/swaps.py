"""What changes hands when a challenger decides: the swap set in people and money, the rules' price, and the bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain.compare.discrimination import log_ratio_part, ratio_over
from core.domain.compare.exchange import Codes, Exchange, Flags, exchange, in_shares
from core.domain.features import Floats
from core.domain.judged import RULES, Judged, figure_of, outcome_values
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured
from core.domain.metrics.ratio import risk_ratio
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers
from core.services.desk import Desk
from core.services.kept import kept


@dataclass(frozen=True)
class Saving:
    """What a model's decisions at the rules' coverage would have brought over the rules' own, in all."""

    arm: str
    total: float
    low: float
    high: float
    n: int
    currency: str


@dataclass(frozen=True)
class Ratio:
    """How much more often the outcome happens in higher bands than in the lowest, at matched coverage.

    Attributes
    ----------
    arm : str
    bands : tuple of (str, int, float)
        Name, judged rows and outcome rate (NaN without rows) of every band, the highest first.
    ratio : Measured
        Of the highest band over the lowest.
    above : Measured
        Of all bands above the lowest over the lowest: it can be judged where the highest holds too few.
    over_rules : Measured or None
        This ratio over the rules' own, paired; of the bands the polarity is read off. None for the rules themselves.
    polarity : str
        right | cannot tell | reversed or mis-fed
    """

    arm: str
    bands: tuple[tuple[str, int, float], ...]
    ratio: Measured
    above: Measured
    over_rules: Measured | None
    polarity: str

    @property
    def n(self) -> int:
        """Judged rows in all bands."""
        return sum(n for _, n, _ in self.bands)


def mark_of(found: Challengers) -> tuple[Any, ...]:
    """What tells one comparison from another: when it was read, and of which rows."""
    return found.window, tuple(sorted(found.segment.items())), tuple(arm.name for arm in found.arms)


def swap(desk: Desk, actor: Actor, key: str, found: Challengers, arm: str, coverage: float) -> Exchange | None:
    """Whom a challenger would take that the champion leaves, and the other way round; None where no row is judged.

    Parameters
    ----------
    coverage : float
        Share of rows that each arm takes, (0, 1).
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    mark = ("swap", arm, coverage, *mark_of(found))
    return kept(desk, use_case, mark, lambda: _swap(use_case, found, arm, coverage))


def _swap(use_case: UseCase, found: Challengers, arm: str, coverage: float) -> Exchange | None:
    judged = found.rows.rows
    rows = judged.counts & ~np.isnan(found.rows.scores[arm]) & ~np.isnan(found.rows.scores[found.champion])
    if not rows.any():
        return None
    outcome = judged.outcome[rows]
    return exchange(
        outcome_values(use_case, outcome),
        found.rows.scores[found.champion][rows],
        found.rows.scores[arm][rows],
        coverage,
        worth=_worth(use_case, outcome),
        clusters=judged.clusters(rows),
    )


def _worth(use_case: UseCase, outcome: Floats) -> Floats | None:
    """What taking a row into the highest band instead of the lowest brings, by its outcome; None without costs."""
    money = use_case.policy.money
    if money is None or use_case.task is not Task.BINARY:
        return None
    gain = np.array(money.costs[-1]) - np.array(money.costs[0])
    return np.asarray(gain[outcome.astype(np.int64)])


def savings(desk: Desk, actor: Actor, key: str, found: Challengers) -> tuple[Saving, ...]:
    """The opportunity cost of the rules against each model over the period; () without rules or costs."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("savings", *mark_of(found)), lambda: _savings(use_case, found))


def _savings(use_case: UseCase, found: Challengers) -> tuple[Saving, ...]:
    judged, money = found.rows.rows, use_case.policy.money
    rows = _ruled(judged)
    if money is None or use_case.task is not Task.BINARY or not rows.any():
        return ()
    costs = np.array(money.costs)
    hit, of_rules = judged.outcome[rows].astype(np.int64), judged.rules_band[rows].astype(np.int64)
    clusters, lines = judged.clusters(rows), []
    for arm in found.rows.arms:
        mine = in_shares(found.rows.scores[str(arm)][rows], np.bincount(of_rules, minlength=len(costs)))
        brought = costs[of_rules, hit] - costs[mine, hit]
        total, n = float(brought.sum()), len(brought)
        half = z_value() * standard_error(brought - brought.mean(), clusters)
        lines.append(Saving(str(arm), total, total - half, total + half, n, money.currency))
    return tuple(lines)


def _ruled(judged: Judged) -> Any:
    """Rows that may be judged and of which the rules said something."""
    return judged.counts & (judged.rules_band >= 0)


def ratios(desk: Desk, actor: Actor, key: str, found: Challengers) -> tuple[Ratio, ...]:
    """The discrimination ratio of every arm, each at the same coverage: the rules', or the champion's own bands.

    () for other tasks than binary ones, and where the bands that would be compared are empty.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("ratios", *mark_of(found)), lambda: _ratios(desk, use_case, found))


def _ratios(desk: Desk, use_case: UseCase, found: Challengers) -> tuple[Ratio, ...]:
    judged = found.rows.rows
    rows = _ruled(judged)
    with_rules = use_case.rules is not None and bool(rows.any())
    if use_case.task is not Task.BINARY or not judged.counts.any():
        return ()
    rows = rows if with_rules else judged.counts
    leading = next(arm for arm in found.rows.arms if str(arm) == found.champion)
    if with_rules:
        bands = judged.rules_band[rows].astype(np.int64)
    else:
        scorer, name = desk.scorer(use_case.key, leading.version), found.champion
        bands = scorer.bands(leading.model, judged.outputs[name][rows], found.rows.scores[name][rows]).astype(np.int64)
    sizes = np.bincount(bands, minlength=len(use_case.policy.bands))
    if not sizes[0] or not sizes[-1]:
        return ()
    arms = {str(arm): in_shares(found.rows.scores[str(arm)][rows], sizes) for arm in found.rows.arms}
    if with_rules:
        arms[RULES] = bands
    of_rules = bands if with_rules else None
    return tuple(_ratio(use_case, judged, name, codes, rows, of_rules) for name, codes in arms.items())


def _ratio(use_case: UseCase, judged: Judged, arm: str, bands: Codes, rows: Flags, of_rules: Codes | None) -> Ratio:
    names, outcome = use_case.policy.band_names, judged.outcome[rows]
    n = np.bincount(bands, minlength=len(names))
    hits = np.bincount(bands, weights=outcome, minlength=len(names))
    lowest = int(hits[-1]), int(n[-1])
    ratio = risk_ratio(int(hits[0]), int(n[0]), *lowest)
    above = risk_ratio(int(hits[:-1].sum()), int(n[:-1].sum()), *lowest)
    rates = [float(hit / count) if count else float("nan") for hit, count in zip(hits, n, strict=True)]
    by_band = tuple(zip(names, n.tolist(), rates, strict=True))
    shown, over = (ratio if ratio.enough else above), None
    if of_rules is not None and arm != RULES:
        top, last = (0 if ratio.enough else len(names) - 2), len(names) - 1
        parts = [log_ratio_part(outcome, codes <= top, codes == last) for codes in (bands, of_rules)]
        over = ratio_over(parts[0], parts[1], shown.n_events or 0, judged.clusters(rows))
    return Ratio(arm, by_band, ratio, above, over, _polarity(shown, judged, use_case, arm))


def _polarity(ratio: Measured, judged: Judged, use_case: UseCase, arm: str) -> str:
    """Whether a higher score means more of the outcome, as far as the intervals of the ratio and the AUC tell."""
    area = figure_of(use_case, judged, arm, "auc")
    if (ratio.enough and ratio.high < 1) or (area is not None and area.high < 0.5):
        return "reversed or mis-fed"
    sure = ratio.enough and ratio.low > 1 and (area is None or area.low > 0.5)
    return "right" if sure else "cannot tell"
