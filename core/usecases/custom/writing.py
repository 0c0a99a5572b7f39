"""A use case file as text: TOML with a comment wherever a person may want to change something."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.domain.columns import Column, Missing, Unseen
from core.domain.policy import Band, Policy
from core.domain.recipe import Recipe
from core.usecases.custom.spec import CustomColumn, CustomSpec

_HEAD = """\
# A use case of this desk, adopted from a file. Edit anything; the desk reads it again at once.
# What changes columns, features, target or models needs a new training:
#     python -m core train {key} --data FILE.csv
# What cannot be meant is refused with the key, the value and what is allowed.
"""
_TARGET_NOTE = "# classes: (negative, positive), or in order from low to high; as they are written in files"
_RECIPE_NOTE = (
    '# split: "time" (the last rows are held out), "group" (no group on both sides) or "random". Rows without a time\n'
    "# are ordered by their place in the file (row_order) or by a column of numbers (order_by).\n"
    "# The champion is fixed here, not chosen by the figures: the luckiest of four would look better than it is."
)
_POLICY_NOTE = (
    "# Bands from the highest score down; each but the last has a share of rows, or a score from which it\n"
    "# starts (at_least). Classes are their own bands, the highest class first. tone: good, fair, poor or bad."
)
_COLUMNS_NOTE = (
    '# One table per column. kind: number, count, yesno, category, ordered, time, id or text. missing: "reject"\n'
    '# (the row), "impute" (numbers), "level" (categories) or "allow". features: "value" of numbers; "levels",\n'
    '# "other", "missing" of categories; "order" of ordered ones; "hour", "weekday", "weekend", "month" of times.'
)


def dump(spec: CustomSpec) -> str:
    """The text of a use case file; `parse` reads it back into an equal specification."""
    parts = [
        _HEAD.format(key=spec.key) + _pairs(_general(spec)),
        _section("target", _target(spec), _TARGET_NOTE),
        _section("recipe", _recipe(spec), _RECIPE_NOTE),
        *(_section("[recipe.models]", _model(spec.recipe, place)) for place in range(len(spec.recipe.models))),
        _section("policy", _policy(spec.policy), _POLICY_NOTE),
        *(_section("[policy.bands]", _band(band)) for band in spec.policy.bands),
        *_money(spec.policy),
        _section("source", spec.source, "# How the file was read; for people, the desk does not use it."),
        _section("excluded", spec.excluded, "# Columns that are not read, and why."),
        _COLUMNS_NOTE,
        *(_section("[columns]", dict(_column(item))) for item in spec.columns),
    ]
    return "\n".join(parts)


def _section(name: str, values: Mapping[str, Any], note: str = "") -> str:
    return (f"{note}\n" if note else "") + f"[{name}]\n{_pairs(values)}"


def _pairs(values: Mapping[str, Any]) -> str:
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in values.items() if value is not None)


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _text(name)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(name))} = {_value(item)}" for name, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return _text(str(value))


def _general(spec: CustomSpec) -> dict[str, Any]:
    return {
        "key": spec.key,
        "title": spec.title,
        "question": spec.question,
        "noun": spec.noun,
        "task": spec.task,
        "timezone": spec.timezone,
        "entity": spec.entity,
        "group": spec.group,
        "sensitive": spec.sensitive,
        "actionable": spec.actionable,
        "notes": spec.notes,
        "hash_ids": spec.hash_ids or None,
    }


def _target(spec: CustomSpec) -> dict[str, Any]:
    target = spec.target
    return {
        "name": target.name,
        "classes": target.classes or None,
        "class_values": target.class_values or None,
        "meaning": target.meaning,
        "horizon_days": target.horizon_days,
        "unit": target.unit or None,
        "decimal": spec.target_decimal if spec.target_decimal != "." else None,
        "null_texts": spec.target_nulls or None,
    }


def _recipe(spec: CustomSpec) -> dict[str, Any]:
    recipe = spec.recipe
    return {
        "split": recipe.split,
        "row_order": spec.row_order,
        "order_by": spec.order_by,
        "champion": recipe.champion,
        "scaled": recipe.scaled,
        "seed": recipe.seed,
    }


def _model(recipe: Recipe, place: int) -> dict[str, Any]:
    model = recipe.models[place]
    return {"name": model.name, "family": model.family, "params": dict(model.params)}


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "capacity": policy.capacity,
        "primary_metric": policy.primary_metric,
        "minimum_gain": policy.minimum_gain,
        "score_format": policy.score_format,
        "notes": policy.notes or None,
    }


def _band(band: Band) -> dict[str, Any]:
    return {
        "name": band.name,
        "decision": band.decision,
        "tone": band.tone,
        "at_least": band.at_least,
        "share": band.share,
    }


def _money(policy: Policy) -> list[str]:
    if policy.money is None:
        return []
    money = policy.money
    return [_section("policy.money", {"currency": money.currency, "costs": money.costs, "note": money.note})]


def _column(item: CustomColumn) -> Iterator[tuple[str, Any]]:
    """The keys of a column, those apart that say what is the default."""
    column, default = item.column, Column(item.column.name, item.column.kind)
    yield from (("name", column.name), ("kind", column.kind), ("why", item.why or None))
    for name in ("label", "unit", "help", "minimum", "maximum", "usual", "levels", "null_texts", "decimal"):
        value = getattr(column, name)
        yield name, value if value != getattr(default, name) else None
    yield "missing", column.missing if column.missing is not Missing.REJECT else None
    yield "unseen", column.unseen if column.unseen is not Unseen.REJECT else None
    for name in ("time_format", "group", "personal"):
        value = getattr(column, name)
        yield name, value if value != getattr(default, name) else None
    yield "features", item.features
