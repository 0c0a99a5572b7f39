"""Rules between the columns of one row: what no column can say about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import Array, Column, missing_mask, shown


@dataclass(frozen=True)
class RowRule:
    """One rule that the values of several columns must keep together.

    Attributes
    ----------
    name : str
        What the rule is called among a row's problems.
    columns : tuple of str
        The columns it reads; the first is the one that is pointed at.
    holds : callable
        Typed arrays of `columns`, in their order, each of n_rows rows -> array of bool, shape (n_rows,).
    message : str
        What is wrong and what is allowed, beginning with the first column's name. `{column}` stands for the
        row's value of a column.
    """

    name: str
    columns: tuple[str, ...]
    holds: Callable[..., Array]
    message: str

    def broken(self, columns: Mapping[str, Column], values: Mapping[str, Array]) -> NDArray[np.int64]:
        """Positions of the rows that break the rule, ascending.

        A row that lacks one of the values, or whose text could not be read, is not judged: it has a problem
        of its own, or the column may be left out.

        Parameters
        ----------
        columns : mapping of str to Column
        values : mapping of str to array, each of n_rows rows
            Typed, see `core.domain.columns`.

        Examples
        --------
        >>> from core.domain.columns import Kind
        >>> rule = at_most("part", "whole")
        >>> known = {name: Column(name, Kind.NUMBER) for name in rule.columns}
        >>> rule.broken(known, {"part": np.array([1.0, 5.0, 9.0]), "whole": np.array([4.0, 4.0, np.nan])})
        array([1])
        """
        wrong = ~np.asarray(self.holds(*(values[name] for name in self.columns)), dtype=bool)
        for name in self.columns:
            wrong &= ~_unjudged(columns[name], values[name])
        return np.flatnonzero(wrong)

    def sentence(self, columns: Mapping[str, Column], values: Mapping[str, Array], row: int) -> str:
        """The message with the values of one row."""
        return self.message.format_map({name: written(columns[name], values[name][row]) for name in self.columns})


def at_most(part: str, whole: str) -> RowRule:
    """`part` cannot exceed `whole`; equal is allowed.

    >>> at_most("closed", "total").message
    "closed is '{closed}'; it cannot exceed total, which is {total}."
    """
    message = f"{part} is '{{{part}}}'; it cannot exceed {whole}, which is {{{whole}}}."
    return RowRule(f"at most {whole}", (part, whole), np.less_equal, message)


def _unjudged(column: Column, values: Array) -> NDArray[np.bool_]:
    return np.asarray(values < 0) if column.kind.is_coded else missing_mask(column, values)


def written(column: Column, value: object) -> str:
    """A typed value of a column as a person would write it."""
    return column.levels[int(value)] if column.kind.is_coded else shown(value)  # type: ignore[call-overload]
