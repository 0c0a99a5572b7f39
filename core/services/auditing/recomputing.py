"""Any past score made again: the logged row through the version that scored it, equal to the last bit or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.domain.usecase import UseCase
from core.errors import DeskError, InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.acting import as_it_acted
from core.services.reasons.explanation import scorer_of
from core.services.reasons.found import nothing_found
from core.services.reasons.logged_row import typed_logged
from core.services.records import score_columns
from core.store.log_schema import score_names

RECOMPUTED, SAMPLED = "recompute score", "recompute a sample"
MOST_SAMPLED = 2_000
FEW = 20  # that an event names
EQUAL, DIFFERS = "equal", "differs"


@dataclass(frozen=True)
class Value:
    """One number of a score: a model's, a class's, the consensus, an end of the interval."""

    name: str
    stored: float | None
    again: float | None

    @property
    def equal(self) -> bool:
        """Whether they are the same to the last bit."""
        return self.stored == self.again


@dataclass(frozen=True)
class Recomputation:
    """A logged score beside the same, made again by the same version and model."""

    use_case: str
    prediction_id: str
    version: str
    model: str
    scored_at: datetime
    as_of: datetime
    voided: bool
    values: tuple[Value, ...]

    @property
    def equal(self) -> bool:
        """Whether every number is."""
        return all(value.equal for value in self.values)


@dataclass(frozen=True)
class Sample:
    """What became of scores drawn at random. `lost`: prediction -> why it cannot be made again."""

    use_case: str
    n: int
    n_logged: int
    n_equal: int
    differing: tuple[Recomputation, ...]
    lost: Mapping[str, str]
    seed: int

    @property
    def equal(self) -> bool:
        """Whether all of them could be made again, and are equal."""
        return self.n_equal == self.n


def recompute(desk: Desk, actor: Actor, key: str, prediction_id: str, now: datetime | None = None) -> Recomputation:
    """Make a logged score again; that it was done, and with what result, is an event.

    Raises
    ------
    InputError
        The log has no such prediction.
    BundleProblem
        The version that scored it is gone, or the row can no longer be read.
    """
    require(actor, Action.SEE_AUDIT)
    use_case, plain = desk.use_case(key), prediction_id.strip().lower().replace("-", "")
    made = _again(desk, use_case, plain)
    wrong = [value.name for value in made.values if not value.equal]
    facts = {"version": made.version, "model": made.model, "values": len(made.values), "differing": wrong}
    _record(desk, actor, RECOMPUTED, f"{key} {plain}", now, after=facts, result=EQUAL if made.equal else DIFFERS)
    return made


def sample(desk: Desk, actor: Actor, key: str, n: int, seed: int = 0, now: datetime | None = None) -> Sample:
    """Make n scores again, drawn at random from all that count; the same ones for the same seed and log.

    Raises
    ------
    InputError
        n is not between 1 and 2,000, or nothing is logged.
    """
    require(actor, Action.SEE_AUDIT)
    use_case = desk.use_case(key)
    if not 1 <= n <= MOST_SAMPLED:
        raise InputError(f"A sample of {n:,} was asked for.", f"Ask for 1 to {MOST_SAMPLED:,}.")
    ids = desk.log.scan(use_case, ["prediction_id"])["prediction_id"].unique()
    if not len(ids):
        raise InputError(f"No score of {use_case.title} is logged.", "Score something first.")
    known = np.sort(np.array([_hex(name) for name in ids.to_pylist()]))
    drawn = np.random.default_rng(seed).choice(known, size=min(n, len(known)), replace=False)
    made: list[Recomputation] = []
    lost: dict[str, str] = {}
    for name in drawn.tolist():
        try:
            made.append(_again(desk, use_case, name))
        except DeskError as error:  # the others can be made again all the same
            lost[name] = str(error)
    differing = tuple(item for item in made if not item.equal)
    found = Sample(key, len(drawn), len(known), len(made) - len(differing), differing, lost, seed)
    named = [item.prediction_id for item in differing][:FEW]
    counted = {"n": found.n, "logged": found.n_logged, "equal": found.n_equal, "lost": len(lost), "seed": seed}
    result = EQUAL if found.equal else DIFFERS
    _record(desk, actor, SAMPLED, key, now, after={**counted, "differing": named}, result=result)
    return found


def as_json(found: Recomputation) -> dict[str, Any]:
    """Plain values; floats keep every bit."""
    told = {name: getattr(found, name) for name in ("use_case", "prediction_id", "version", "model", "voided")}
    values = [{"name": value.name, "stored": value.stored, "again": value.again} for value in found.values]
    times = {"scored_at": found.scored_at.isoformat(), "as_of": found.as_of.isoformat()}
    return {"equal": found.equal, **told, **times, "values": values}


def sample_json(found: Sample) -> dict[str, Any]:
    """Plain values."""
    told = {name: getattr(found, name) for name in ("equal", "use_case", "n", "n_logged", "n_equal", "seed")}
    return told | {"differing": [as_json(item) for item in found.differing], "lost": dict(found.lost)}


def _again(desk: Desk, use_case: UseCase, prediction_id: str) -> Recomputation:
    found = desk.log.predictions_by_id(use_case, prediction_id, 1).to_pylist() if len(prediction_id) == 32 else []
    if not found:
        raise nothing_found(use_case, prediction_id, [])
    this = found[0]
    row = typed_logged(use_case, desk.log.logged_row(use_case, this["prediction_id"], this["batch"]))
    scorer = as_it_acted(scorer_of(desk, use_case, this), row.columns, this["score"])
    scores = scorer.score(row.columns, 1)
    now: dict[str, float] = {"score": float(scores.scores[scorer.card.champion][0])}
    now |= {name: float(values[0]) for name, values in score_columns(use_case, scores).items()}
    now["consensus"] = float(scores.consensus[0])
    if scores.interval_low is not None and scores.interval_high is not None:
        now |= {"interval_low": float(scores.interval_low[0]), "interval_high": float(scores.interval_high[0])}
    return Recomputation(
        use_case.key,
        prediction_id,
        this["version"],
        scorer.card.champion,
        this["scored_at"].replace(tzinfo=UTC),
        this["as_of"].replace(tzinfo=UTC),
        this["voided"],
        tuple(_values(use_case, _stored(desk, use_case, this), now)),
    )


def _stored(desk: Desk, use_case: UseCase, this: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the log says; of a score in a voided upload only the acting model's number."""
    rows = desk.log.prediction(use_case, this["prediction_id"]).to_pylist()
    return rows[0] if rows and not this["voided"] else {"score": this["score"]}


def _values(use_case: UseCase, stored: Mapping[str, Any], now: Mapping[str, float]) -> Iterator[Value]:
    names = score_names(use_case)
    for name, again in now.items():
        kept = names.get(name, name)
        if kept in stored:
            before = stored[kept]
            yield Value(name, None if before is None else float(before), None if np.isnan(again) else again)


def _hex(name: Any) -> str:
    return str(name).replace("-", "")


def _record(desk: Desk, actor: Actor, action: str, subject: str, now: datetime | None, **facts: Any) -> None:
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    desk.ledger.record(at=now or datetime.now(UTC), **who, action=action, subject=subject, **facts)
