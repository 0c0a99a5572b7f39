"""The scores at which a model's bands begin under a policy: the trained ones where they are meant, else taken anew."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from weakref import ref

import numpy as np

from core.domain.features import Floats, feature_matrix
from core.domain.policy import Policy
from core.domain.policy_draft import bounds_of
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.ml.bundle import Bundle
from core.ml.compiled import Compiled
from core.services.reference import typed_columns

Cutoffs = Mapping[str, tuple[float, ...]]
BOUNDS = "policy_bounds"  # in a card's lineage: what the policy said when its cutoffs were taken

_NO_ROWS = np.empty(0)
_scores: dict[int, tuple[ref[Compiled], dict[str, Floats]]] = {}  # by id, as long as the object lives
_guard = threading.Lock()


def cutoffs_under(use_case: UseCase, bundle: Bundle, policy: Policy, own: Policy) -> Cutoffs:
    """Cutoffs of every model of a bundle under a policy, descending.

    Bounds that are scores are the cutoffs themselves. Shares become cutoffs on the version's reference rows, as in
    its training; where the policy says what it said then, they are the card's.

    Parameters
    ----------
    use_case : UseCase
    bundle : Bundle
    policy : Policy
    own : Policy
        The use case's own, which cards older than published policies were trained with.
    """
    card, bounds = bundle.card, bounds_of(policy)
    if use_case.task is Task.MULTICLASS or bounds == card.lineage.get(BOUNDS, bounds_of(own)):
        return card.cutoffs
    if all(band.share is None for band in policy.bands):
        return {model: policy.cutoffs(_NO_ROWS) for model in card.models}
    return {model: policy.cutoffs(scores) for model, scores in reference_scores(use_case, bundle).items()}


def reference_scores(use_case: UseCase, bundle: Bundle) -> dict[str, Floats]:
    """Scores of a version's held-out reference rows by model, shape (n_rows,); computed once per loaded bundle."""
    compiled, mark = bundle.compiled, id(bundle.compiled)
    with _guard:
        known = _scores.get(mark)
        if known is not None and known[0]() is compiled:
            return known[1]
    n_rows = bundle.reference.num_rows
    columns = typed_columns(use_case.schema, bundle.reference)
    outputs = compiled.predict(compiled.inputs(feature_matrix(use_case.features, columns, n_rows)))
    found = {name: scalar_score(output, use_case.target.class_values) for name, output in outputs.items()}
    with _guard:
        _scores[mark] = (ref(compiled, lambda _: _scores.pop(mark, None)), found)
    return found
