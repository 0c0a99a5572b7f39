"""Score and log the simulated history of one use case, and what happened to its rows."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.history import DAYS, History
from core.domain.usecase import UseCase
from core.ml.scorer import Scorer, ScoreTable
from core.services.access import Actor
from core.services.desk import Desk
from core.services.feature_counts import feature_counts
from core.services.history.complaints import Told, complaints
from core.services.history.drawing import Drawn, draw, part
from core.services.history.experiment import PlantedExperiment, planted_experiment
from core.services.history.outcomes import draw_outcomes, happened, observed, weekly_files
from core.services.history.refused import refused_rows
from core.services.history.versions import former_scorer
from core.services.records import log_rows, log_scores
from core.store.identity import prediction_ids
from core.store.log_simulated import SIMULATED

Progress = Callable[[float], None]

_AFTER = {False: np.timedelta64(1, "s"), True: np.timedelta64(1, "D")}  # from the row to its score, by month or not
_LATENCY_SHAPE, _LATENCY_SCALE = 6.0, 0.8  # ms; a gamma distribution


@dataclass(frozen=True)
class Scored:
    """What was said of the rows, in their order; `outputs` are the champion's, shape (n_rows, k)."""

    outputs: Floats
    scores: Floats
    decision: Array
    ids: pa.Array
    entity: pa.Array


def build(
    desk: Desk, actor: Actor, use_case: UseCase, seed: int, until: datetime, progress: Progress
) -> dict[str, Any]:
    """Log six months of a use case; returns how many rows, outcomes and cases there are."""
    history = use_case.history
    assert history is not None and use_case.truth is not None
    rng = np.random.default_rng([seed, zlib.crc32(use_case.key.encode())])
    acting = desk.scorer(use_case.key)
    former = former_scorer(desk, actor, use_case, until - timedelta(days=DAYS))
    progress(0.2)
    drawn = draw(use_case, history, seed, until)
    at = happened(use_case, drawn)
    planted = planted_experiment(use_case, history, acting, until, np.asarray(use_case.truth(drawn.true)))
    scored = _log_periods(_Told(desk, history, drawn, at, rng, planted), (former or acting, acting), progress)
    outcome = draw_outcomes(use_case, drawn, history.episodes, scored.outputs, rng)
    observed_at = observed(use_case, history, at, outcome, rng)
    codes = [code for code, name in enumerate(use_case.policy.band_names) if name in history.unseen]
    known = np.flatnonzero(~np.isin(scored.decision, codes))
    received = 0
    files = weekly_files(
        use_case, scored.entity.take(pa.array(known)), at[known], outcome[known], observed_at[known], until
    )
    for moment, outcomes in files:
        received += desk.log.append_outcomes(use_case, outcomes, received_at=moment, source=SIMULATED)
    told = Told(drawn, at, observed_at, outcome, scored.outputs, scored.ids, known)
    cases = complaints(use_case, history, told, until)
    desk.ledger.open_cases(cases)
    if planted is not None:
        planted.end(desk)
    if former is not None:
        _record_switch(desk, use_case, at[drawn.period >= history.episodes.new_version].min(), former, acting)
    progress(1.0)
    return {"rows": drawn.n_rows, "outcomes": received, "cases": len(cases)}


@dataclass(frozen=True)
class _Told:
    """What every period of a history is told from."""

    desk: Desk
    history: History
    drawn: Drawn
    at: Array
    rng: np.random.Generator
    planted: PlantedExperiment | None


def _log_periods(told: _Told, scorers: tuple[Scorer, Scorer], progress: Progress) -> Scored:
    """Score every period with the version that acted then, a batch each."""
    parts, history = [], told.history
    for period in range(history.n_periods):
        rows = np.flatnonzero(told.drawn.period == period)
        if len(rows):
            parts.append(_log_period(told, scorers[period >= history.episodes.new_version], period, rows))
        progress(0.2 + 0.6 * (period + 1) / history.n_periods)
    return Scored(
        np.concatenate([found.outputs for found in parts]),
        np.concatenate([found.scores for found in parts]),
        np.concatenate([found.decision for found in parts]),
        pa.concat_arrays([found.ids for found in parts]),
        pa.concat_arrays([found.entity for found in parts]),
    )


