"""What a labelled file's target says: the task, the classes and their order, and each row's outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.domain.columns import NO_TEXTS, YES_TEXTS
from core.domain.features import Floats
from core.domain.inference.numeric import NumberReading, as_numbers
from core.domain.inference.texts import Texts, quoted
from core.domain.inference.words import NEGATIVE_WORDS, SCALES
from core.domain.usecase import Task
from core.errors import InputError

MOST_CLASSES = 20  # named classes
MOST_NUMERIC_CLASSES = 10  # whole numbers that are few enough to be classes
LEAST_OF_A_CLASS = 10


@dataclass(frozen=True)
class TargetReading:
    """The target, read.

    Attributes
    ----------
    task : Task
    classes : tuple of str
        (negative, positive), in order for multiclass, () for regression.
    class_values : tuple of float
        Multiclass whose classes are numbers: those numbers.
    values : array, shape (n_rows,)
        0/1, class positions or numbers; NaN where the row has no label.
    counts : tuple of int
        Rows by class.
    decimal : str
        How the file writes a regression target.
    why : str
    nulls : tuple of str
        Texts that mean "no outcome" in this file.
    """

    task: Task
    classes: tuple[str, ...]
    class_values: tuple[float, ...]
    values: Floats
    counts: tuple[int, ...]
    decimal: str
    why: str
    nulls: tuple[str, ...] = ()


def read_target(
    texts: Texts, task: Task | None = None, positive: str | None = None, *, semicolons: bool = False
) -> TargetReading:
    """Infer the task from the target's values and read every row's outcome.

    Two values are binary; up to 10 different whole numbers, or up to 20 texts, are classes; other numbers
    are regression. `task` and `positive` overrule.

    Raises
    ------
    InputError
        The target is empty, has one value, or cannot be what `task` or `positive` says.
    """
    if texts.n_distinct < 2:
        only = f"has one value only, {quoted(texts.values)}" if texts.values else "is empty"
        raise InputError(f"The target {texts.name} {only}.", "It takes a column with at least two different outcomes.")
    numbers = as_numbers(texts, semicolons=semicolons)
    task = task or _task_of(texts, numbers)
    if task is Task.REGRESSION:
        return _regression(texts, numbers)
    groups = _classes(texts)
    if task is Task.BINARY:
        return _binary(texts, groups, positive)
    if positive is not None:
        raise InputError(f"--positive {positive} was given, but {texts.name} has {len(groups)} classes.", "Leave it.")
    return _multiclass(texts, groups, numbers)


def _task_of(texts: Texts, numbers: NumberReading | None) -> Task:
    n_classes = len({text.lower() for text in texts.values})
    if n_classes == 2:
        return Task.BINARY
    if numbers is not None:
        whole = bool((numbers.values[np.isfinite(numbers.values)] % 1 == 0).all())
        enough = texts.n_rows >= 20 * n_classes
        return Task.MULTICLASS if whole and enough and n_classes <= MOST_NUMERIC_CLASSES else Task.REGRESSION
    if n_classes <= MOST_CLASSES:
        return Task.MULTICLASS
    raise InputError(
        f"The target {texts.name} holds {n_classes:,} different texts, such as {quoted(texts.values)}.",
        f"It takes two values, up to {MOST_CLASSES} classes, or numbers.",
    )


def _regression(texts: Texts, numbers: NumberReading | None) -> TargetReading:
    if numbers is None:
        raise InputError(
            f"The target {texts.name} is no number: it holds {quoted(texts.values)}.",
            "Choose --task binary or --task multiclass, or a target of numbers.",
        )
    finite = np.where(np.isfinite(numbers.values), numbers.values, np.nan)
    values = np.asarray(texts.spread(finite, np.nan), dtype=np.float64)
    why = "numbers: regression" + (f"; {numbers.why}" if numbers.why else "")
    return TargetReading(Task.REGRESSION, (), (), values, (), numbers.decimal, why, numbers.nulls)


def _classes(texts: Texts) -> dict[str, tuple[str, int]]:
    """Lower-case class -> its commonest spelling and its rows."""
    groups: dict[str, tuple[str, int]] = {}
    for position in np.argsort(-texts.counts, kind="stable").tolist():
        text, rows = texts.values[position], int(texts.counts[position])
        spelling, before = groups.get(text.lower(), (text, 0))
        groups[text.lower()] = (spelling, before + rows)
    rare = [spelling for spelling, rows in groups.values() if rows < LEAST_OF_A_CLASS]
    if rare:
        raise InputError(
            f"The target {texts.name} has classes with fewer than {LEAST_OF_A_CLASS} rows: {quoted(rare)}.",
            "Merge or remove these rows, declare them missing with --null, or choose --task regression.",
        )
    return groups


def _binary(texts: Texts, groups: dict[str, tuple[str, int]], positive: str | None) -> TargetReading:
    if len(groups) != 2:
        raise InputError(
            f"The target {texts.name} has {len(groups)} different values, not two.", "Choose --task multiclass."
        )
    if positive is not None and positive.strip().lower() not in groups:
        known = quoted(spelling for spelling, _ in groups.values())
        raise InputError(f"--positive {positive} does not occur in {texts.name}.", f"It holds {known}.")
    high, why = (positive.strip().lower(), "as given") if positive is not None else _positive(groups)
    low = next(lower for lower in groups if lower != high)
    why = f"two values; '{groups[high][0]}' is positive ({why})"
    return _coded(texts, Task.BINARY, (low, high), groups, why)


def _positive(groups: dict[str, tuple[str, int]]) -> tuple[str, str]:
    """Which of two classes is the one to be predicted, and the reason."""
    names = list(groups)
    try:
        return max(names, key=float), "the larger number"
    except ValueError:
        pass
    for first, second in (names, names[::-1]):
        if first in YES_TEXTS and second not in YES_TEXTS:
            return first, "a yes-word"
        if second in NO_TEXTS and first not in NO_TEXTS:
            return first, "the other one is a no-word"
    negative = [name for name in names if set(name.split()) & NEGATIVE_WORDS]
    if len(negative) == 1:
        return next(name for name in names if name != negative[0]), f"'{groups[negative[0]][0]}' sounds negative"
    return min(names, key=lambda name: groups[name][1]), "the rarer one; --positive changes that"


def _multiclass(texts: Texts, groups: dict[str, tuple[str, int]], numbers: NumberReading | None) -> TargetReading:
    if numbers is not None:
        ranked = sorted(groups, key=float)
        reading = _coded(texts, Task.MULTICLASS, ranked, groups, f"{len(ranked)} whole numbers: classes")
        return replace(reading, class_values=tuple(float(name) for name in ranked))
    for scale in SCALES:
        if set(groups) <= set(scale):
            ranked = [name for name in scale if name in groups]
            return _coded(texts, Task.MULTICLASS, ranked, groups, f"{len(ranked)} classes, from low to high")
    why = f"{len(groups)} classes, in order of name: put them in the order you mean in the use case file"
    return _coded(texts, Task.MULTICLASS, sorted(groups), groups, why)


def _coded(
    texts: Texts, task: Task, order: Sequence[str], groups: dict[str, tuple[str, int]], why: str
) -> TargetReading:
    codes = np.array([float(order.index(text.lower())) for text in texts.values])
    classes = tuple(groups[lower][0] for lower in order)
    counts = tuple(groups[lower][1] for lower in order)
    values = np.asarray(texts.spread(codes, np.nan), dtype=np.float64)
    return TargetReading(task, classes, (), values, counts, ".", why)
