"""Reasons for an imported estimator that has no closed form: the permutation explainer of shap, on its score."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.ml.compiled import ObjectMember

PERMUTATIONS = 10
_drawing = threading.Lock()  # shap shuffles with NumPy's one global generator


@dataclass(frozen=True)
class Permuted:
    """Points of the score by input, shape (n_rows, n_inputs), and the base they start from, shape (n_rows,)."""

    base: Floats
    inputs: Floats


def permuted_points(member: ObjectMember, inputs: Floats, worth: Floats, masked: Floats) -> Permuted:
    """Points of every row: additive by construction, exact as more permutations are drawn.

    They are taken on the score itself, not on a margin: a forest or a neighbour vote says 0 or 1, which has none.
    Each row starts the same draws, so that it is explained alone as in a file.

    Parameters
    ----------
    member : ObjectMember
    inputs : array, shape (n_rows, n_inputs)
    worth : array, shape (n_rows, k)
        What each output is worth in the score of each row.
    masked : array, shape (n_masked, n_inputs)
        Reference rows that stand for an input that is not known.
    """
    import shap  # type: ignore[import-untyped]  # ships no types

    masker = shap.maskers.Independent(masked, max_samples=len(masked))
    points, base = np.zeros(inputs.shape), np.zeros(len(inputs))
    for place in range(len(inputs)):  # the worth of the classes differs from row to row
        score = _Score(member, worth[place])
        most = PERMUTATIONS * (2 * inputs.shape[1] + 1)
        with _drawing:
            before = np.random.get_state()  # noqa: NPY002 - shap draws from it
            try:
                explainer = shap.explainers.Permutation(score, masker, seed=0)
                found = explainer(inputs[place : place + 1], max_evals=most, silent=True)
            finally:
                np.random.set_state(before)  # noqa: NPY002
        points[place] = found.values[0]
        base[place] = float(np.ravel(found.base_values)[0])
    return Permuted(base, points)


@dataclass(frozen=True)
class _Score:
    """One row's score as a function of inputs: (n, n_inputs) -> (n,)."""

    member: ObjectMember
    worth: Floats

    def __call__(self, inputs: Floats) -> Floats:
        return np.asarray(self.member.predict(inputs) @ self.worth)
