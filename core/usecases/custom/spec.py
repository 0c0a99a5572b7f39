"""What a use case file says, as values: the same facts as the TOML text, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.columns import Column, Kind
from core.domain.policy import Policy
from core.domain.recipe import Recipe
from core.domain.usecase import Target, Task

# Which features a column of each kind may give, in the words of the file.
FEATURES_OF: Mapping[Kind, tuple[str, ...]] = {
    Kind.NUMBER: ("value",),
    Kind.COUNT: ("value",),
    Kind.YESNO: ("value",),
    Kind.CATEGORY: ("levels", "other", "missing"),
    Kind.ORDERED: ("order", "levels", "other", "missing"),
    Kind.TIME: ("hour", "weekday", "weekend", "month"),
    Kind.ID: (),
    Kind.TEXT: (),
}


@dataclass(frozen=True)
class CustomColumn:
    """A raw column, the features it gives, and why it was understood so."""

    column: Column
    features: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class CustomSpec:
    """A use case file.

    Attributes
    ----------
    row_order : bool
        The rows of a training file are in order of time.
    order_by : str or None
        A column of numbers that says which row came first, where no column holds times.
    target_decimal, target_nulls : str, tuple of str
        How files write the target: its decimal sign, and texts that mean "no outcome".
    excluded : mapping of str to str
        Columns that are not read, and why.
    source : mapping
        The file it was adopted from and how that was read.
    """

    key: str
    title: str
    question: str
    noun: str
    task: Task
    target: Target
    columns: tuple[CustomColumn, ...]
    recipe: Recipe
    policy: Policy
    timezone: str = "UTC"
    entity: str | None = None
    group: str | None = None
    row_order: bool = False
    order_by: str | None = None
    target_decimal: str = "."
    target_nulls: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    actionable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hash_ids: bool = False
    excluded: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the raw columns, in the file's order."""
        return tuple(item.column.name for item in self.columns)
