"""JSON as a program must send it: no name twice, no NaN, text that is text."""

from __future__ import annotations

import json
from typing import Any

from core.api.problems import NotJson


def read(text: bytes) -> Any:
    """Parse a body.

    Raises
    ------
    NotJson
        It is not JSON, or says two things under one name.
    """
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise NotJson(f"Byte {error.start} is not UTF-8.", "Send the body as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}.", "Send one JSON value.") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets thousands deep
        raise NotJson("A number is too long or brackets are too deep.", "Send plain values.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJson(f"'{twice[:80]}' stands there twice.", "Say it once.")
    return found


def _no_constant(name: str) -> Any:
    raise NotJson(f"{name} is not JSON.", "Write null for a value that is missing.")
