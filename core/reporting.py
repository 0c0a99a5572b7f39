"""A command's result in words for a terminal: one fact a line, nested facts indented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def in_words(result: Mapping[str, Any]) -> str:
    """Lines of `name: value`; tables of equal records become one line each.

    >>> print(in_words({"rows": 12000, "files": {"csv": "out.csv"}, "bands": {}}))
    rows: 12,000
    files:
      csv: out.csv
    """
    return "\n".join(_lines(result, 0))


def _lines(facts: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, value in facts.items():
        label = str(name).replace("_", " ")
        if isinstance(value, Mapping):
            if value:
                yield f"{indent}{label}:"
                yield from _lines(value, depth + 1)
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield f"{indent}{label}:"
            for item in value:
                yield f"{indent}  - " + ", ".join(f"{key} {_shown(part)}" for key, part in item.items() if _told(part))
        elif _told(value):
            yield f"{indent}{label}: {_shown(value)}"


def _told(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != () and value != {}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value)
    return str(value)
