"""What explains the scores of a version: its reference rows, and an explainer kept for as long as the desk is open."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

import numpy as np

from core.domain.columns import Array, Columns
from core.ml.explain import Explainer
from core.services.desk import Desk
from core.services.reference import typed_columns
from core.services.training import read_target

_kept: WeakKeyDictionary[Desk, dict[tuple[str, str], Explainer]] = WeakKeyDictionary()
_guard = threading.Lock()


def explainer(desk: Desk, key: str, version: str | None = None) -> Explainer:
    """The explainer of a version, the acting one by default; made once per version and definition.

    Raises
    ------
    NotReady, BundleProblem
        As `Desk.scorer`.
    """
    scorer = desk.scorer(key, version)
    mark = (key, scorer.card.version)
    with _guard:
        known = _kept.setdefault(desk, {})
        if mark not in known or known[mark].scorer is not scorer:
            reference = scorer.bundle.reference
            known[mark] = Explainer(scorer, typed_columns(scorer.use_case.schema, reference), reference.num_rows)
        return known[mark]


def reference_columns(desk: Desk, key: str, version: str | None = None) -> tuple[Columns, Array | None, int]:
    """The held-out reference rows of a version as typed columns, with their outcome, and how many there are.

    The outcome is 0/1, the class's place, or the value, shape (n_rows,); None where the version kept none.
    """
    scorer = desk.scorer(key, version)
    reference, use_case = scorer.bundle.reference, scorer.use_case
    columns = typed_columns(use_case.schema, reference)
    if use_case.target.name not in reference.column_names:
        return columns, None, reference.num_rows
    outcome = read_target(use_case, reference[use_case.target.name].to_pylist())
    return columns, np.asarray(outcome), reference.num_rows
