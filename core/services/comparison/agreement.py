"""How alike the arms of a comparison are: one model or several, agreement of bands, and where they disagree most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from core.domain.compare.agreement import Agreement, agreement, apart
from core.domain.compare.difference import same_scores
from core.domain.compare.one_model import LEVEL, Coats, Pair, coats
from core.domain.compare.parts import gain_over
from core.domain.features import Floats
from core.domain.judged import RULES
from core.domain.usecase import UseCase
from core.services.access import Action, Actor, require
from core.services.comparison.challengers import Challengers
from core.services.comparison.swaps import mark_of
from core.services.complaints import cases
from core.services.desk import Desk
from core.services.kept import kept


@dataclass(frozen=True)
class Agreements:
    """Every two arms: kappa of their bands, and rank correlation of their scores."""

    names: tuple[str, ...]  # arms by their cutoffs, rules last
    kappa: Floats  # shape (n, n)
    rank: Floats  # shape (n, n), NaN where rules have no score
    with_champion: Mapping[str, Agreement]  # the champion's bands down, the other's across
    n: int


@dataclass(frozen=True)
class Disagreement:
    """A row that the models rank very differently."""

    prediction_id: str
    day: date
    gap: float  # share of all rows between the two extreme places
    scores: Mapping[str, float]
    outcome: float  # NaN where it is not known


def coats_of(desk: Desk, actor: Actor, key: str, found: Challengers) -> Coats:
    """Whether arms are one model: ranks and the interval of every paired difference of the primary metric."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("coats", *mark_of(found)), lambda: _coats(use_case, found))


def _coats(use_case: UseCase, found: Challengers) -> Coats:
    names = [str(arm) for arm in found.rows.arms]
    scores, metric = found.rows.scores, use_case.policy.primary_metric
    pairs = [
        Pair(a, b, same_scores(scores[a], scores[b]), gain_over(use_case, found.rows.rows, a, b, metric, LEVEL))
        for a, b in combinations(names, 2)
        if len(found.rows.rows)
    ]
    return coats(names, pairs, use_case.policy.minimum_gain)


def agreements(desk: Desk, actor: Actor, key: str, found: Challengers) -> Agreements:
    """How far every two arms agree, on all rows of the comparison; no outcome is needed."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("agreement", *mark_of(found)), lambda: _agreements(desk, use_case, found))


def _agreements(desk: Desk, use_case: UseCase, found: Challengers) -> Agreements:
    judged, n_bands = found.rows.rows, len(use_case.policy.bands)
    bands = {}
    for arm in found.rows.arms:
        name, scorer = str(arm), desk.scorer(use_case.key, arm.version)
        codes = scorer.bands(arm.model, judged.outputs[name], found.rows.scores[name])
        bands[name] = np.asarray(codes, dtype=np.int64)
    scores = dict(found.rows.scores)
    if use_case.rules is not None and len(judged) and bool((judged.rules_band >= 0).all()):
        bands[RULES], scores[RULES] = judged.rules_band.astype(np.int64), judged.rules_score
    names, everyone = tuple(bands), np.ones(len(judged), dtype=bool)
    clusters = judged.clusters(everyone) if len(judged) else None
    kappa, rank = np.eye(len(names)), np.eye(len(names))
    beside: dict[str, Agreement] = {}
    for (i, a), (j, b) in combinations(enumerate(names), 2):
        pair = agreement(bands[a], bands[b], n_bands, clusters)
        kappa[i, j] = kappa[j, i] = pair.kappa.value
        rank[i, j] = rank[j, i] = same_scores(scores[a], scores[b]) if len(judged) else np.nan
    for name in names:
        if name != found.champion:
            beside[name] = agreement(bands[found.champion], bands[name], n_bands, clusters)
    return Agreements(names, kappa, rank, beside, len(judged))


def disagreements(desk: Desk, actor: Actor, key: str, found: Challengers, n_shown: int = 20) -> list[Disagreement]:
    """The rows whose places the models disagree about most, the farthest apart first."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    return kept(desk, use_case, ("apart", n_shown, *mark_of(found)), lambda: _disagreements(found, n_shown))


def _disagreements(found: Challengers, n_shown: int) -> list[Disagreement]:
    judged = found.rows.rows
    if len(judged) < 2 or len(found.rows.arms) < 2:
        return []
    rows, gaps = apart(list(found.rows.scores.values()), n_shown)
    return [
        Disagreement(
            prediction_id=found.rows.prediction_ids[row],
            day=judged.days[row].astype(date),
            gap=gap,
            scores={name: float(values[row]) for name, values in found.rows.scores.items()},
            outcome=float(judged.outcome[row]),
        )
        for row, gap in zip(rows.tolist(), gaps.tolist(), strict=True)
    ]


def send_to_review(desk: Desk, actor: Actor, key: str, row: Disagreement) -> cases.Case:
    """Open a case about a row that the models disagree about; who said what is left out, for everybody reads cases."""
    require(actor, Action.OPEN_CASE)
    noun = desk.use_case(key).noun
    text = f"The models disagree about this {noun}: {row.gap:.0%} of all {noun}s lie between the places they give it."
    return cases.open_case(desk, actor, key, text, prediction_id=row.prediction_id)
