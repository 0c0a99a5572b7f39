"""Which rows of a table can be scored, and everything that is wrong with the others.

Two edges feed the same check: a file (parsed column by column in the database, `core.store.intake`)
and one row (`core.domain.parsing`). Both hand over `Parsed` columns; `Schema.check` finds *all* problems
of all rows at once, and a bad row never blocks a good one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Column, Columns, Kind, Missing, Unseen, absent, describe, missing_mask, shown
from core.domain.row_rules import RowRule, written

HIDDEN = "(not shown)"  # in place of what a personal column holds
MOST_COUNT = 2.0**53  # beyond it a float64 no longer holds every whole number


@dataclass
class Parsed:
    """One column after its texts were read.

    Attributes
    ----------
    values : array, shape (n_rows,), for lists of numbers (n_rows, width)
        Typed values (see `core.domain.columns`); missing where a text could not be read, OTHER where a
        category text is not among the levels.
    unread : mapping of int to str
        Row position -> raw text, for the texts that were not empty and could not be read.
    """

    values: Array
    unread: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """One reason why one row cannot be scored. `row` counts the file's data rows from 1."""

    row: int
    column: str
    value: str
    rule: str
    message: str


@dataclass(frozen=True)
class Violation:
    """One rule of one column, or of the row and pointed at one column, and the rows that break it."""

    column: Column
    rule: str
    rows: NDArray[np.int64]  # positions within the table, ascending
    values: list[str]  # as the person wrote them; of a personal column `HIDDEN`
    sentences: list[str] | None = None  # one per row; None: the column's own rule, said in its words

    def messages(self) -> list[str]:
        """One sentence per row, in the order of `rows`."""
        if self.sentences is not None:
            return self.sentences
        allowed = describe(self.column)
        if self.rule == "required":
            return [f"{self.column.name} is missing; it takes {allowed}."] * len(self.rows)
        return [f"{self.column.name} is '{value[:80]}'; it takes {allowed}." for value in self.values]


@dataclass
class Checked:
    """The outcome of a check of n rows; `columns` still holds every row, so take `ok` before scoring."""

    n_rows: int
    ok: NDArray[np.bool_]  # (n_rows,) rows without any problem
    columns: Columns
    violations: list[Violation] = field(default_factory=list)
    imputed: dict[str, NDArray[np.bool_]] = field(default_factory=dict)  # by column, only where any
    other: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def problems(self, first_row: int = 1) -> Iterator[Problem]:
        """Every problem, by column and then by row."""
        for item in self.violations:
            for row, value, message in zip(item.rows.tolist(), item.values, item.messages(), strict=True):
                yield Problem(first_row + row, item.column.name, value, item.rule, message)

    def why(self) -> dict[int, str]:
        """Row position -> all its problems in one text, for the rows that have any."""
        texts: dict[int, list[str]] = {}
        for item in self.violations:
            for row, message in zip(item.rows.tolist(), item.messages(), strict=True):
                texts.setdefault(row, []).append(message)
        return {row: " ".join(texts[row]) for row in sorted(texts)}


@dataclass(frozen=True)
class Schema:
    """The raw columns of a use case, in the order people see them, and the rules between them."""

    columns: tuple[Column, ...]
    timezone: str = "UTC"
    rules: tuple[RowRule, ...] = ()

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind in kinds)

    @property
    def time(self) -> Column | None:
        """The column that says when a row happened, if there is one."""
        times = self.of_kind(Kind.TIME)
        return times[0] if times else None

    def check(self, parsed: Mapping[str, Parsed], n_rows: int) -> Checked:
        """Find every problem of every row; a column that was not given is missing throughout.

        Parameters
        ----------
        parsed : mapping of str to Parsed
            By column name; arrays of n_rows rows.
        n_rows : int
        """
        checked = Checked(n_rows, np.ones(n_rows, dtype=bool), {})
        for column in self.columns:
            item = parsed.get(column.name) or Parsed(absent(column, n_rows))
            checked.columns[column.name] = item.values
            _check_presence(column, item, checked)
            if column.kind.is_numeric or column.kind is Kind.NUMBERS:
                _check_numbers(column, item, checked)
        for rule in self.rules:
            _check_rule(self, rule, checked)
        return checked


def _check_presence(column: Column, item: Parsed, checked: Checked) -> None:
    missing = missing_mask(column, item.values)
    if item.unread:
        unread = np.fromiter(item.unread, np.int64, len(item.unread))
        if column.kind.is_coded and column.unseen is Unseen.OTHER:
            checked.other[column.name] = np.zeros(checked.n_rows, dtype=bool)
            checked.other[column.name][unread] = True
        else:
            _report(column, "type", unread, item, checked)
        missing[unread] = False
    if missing.any():
        if column.missing is Missing.REJECT:
            _report(column, "required", np.flatnonzero(missing), item, checked)
        elif column.missing is Missing.IMPUTE:
            checked.imputed[column.name] = missing


def _check_numbers(column: Column, item: Parsed, checked: Checked) -> None:
    values = item.values
    outside = np.isinf(values)
    if column.minimum is not None:
        outside |= values < column.minimum
    if column.maximum is not None:
        outside |= values > column.maximum
    if column.kind is Kind.COUNT:
        outside |= np.abs(values) > MOST_COUNT
    if outside.any():
        if column.kind is Kind.NUMBERS:  # of a list, name the numbers that are outside
            item, outside = Parsed(np.where(outside, values, np.nan)), np.asarray(outside.any(axis=1))
        _report(column, "range", np.flatnonzero(outside), item, checked)
    if column.kind is Kind.COUNT:
        broken = (values != np.floor(values)) & ~np.isnan(values) & ~outside
        if broken.any():
            _report(column, "whole", np.flatnonzero(broken), item, checked)


def _check_rule(schema: Schema, rule: RowRule, checked: Checked) -> None:
    columns = {name: schema[name] for name in rule.columns}
    rows = rule.broken(columns, checked.columns)
    if len(rows):
        first = rule.columns[0]
        values = [written(schema[first], checked.columns[first][row]) for row in rows.tolist()]
        said = [rule.sentence(columns, checked.columns, row) for row in rows.tolist()]
        if any(column.personal for column in columns.values()):
            values = [HIDDEN] * len(rows)
            said = [rule.message.format_map(dict.fromkeys(columns, HIDDEN))] * len(rows)
        checked.violations.append(Violation(schema[first], rule.name, rows, values, said))
        checked.ok[rows] = False


def _report(column: Column, rule: str, rows: NDArray[np.int64], item: Parsed, checked: Checked) -> None:
    rows = np.sort(rows)
    if rule == "required":
        values = [""] * len(rows)
    elif column.personal:
        values = [HIDDEN] * len(rows)
    else:
        values = [item.unread.get(row) or shown(item.values[row]) for row in rows.tolist()]
    checked.violations.append(Violation(column, rule, rows, values))
    checked.ok[rows] = False
