"""Rows as programs give them: what JSON can say and a row cannot is named, never passed over or turned into text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from core.domain.columns import Column, Kind, describe
from core.domain.parsing import parse_row
from core.domain.schema import HIDDEN, Problem
from core.domain.usecase import UseCase
from core.errors import InputError, RowProblem

UNKNOWN = "unknown"
_MOST_SHOWN = 80


def given_row(use_case: UseCase, value: Any, *, ignore_unknown: bool = False) -> Mapping[str, Any]:
    """A row that may be scored as it stands.

    Parameters
    ----------
    value : Any
        What JSON held.
    ignore_unknown : bool
        Fields that the use case does not know are passed over (and named in the answer) instead of refused.

    Raises
    ------
    InputError
        It is no row at all.
    RowProblem
        Fields that nobody knows, values that no column takes; with them whatever else the schema finds.
    """
    if not isinstance(value, dict):
        raise InputError("This is not one row.", "Give one JSON object, column to value.")
    problems = [] if ignore_unknown else [_unknown(use_case, name, value[name]) for name in _strangers(use_case, value)]
    for column in use_case.schema:
        said = _strange(column, value.get(column.name))
        if said:
            problems.append(_problem(column.name, said, "type", f"{column.name} {said}; it takes {describe(column)}."))
    if not problems:
        return value
    named = {problem.column for problem in problems}
    rest = {name: None if name in named else item for name, item in value.items()}
    checked = use_case.schema.check(parse_row(use_case.schema, rest), 1)
    problems += [problem for problem in checked.problems() if problem.column not in named]
    raise RowProblem(" ".join(problem.message for problem in problems), _hint(problems), problems=problems)


def _strangers(use_case: UseCase, row: Mapping[str, Any]) -> list[str]:
    known = set(use_case.schema.names)
    return [name for name in row if name not in known]


def _unknown(use_case: UseCase, name: str, value: Any) -> Problem:
    near = difflib.get_close_matches(name, use_case.schema.names, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    shown = _clean(name)
    return _problem(shown, "", UNKNOWN, f"{shown} is no field of {use_case.title}.{meant}")


def _hint(problems: list[Problem]) -> str:
    if all(problem.rule == UNKNOWN for problem in problems):
        return "Leave such fields out, or ask for them to be ignored."
    return ""


def _problem(column: str, value: str, rule: str, message: str) -> Problem:
    return Problem(row=1, column=column, value=value, rule=rule, message=message)


def _strange(column: Column, value: Any) -> str:
    """What is wrong with a value before its column reads it; "" for most."""
    if isinstance(value, dict):
        return "is an object"
    if isinstance(value, list):
        if not column.kind.is_list:
            return "is a list"
        return next((said for item in value if (said := _strange_item(item))), "")
    if isinstance(value, bool) and not (column.kind is Kind.YESNO or column.kind.is_coded):
        return f"is {HIDDEN if column.personal else str(value).lower()}"
    return _strange_text(value)


def _strange_item(item: Any) -> str:
    if item is None or isinstance(item, dict | list | bool):
        return "holds something that is neither a number nor a text"
    return _strange_text(item)


def _strange_text(value: Any) -> str:
    if isinstance(value, str) and (_clean(value, len(value)) != value or "\0" in value):
        return "holds a character that is no text"
    return ""


def _clean(text: str, most: int = _MOST_SHOWN) -> str:
    """A text that can be written again: half of a pair of surrogates cannot."""
    return text[:most].encode("utf-8", "replace").decode()
