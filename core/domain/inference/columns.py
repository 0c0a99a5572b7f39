"""What each column of a labelled file is: kinds, levels and ranges, ids, times, constants, duplicates.

Every decision is taken once per column, from all its values, and carries its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from core.domain.columns import Array, Column, Kind, Missing, Unseen
from core.domain.inference.levels import as_levels, as_yesno, level_values, rare_rows
from core.domain.inference.numeric import NumberReading, as_numbers, unreadable_numbers
from core.domain.inference.texts import Texts, quoted
from core.domain.inference.times import TimeReading, as_times
from core.domain.inference.words import ID_WORDS, KEY_WORDS, TIME_WORDS

MOST_COUNT = 1_000  # whole numbers up to here are counts; larger ones are amounts that may get decimals
MOST_ID_LENGTH = 64
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


class Role(StrEnum):
    """What a column is for."""

    FEATURE = "feature"
    ID = "id"
    GROUP = "group"
    TIME = "time"
    ORDER = "order"  # numbers that only say which row came first
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Inferred:
    """One column, as understood.

    Attributes
    ----------
    column : Column
    role : Role
    why : str
        The reason, with the values that decided.
    facts : mapping of str to Any
        rows missing, distinct values, and what else was counted; plain values.
    features : tuple of str
        Which features the column gives, in the words of a use case file ("value", "levels", ...).
    values : array, shape (n_rows,), or None
        Typed values (see `core.domain.columns`) of features and times; codes of a chosen id or group.
    """

    column: Column
    role: Role
    why: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    values: Array | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Reader:
    """What is known about the whole file when one of its columns is read."""

    semicolons: bool = False
    decimal_comma: bool = False
    day_first: bool | None = None
    timezone: str = "UTC"

    def numbers(self, texts: Texts) -> NumberReading | None:
        """The column as numbers, by the file's decimal sign."""
        return as_numbers(texts, semicolons=self.semicolons, elsewhere=self.decimal_comma)

    def times(self, texts: Texts) -> TimeReading | None:
        """The column as times, by the file's order of day and month."""
        return as_times(texts, day_first=self.day_first, timezone=self.timezone)


def facts_of(texts: Texts) -> dict[str, Any]:
    """Counts of a column, for people and programs."""
    unique = texts.n_missing == 0 and texts.n_distinct == texts.n_rows
    return {"missing": texts.n_missing, "distinct": texts.n_distinct, "unique": unique}


def excluded(texts: Texts, why: str, kind: Kind = Kind.TEXT) -> Inferred:
    """A column that is not read, with the reason."""
    return Inferred(Column(texts.name, kind, missing=Missing.ALLOW), Role.EXCLUDED, why, facts_of(texts))


def infer_column(texts: Texts, reader: Reader) -> Inferred:
    """What one column is, from its values and its name.

    Parameters
    ----------
    texts : Texts
    reader : Reader
    """
    n_values = texts.n_rows - texts.n_missing
    least = rare_rows(texts.n_rows)
    if n_values == 0:
        return excluded(texts, "empty")
    if n_values < least:
        return excluded(texts, f"only {n_values:,} of {texts.n_rows:,} rows have a value")
    if texts.n_distinct == 1 and texts.n_missing < least:
        return excluded(texts, f"constant: {quoted(texts.values)} in every row" + _but_missing(texts.n_missing))
    rows = int(np.max(texts.counts))
    if texts.n_rows - rows < least and texts.n_distinct <= 50:
        common = texts.values[int(np.argmax(texts.counts))]
        return excluded(texts, f"nearly constant: '{common[:40]}' in all but {texts.n_rows - rows:,} rows")
    return _yesno(texts) or _number(texts, reader) or _time(texts, reader) or _category(texts) or _text(texts)


def _but_missing(n_missing: int) -> str:
    return f" but {n_missing:,} missing" if n_missing else ""


def _yesno(texts: Texts) -> Inferred | None:
    values = as_yesno(texts)
    if values is None:
        return None
    column = Column(texts.name, Kind.YESNO, missing=Missing.IMPUTE)
    share = float(texts.counts[values == 1.0].sum() / texts.counts.sum())
    facts = facts_of(texts) | {"yes": round(share, 4)}
    why = f"yes or no, written {quoted(texts.values)}"
    return Inferred(column, Role.FEATURE, why, facts, ("value",), texts.spread(values, np.nan))


def _number(texts: Texts, reader: Reader) -> Inferred | None:
    reading = reader.numbers(texts)
    if reading is None or _is_compact_date(texts):
        return None
    values = np.where(np.isfinite(reading.values), reading.values, np.nan)
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    whole = bool((values[~np.isnan(values)] % 1 == 0).all())
    if reason := _row_number(texts, whole, least, most):
        return Inferred(Column(texts.name, Kind.ID, missing=Missing.ALLOW), Role.ID, reason, facts_of(texts))
    if texts.n_distinct == 1:
        return _category(texts)  # a lone number or missing: which of the two is all it says
    count = whole and least >= 0 and most <= MOST_COUNT
    column = Column(
        texts.name,
        Kind.COUNT if count else Kind.NUMBER,
        minimum=0 if count else None,
        usual=(least, most),
        missing=Missing.IMPUTE,
        null_texts=reading.nulls,
        decimal=reading.decimal,
    )
    why = "; ".join(text for text in ("whole numbers" if whole else "numbers", reading.why, _sentinel(texts)) if text)
    facts = facts_of(texts) | {"least": least, "most": most, "decimal": reading.decimal}
    return Inferred(column, Role.FEATURE, why, facts, ("value",), texts.spread(values, np.nan))


