"""Tune and train on rows that lie in a file, and put the result beside the champion: as challenger, never as champion.

This runs in a process of its own (`retraining` starts it). Nothing is left behind by a run that fails
or is stopped: files, registration, alias and event come in one step at the end, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.domain.columns import Array
from core.domain.recipe import Split
from core.domain.usecase import UseCase
from core.errors import BundleProblem, InputError, NotReady
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.version_states import start_shadow
from core.services.rebuilding.retraining_data import read_extract
from core.services.rebuilding.retraining_order import Order, Rows, check_order, too_little
from core.services.row_order import times_of
from core.services.training import Labelled, Origin, read_labelled, shelve
from core.store.bundles import discard_bundle, next_version

if TYPE_CHECKING:
    from core.ml.tune import Tuned

Progress = Callable[[str, float], None]
ORIGIN = "retrain"
_TUNED = 0.8  # share of the work that searching is


def retrain_version(
    desk: Desk,
    actor: Actor,
    key: str,
    order: Order,
    *,
    progress: Progress = lambda message, fraction: None,
    committing: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Search, train, save and register one version as challenger.

    Parameters
    ----------
    order : Order
        Its `path` holds the rows: an extract of the log, or a labelled file.
    committing : callable
        Called right before the result is kept; from then on the run should not be stopped.

    Raises
    ------
    InputError
        Too few rows for the order's limits, or rows that cannot be split by time.
    NotReady
        Nothing acts yet: the first version is trained, not retrained.
    """
    require(actor, Action.TRAIN)
    check_order(order)
    use_case = desk.use_case(key)
    if desk.acting_version(key) is None:
        raise NotReady(f"{use_case.title} has no trained version yet.", f"Run: python -m core train {key}")
    from core.ml.train import train
    from core.ml.tune import Budget, tune

    progress("reading", 0.0)
    labelled, times = _rows(desk, use_case, order)
    if times is not None:  # what comes next is the question, whatever the recipe's own split is
        use_case = replace(use_case, recipe=replace(use_case.recipe, split=Split.TIME))
    rows: dict[str, Any] = {
        "times": times,
        "groups": labelled.columns[use_case.group] if use_case.group else None,
    }
    budget = Budget(order.trials, order.minutes)
    steps = _within(progress, 0.0, _TUNED)
    tuned = tune(use_case, labelled.columns, labelled.target, **rows, budget=budget, progress=steps)
    use_case = replace(use_case, recipe=tuned.recipe)
    steps = _within(progress, _TUNED, 0.97)
    trained = train(use_case, labelled.columns, labelled.target, **rows, progress=steps)
    facts = tuning_facts(order, labelled, times, tuned)
    trained = replace(trained, lineage={**trained.lineage, "tuning": facts})
    progress("saving", 0.98)
    committing()
    return _enter(desk, actor, use_case, trained, labelled, order)


def _within(progress: Progress, start: float, end: float) -> Progress:
    return lambda message, share: progress(message, start + (end - start) * share)


def _rows(desk: Desk, use_case: UseCase, order: Order) -> tuple[Labelled, Array | None]:
    if order.rows is not Rows.FILE:
        return read_extract(use_case, Path(order.path))
    labelled = read_labelled(desk, use_case, Path(order.path))
    times = times_of(use_case, labelled.columns, len(labelled.target))
    span = _span(times)
    days = int((span[1] - span[0]).astype(int)) + 1 if span else order.limits.days
    lacks = too_little(use_case, len(labelled.target), days, order.limits)
    if lacks:
        raise InputError(
            f"{order.filename or Path(order.path).name} holds too little to retrain on: {lacks}.",
            "Give more rows, or lower the limits and say why.",
        )
    return labelled, times


def _span(times: Array | None) -> tuple[Any, Any] | None:
    """First and last day; None where rows have no date (numbers may order them all the same)."""
    if times is None or times.dtype.kind != "M":
        return None
    days = times[~np.isnat(times)].astype("datetime64[D]")
    return (days.min(), days.max()) if len(days) else None


def tuning_facts(order: Order, labelled: Labelled, times: Array | None, tuned: Tuned) -> dict[str, Any]:
    """What the card tells of the search and of the rows it had."""
    span = _span(times)
    window = {"from": str(span[0]), "to": str(span[1])} if span else {}
    return tuned.facts | {
        "data": {"kind": order.rows.value, "rows": len(labelled.target), **window},
        "limits": {"rows": order.limits.rows, "days": order.limits.days, "months": order.limits.months},
        "reason": order.reason,
        "because": list(order.because),
    }


def _enter(
    desk: Desk, actor: Actor, use_case: UseCase, trained: Any, labelled: Labelled, order: Order
) -> dict[str, Any]:
    """Files, registration, alias and event: all of them, or nothing."""
    key, at = use_case.key, datetime.now(UTC)
    source = order.filename or Path(order.path).name if order.rows is Rows.FILE else f"{order.rows} rows of the log"
    version = next_version(desk.folder(key), [known.version for known in desk.ledger.versions(key)])
    saved = False
    try:
        with desk.ledger.transaction():
            origin = Origin(ORIGIN, source, act=False, version=version, at=at)
            result = shelve(desk, actor, use_case, trained, labelled, origin)
            saved = True
            start_shadow(desk, actor, key, version, order.reason or "; ".join(order.because) or "retrained by hand")
    except BaseException as error:
        theirs = isinstance(error, BundleProblem) and not saved  # somebody else took that name a moment ago
        if not theirs and desk.ledger.version(key, version) is None:
            discard_bundle(desk.folder(key) / version)
        raise
    return result | {"rows_used": len(labelled.target), "trials": trained.lineage["tuning"]["trials_run"]}
