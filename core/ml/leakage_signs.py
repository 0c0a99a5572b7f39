"""The signs of a leak that need no model: missing shares, values of one outcome only, names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import MISSING, OTHER, Array, Column, shown
from core.domain.inference.texts import words_of

LEAST_ROWS = 20
MOST_CHANCE = 0.001  # over all values of a column together
LATER_WORDS = frozenset(
    ["end", "ended", "tag", "tags", "note", "notes", "won", "lost", "paid", "after", "last", "latest"]
)
LATER_STEMS = (
    # what became of it
    *("outcome", "result", "status", "decision", "final", "convert", "success", "fail", "verdict"),
    # the end of it
    *("clos", "complet", "cancel", "resol", "settl", "terminat", "expir", "churn", "deliver", "return"),
    # money that followed
    *("payoff", "recover", "chargeoff", "chgoff", "writeoff", "collect", "refund", "default", "delinq", "arrear"),
    *("profit", "revenue", "invoic"),
    # what people noted afterwards
    *("next", "follow", "quality", "rating", "grade", "review", "feedback", "reason", "comment", "remark"),
    *("disposition", "duration", "modif", "updat"),
)
_PAIRS = (("charge", "off"), ("write", "off"), ("chg", "off"), ("follow", "up"))


@dataclass(frozen=True)
class OneClass:
    """A value that occurs in one class only.

    `chance` is the probability that this many rows fall into the class by luck, times the values looked at.
    """

    value: str
    n_rows: int
    code: int
    chance: float

    def __str__(self) -> str:
        return f"'{self.value[:40]}' ({self.n_rows:,} rows)"


def missing_gap(missing: NDArray[np.bool_], classes: NDArray[np.int64]) -> float:
    """The largest difference of the missing share between two classes, in [0, 1].

    >>> missing_gap(np.array([True, True, False, False]), np.array([0, 0, 0, 1])).__round__(3)
    0.667
    """
    rows = np.bincount(classes)
    shares = np.bincount(classes, weights=missing)[rows > 0] / rows[rows > 0]
    return float(shares.max() - shares.min())


def one_class_values(column: Column, values: Array, classes: NDArray[np.int64]) -> tuple[OneClass, ...]:
    """Values with 20 rows or more that occur in one class only, more than luck explains; largest first.

    n rows of one value all fall into a class of share p by luck with probability p ** n; of all values of
    a column looked at, none should do so by luck with more than one in a thousand.
    """
    seen, place, rows = np.unique(values, return_inverse=True, return_counts=True)
    n_classes = int(classes.max()) + 1
    table = np.bincount(place * n_classes + classes, minlength=len(seen) * n_classes).reshape(-1, n_classes)
    frequent = (rows >= LEAST_ROWS) & ~_is_missing(column, seen)
    pure = np.flatnonzero(frequent & (table.max(axis=1) == rows))
    shares = np.bincount(classes, minlength=n_classes) / len(classes)
    found = []
    for position in pure.tolist():
        code = int(table[position].argmax())
        chance = float(shares[code] ** rows[position]) * int(frequent.sum())
        if chance <= MOST_CHANCE:
            found.append(OneClass(_text(column, seen[position]), int(rows[position]), code, chance))
    return tuple(sorted(found, key=lambda item: -item.n_rows))


def _is_missing(column: Column, values: Array) -> NDArray[np.bool_]:
    return np.asarray(values == MISSING) if column.kind.is_coded else np.isnan(values)


def _text(column: Column, value: Array) -> str:
    if not column.kind.is_coded:
        return shown(value)
    return "other" if value == OTHER else column.levels[int(value)]


def later_words(name: str) -> tuple[str, ...]:
    """Words of a column's name that sound later than a prediction.

    >>> later_words("Last Activity"), later_words("ChgOffDate"), later_words("age")
    (('last',), ('chg off',), ())
    """
    words = words_of(name)
    pairs = [f"{first} {second}" for first, second in pairwise(words) if (first, second) in _PAIRS]
    later = [word for word in words if word in LATER_WORDS or word.startswith(LATER_STEMS)]
    return tuple(pairs + later)