def _row_number(texts: Texts, whole: bool, least: float, most: float) -> str:
    """Why a column of numbers only names its rows, or ""."""
    distinct = texts.n_distinct
    if not whole or distinct < 20:
        return ""
    if distinct == texts.n_rows and texts.words & KEY_WORDS:
        return "another whole number in every row, and named like a key"
    if distinct == texts.n_rows and most - least + 1 == distinct:
        return "counts the rows"
    if texts.words & ID_WORDS and distinct > 50:
        return f"named like an id; {distinct:,} different numbers"
    return ""


def _sentinel(texts: Texts) -> str:
    """A frequent outlier such as 999 that may stand for "none"; pointed out, never acted upon."""
    for text in ("999", "9999", "99999", "-999", "-9999"):
        if text in texts.values:
            share = texts.counts[texts.values.index(text)] / texts.n_rows
            if share >= 0.01:
                return f"{text} stands in {share:.0%} of rows: if it means missing, put it into null_texts"
    return ""


def _is_compact_date(texts: Texts) -> bool:
    return bool(texts.words & TIME_WORDS) and all(_COMPACT_DATE.fullmatch(text) for text in texts.values[:200])


def _time(texts: Texts, reader: Reader) -> Inferred | None:
    reading = reader.times(texts)
    if reading is None:
        return None
    column = Column(
        texts.name,
        Kind.TIME,
        missing=Missing.ALLOW,
        time_format=reading.time_format,
    )
    values = texts.spread(reading.values, "NaT")
    known = values[~np.isnat(values)]
    facts = facts_of(texts) | {
        "first": str(known.min().astype("datetime64[s]")),
        "last": str(known.max().astype("datetime64[s]")),
        "format": reading.time_format or "ISO 8601",
        "ambiguous": reading.other_order is not None,
    }
    return Inferred(column, Role.TIME, f"times, {reading.why}", facts, (), values)


def _category(texts: Texts) -> Inferred | None:
    if _names_rows(texts):
        return None
    reading = as_levels(texts)
    if reading is None:
        return None
    n_known = len(reading.levels) + (reading.pooled_rows > 0) + (texts.n_missing > 0)
    if n_known < 2:
        return excluded(texts, "one level only, once case is ignored")
    column = Column(texts.name, Kind.CATEGORY, levels=reading.levels, missing=Missing.LEVEL, unseen=Unseen.OTHER)
    gives = ("levels", *(("other",) if reading.pooled_rows else ()), *(("missing",) if texts.n_missing else ()))
    facts = facts_of(texts) | {"levels": len(reading.levels), "pooled_rows": reading.pooled_rows}
    why = "; ".join(text for text in ("text", reading.why, _suspicious(texts)) if text)
    return Inferred(column, Role.FEATURE, why, facts, gives, level_values(reading, texts))


def _suspicious(texts: Texts) -> str:
    how = unreadable_numbers(texts)
    return f"{how}, taken as text: write them as plain numbers to have them read as such" if how else ""


def _names_rows(texts: Texts) -> bool:
    """Whether nearly every row has a text of its own, or a repeated one under a name like "Customer ID"."""
    n_values = texts.n_rows - texts.n_missing
    return texts.n_distinct > 50 and (texts.n_distinct >= 0.95 * n_values or bool(texts.words & ID_WORDS))


def _text(texts: Texts) -> Inferred:
    n_values = texts.n_rows - texts.n_missing
    if how := unreadable_numbers(texts):
        return excluded(texts, f"{how}: write them as plain numbers, like 1234.5, and adopt the file again")
    compact = max(len(text) for text in texts.values) <= MOST_ID_LENGTH and not any(" " in t for t in texts.values)
    if _names_rows(texts) and compact:
        unique = texts.n_distinct == n_values
        why = "another text in every row" if unique else f"{texts.n_distinct:,} different texts, like an id"
        return Inferred(Column(texts.name, Kind.ID, missing=Missing.ALLOW), Role.ID, why, facts_of(texts))
    return excluded(texts, f"text with {texts.n_distinct:,} different values, too many to learn from")


def as_id(texts: Texts, role: Role, why: str) -> Inferred:
    """The column as an id, whatever it holds; its values are codes, equal for equal ids."""
    column = Column(texts.name, Kind.ID, missing=Missing.ALLOW)
    return Inferred(column, role, why, facts_of(texts), values=texts.codes)


def with_nulls(found: Inferred, null_texts: Sequence[str]) -> Inferred:
    """The same column, with the file's texts for "missing" written into it."""
    column = found.column
    extra = tuple(text for text in null_texts if text.lower() not in {known.lower() for known in column.null_texts})
    return replace(found, column=replace(column, null_texts=column.null_texts + extra))
