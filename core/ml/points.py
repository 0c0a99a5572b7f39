"""From what features add to a member's margin to what they add to its score, in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.attribution import sigmoid, slope_of_sigmoid, slope_of_softmax, softmax
from core.domain.features import Floats
from core.domain.usecase import Task
from core.ml.margins import Margin


@dataclass(frozen=True)
class Points:
    """A model's points by feature, and where they come from.

    Attributes
    ----------
    base : array, shape (n_rows,)
    features : array, shape (n_features, n_rows)
    margin : Margin or None
        What they were made of; None for a mean of models and for an imported estimator.
    method, background : str
    n_background : int
    """

    base: Floats
    features: Floats
    margin: Margin | None
    method: str
    background: str
    n_background: int


def path_points(task: Task, margin: Margin, worth: Floats) -> Points:
    """Along the straight path of the margin from the base to the row; see `core.domain.attribution`.

    Parameters
    ----------
    task : Task
    margin : Margin
    worth : array, shape (n_rows, k)
        What each output is worth in the score of each row.
    """
    n_rows, said = len(worth), (margin.method, margin.background, margin.n_background)
    if task is Task.REGRESSION:
        return Points(np.repeat(margin.base[0], n_rows), margin.features[0], margin, *said)
    ends = np.stack([summed(part, start) for part, start in zip(margin.features, margin.base, strict=True)])
    if task is Task.BINARY:
        slopes = slope_of_sigmoid(float(margin.base[0]), ends[0])[None, :]
        base = np.repeat(sigmoid(margin.base)[0], n_rows)
    else:
        slopes = slope_of_softmax(margin.base, ends.T, worth).T
        base = np.asarray((softmax(margin.base) * worth).sum(axis=1))
    points = margin.features[0] * slopes[0]
    for part, slope in zip(margin.features[1:], slopes[1:], strict=True):
        points += part * slope
    return Points(base, points, margin, *said)


def mean_points(parts: Sequence[Points], names: Sequence[str]) -> Points:
    """The mean of members' points, and of their bases: exact, for a mean of scores is linear in them."""
    base, features = parts[0].base.copy(), parts[0].features.copy()
    for part in parts[1:]:
        base += part.base
        features += part.features
    n_background = min(part.n_background for part in parts)
    said = f"mean of {', '.join(names)}", "the mean of theirs", n_background
    return Points(base / len(parts), features / len(parts), None, *said)


def summed(parts: Floats, start: Floats) -> Floats:
    """The start plus the sum over the first axis, one after the other; shape (n_rows,)."""
    total = np.zeros(parts.shape[1]) + start
    for part in parts:
        total += part
    return total
