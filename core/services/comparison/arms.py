"""The rows of a comparison: every arm's scores of the same logged rows, with what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.compare.plan import ArmName
from core.domain.features import Floats
from core.domain.judged import Judged, dense
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.services.desk import Desk
from core.services.judging import coded, numbers, outcomes
from core.store.log_schema import raw_names, score_names


@dataclass(frozen=True)
class Window:
    """Rows of a stretch of their own time, first moment included, last excluded, as known on a day."""

    since: datetime
    until: datetime
    known_on: datetime


@dataclass(frozen=True)
class ArmRows:
    """Rows that every arm has scored, in the order of time.

    Attributes
    ----------
    rows : Judged
        Its `outputs` are keyed by `str(ArmName)`.
    arms : tuple of ArmName
    scores : mapping of str to array, shape (n_rows,)
        The one number of each arm that is ranked, banded and shown.
    latency_ms : mapping of str to array, shape (n_rows,)
        By version; NaN where it was not measured, as in a replay.
    prediction_ids : tuple of str
    propensity : array, shape (n_rows,), NaN where not logged
    raw : mapping of str to array of object, shape (n_rows,)
        The raw columns that were asked for, as logged.
    """

    rows: Judged
    arms: tuple[ArmName, ...]
    scores: Mapping[str, Floats]
    latency_ms: Mapping[str, Floats]
    prediction_ids: tuple[str, ...]
    propensity: Floats
    raw: Mapping[str, Any]

    def part(self, kept: Any) -> ArmRows:
        """Some of the rows: a boolean mask or positions."""
        places = np.flatnonzero(kept) if np.asarray(kept).dtype == bool else np.asarray(kept)
        return ArmRows(
            rows=self.rows.part(places),
            arms=self.arms,
            scores={name: values[places] for name, values in self.scores.items()},
            latency_ms={name: values[places] for name, values in self.latency_ms.items()},
            prediction_ids=tuple(self.prediction_ids[place] for place in places.tolist()),
            propensity=self.propensity[places],
            raw={name: values[places] for name, values in self.raw.items()},
        )


def arm_rows(
    desk: Desk, use_case: UseCase, versions: Sequence[str], window: Window, columns: Sequence[str] = ()
) -> ArmRows:
    """The rows of a window that each of some versions has scored, acting, in the shadow or in a replay.

    Parameters
    ----------
    columns : sequence of str
        Raw columns to bring along, for segments and groups.
    """
    stored = raw_names(use_case)
    table = desk.log.judged_arms(
        use_case,
        window.known_on,
        versions,
        since=window.since,
        until=window.until,
        columns=[stored[name] for name in columns],
    )
    arms = tuple(ArmName(version, model) for version in versions for model in use_case.recipe.model_names)
    outputs = {str(arm): _outputs(use_case, table, arm) for arm in arms}
    values = use_case.target.class_values
    return ArmRows(
        rows=_judged(use_case, table, outputs),
        arms=arms,
        scores={name: scalar_score(output, values) for name, output in outputs.items()},
        latency_ms={version: numbers(table[f"{version}:latency_ms"]) for version in versions},
        prediction_ids=tuple(text.replace("-", "") for text in table["prediction_id"].to_pylist()),
        propensity=numbers(table["propensity"]),
        raw={name: table[stored[name]].to_numpy() for name in columns},
    )


def _outputs(use_case: UseCase, table: pa.Table, arm: ArmName) -> Floats:
    stored = score_names(use_case)
    names = [arm.model]
    if use_case.task is Task.MULTICLASS:
        names = [f"{arm.model}:{label}" for label in use_case.target.classes]
    return np.column_stack([numbers(table[f"{arm.version}:{stored[name]}"]) for name in names])


def _judged(use_case: UseCase, table: pa.Table, outputs: Mapping[str, Floats]) -> Judged:
    versions, version = coded(table["acting_version"])
    deciders, decided_by = coded(table["decided_by"])
    entity = dense(table["entity"].to_numpy()) if table.num_rows else None
    return Judged(
        days=table["as_of"].to_numpy().astype("datetime64[D]"),
        mature=table["mature"].to_numpy(zero_copy_only=False).astype(bool),
        outcome=outcomes(use_case, table["outcome"]),
        outputs=outputs,
        rules_score=numbers(table["rules_score"]),
        band=_places(table["band"], use_case.policy.band_places),
        rules_band=_places(table["rules_band"], use_case.policy.band_places),
        decision=_places(table["decision"], use_case.policy.decision_places),
        version=version,
        decided_by=decided_by,
        versions=versions,
        deciders=deciders,
        entity=entity,
    )


def _places(column: pa.ChunkedArray, places: Mapping[str, int]) -> Any:
    """Places of texts, -1 for none."""
    found = pc.index_in(column.cast(pa.string()), pa.array(list(places), pa.string()))
    return np.array([*places.values(), -1], dtype=np.int8)[pc.fill_null(found, -1).to_numpy()]
