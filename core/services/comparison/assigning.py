"""Who decides a row while an experiment runs: its arm, by its entity, on every face alike."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from core.domain.compare.plan import ArmName
from core.domain.experiment.assignment import assign
from core.domain.experiment.spec import Spec
from core.domain.features import Floats
from core.domain.policy import Codes
from core.domain.records import raw_table
from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.logs import logger
from core.ml.scorer import Scorer, ScoreTable
from core.services.comparison.shadowing import shadow_scores
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.records import Accepted, log_scores
from core.store.ledger_registry import ExperimentRecord

LOGGER = logger("experiment")
RUNNING = "running"
_kept: WeakKeyDictionary[Desk, dict[str, tuple[Hashable, list[ExperimentRecord]]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Assigned:
    """Rows with the band and the decision of the arm that each of them meets.

    Attributes
    ----------
    scores : ScoreTable
        The champion's scores; band and decision, and how many models agree with them, are the arm's.
    columns : mapping of str to array
        What a scored file gains: decided_by, arm.
    logged : mapping of str to array
        What the log gains: decided_by, arm, propensity.
    shadows : mapping of str to pyarrow.Table
        The challenger version's scores for the log, where it is another version than the champion's.
    at : datetime
        When the stage was read: rows are logged under it, so that they count to the stage they were assigned by.
    seconds : float
        What it took.
    """

    scores: ScoreTable
    columns: dict[str, pa.Array]
    logged: dict[str, pa.Array]
    shadows: dict[str, pa.Table]
    at: datetime
    seconds: float

    def in_log(self, rows: pa.Table) -> pa.Table:
        """The log's rows with what is known of their arm."""
        for name, values in self.logged.items():
            rows = rows.append_column(name, values)
        return rows

    def of(self, place: int) -> tuple[str, str]:
        """Who decides the row at a place, and its arm."""
        return self.columns["decided_by"][place].as_py(), self.columns["arm"][place].as_py()


class Assigning:
    """A running experiment at the scorer whose decisions it may replace."""

    def __init__(self, desk: Desk, scorer: Scorer, experiment_id: str) -> None:
        self._desk, self._scorer, self._id = desk, scorer, experiment_id

    def served_by(self, scorer: Scorer) -> Assigning:
        """The same experiment where another version stands in: every row is then the stand-in's."""
        return Assigning(self._desk, scorer, self._id)

    def __call__(self, accepted: Accepted, scores: ScoreTable, ids: pa.Array) -> Assigned:
        """Assign rows by the stage the experiment has now; once it has ended every row is the champion's."""
        began, at = time.perf_counter(), datetime.now(UTC)
        record = _running(self._desk, self._scorer)
        if record is None or record.id != self._id:
            return _nobody(scores, accepted.n_rows, at)
        spec, case = Spec.from_json(record.spec), self._scorer.use_case
        shares = spec.stages[record.stage]
        arm = assign(record.id, spec.salt, _entities(case, accepted), shares)
        theirs, shadows = self._challenger(spec.challenger, accepted, scores, ids)
        band = scores.band if theirs is None else np.where(arm == 1, theirs, scores.band).astype(np.int8)
        deciders = arm if theirs is not None else np.zeros(accepted.n_rows, dtype=np.int8)
        decided_by = _named(deciders, (CHAMPION, CHALLENGER))
        propensity = _propensity(case, scores.band, theirs, np.array(shares)[arm])
        return Assigned(
            scores=replace(scores, band=band, decision=band, agreement=self._agreement(scores, band)),
            columns={"decided_by": decided_by, "arm": _named(arm, spec.arms)},
            logged={
                "decided_by": decided_by,
                "arm": _named(arm, [f"{record.id}:{name}" for name in spec.arms]),
                "propensity": pa.array(propensity),
            },
            shadows=shadows,
            at=at,
            seconds=time.perf_counter() - began,
        )

    def _agreement(self, scores: ScoreTable, band: Codes) -> Floats:
        """Share of the champion's version's models in the band that counts."""
        bands = [self._scorer.bands(name, scores.outputs[name], scores.scores[name]) for name in scores.scores]
        return np.asarray(np.mean([mine == band for mine in bands], axis=0))

    def _challenger(
        self, arm: ArmName, accepted: Accepted, scores: ScoreTable, ids: pa.Array
    ) -> tuple[Codes | None, dict[str, pa.Table]]:
        """The challenger's bands, and its version's scores for the log; no bands where it failed.

        A challenger that fails stops no row: the champion decides it, and the guardrail counts it.
        """
        if arm.version == self._scorer.card.version:
            return self._scorer.bands(arm.model, scores.outputs[arm.model], scores.scores[arm.model]), {}
        try:
            scorer = self._desk.scorer(self._scorer.use_case.key, arm.version)
            began = time.perf_counter()
            said = scorer.score(accepted.columns, accepted.n_rows)
            per_row_ms = (time.perf_counter() - began) * 1_000 / max(accepted.n_rows, 1)
            bands = scorer.bands(arm.model, said.outputs[arm.model], said.scores[arm.model])
        except Exception:
            LOGGER.exception("%s: the challenger %s failed on %d rows", self._id, arm, accepted.n_rows)
            return None, {}
        return bands, {arm.version: log_scores(scorer, said, ids, per_row_ms)}


