"""Four complaints about a simulated history, each with another cause, and none that says which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from core.domain.columns import Array
from core.domain.features import Floats
from core.domain.history import History, Span, within
from core.domain.usecase import Task, UseCase
from core.services.access import LOCAL_PEOPLE, Role
from core.services.history.drawing import Drawn
from core.store.ledger_tables import CaseRecord

_FIRST_DAYS = np.timedelta64(7, "D")


@dataclass(frozen=True)
class Told:
    """Rows, when they happened, and what was said and came of them; `known` are rows whose outcome can be known."""

    drawn: Drawn
    at: Array
    observed_at: Array
    outcome: Floats
    outputs: Floats
    ids: pa.Array
    known: Array


def complaints(use_case: UseCase, history: History, told: Told, until: datetime) -> list[CaseRecord]:
    """One complaint each about a new version's wrong score, a broken feed, changed inputs and a changed world."""
    episodes, noun = history.episodes, use_case.noun
    wrong = _most_wrong(use_case, history, told, until)
    broken = int(np.flatnonzero(told.drawn.broken)[0])
    shifted, concept = _period(told, episodes.shifted), _period(told, episodes.concept)
    after = timedelta(days=use_case.target.horizon_days + 3)
    facts = [
        ("model", f"The desk was sure about this {noun}, and it came out the other way. Why?",
         _moment(told.observed_at[wrong]) + timedelta(days=2), {"prediction_id": told.ids[wrong].as_py()}),
        ("integration", f"The score of this {noun} does not fit what we sent you. Please look at what arrived.",
         _moment(told.at[broken]) + timedelta(days=1, hours=3), {"prediction_id": told.ids[broken].as_py()}),
        ("data", f"Since these weeks the {noun}s are banded differently, although nobody changed the model.",
         shifted[1] + timedelta(days=1), {"period_from": shifted[0], "period_to": shifted[1]}),
        ("concept", "The highest scores of this time did not turn out better than the middle ones.",
         concept[1] + after, {"period_from": concept[0], "period_to": concept[1]}),
    ]  # fmt: skip
    latest = until - timedelta(hours=1)
    people = (Role.SALES, Role.ANALYST, Role.SALES, Role.RISK)
    return [
        CaseRecord(
            id=f"simulated-{use_case.key}-{number}",
            use_case=use_case.key,
            opened_at=min(opened, latest),
            opened_by=LOCAL_PEOPLE[role].name,
            text=text,
            simulated=True,
            planted_cause=cause,
            **subject,
        )
        for number, ((cause, text, opened, subject), role) in enumerate(zip(facts, people, strict=True), start=1)
    ]


def _most_wrong(use_case: UseCase, history: History, told: Told, until: datetime) -> int:
    """The row that the new version was most wrong about in its first days, among those with an outcome by now."""
    begun = told.at[told.drawn.period >= history.episodes.new_version].min()
    now = np.datetime64(until.astimezone(UTC).replace(tzinfo=None), "us")
    first = np.isin(np.arange(len(told.at)), told.known) & (told.at >= begun) & (told.at < begun + _FIRST_DAYS)
    first &= told.observed_at <= now - np.timedelta64(8, "D")
    if use_case.task is Task.MULTICLASS:
        said = told.outputs[np.arange(len(first)), told.outcome.astype(np.int64)]
        wrong = 1 - said
    else:
        wrong = np.abs(told.outputs[:, 0] - told.outcome)
    return int(np.argmax(np.where(first, wrong, -1.0)))


def _period(told: Told, span: Span) -> tuple[datetime, datetime]:
    times = told.at[within(told.drawn.period, span)]
    return _moment(times.min()), _moment(times.max())


def _moment(at: np.datetime64) -> datetime:
    seconds = int(at.astype("datetime64[s]").astype(np.int64))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
