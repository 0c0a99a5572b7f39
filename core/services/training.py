"""Train a use case and put the result on the shelf: read, train, save, register, say what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Column, Columns, Kind
from core.domain.policy_draft import bounds_of
from core.domain.records import raw_table
from core.domain.usecase import Task, UseCase
from core.errors import InputError
from core.ml.bundle import Card
from core.services.access import Action, Actor, require
from core.services.code import code_fingerprint
from core.services.desk import Desk
from core.services.governing.cutoffs import BOUNDS
from core.services.reference import with_zone
from core.services.row_order import order_of, times_of
from core.services.shelf import Shelf, put_on_shelf, report
from core.store.bundles import next_version

if TYPE_CHECKING:
    from core.ml.train import Trained

Progress = Callable[[str, float], None]

LEAST_ROWS = 200
GENERATED_ROWS = 40_000


@dataclass(frozen=True)
class Labelled:
    """Labelled rows that passed the check, in the order of the file."""

    columns: Columns
    target: Array  # (n_rows,) float 0/1, int class codes, or float values
    rows: pa.Table  # raw columns, typed, and the target as it came
    n_read: int
    n_rejected: int
    n_unlabelled: int


def train_version(
    desk: Desk,
    actor: Actor,
    use_case: UseCase,
    path: Path | None,
    *,
    origin: str = "train",
    act: bool = False,
    progress: Progress = lambda message, fraction: None,
) -> dict[str, Any]:
    """Train on a labelled file, or on the use case's own generator, and register the version.

    The first version of a use case acts; a later one is kept beside it unless `act` is set.

    Raises
    ------
    InputError
        Too few labelled rows, a target that does not fit, no file and no generator.
    """
    require(actor, Action.ADOPT if origin == "adopt" else Action.TRAIN)
    from core.ml.train import train

    progress("reading", 0.0)
    labelled = read_labelled(desk, use_case, path)
    trained = train(
        use_case,
        labelled.columns,
        labelled.target,
        times=times_of(use_case, labelled.columns, len(labelled.target)),
        groups=labelled.columns[use_case.group] if use_case.group else None,
        progress=progress,
    )
    progress("saving", 0.98)
    return shelve(desk, actor, use_case, trained, labelled, Origin(origin, _source_of(path), act))


@dataclass(frozen=True)
class Origin:
    """Where a version comes from, and whether it was asked to act at once."""

    kind: str  # train | adopt | import
    source: str  # file name, or "generator"
    act: bool
    version: str | None = None  # None: the next one
    at: datetime | None = None  # None: now


def _source_of(path: Path | None) -> str:
    return path.name if path is not None else "generator"


def read_labelled(desk: Desk, use_case: UseCase, path: Path | None) -> Labelled:
    """Read a labelled file (or draw from the generator) through the same intake as scoring."""
    if path is not None:
        return _read_file(desk, use_case, path)
    if use_case.synthesize is None:
        raise InputError(
            f"{use_case.title} has no generator to train on.",
            f"Give a labelled file: python -m core train {use_case.key} --data FILE.csv",
        )
    import tempfile

    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "generated.parquet"
        pq.write_table(use_case.synthesize(GENERATED_ROWS, use_case.recipe.seed), drawn)
        return _read_file(desk, use_case, drawn)


def _read_file(desk: Desk, use_case: UseCase, path: Path) -> Labelled:
    from core.services.batches import open_for

    source = open_for(desk, use_case, path, None)
    name = use_case.target.name
    if name not in source.header:
        raise InputError(
            f"{path.name} has no column '{name}'.",
            f"Training {use_case.title} needs the outcome in a column of that name.",
            column=name,
        )
    parts: list[tuple[Columns, Array, pa.Table]] = []
    n_read = n_rejected = n_unlabelled = 0
    for chunk in source.chunks():
        checked = use_case.schema.check(chunk.parsed, chunk.n_rows)
        target = read_target(use_case, chunk.texts[name].to_pylist())
        labelled = ~np.isnan(target)
        keep = checked.ok & labelled
        n_read += chunk.n_rows + len(chunk.ragged)
        n_rejected += int((~checked.ok).sum()) + len(chunk.ragged)
        n_unlabelled += int((checked.ok & ~labelled).sum())
        columns = {column: values[keep] for column, values in checked.columns.items()}
        rows = raw_table(use_case.schema, columns).append_column(name, chunk.texts[name].filter(pa.array(keep)))
        parts.append((columns, target[keep], rows))
    if sum(len(target) for _, target, _ in parts) < LEAST_ROWS:
        raise InputError(
            f"{path.name} has {sum(len(t) for _, t, _ in parts)} usable labelled rows ({n_read} read, "
            f"{n_rejected} rejected, {n_unlabelled} without an outcome).",
            f"Training takes at least {LEAST_ROWS}.",
        )
    columns = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    target = np.concatenate([part[1] for part in parts])
    rows = pa.concat_tables([part[2].unify_dictionaries() for part in parts])
    return Labelled(columns, target, rows, n_read, n_rejected, n_unlabelled)


def read_target(use_case: UseCase, texts: list[Any]) -> Array:
    """Outcome texts as floats: 0/1, class codes or values; NaN where empty, shape (n_rows,).

    Raises
    ------
    InputError
        A text that is none of the classes, or not a number.
    """
    classes = use_case.target.classes
    codes = {label.lower(): float(code) for code, label in enumerate(classes)}
    nulls = Column("", Kind.TEXT, levels=classes, null_texts=tuple(use_case.facts.get("target_nulls", ()))).nulls
    values = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):  # the only place where labels are texts; training is no hot path
        word = "" if text is None else str(text).strip().lower()
        if word in nulls:
            continue
        values[row] = _target_value(use_case, codes, word, row)
    return values


def _target_value(use_case: UseCase, codes: dict[str, float], word: str, row: int) -> float:
    if use_case.task is not Task.REGRESSION:
        code = codes.get(word, codes.get(word.removesuffix(".0")))
        if code is None:
            allowed = ", ".join(use_case.target.classes)
            raise InputError(f"Row {row + 1}: {use_case.target.name} is '{word[:40]}'.", f"It takes one of {allowed}.")
        return code
    if use_case.facts.get("target_decimal") == ",":
        word = word.replace(".", "").replace(",", ".")
    try:
        return float(word)
    except ValueError:
        raise InputError(f"Row {row + 1}: {use_case.target.name} is '{word[:40]}'.", "It takes a number.") from None


def shelve(
    desk: Desk, actor: Actor, use_case: UseCase, trained: Trained, labelled: Labelled, facts: Origin
) -> dict[str, Any]:
    """Save a trained bundle, register it, and let it act if it is the first or was asked to."""
    at = facts.at or datetime.now(UTC)
    lineage = dict(trained.lineage) | {
        "data": facts.source,
        "rows_read": labelled.n_read,
        "rows_rejected": labelled.n_rejected,
        "rows_without_outcome": labelled.n_unlabelled,
        "code_sha256": code_fingerprint(),
        BOUNDS: bounds_of(use_case.policy),
    }
    taken = [known.version for known in desk.ledger.versions(use_case.key)]
    card = Card(
        use_case=use_case.key,
        version=facts.version or next_version(desk.folder(use_case.key), taken),
        created_at=at.isoformat(timespec="seconds"),
        task=str(use_case.task),
        origin=facts.kind,
        champion=use_case.recipe.champion,
        models=use_case.recipe.model_names,
        families={spec.name: spec.family for spec in use_case.recipe.models},
        feature_names=use_case.feature_names,
        cutoffs=trained.cutoffs,
        capacity_cutoffs=trained.capacity_cutoffs,
        split=dict(trained.split) | {"order": order_of(use_case)},
        metrics=trained.metrics,
        calibration=trained.calibration,
        interval=trained.interval,
        lineage=lineage,
        compile_difference=trained.compile_difference,
        uncompiled=trained.compiled.uncompiled,
        verdict=trained.verdict,
        notes=trained.notes,
    )
    reference = with_zone(labelled.rows.take(pa.array(trained.reference)))
    shelf = Shelf(card, trained.preprocessor, trained.models, trained.compiled, trained.profile, reference)
    acts = put_on_shelf(desk, actor, shelf, at, facts.act)
    return report(desk, card, acts)
