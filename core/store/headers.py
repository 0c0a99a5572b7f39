"""Which column of a file is which column of a schema, by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from core.domain.schema import Schema

ALIKE = 0.82  # difflib ratio from which two squeezed names are taken for the same


def squeezed(name: str) -> str:
    """A column name without case, spaces and punctuation.

    >>> squeezed(" Credit-Score_range ")
    'creditscorerange'
    """
    return "".join(sign for sign in name.lower() if sign.isalnum()) or name.strip().lower()


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make a header's names unique, and say what was changed.

    >>> unique_names(["a", "b", "a", ""])[0]
    ('a', 'b', 'a_2', 'column_4')
    """
    taken = set(names)
    seen: set[str] = set()
    found, notes = [], []
    for place, name in enumerate(names, 1):
        unique = name or f"column_{place}"
        count = 2
        while unique in seen or (unique != name and unique in taken):
            unique = f"{name or 'column'}_{count if name else place + count}"
            count += 1
        if unique != name:
            notes.append(
                f"Column {place}, named '{name}' like another, is read as '{unique}'."
                if name
                else f"Column {place} has no name and is read as '{unique}'."
            )
        seen.add(unique)
        found.append(unique)
    return tuple(found), tuple(notes)


def propose_mapping(header: Sequence[str], schema: Schema) -> dict[str, str | None]:
    """File column -> schema column by name: exact, then without case and punctuation, then by likeness.

    Never two file columns to one schema column; the closer name wins.

    >>> from core.domain.columns import Column, Kind
    >>> propose_mapping(["Page Views", "x"], Schema((Column("page_views", Kind.COUNT),)))
    {'Page Views': 'page_views', 'x': None}
    """
    mapping: dict[str, str | None] = dict.fromkeys(header)
    free = dict.fromkeys(schema.names)
    plain = {squeezed(name): name for name in reversed(schema.names)}
    for same in (lambda name: name, lambda name: plain.get(squeezed(name), "")):
        for name in header:
            if mapping[name] is None and same(name) in free:
                mapping[name] = same(name)
                del free[same(name)]
    left = [name for name in header if mapping[name] is None][:500]  # likeness is quadratic
    pairs = sorted(((_likeness(name, target), name, target) for name in left for target in free), reverse=True)
    for ratio, name, target in pairs:
        if ratio >= ALIKE and mapping[name] is None and target in free:
            mapping[name] = target
            del free[target]
    return mapping


def _likeness(name: str, target: str) -> float:
    return difflib.SequenceMatcher(None, squeezed(name), squeezed(target)).ratio()
