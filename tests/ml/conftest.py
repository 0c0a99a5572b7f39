"""Labelled rows of the built-in generators, typed; and small use cases of every task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from core.domain.columns import Array, Column, Columns, Kind, Missing
from core.domain.features import one_hot, raw
from core.domain.policy import Band, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe
from core.domain.schema import Schema
from core.domain.usecase import Target, Task, UseCase
from core.ml.train import Trained, train
from core.usecases import bnpl_default, lead_scoring


@dataclass(frozen=True)
class Rows:
    """Labelled rows as `train` takes them."""

    use_case: UseCase
    columns: Columns
    target: Array

    @property
    def times(self) -> Array | None:
        time = self.use_case.schema.time
        return self.columns[time.name] if time else None


def typed(use_case: UseCase, n_rows: int, seed: int) -> Rows:
    """Draw from a built-in generator."""
    assert use_case.synthesize is not None
    table = use_case.synthesize(n_rows, seed)
    columns: Columns = {}
    for column in use_case.schema:
        values = np.array(table[column.name].to_pylist())
        if column.kind.is_coded:
            values = np.array([column.levels.index(level) for level in values], dtype=np.int16)
        elif column.kind is Kind.TIME:  # the generators write wall clock times of the use case's own zone
            values = np.array([text[:19] for text in values], dtype="datetime64[us]")
        elif column.kind.is_numeric:
            values = values.astype(np.float64)
        columns[column.name] = values
    return Rows(use_case, columns, table[use_case.target.name].to_numpy().astype(np.float64))


def small_case(task: Task, **changes: object) -> UseCase:
    """A use case of one number that may be missing, two plain ones and a category."""
    classes = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("low", "mid", "high"), Task.REGRESSION: ()}[task]
    families = ("ridge", "elastic", "lightgbm") if task is Task.REGRESSION else ("logistic", "elastic", "lightgbm")
    models = (*(ModelSpec(name, name) for name in families), ModelSpec("ensemble", "mean"))
    schema = Schema(
        (
            Column("x", Kind.NUMBER),
            Column("gap", Kind.NUMBER, missing=Missing.IMPUTE),
            Column("quiet", Kind.NUMBER, missing=Missing.IMPUTE),
            Column("colour", Kind.CATEGORY, levels=("<red>", "green", "blue")),
        )
    )
    features = (
        raw("x"),
        raw("gap"),
        raw("quiet"),
        *(one_hot("colour", level, k) for k, level in enumerate(schema["colour"].levels)),
    )
    bands = (
        Band("high", "act", Tone.GOOD, share=0.2),
        Band("mid", "watch", Tone.FAIR, share=0.3),
        Band("low", "leave", Tone.BAD),
    )
    case = UseCase(
        key="small",
        title="Small",
        question="?",
        noun="row",
        task=task,
        schema=schema,
        target=Target("y", classes, class_values=(0.0, 0.5, 1.0) if task is Task.MULTICLASS else ()),
        features=features,
        recipe=Recipe(models, champion=models[0].name),
        policy=Policy(bands, capacity=0.2),
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def small_rows(task: Task, n_rows: int = 900, signal: float = 1.0, seed: int = 1, **changes: object) -> Rows:
    """Rows of `small_case`; with `signal` 0 the target is independent of every feature."""
    rng = np.random.default_rng(seed)
    x, gap, quiet = rng.normal(size=(3, n_rows))
    colour = rng.integers(0, 3, n_rows).astype(np.int16)
    index = signal * (1.5 * x + gap + (colour == 2)) + rng.normal(size=n_rows)
    gap = np.where(rng.random(n_rows) < 0.1, np.nan, gap)
    target = index * 1000 if task is Task.REGRESSION else np.digitize(index, _cuts(task, index)).astype(float)
    return Rows(small_case(task, **changes), {"x": x, "gap": gap, "quiet": quiet, "colour": colour}, target)


def _cuts(task: Task, index: Array) -> Array:
    return np.quantile(index, [0.3, 0.7] if task is Task.MULTICLASS else [0.6])


@pytest.fixture(scope="session")
def leads() -> Rows:
    return typed(lead_scoring.USE_CASE, 24_000, 21)


@pytest.fixture(scope="session")
def purchases() -> Rows:
    return typed(bnpl_default.USE_CASE, 30_000, 22)


@pytest.fixture(scope="session")
def trained_leads(leads: Rows) -> Trained:
    return train(leads.use_case, leads.columns, leads.target, times=leads.times)


@pytest.fixture(scope="session")
def trained_purchases(purchases: Rows) -> Trained:
    return train(purchases.use_case, purchases.columns, purchases.target, times=purchases.times)


@pytest.fixture(scope="session")
def make_small() -> Callable[..., Rows]:
    return small_rows


@pytest.fixture(scope="session")
def trained_small() -> dict[Task, tuple[Rows, Trained]]:
    """One training per task, with missing values and a level name that LightGBM does not take."""
    made = {task: small_rows(task) for task in Task}
    return {task: (rows, train(rows.use_case, rows.columns, rows.target)) for task, rows in made.items()}
