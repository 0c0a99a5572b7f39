"""What a policy would have decided on rows that were scored, and what those rows came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.domain.judged import Judged, dense, outcome_values
from core.domain.maturity import Maturity
from core.domain.metrics.influence import mean_of
from core.domain.metrics.measured import Measured
from core.domain.policy import Codes, Mode, Money, Policy, band_codes
from core.domain.usecase import Task, UseCase


def codes_under(policy: Policy, outputs: Floats, scores: Floats, cutoffs: Sequence[float], task: Task) -> Codes:
    """Band of every row under a policy, -1 where there is no score.

    Parameters
    ----------
    policy : Policy
    outputs : array, shape (n_rows, k)
    scores : array, shape (n_rows,)
    cutoffs : sequence of float, shape (n_bands - 1,)
        Of the model that gave the scores, descending; not read for classes, whose band is the likeliest.
    task : Task
    """
    known = ~np.isnan(scores)
    codes = np.full(len(scores), -1, dtype=np.int8)
    if task is Task.MULTICLASS:
        codes[known] = len(policy.bands) - 1 - outputs[known].argmax(axis=1)
    else:
        codes[known] = band_codes(scores[known], cutoffs)
    return codes


def decided_under(policy: Policy, band: Codes, rules_band: Codes) -> Codes:
    """Band whose decision is taken, shape (n_rows,): the rules' in shadow mode, else the model's."""
    return rules_band if policy.mode is Mode.SHADOW else band


@dataclass(frozen=True)
class BandEffect:
    """One band of the draft, on the rows of the preview.

    Attributes
    ----------
    n, n_now : int
        Rows that the draft, and the policy in force, decide so; None where the policy in force has no such band.
    outcome : Measured or None
        Mean outcome of those that are mature (0/1: the share of positives); None without any.
    """

    name: str
    decision: str
    n: int
    n_now: int | None
    outcome: Measured | None
    outcome_now: Measured | None


@dataclass(frozen=True)
class PolicyEffect:
    """A draft beside the policy in force, on the same rows.

    Attributes
    ----------
    n_rows : int
    moved : int
        Rows that another decision is taken on; None where the policies have different bands.
    gain, gain_now, gain_change : Measured or None
        Mean money per mature row, in `currency`; the change is paired, row by row.
    same_costs : bool
        Whether both were counted at the draft's costs.
    """

    n_rows: int
    moved: int | None
    bands: tuple[BandEffect, ...]
    maturity: Maturity
    currency: str
    gain: Measured | None
    gain_now: Measured | None
    gain_change: Measured | None
    same_costs: bool


def policy_effect(
    use_case: UseCase, rows: Judged, draft: tuple[Policy, Codes], now: tuple[Policy, Codes]
) -> PolicyEffect:
    """Compare two policies by what they decide.

    Parameters
    ----------
    use_case : UseCase
    rows : Judged, n_rows rows
    draft, now : pair of Policy and array of int8, shape (n_rows,)
        A policy, and the place of the band whose decision it takes, -1 for none.
    """
    policy, codes = draft
    same = len(policy.bands) == len(now[0].bands)
    costs_now = (policy if same else now[0]).money
    gains = _gains(rows, codes, policy.money), _gains(rows, now[1], costs_now)
    paired = None if gains[0] is None or gains[1] is None else gains[0] - gains[1]
    return PolicyEffect(
        n_rows=len(rows),
        moved=int((codes != now[1]).sum()) if same else None,
        bands=tuple(_band(use_case, rows, place, draft, now, same) for place in range(len(policy.bands))),
        maturity=rows.maturity(),
        currency=policy.money.currency if policy.money else "",
        gain=_mean(rows, gains[0], rows.counts),
        gain_now=_mean(rows, gains[1], rows.counts),
        gain_change=_mean(rows, paired, rows.counts),
        same_costs=same,
    )


def _band(
    use_case: UseCase, rows: Judged, place: int, draft: tuple[Policy, Codes], now: tuple[Policy, Codes], same: bool
) -> BandEffect:
    band = draft[0].bands[place]
    names = now[0].band_names
    there = place if same else names.index(band.name) if band.name in names else None
    mine = draft[1] == place
    theirs = None if there is None else now[1] == there
    values = np.full(len(rows), np.nan)
    values[rows.counts] = outcome_values(use_case, rows.outcome[rows.counts])
    return BandEffect(
        name=band.name,
        decision=band.decision,
        n=int(mine.sum()),
        n_now=None if theirs is None else int(theirs.sum()),
        outcome=_mean(rows, values, mine & rows.counts, use_case.task),
        outcome_now=None if theirs is None else _mean(rows, values, theirs & rows.counts, use_case.task),
    )


def _gains(rows: Judged, codes: Codes, money: Money | None) -> Floats | None:
    if money is None:
        return None
    costs = np.array([*money.costs, (np.nan, np.nan)])  # the last for a row that no band's decision is taken on
    gain = -costs[codes.astype(np.int64), np.nan_to_num(rows.outcome).astype(np.int64)]
    return np.where(rows.counts, gain, np.nan)


def _mean(rows: Judged, values: Floats | None, kept: NDArray[np.bool_], task: Task | None = None) -> Measured | None:
    """Mean of the values of some rows with its interval, by entity where one repeats."""
    if values is None:
        return None
    kept = kept & ~np.isnan(values)
    if not kept.any():
        return None
    found = values[kept]
    events = int(found.sum()) if task is Task.BINARY else None
    clusters = None if rows.entity is None else dense(rows.entity[kept])
    if task is not None:
        return mean_of("outcome", found, events, clusters)
    shift = 10.0 if bool(np.isin(found, (0.0, 1.0)).all()) else 0.0  # money that happens to be 0 or 1 is no share
    mean = mean_of("money", found + shift, None, clusters)
    return replace(mean, value=mean.value - shift, low=mean.low - shift, high=mean.high - shift)
