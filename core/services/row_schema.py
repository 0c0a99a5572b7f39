"""The row that a use case takes, as JSON Schema (2020-12), for programs that make one."""

from __future__ import annotations

from typing import Any

from core.domain.columns import Column, Kind, Unseen, describe
from core.domain.usecase import UseCase

_TYPES = {
    Kind.NUMBER: "number",
    Kind.COUNT: "integer",
    Kind.YESNO: "boolean",
    Kind.NUMBERS: "array",
    Kind.SET: "array",
}


def row_schema(use_case: UseCase) -> dict[str, Any]:
    """The schema of one row: every column's type, limits, levels, unit and whether it must be there.

    Rules between columns are told in words (`x-rules`); numbers, answers and lists may come as texts as well, written
    as in a file.
    """
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A {use_case.noun} of {use_case.title}",
        "type": "object",
        "properties": {column.name: _column(column, use_case.schema.timezone) for column in use_case.schema},
        "required": [column.name for column in use_case.schema if column.required],
        "additionalProperties": False,
    }
    if use_case.schema.rules:
        found["x-rules"] = [
            {"name": rule.name, "columns": list(rule.columns), "says": rule.message.format_map(_Itself())}
            for rule in use_case.schema.rules
        ]
    return found


class _Itself(dict[str, str]):
    """Every name stands for itself."""

    def __missing__(self, name: str) -> str:
        return name


def _column(column: Column, timezone: str) -> dict[str, Any]:
    told: dict[str, Any] = {"title": column.title, **_typed(column)}
    if not column.required:
        told["type"] = [told["type"], "null"]
        if "enum" in told:
            told["enum"] = [*told["enum"], None]
    said = [f"{column.help.rstrip('.')}."] if column.help else []
    said.append(f"It takes {describe(column)}.")
    if column.kind is Kind.TIME:
        said.append(f"Without an offset it is read as {timezone}.")
    told["description"] = " ".join(said)
    if column.unit:
        told["x-unit"] = column.unit
    if column.personal:
        told["x-personal"] = True
    return told


def _typed(column: Column) -> dict[str, Any]:
    if column.kind.is_coded:
        closed = column.unseen is Unseen.REJECT
        return {"type": "string", "enum" if closed else "examples": list(column.levels)}
    if column.kind is Kind.SET:
        return {"type": "array", "items": {"type": "string", "enum": list(column.levels)}}
    if column.kind is Kind.NUMBERS:
        return {"type": "array", "items": {"type": "number"} | _limits(column), "maxItems": column.width}
    if column.kind is Kind.TIME:
        return {"type": "string"} if column.time_format else {"type": "string", "format": "date-time"}
    return {"type": _TYPES.get(column.kind, "string")} | _limits(column)


def _limits(column: Column) -> dict[str, Any]:
    limits = {"minimum": column.minimum, "maximum": column.maximum}
    return {name: value for name, value in limits.items() if value is not None}
