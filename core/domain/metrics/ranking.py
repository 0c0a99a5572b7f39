"""What the order of the scores says: AUC, average precision and KS, under many row weights at once."""

from __future__ import annotations

import numpy as np

from core.domain.features import Floats


class Ranking:
    """Rows in order of their score, tied scores as one step.

    Parameters
    ----------
    outcomes : array, shape (n_rows,), 0 or 1
    scores : array, shape (n_rows,)
    """

    def __init__(self, outcomes: Floats, scores: Floats) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        self._starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self._positive = (outcomes[self._order] == 1).astype(np.float64)

    def statistics(self, weights: Floats) -> Floats:
        """AUC, average precision and KS of each draw, shape (n_draws, 3); NaN where a class has no weight.

        Parameters
        ----------
        weights : array, shape (n_draws, n_rows)

        Notes
        -----
        Average precision is sum over steps of (change in recall) x precision, as in scikit-learn; KS is the
        largest gap between the score's distribution functions of the two classes.
        """
        ordered = weights[:, self._order]
        positive = np.add.reduceat(ordered * self._positive, self._starts, axis=1)
        flagged = np.add.reduceat(ordered, self._starts, axis=1).cumsum(axis=1)
        hits = positive.cumsum(axis=1)
        misses = flagged - hits
        n_positives, n_negatives = hits[:, -1:], misses[:, -1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(flagged > 0, hits / flagged, 0.0)
            average_precision = (positive * precision).sum(axis=1) / n_positives[:, 0]
            negative = np.diff(misses, axis=1, prepend=0.0)
            pairs = (positive * (n_negatives - misses + negative / 2)).sum(axis=1)
            area = pairs / (n_positives * n_negatives)[:, 0]
            ks = (hits / n_positives - misses / n_negatives).max(axis=1)
        empty = (n_positives * n_negatives)[:, 0] == 0
        found = np.column_stack([area, average_precision, ks])
        found[empty] = np.nan
        return found
