"""What arms are worth on all rows, where outcomes are known only of those that a decision let through.

A random slice, decided whatever the scores said and with its probability logged beforehand, stands for the rows whose
outcomes nobody will ever see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.compare.difference import Difference, Part, difference
from core.domain.compare.weighting import (
    LEAST_EFFECTIVE,
    effective_n,
    weighted_auc_part,
    weighted_macro_auc_part,
    weighted_mean_part,
    weighted_r2_part,
)
from core.domain.features import Floats
from core.domain.judged import METRICS, RULES, Judged
from core.domain.metrics.influence import standard_error
from core.domain.metrics.intervals import logit_interval, z_value
from core.domain.metrics.measured import MIN_EVENTS, Measured
from core.domain.usecase import Task, UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.arms import ArmRows
from core.services.desk import Desk

RANDOM, CHALLENGER = "random", "challenger"  # deciders, as the log names them
SEEN_SHARE = 0.5  # a decision after which fewer mature rows than this get an outcome hides them
METHOD = "weights 1 / propensity normed to their sum (Hajek), pairs by the product of weights, linearised"


@dataclass(frozen=True)
class Weighted:
    """Figures on all rows, by the rows whose outcome is known.

    Attributes
    ----------
    effective_n : float
        Rows of equal weight that would tell as much.
    refused : str
        Why there are no figures, in words; "" where there are.
    n, n_random, n_hidden : int
        Rows with an outcome; those of them that only the random slice let through; mature rows whose outcome stays
        hidden, for which they stand.
    figures : mapping of arm to metric to Measured
        Rules as well, where they rank.
    gains : mapping of arm to metric to Difference
        Over the acting arm.
    hidden_by : tuple of str
        Decisions after which no outcome comes.
    """

    effective_n: float
    refused: str
    n: int = 0
    n_random: int = 0
    n_hidden: int = 0
    figures: Mapping[str, Mapping[str, Measured]] = field(default_factory=dict)
    gains: Mapping[str, Mapping[str, Difference]] = field(default_factory=dict)
    hidden_by: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """False: so few random rows speak for the hidden ones that the figures are shown in grey."""
        return not self.refused and self.n_random >= MIN_EVENTS

    @property
    def words(self) -> str:
        """What the figures rest on, or why there are none."""
        if self.refused:
            return self.refused
        decided = " or ".join(f"'{name}'" for name in self.hidden_by)
        few = "" if self.enough else f"; fewer than {MIN_EVENTS} say little"
        return (
            f"{self.n_random:,} rows of the random slice stand for those that were decided {decided}{few}. The "
            f"{self.n:,} weighted rows tell as much as {self.effective_n:,.0f} equal ones."
        )


def weighted(desk: Desk, actor: Actor, key: str, rows: ArmRows) -> Weighted:
    """Weigh the rows of a comparison; refused, in words, where nothing is hidden or too little is known of it.

    Parameters
    ----------
    rows : ArmRows
        Of `core.services.comparison.arms.arm_rows`.
    """
    require(actor, Action.SEE_MODELS)
    use_case, champion = desk.use_case(key), desk.acting(key)
    judged = rows.rows
    found, weights = weights_of(use_case, judged, rows.propensity)
    if found.refused:
        return found
    kept = judged.counts & (weights > 0)
    parts = {name: _parts(use_case, judged, name, weights, kept) for name in [str(arm) for arm in rows.arms]}
    if use_case.rules is not None and use_case.task is Task.BINARY and not np.isnan(judged.rules_score[kept]).any():
        scored = weighted_auc_part(judged.outcome[kept], judged.rules_score[kept], weights[kept])
        parts[RULES] = {"auc": scored}
    about = judged.clusters(kept), _rarer(use_case, judged.outcome[kept])
    return replace(found, **_told(parts, str(champion), *about))


def weights_of(use_case: UseCase, judged: Judged, propensity: Floats) -> tuple[Weighted, Floats]:
    """What stands for the rows whose outcome is hidden, without figures; and how many rows each row stands for.

    Returns
    -------
    Weighted, array of shape (n_rows,)
        Weights are 0 for rows that count nowhere, and for all of them where weighing is refused.
    """
    hidden, nothing = _hiding(judged), np.zeros(len(judged))
    names = tuple(use_case.policy.decisions[place] for place in np.flatnonzero(hidden))
    refused = _not_asked(judged, hidden)
    if refused:
        return Weighted(float(judged.counts.sum()), refused, int(judged.counts.sum()), hidden_by=names), nothing
    weights, let_through = _weights(judged, propensity, hidden)
    kept = judged.counts & (weights > 0)
    found = Weighted(
        effective_n=effective_n(weights[kept]),
        refused=_too_few(weights[kept], int(let_through.sum()), names),
        n=int(kept.sum()),
        n_random=int(let_through.sum()),
        n_hidden=int((judged.mature & _would_be(judged, hidden) & ~judged.counts).sum()),
        hidden_by=names,
    )
    return found, (nothing if found.refused else weights)


def _told(
    parts: Mapping[str, Mapping[str, Part]], champion: str, clusters: NDArray[np.int64] | None, rarer: int | None
) -> dict[str, Any]:
    """Every arm's figures, and its gains over the champion."""
    base = parts.get(champion, {})
    gains = {
        name: {metric: _gained(metric, part, base[metric], clusters, rarer) for metric, part in mine.items()}
        for name, mine in parts.items()
        if name != champion and mine.keys() <= base.keys()
    }
    figures = {
        name: {metric: _measured(metric, part, clusters, rarer) for metric, part in mine.items()}
        for name, mine in parts.items()
    }
    return {"figures": figures, "gains": gains}


