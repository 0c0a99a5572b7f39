"""A whole labelled file: its target, what each column is, and what a person should know about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.columns import Columns
from core.domain.inference.columns import Inferred, Reader, Role, as_id, excluded, infer_column, with_nulls
from core.domain.inference.notes import notes_on
from core.domain.inference.numeric import as_numbers
from core.domain.inference.settle import as_order, settle_entity, settle_time
from core.domain.inference.target import TargetReading, read_target
from core.domain.inference.texts import Texts, quoted, texts_of
from core.domain.inference.times import as_times, day_first_elsewhere
from core.domain.recipe import Split
from core.domain.usecase import Task
from core.errors import InputError, UnknownName

ROW_ORDER = "row-order"
LEAST_ROWS = 50


@dataclass(frozen=True)
class Choices:
    """What a person decided beforehand; everything else is inferred."""

    target: str
    task: Task | None = None
    positive: str | None = None
    id: str | None = None
    time: str | None = None  # a column of times or of numbers that order the rows, or "row-order"
    group: str | None = None
    exclude: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    null_texts: tuple[str, ...] = ()
    split: Split | None = None
    timezone: str = "UTC"
    semicolons: bool = False  # the file separates fields by ";": a lone "1,500" is one and a half


@dataclass(frozen=True)
class Inference:
    """A labelled file, understood.

    Attributes
    ----------
    target : TargetReading
        Of the labelled rows.
    columns : tuple of Inferred
        In the file's order, the target apart.
    labelled : array of bool, shape (n_rows,)
        Rows with an outcome; all other arrays in here are of these rows only.
    entity, time, group : str or None
        Chosen columns; `time` may be "row-order", or a column of numbers that order the rows.
    split : Split
    notes : tuple of str
        What a person should know or decide.
    """

    target: TargetReading
    columns: tuple[Inferred, ...]
    labelled: NDArray[np.bool_] = field(repr=False)
    entity: str | None
    time: str | None
    group: str | None
    split: Split
    notes: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Labelled rows."""
        return int(self.labelled.sum())

    def of_role(self, *roles: Role) -> tuple[Inferred, ...]:
        """The columns of these roles, in the file's order."""
        return tuple(item for item in self.columns if item.role in roles)

    @property
    def features(self) -> Columns:
        """Typed values of every column that gives features, times apart."""
        return {item.column.name: item.values for item in self.of_role(Role.FEATURE) if item.values is not None}


def infer(table: pa.Table, choices: Choices) -> Inference:
    """Understand a labelled table of texts.

    Parameters
    ----------
    table : pyarrow.Table
        Text columns, as read from a file.
    choices : Choices

    Raises
    ------
    UnknownName
        A chosen column is not in the file.
    InputError
        The file or its target cannot be learnt from.
    """
    _check_choices(table, choices)
    outcome = texts_of(choices.target, table[choices.target], choices.null_texts)
    if outcome.n_rows - outcome.n_missing < LEAST_ROWS:
        raise InputError(
            f"The file has {outcome.n_rows - outcome.n_missing} rows with a {choices.target}, of {outcome.n_rows}.",
            f"It takes at least {LEAST_ROWS}.",
        )
    target = read_target(outcome, choices.task, choices.positive, semicolons=choices.semicolons)
    labelled = ~np.isnan(target.values)
    rows = table if labelled.all() else table.filter(pa.array(labelled))
    nulls = tuple(dict.fromkeys((*choices.null_texts, *target.nulls)))
    target = replace(target, values=target.values[labelled], nulls=nulls)
    names = [name for name in table.column_names if name != choices.target]
    columns = {name: texts_of(name, rows[name], choices.null_texts) for name in names}
    return _assemble(columns, target, choices, labelled)


def _check_choices(table: pa.Table, choices: Choices) -> None:
    single = [choices.id, choices.group, None if choices.time == ROW_ORDER else choices.time]
    named = [name for name in (*single, *choices.exclude, *choices.after) if name is not None]
    for name in (choices.target, *named):
        if name not in table.column_names:
            raise UnknownName("column", name, table.column_names)
    if choices.target in named:
        raise InputError(f"{choices.target} is the target.", "It cannot be anything else as well.")
    left_out = {*choices.exclude, *choices.after}.intersection(name for name in single if name)
    if left_out:
        raise InputError(f"{', '.join(sorted(left_out))} is both chosen and excluded.", "Leave one of the two out.")


