"""Which prediction somebody means: by the id of a prediction or its beginning, or by the id of a record."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from core.domain.explained import TrendPoint
from core.domain.usecase import UseCase
from core.errors import InputError
from core.services.access import Action, Actor, require
from core.services.desk import Desk

LEAST_DIGITS = 6
MOST = 50
NAMED = 3  # ids that a hint names


def find_predictions(desk: Desk, actor: Actor, key: str, text: str) -> list[TrendPoint]:
    """The predictions that a text names, newest first, at most 50; those of voided uploads last, and marked.

    Parameters
    ----------
    text : str
        A record's id; or a prediction's id, or at least its first six digits. Case and spaces at the ends are
        forgiven where nothing is written exactly so.

    Raises
    ------
    InputError
        Nothing is called so, and the hint names what is written nearly so; or these digits begin the ids of several
        predictions, and the hint names them.
    """
    require(actor, Action.EXPLAIN)
    use_case, text = desk.use_case(key), text.strip()
    plain = text.lower().replace("-", "")
    found: list[dict[str, Any]] = []
    if text:
        found = _of_entity(desk, use_case, text)
        if not found and len(plain) >= LEAST_DIGITS:
            found = _one(use_case, text, desk.log.predictions_by_id(use_case, plain, MOST).to_pylist())
    if found:
        return [trend_point(row) for row in found]
    near = [] if not text or _is_personal(desk, use_case) else desk.log.near_entities(use_case, text)
    if near and near[0].strip().lower() == text.lower():
        return [trend_point(row) for row in desk.log.predictions_of(use_case, near[0], MOST).to_pylist()]
    raise nothing_found(use_case, text, near)


def _of_entity(desk: Desk, use_case: UseCase, text: str) -> list[dict[str, Any]]:
    """The rows of what is called so in the log, by its id or by the hash of it."""
    called = (
        desk.log.predictions_of(use_case, name, MOST).to_pylist() for name in desk.pseudonyms.called(use_case, text)
    )
    return next((found for found in called if found), [])


def _is_personal(desk: Desk, use_case: UseCase) -> bool:
    """Whether ids name persons: then nobody is told the ids of others that are written nearly so."""
    named = use_case.schema[use_case.entity].personal if use_case.entity else False
    return named or desk.pseudonyms.on(use_case)


def _one(use_case: UseCase, text: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one prediction, which may lie in several uploads; several predictions are asked about."""
    ids = list(dict.fromkeys(row["prediction_id"] for row in found))
    if len(ids) > 1:
        n = f"{MOST} or more" if len(found) == MOST else str(len(ids))
        raise InputError(
            f"The ids of {n} predictions of {use_case.title} begin with '{text[:80]}'.",
            f"Give more digits: {', '.join(ids[:NAMED])}{' or another' if len(ids) > NAMED else ''}.",
            text=text,
            near=ids,
            use_case=use_case.key,
        )
    return found


def nothing_found(use_case: UseCase, text: str, near: list[str]) -> InputError:
    """What to say where nothing is called so."""
    named = f"No {use_case.noun} and no prediction in the log of {use_case.title} is called '{text[:80]}'."
    if near:
        hint = f"Did you mean {' or '.join(repr(name) for name in near[:3])}?"
    else:
        hint = (
            f"Give the id of a {use_case.noun} that was scored, or at least {LEAST_DIGITS} digits of a prediction id."
        )
    return InputError(named, hint, text=text, near=near, use_case=use_case.key)


def trend_point(row: dict[str, Any]) -> TrendPoint:
    """A row of `core.store.log_lookup` as one score that an entity had."""
    return TrendPoint(
        prediction_id=row["prediction_id"],
        scored_at=row["scored_at"].replace(tzinfo=UTC),
        as_of=row["as_of"].replace(tzinfo=UTC),
        score=float("nan") if row["score"] is None else row["score"],
        band=row["band"] or "",
        version=row["version"] or "",
        voided=row["voided"],
    )


def trend(desk: Desk, use_case: UseCase, this: dict[str, Any]) -> tuple[TrendPoint, ...]:
    """The scores that count of a prediction's entity, oldest first, at most 50, and this one itself.

    Where no column names a row its entity is its place in a file, which other files have as well: then only this one.
    """
    rows = [this]
    if use_case.entity is not None and this["entity"]:
        others = desk.log.predictions_of(use_case, this["entity"], MOST).to_pylist()
        rows += [row for row in others if not row["voided"] and row["prediction_id"] != this["prediction_id"]]
    rows = sorted(rows, key=lambda row: (row["as_of"], row["scored_at"]))
    return tuple(trend_point(row) for row in rows[-MOST:])
