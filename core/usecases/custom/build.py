"""From what a use case file says to a use case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.domain.columns import MISSING, OTHER, Column
from core.domain.features import Feature, hour, is_weekend, month, one_hot, ordered, raw, weekday
from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.errors import InputError
from core.usecases.custom.spec import CustomColumn, CustomSpec

_CALENDAR = {
    "hour": (hour, "hour of {}, 0-23"),
    "weekday": (weekday, "day of the week of {}, Monday 0"),
    "weekend": (is_weekend, "1 if {} is a Saturday or Sunday"),
    "month": (month, "month of {}, 1-12"),
}


def build(spec: CustomSpec, origin: str) -> UseCase:
    """The use case of a specification.

    Raises
    ------
    InputError
        Two features would have the same name.
    """
    features = tuple(feature for item in spec.columns for feature in _features(item))
    twice = [name for name, count in Counter(feature.name for feature in features).items() if count > 1]
    if twice:
        raise InputError(
            f"{origin}: two features would be called '{twice[0]}'.", "Rename a column or a level, or drop a feature."
        )
    return UseCase(
        key=spec.key,
        title=spec.title,
        question=spec.question,
        noun=spec.noun,
        task=spec.task,
        schema=Schema(tuple(item.column for item in spec.columns), spec.timezone),
        target=spec.target,
        features=features,
        recipe=spec.recipe,
        policy=spec.policy,
        entity=spec.entity,
        group=spec.group,
        sensitive=spec.sensitive,
        actionable=spec.actionable,
        notes=spec.notes,
        hash_ids=spec.hash_ids,
        origin=origin,
        facts={
            "source": dict(spec.source),
            "excluded": dict(spec.excluded),
            "why": {item.column.name: item.why for item in spec.columns if item.why},
            "row_order": spec.row_order,
            "order_by": spec.order_by,
            "target_decimal": spec.target_decimal,
            "target_nulls": spec.target_nulls,
        },
    )


def _features(item: CustomColumn) -> Iterator[Feature]:
    for word in item.features:
        yield from _feature(item.column, word)


def _feature(column: Column, word: str) -> Iterator[Feature]:
    name = column.name
    if word == "value":
        yield raw(name)
    elif word == "order":
        yield ordered(name)
    elif word == "levels":
        for code, level in enumerate(column.levels):
            yield one_hot(name, level, code, f"{name} = {level}")
    elif word == "other":
        yield one_hot(name, "none of its levels", OTHER, f"{name} = (other)")
    elif word == "missing":
        yield one_hot(name, "missing", MISSING, f"{name} = (missing)")
    else:
        compute, formula = _CALENDAR[word]
        yield Feature(f"{name} {word}", (name,), compute, formula.format(name), calendar=True)