def _hiding(judged: Judged) -> NDArray[np.bool_]:
    """By place of the decision: whether mature rows that were not drawn at random get no outcome after it."""
    usual = judged.mature & ~_drawn(judged, RANDOM) & (judged.decision >= 0)
    places = judged.decision[usual].astype(np.int64)
    total = np.bincount(places, minlength=1)
    known = np.bincount(places, weights=judged.counts[usual], minlength=len(total))
    return np.asarray((total > 0) & (known < SEEN_SHARE * total))


def _drawn(judged: Judged, decider: str) -> NDArray[np.bool_]:
    if decider not in judged.deciders:
        return np.zeros(len(judged), dtype=bool)
    return np.asarray(judged.decided_by == judged.deciders.index(decider))


def _not_asked(judged: Judged, hidden: NDArray[np.bool_]) -> str:
    if not judged.counts.any():
        return "No row can be judged yet."
    if not hidden.any():
        return "Outcomes come in whatever was decided: there is nothing to weigh."
    if not _drawn(judged, RANDOM).any():
        return "No random slice was decided here, so nothing stands for the rows whose outcome is hidden."
    if _drawn(judged, CHALLENGER).any():
        return "An experiment split these decisions between two arms: choose a period without it."
    return ""


def _would_be(judged: Judged, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows whose outcome is hidden, or would have been but for the random slice.

    A row of the slice would have been decided like the others: by the rules' band or by the champion's, whichever
    agrees with what was decided elsewhere.
    """
    drawn = _drawn(judged, RANDOM)
    usual = ~drawn & (judged.decision >= 0)
    by_rules = (judged.decision[usual] == judged.rules_band[usual]).sum()
    by_champion = (judged.decision[usual] == judged.band[usual]).sum()
    instead = judged.rules_band if by_rules > by_champion else judged.band
    places = np.where(drawn, instead, judged.decision).astype(np.int64)
    known = (places >= 0) & (places < len(hidden))
    return np.asarray(known & hidden[np.where(known, places, 0)])


def _weights(judged: Judged, propensity: Floats, hidden: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """How many rows each known one stands for, 0 for those that count nowhere; and which the slice let through."""
    would_be = _would_be(judged, hidden)
    told = _drawn(judged, RANDOM) & (np.nan_to_num(propensity) > 0)
    let_through = judged.counts & would_be & told
    weights = np.where(judged.counts & ~would_be, 1.0, 0.0)
    weights[let_through] = 1 / propensity[let_through]
    return weights, let_through


def _too_few(weights: Floats, n_let_through: int, names: tuple[str, ...]) -> str:
    decided = " or ".join(f"'{name}'" for name in names)
    if n_let_through == 0:
        return f"The random slice let no row through that would have been {decided}, so nothing is known of those."
    found = effective_n(weights)
    if found < LEAST_EFFECTIVE:
        return (
            f"The weighted rows tell as much as {found:,.0f} equal ones; below {LEAST_EFFECTIVE:,.0f} nothing is said."
        )
    return ""


def _parts(use_case: UseCase, judged: Judged, name: str, weights: Floats, kept: NDArray[np.bool_]) -> dict[str, Part]:
    outcome, output, weights = judged.outcome[kept], judged.outputs[name][kept], weights[kept]
    if np.isnan(output).any():
        return {}
    if use_case.task is Task.MULTICLASS:
        right = (output.argmax(axis=1) == outcome).astype(np.float64)
        found = weighted_macro_auc_part(outcome, output, weights), weighted_mean_part(right, weights)
    elif use_case.task is Task.REGRESSION:
        errors = np.abs(outcome - output[:, 0])
        found = weighted_r2_part(outcome, output[:, 0], weights), weighted_mean_part(errors, weights)
    else:
        brier = weighted_mean_part((output[:, 0] - outcome) ** 2, weights)
        found = weighted_auc_part(outcome, output[:, 0], weights), brier
    return dict(zip(METRICS[use_case.task], found, strict=True))


def _rarer(use_case: UseCase, outcome: Floats) -> int | None:
    if use_case.task is Task.REGRESSION:
        return None
    return int(np.bincount(outcome.astype(np.int64), minlength=len(use_case.target.classes)).min())


def _gained(metric: str, part: Part, base: Part, clusters: NDArray[np.int64] | None, rarer: int | None) -> Difference:
    return replace(difference(metric, part, base, n_events=rarer, clusters=clusters), method=METHOD)


def _measured(metric: str, part: Part, clusters: NDArray[np.int64] | None, rarer: int | None) -> Measured:
    se = standard_error(part.influence, clusters)
    half = z_value() * se
    low, high = part.value - half, part.value + half
    if metric in ("auc", "macro_auc"):
        low, high = logit_interval(part.value, se)
    return Measured(metric, part.value, low, high, len(part.influence), rarer, METHOD)
