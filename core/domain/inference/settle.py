"""Choices between the columns of a file: which time is the time of a row, and which id names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.domain.columns import Column, Kind, Missing
from core.domain.inference.columns import Inferred, Reader, Role, facts_of
from core.domain.inference.texts import Texts, words_of
from core.domain.inference.words import BEGIN_WORDS, END_WORDS

MOST_TIMELESS = 0.01  # share of rows that may lack the column chosen as their time
WEEKDAY_DAYS, MONTH_DAYS = 56, 730  # shorter spans show too few weeks or years to learn a calendar from
_DAY_US = 86_400_000_000


def settle_time(found: dict[str, Inferred], chosen: str | None, n_rows: int) -> str | None:
    """Choose the time of a row; every other time column is set aside, with the reason.

    Without a choice it is the first time column that (nearly) every row has, names that sound like a
    beginning before others, names that sound like an end last.
    """
    times = {name: item for name, item in found.items() if item.role is Role.TIME}
    if chosen is None:
        full = [name for name, item in times.items() if item.facts["missing"] <= MOST_TIMELESS * n_rows]
        chosen = min(full, key=_lateness, default=None)
    for name, item in times.items():
        if name == chosen:
            found[name] = _as_row_time(item)
            continue
        because = f"{chosen} is the time of a row" if chosen else "it is missing in some rows"
        found[name] = replace(item, role=Role.EXCLUDED, why=f"{item.why}; set aside, because {because}", values=None)
    return chosen


def _lateness(name: str) -> int:
    words = set(words_of(name))
    return 0 if words & BEGIN_WORDS else 2 if words & END_WORDS else 1


def _as_row_time(item: Inferred) -> Inferred:
    """The time column with the calendar features that its values can carry."""
    assert item.values is not None
    known = item.values[~np.isnat(item.values)]
    days = (known.max() - known.min()) / np.timedelta64(1, "D")
    clock = len(np.unique(known.view(np.int64) % _DAY_US)) > 1
    sensible = {"hour": clock, "weekday": days >= WEEKDAY_DAYS, "month": days >= MONTH_DAYS}
    missing = f"; {item.facts['missing']:,} rows without it are refused" if item.facts["missing"] else ""
    return replace(
        item,
        column=replace(item.column, missing=Missing.REJECT),
        why=f"{item.why}; the time of a row{missing}",
        features=tuple(name for name, yes in sensible.items() if yes),
    )


def as_order(texts: Texts, reader: Reader) -> Inferred | None:
    """A column of numbers as the order in which the rows happened; None when it holds none.

    The numbers may count days, months or versions: only which is larger is read, and no model sees them.
    """
    reading = reader.numbers(texts)
    if reading is None:
        return None
    known = reading.values[np.isfinite(reading.values)]
    column = Column(texts.name, Kind.NUMBER, missing=Missing.ALLOW, null_texts=reading.nulls, decimal=reading.decimal)
    missing = f"; {texts.n_missing:,} rows without it count as the oldest" if texts.n_missing else ""
    why = f"numbers from {known.min():,g} to {known.max():,g} that order the rows, as you said; no model reads them"
    facts = facts_of(texts) | {"least": float(known.min()), "most": float(known.max())}
    return Inferred(column, Role.ORDER, why + missing, facts)


def settle_entity(found: Mapping[str, Inferred], chosen: str | None) -> str | None:
    """The id that names a row: the chosen one, else the first that never repeats and is never missing."""
    if chosen is not None:
        return chosen
    for name, item in found.items():
        if item.role is Role.ID and item.facts["unique"]:
            return name
    return None