def _assemble(
    columns: Mapping[str, Texts], target: TargetReading, choices: Choices, labelled: NDArray[np.bool_]
) -> Inference:
    found = _infer_all(columns, target, choices)
    n_rows = int(labelled.sum())
    time = ROW_ORDER if choices.time == ROW_ORDER else None
    settled = settle_time(found, None if time else choices.time, n_rows)
    entity = settle_entity(found, choices.id)
    group = choices.group or (entity if entity and not found[entity].facts["unique"] else None)
    items = tuple(found.values())
    if not any(item.features for item in items):
        reasons = "; ".join(f"{item.column.name}: {item.why}" for item in items[:12])
        raise InputError("No column is left to learn from.", f"The reasons: {reasons}")
    notes = notes_on(columns, items, group)
    if n_rows < len(labelled):
        notes.insert(0, f"{len(labelled) - n_rows:,} rows have no readable {choices.target} and are left out.")
    split = _split(choices.split, time or settled, group)
    return Inference(target, items, labelled, entity, time or settled, group, split, tuple(notes))


def _split(chosen: Split | None, time: str | None, group: str | None) -> Split:
    if chosen is Split.TIME and time is None:
        raise InputError(
            "--split time was given, but no column holds times that every row has.",
            "Name one with --time, or use --time row-order if the rows are in order of time.",
        )
    if chosen is Split.GROUP and group is None:
        raise InputError("--split group was given without a group.", "Name the column with --group.")
    return chosen or (Split.TIME if time else Split.GROUP if group else Split.RANDOM)


def _infer_all(columns: Mapping[str, Texts], target: TargetReading, choices: Choices) -> dict[str, Inferred]:
    reader = _reader(columns, choices)
    found: dict[str, Inferred] = {}
    seen: dict[bytes, str] = {}
    for name, texts in columns.items():
        item = _told(texts, choices, reader) or _duplicate(texts, seen, target) or infer_column(texts, reader)
        if twin := next((other for other in found if other.lower() == name.lower()), None):
            item = excluded(texts, f"its name differs from {twin} in case only, and the desk tells no such names apart")
        if item.role is not Role.EXCLUDED:
            seen[_fingerprint(texts)] = name
        found[name] = with_nulls(item, choices.null_texts) if item.role is Role.FEATURE else item
    return found


def _reader(columns: Mapping[str, Texts], choices: Choices) -> Reader:
    """What the clear columns of the file say about the unclear ones."""
    some = [texts for texts in columns.values() if any("," in text for text in texts.values[:200])]
    numbers = [as_numbers(texts) for texts in some]
    comma = any(reading is not None and reading.decimal == "," for reading in numbers)
    written = [texts for texts in columns.values() if texts.values and not _is_plain(texts.values[0])]
    dates = [reading for reading in map(as_times, written) if reading is not None]
    return Reader(choices.semicolons, comma, day_first_elsewhere(dates), choices.timezone)


def _is_plain(text: str) -> bool:
    return text.replace(".", "").isdigit()


def _told(texts: Texts, choices: Choices, reader: Reader) -> Inferred | None:
    """What a person said about the column, if anything."""
    if texts.name in choices.exclude:
        return excluded(texts, "excluded by you")
    if texts.name in choices.after:
        return excluded(texts, "known only after the prediction, as you said")
    if texts.name in (choices.id, choices.group):
        is_id = texts.name == choices.id
        return as_id(texts, Role.ID if is_id else Role.GROUP, f"the {'id' if is_id else 'group'}, as you said")
    if texts.name != choices.time:
        return None
    item = infer_column(texts, reader)
    if item.role is Role.TIME:
        return item
    ordering = as_order(texts, reader)
    if ordering is None:
        raise InputError(
            f"--time {texts.name} cannot be read as times or numbers: it holds {quoted(texts.values)}.",
            "Write it as ISO dates, or sort the file by it and use --time row-order.",
        )
    return ordering


def _fingerprint(texts: Texts) -> bytes:
    """Equal for columns that write the same values in every row."""
    return "\x1f".join(texts.values).encode() + b"\x1e" + texts.codes.tobytes()


def _duplicate(texts: Texts, seen: Mapping[bytes, str], target: TargetReading) -> Inferred | None:
    if texts.n_distinct < 2:
        return None
    twin = seen.get(_fingerprint(texts))
    if twin is not None:
        return excluded(texts, f"the same as {twin} in every row")
    if _same_as_target(texts, target):
        return excluded(texts, "the target in other words: the two determine each other in every row")
    return None


def _same_as_target(texts: Texts, target: TargetReading) -> bool:
    if texts.n_missing:
        return False
    if target.task is Task.REGRESSION:
        numbers = as_numbers(texts)
        return numbers is not None and bool((texts.spread(numbers.values, np.nan) == target.values).all())
    n_classes = len(target.classes)
    if texts.n_distinct != n_classes:
        return False
    pairs = np.unique(texts.codes.astype(np.int64) * n_classes + target.values.astype(np.int64))
    return len(pairs) == n_classes and len(np.unique(pairs % n_classes)) == n_classes
