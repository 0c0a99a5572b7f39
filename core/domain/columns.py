"""Columns: what a raw column holds, how it is typed inside the desk, and how that is said.

Columns inside the desk are NumPy arrays, by kind:

============  =====================================================================================
number count  float64, NaN where missing
yesno         float64, 1.0 yes, 0.0 no, NaN where missing
category      int16 codes into `Column.levels`; OTHER (-1) unseen, MISSING (-2) missing
ordered       the same, levels from low to high
time          datetime64[us], wall clock in the use case's time zone, NaT where missing
numbers       float64 of shape (n_rows, Column.width), oldest first and right-aligned: the last column is
              the latest number, shorter lists have NaN in front; a missing list is NaN throughout
set           int64 bit mask, bit i set where the row has `Column.levels[i]`; NO_SET (-1) missing
id text       object array of str, "" where missing; never a feature
============  =====================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]

OTHER = -1
MISSING = -2
NO_SET = -1  # every bit is set: a feature that reads single bits must ask for a set to be given

SEPARATOR = ";"  # between the numbers of a list and the levels of a set, wherever they are text
MOST_LEVELS = 63  # of a set, so that its mask is not negative


class Kind(StrEnum):
    """What the values of a column are."""

    ID = "id"
    TIME = "time"
    NUMBER = "number"
    COUNT = "count"
    YESNO = "yesno"
    CATEGORY = "category"
    ORDERED = "ordered"
    TEXT = "text"
    NUMBERS = "numbers"
    SET = "set"

    @property
    def is_numeric(self) -> bool:
        return self in _NUMERIC

    @property
    def is_coded(self) -> bool:
        return self in _CODED

    @property
    def is_text(self) -> bool:
        return self in _TEXT

    @property
    def is_list(self) -> bool:
        """Whether one value holds several."""
        return self in _LIST


_NUMERIC = (Kind.NUMBER, Kind.COUNT, Kind.YESNO)  # looked up once: a row asks for every column's kind
_CODED = (Kind.CATEGORY, Kind.ORDERED)
_TEXT = (Kind.ID, Kind.TEXT)
_LIST = (Kind.NUMBERS, Kind.SET)


class Missing(StrEnum):
    """What happens to a row whose value is missing."""

    REJECT = "reject"
    IMPUTE = "impute"  # numbers: the training rows' median, flagged per row
    LEVEL = "level"  # categories: "missing" is a level of its own, trained on
    ALLOW = "allow"  # columns that no feature reads


class Unseen(StrEnum):
    """What happens to a row whose category is not among the levels."""

    REJECT = "reject"
    OTHER = "other"  # a level of its own, trained on rare values, flagged per row


@dataclass(frozen=True)
class Column:
    """One raw column: how it is typed, what is allowed, how it is shown.

    `minimum` and `maximum` are hard: a value outside cannot be true and its row is rejected. `usual` is
    the range seen in training; a value outside is scored and pointed out. For lists of numbers both are
    about each number, and `width` is how many there can be; a set takes at most 63 `levels`.
    """

    name: str
    kind: Kind
    label: str = ""
    unit: str = ""
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    usual: tuple[float, float] | None = None
    levels: tuple[str, ...] = ()
    width: int = 0
    missing: Missing = Missing.REJECT
    unseen: Unseen = Unseen.REJECT
    null_texts: tuple[str, ...] = ()
    decimal: str = "."
    time_format: str | None = None  # strptime format; None reads ISO 8601
    group: str = "Details"
    personal: bool = False

    @property
    def title(self) -> str:
        """What people read: the label, or the name in words ("EducationLevel" is "Education level")."""
        if self.label:
            return self.label
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_.]+", " ", self.name).split()
        said = " ".join(word if word.isupper() else word.lower() for word in words)
        return said[:1].upper() + said[1:] or self.name

    @property
    def required(self) -> bool:
        """Whether a file must have this column at all."""
        return self.missing is Missing.REJECT

    @cached_property
    def nulls(self) -> frozenset[str]:
        """Lower-case texts that mean "no value" in this column; a level is a value, whatever it is called.

        >>> "none" in Column("x", Kind.NUMBER).nulls, "none" in Column("y", Kind.CATEGORY, levels=("none", "all")).nulls
        (True, False)
        """
        return (_NULLS | {text.lower() for text in self.null_texts}) - {level.lower() for level in self.levels}


_NULLS = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a"})
YES_TEXTS = frozenset({"1", "yes", "y", "true", "t", "1.0"})
NO_TEXTS = frozenset({"0", "no", "n", "false", "f", "0.0"})


def absent(column: Column, n_rows: int) -> Array:
    """A column of missing values.

    >>> absent(Column("x", Kind.NUMBER), 2)
    array([nan, nan])
    """
    if column.kind.is_numeric:
        return np.full(n_rows, np.nan)
    if column.kind.is_coded:
        return np.full(n_rows, MISSING, dtype=np.int16)
    if column.kind is Kind.TIME:
        return np.full(n_rows, "NaT", dtype="datetime64[us]")
    if column.kind is Kind.NUMBERS:
        return np.full((n_rows, column.width), np.nan)
    if column.kind is Kind.SET:
        return np.full(n_rows, NO_SET, dtype=np.int64)
    return np.full(n_rows, "", dtype=object)


def missing_mask(column: Column, values: Array) -> NDArray[np.bool_]:
    """Which values of a typed column are missing, shape (n_rows,)."""
    if column.kind.is_coded:
        return np.asarray(values == MISSING)
    if column.kind.is_numeric:
        return np.isnan(values)
    if column.kind is Kind.TIME:
        return np.isnat(values)
    if column.kind is Kind.NUMBERS:
        return np.asarray(np.isnan(values).all(axis=1))
    if column.kind is Kind.SET:
        return np.asarray(values == NO_SET)
    return np.asarray(values == "", dtype=bool)


def shown(value: Any) -> str:
    """A typed value as a person would write it; the numbers of a list without those that are missing.

    >>> shown(3.0), shown(0.25), shown(np.datetime64("2026-01-02T03:04:05", "us"))
    ('3', '0.25', '2026-01-02T03:04:05')
    >>> shown([12.5, 0.0, 30.0]), shown(np.array([np.nan, 30.0]))
    ('12.5;0;30', '30')
    """
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value.astype("datetime64[s]"))
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return ""
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if isinstance(value, list | tuple | np.ndarray):
        return SEPARATOR.join(text for item in value if (text := shown(item)))
    return str(value)


def levels_in(column: Column, mask: int) -> tuple[str, ...]:
    """The levels of one typed set, in the order of `Column.levels`.

    >>> levels_in(Column("s", Kind.SET, levels=("audit", "tax", "legal")), 0b101)
    ('audit', 'legal')
    """
    return () if mask == NO_SET else tuple(level for bit, level in enumerate(column.levels) if mask >> bit & 1)


def writing_problem(column: Column) -> str:
    """Why values of a list column could not be written or read back; "" where they can.

    >>> writing_problem(Column("s", Kind.SET, levels=("audit", "Audit"))), writing_problem(Column("n", Kind.NUMBERS))
    ("'audit' cannot be told from other texts", 'no width')
    """
    if column.kind is Kind.NUMBERS:
        return "" if column.width > 0 else "no width"
    if column.kind is not Kind.SET:
        return ""
    if not 1 <= len(column.levels) <= MOST_LEVELS:
        return f"{len(column.levels)} levels"
    plain = [level.strip().lower() for level in column.levels]
    unclear = [text for text in plain if SEPARATOR in text or text in column.nulls or plain.count(text) > 1]
    return f"'{unclear[0]}' cannot be told from other texts" if unclear else ""


def describe(column: Column) -> str:
    """What a column takes, in words.

    >>> describe(Column("a", Kind.COUNT, minimum=0)), describe(Column("b", Kind.CATEGORY, levels=("x", "y")))
    ('a whole number of at least 0', 'one of x, y')
    >>> describe(Column("c", Kind.NUMBERS, width=3, minimum=0))
    'up to 3 numbers separated by semicolons, oldest first, each of at least 0'
    """
    if column.kind.is_coded:
        return "one of " + _listed(column.levels)
    if column.kind is Kind.YESNO:
        return "yes or no"
    if column.kind is Kind.TIME:
        return f"a time written like {column.time_format}" if column.time_format else "an ISO 8601 time"
    if column.kind.is_text:
        return "text"
    if column.kind is Kind.SET:
        return f"any of {_listed(column.levels)}, separated by semicolons"
    limits = _limits(column)
    if column.kind is Kind.NUMBERS:
        each = f", each {limits}" if limits else ""
        return f"up to {column.width} numbers separated by semicolons, oldest first{each}"
    noun = "a whole number" if column.kind is Kind.COUNT else "a number"
    return f"{noun} {limits}".rstrip()


def _limits(column: Column) -> str:
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"from {shown(low)} to {shown(high)}"
    if low is not None:
        return f"of at least {shown(low)}"
    return "" if high is None else f"of at most {shown(high)}"


def _listed(names: Iterable[str], most: int = 12) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
