"""One scored chunk as tables: the rows and scores that the log keeps, the columns a scored file gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns
from core.domain.records import raw_table, to_utc
from core.domain.schema import Checked, Parsed
from core.domain.usecase import Task, UseCase
from core.ml.scorer import Scorer, ScoreTable
from core.store.log_schema import raw_names, score_names


@dataclass(frozen=True)
class Accepted:
    """The rows of a chunk that passed the check, and what was filled in for them.

    `row_numbers` (n_rows,) count the file's data rows from 1; `imputed` and `other` name per row the
    columns whose value was missing or unseen, "" for most rows.
    """

    columns: Columns
    row_numbers: Array
    n_rows: int
    other_texts: Mapping[str, Mapping[int, str]]
    imputed: pa.Array
    other: pa.Array
    n_imputed: int  # rows with at least one imputed value


def accept(checked: Checked, parsed: Mapping[str, Parsed], row_numbers: Array) -> Accepted:
    """Take the rows without problems out of a checked chunk, whose rows have these numbers in the file."""
    ok = checked.ok
    n_rows = int(ok.sum())
    other_texts = {name: dict(parsed[name].unread) for name in checked.other}
    imputed, other = checked.imputed, checked.other
    columns = checked.columns
    if n_rows < checked.n_rows:
        columns = {name: values[ok] for name, values in columns.items()}
        row_numbers = row_numbers[ok]
        place = np.cumsum(ok) - 1
        other_texts = {
            name: {int(place[row]): text for row, text in texts.items() if ok[row]}
            for name, texts in other_texts.items()
        }
        imputed = {name: mask[ok] for name, mask in imputed.items()}
        other = {name: mask[ok] for name, mask in other.items()}
    n_imputed = int(np.logical_or.reduce(list(imputed.values())).sum()) if imputed else 0
    names = _named(imputed, n_rows), _named(other, n_rows)
    return Accepted(columns, row_numbers, n_rows, other_texts, *names, n_imputed)


def _named(masks: Mapping[str, Any], n_rows: int) -> pa.Array:
    """Per row the names of the columns whose mask is set, joined by a space, as a dictionary array."""
    if not masks:
        return _constant("", n_rows)
    names = list(masks)
    if len(names) > 62:  # the pattern of a row must fit one integer
        names = names[:62]
    pattern = np.zeros(n_rows, dtype=np.int64)
    for place, name in enumerate(names):
        pattern |= masks[name].astype(np.int64) << place
    patterns, index = np.unique(pattern, return_inverse=True)
    texts = [" ".join(name for place, name in enumerate(names) if bits >> place & 1) for bits in patterns.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(texts, type=pa.string()))


def _constant(text: str, n_rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, dtype=np.int32)), pa.array([text]))


def _coded(codes: Any, names: tuple[str, ...]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names))


def log_rows(use_case: UseCase, accepted: Accepted, scores: ScoreTable, ids: pa.Array, at: datetime) -> pa.Table:
    """What the log's `rows` table takes."""
    columns = accepted.columns
    table = raw_table(use_case.schema, columns, accepted.other_texts)
    n_rows = accepted.n_rows
    time = use_case.schema.time
    as_of = pa.array(to_utc(columns[time.name], use_case.schema.timezone)) if time else pa.repeat(_stamp(at), n_rows)
    entity = table[use_case.entity] if use_case.entity else pa.array(accepted.row_numbers).cast(pa.string())
    facts: dict[str, Any] = {
        "prediction_id": ids,
        "row_number": pa.array(accepted.row_numbers),
        "entity": entity,
        "as_of": as_of,
        "scored_at": pa.repeat(_stamp(at), n_rows),
        "decision": _coded(scores.decision, use_case.policy.decisions),
        "imputed": accepted.imputed,
        "other": accepted.other,
    }
    return pa.table(facts | {stored: table[name] for name, stored in raw_names(use_case).items()})


def log_scores(scorer: Scorer, scores: ScoreTable, ids: pa.Array, latency_ms: float) -> pa.Table:
    """What the log's `scores` table takes."""
    facts: dict[str, Any] = {"prediction_id": ids}
    stored = score_names(scorer.use_case)
    facts |= {stored[name]: values for name, values in score_columns(scorer.use_case, scores).items()}
    facts |= _verdict_columns(scorer, scores)
    facts["latency_ms"] = pa.repeat(pa.scalar(latency_ms, pa.float64()), len(ids))
    return pa.table(facts)


def score_columns(use_case: UseCase, scores: ScoreTable) -> dict[str, Any]:
    """One column per model; for classes also one per model and class, named model:class."""
    facts: dict[str, Any] = {}
    for model, values in scores.scores.items():
        facts[model] = values
        if use_case.task is Task.MULTICLASS:
            for place, name in enumerate(use_case.target.classes):
                facts[f"{model}:{name}"] = scores.outputs[model][:, place]
    return facts


def _verdict_columns(scorer: Scorer, scores: ScoreTable) -> dict[str, Any]:
    names = scorer.use_case.policy.band_names
    facts: dict[str, Any] = {
        "consensus": scores.consensus,
        "agreement": scores.agreement,
        "score": scores.scores[scorer.card.champion],
        "band": _coded(scores.band, names),
    }
    if scores.rules_score is not None and scores.rules_band is not None:
        facts["rules_score"] = pa.array(scores.rules_score, from_pandas=True)
        facts["rules_band"] = _coded(scores.rules_band, names)
    if scores.interval_low is not None and scores.interval_high is not None:
        facts |= {"interval_low": scores.interval_low, "interval_high": scores.interval_high}
    return facts


def output_columns(scorer: Scorer, accepted: Accepted, scores: ScoreTable, ids: pa.Array) -> dict[str, Any]:
    """What a scored file gains, after the columns that came with it."""
    use_case = scorer.use_case
    facts: dict[str, Any] = {"prediction_id": ids}
    verdict = _verdict_columns(scorer, scores)
    facts["score"] = verdict.pop("score")
    facts |= {name: verdict.pop(name) for name in ("interval_low", "interval_high") if name in verdict}
    facts["band"] = verdict.pop("band")
    if use_case.task is Task.MULTICLASS:
        acting = scores.outputs[scorer.card.champion]
        facts |= {f"probability_{name}": acting[:, place] for place, name in enumerate(use_case.target.classes)}
    facts["decision"] = _coded(scores.decision, use_case.policy.decisions)
    facts["decided_by"] = _constant(scorer.decided_by, accepted.n_rows)
    facts |= {f"score_{name}": values for name, values in score_columns(use_case, scores).items()}
    facts |= verdict
    facts["model_version"] = _constant(scorer.card.version, accepted.n_rows)
    facts["imputed"], facts["unseen"] = accepted.imputed, accepted.other
    return facts


def _stamp(at: datetime) -> pa.Scalar:
    return pa.scalar(at.replace(tzinfo=None), pa.timestamp("us"))