def _log_period(told: _Told, scorer: Scorer, period: int, rows: Array) -> Scored:
    desk, history, use_case, version = told.desk, told.history, scorer.use_case, scorer.card.version
    accepted = desk.pseudonyms.over(use_case, part(told.drawn.seen, rows))
    scores, logged = _decide(use_case, history, scorer.score(accepted.columns, accepted.n_rows), told.rng)
    if told.planted is not None:
        scores, arms = told.planted.over(period, scorer, scores, accepted)
        logged |= arms
    ids = prediction_ids(use_case, version, accepted.columns, accepted.other_texts, accepted.n_rows)
    scored_at = told.at[rows] + _AFTER[history.by_month]
    table = log_rows(use_case, accepted, scores, ids, _moment(scored_at[0])).drop(["scored_at"])
    table = _with(table, logged | {"scored_at": pa.array(scored_at)})
    latency = told.rng.gamma(_LATENCY_SHAPE, _LATENCY_SCALE, len(rows))
    said = log_scores(scorer, scores, ids, 0.0).drop(["latency_ms"])
    said = _with(said, {"latency_ms": pa.array(latency), "scored_at": pa.array(scored_at)})
    batch = desk.log.start_batch(
        use_case,
        version=version,
        source=SIMULATED,
        actor=SIMULATED,
        at=_moment(scored_at.min()),
        filename=f"simulated {'month' if history.by_month else 'week'} {period + 1}",
        decided_by=scorer.decided_by,
    )
    profile, times = scorer.bundle.profile, told.at[rows]
    desk.log.append(
        use_case, batch, table, said, count=lambda new: feature_counts(profile, scores.matrix[new], times[new])
    )
    n_refused, refused = refused_rows(use_case, history, accepted, period)
    desk.log.note_refused(batch, refused)
    n_read, ended = len(rows) + n_refused, _moment(scored_at.max())
    desk.log.finish_batch(batch, state="done", at=ended, n_rows=n_read, n_rejected=n_refused)
    champion = scorer.card.champion
    entity = table["entity"].combine_chunks()
    return Scored(scores.outputs[champion], scores.scores[champion], scores.decision, ids, entity)


def _decide(
    use_case: UseCase, history: History, scores: ScoreTable, rng: np.random.Generator
) -> tuple[ScoreTable, dict[str, pa.Array]]:
    """Give the random slice its decision; what the log keeps of who decided, and how likely that was beforehand."""
    if history.random_band is None:
        return scores, {}
    band = use_case.policy.band_names.index(history.random_band)
    n_rows = len(scores.decision)
    drawn = rng.random(n_rows) < history.random_share
    same = scores.decision == band
    propensity = np.where(same, 1.0, np.where(drawn, history.random_share, 1.0 - history.random_share))
    decided_by = pa.array(np.full(n_rows, "random", dtype=object), pa.string(), mask=~drawn)
    decision = np.where(drawn, band, scores.decision).astype(np.int8)
    return replace(scores, decision=decision), {"decided_by": decided_by, "propensity": pa.array(propensity)}


def _with(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        table = table.append_column(name, values)
    return table


def _moment(at: np.datetime64) -> datetime:
    micros = int(at.astype("datetime64[us]").astype(np.int64))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _record_switch(desk: Desk, use_case: UseCase, at: np.datetime64, former: Scorer, acting: Scorer) -> None:
    desk.ledger.record(
        at=_moment(at),
        actor=SIMULATED,
        role="risk",
        via=SIMULATED,
        action="let version act",
        subject=f"{use_case.key} {acting.card.version}",
        before={"version": former.card.version},
        after={"version": acting.card.version},
        reason="simulated history: the former version handed over on this day",
    )