def assigning(desk: Desk, scorer: Scorer) -> Assigning | None:
    """What assigns the rows of a scorer; None where no experiment runs."""
    record = _running(desk, scorer)
    return None if record is None else Assigning(desk, scorer, record.id)


def all_shadows(
    shadow: Scorer | None, assigned: Assigned | None, accepted: Accepted, ids: pa.Array
) -> dict[str, pa.Table]:
    """What versions in the champion's shadow say of the rows, the experiment's challenger scored once."""
    scored = assigned.shadows if assigned is not None else {}
    if shadow is not None and shadow.card.version in scored:
        return scored
    return shadow_scores(shadow, accepted.columns, accepted.n_rows, ids) | scored


def _running(desk: Desk, scorer: Scorer) -> ExperimentRecord | None:
    """The use case's running experiment, if its champion is the scorer's and a model may decide at all."""
    if scorer.decided_by != CHAMPION:
        return None
    for record in _records(desk, scorer.use_case.key):
        if ArmName(**record.spec["champion"]) == ArmName(scorer.card.version, scorer.card.champion):
            return record
    return None


def _records(desk: Desk, key: str) -> list[ExperimentRecord]:
    """Running experiments, read again only when the ledger has changed: a row without one costs two file times."""
    stamp = desk.ledger.stamp.read()
    kept = _kept.setdefault(desk, {})
    known = kept.get(key)
    if known is not None and stamp is not None and known[0] == stamp:
        return known[1]
    records = desk.ledger.experiments(key, RUNNING)
    kept[key] = (stamp, records)
    return records


def _nobody(scores: ScoreTable, n_rows: int, at: datetime) -> Assigned:
    nothing = np.zeros(n_rows, dtype=np.int8)
    columns = {"decided_by": _named(nothing, (CHAMPION,)), "arm": _named(nothing, ("",))}
    return Assigned(scores, columns, {}, {}, at, 0.0)


def _entities(use_case: UseCase, accepted: Accepted) -> list[str]:
    """The rows' entities as the log writes them."""
    name = str(use_case.entity)
    column = raw_table(Schema((use_case.schema[name],)), accepted.columns)[name]
    return [str(text) for text in column.to_pylist()]


def _propensity(use_case: UseCase, mine: Codes, theirs: Codes | None, share: Any) -> Any:
    """How likely the decision taken was beforehand: 1 where both arms take it, else the share of the arm."""
    if theirs is None:
        return np.ones(len(mine))
    names = use_case.policy.decisions
    first = np.array([names.index(name) for name in names])  # bands may share a decision
    return np.where(first[mine] == first[theirs], 1.0, share)


def _named(codes: Any, names: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(codes, dtype=np.int8)), pa.array(list(names)))
