"""Score typed columns: one row, a file, the API; the same functions on arrays of any length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.domain.columns import Columns
from core.domain.conformal import Intervals
from core.domain.features import Floats, feature_matrix
from core.domain.policy import Codes, Mode, band_codes
from core.domain.score import scalar_score
from core.domain.usecase import Task, UseCase
from core.errors import BundleProblem
from core.ml.bundle import Bundle


@dataclass(frozen=True)
class ScoreTable:
    """The scores of n rows.

    Attributes
    ----------
    matrix : array, shape (n_rows, n_features)
        Engineered features, before imputing and scaling.
    outputs : mapping of str to array, shape (n_rows, k)
        By model: P(positive), P(class), or the value.
    scores : mapping of str to array, shape (n_rows,)
        By model: the one number that is banded and ranked.
    consensus : array, shape (n_rows,)
        Mean score of the models.
    agreement : array, shape (n_rows,), in (0, 1]
        Share of the models that put the row into the champion's band.
    band : array of int8, shape (n_rows,)
        The champion's band, 0 for the highest.
    rules_score, rules_band : arrays, shape (n_rows,), or None
    decision : array of int8, shape (n_rows,)
        Band whose decision is taken: the rules' in shadow mode, else the champion's.
    interval_low, interval_high : arrays, shape (n_rows,), or None
        The champion's prediction interval, in target units, where its card has one.
    """

    matrix: Floats
    outputs: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    consensus: Floats
    agreement: Floats
    band: Codes
    rules_score: Floats | None
    rules_band: Codes | None
    decision: Codes
    interval_low: Floats | None = None
    interval_high: Floats | None = None


class Scorer:
    """A use case and one of its bundles, ready to score.

    Parameters
    ----------
    use_case : UseCase
    bundle : Bundle
    cutoffs : mapping of str to tuple of float, optional
        By model, those of the policy in force where it is another than the bundle was trained with; `card` tells
        them, `bundle.card` the trained ones.

    Raises
    ------
    BundleProblem
        The bundle was made for other features than the use case has now.
    """

    def __init__(
        self, use_case: UseCase, bundle: Bundle, cutoffs: Mapping[str, tuple[float, ...]] | None = None
    ) -> None:
        if bundle.card.feature_names != use_case.feature_names:
            raise BundleProblem(
                f"{use_case.key} {bundle.card.version} was trained on other features than the use case has now.",
                "Train a new version, or put the former definition of the features back.",
                missing=sorted(set(use_case.feature_names) - set(bundle.card.feature_names)),
                extra=sorted(set(bundle.card.feature_names) - set(use_case.feature_names)),
            )
        self.use_case = use_case
        self.bundle = bundle
        self.card = bundle.card if cutoffs is None else replace(bundle.card, cutoffs=cutoffs)
        self.intervals = Intervals.from_json(bundle.card.interval) if "factor" in bundle.card.interval else None
        self.decided_by = "rules" if use_case.policy.mode is Mode.SHADOW else "champion"

    def score(self, columns: Columns, n_rows: int) -> ScoreTable:
        """Score every row.

        Parameters
        ----------
        columns : mapping of str to array, shape (n_rows,)
            Typed raw columns that passed the schema's check.
        n_rows : int
        """
        case = self.use_case
        matrix = feature_matrix(case.features, columns, n_rows)
        outputs = self.bundle.compiled.predict(self.bundle.compiled.inputs(matrix))
        values = case.target.class_values
        scores = {name: scalar_score(output, values) for name, output in outputs.items()}
        bands = {name: self.bands(name, outputs[name], scores[name]) for name in scores}
        band = bands[self.card.champion]
        rules_score, rules_band = case.rules.apply(columns) if case.rules else (None, None)
        decided = rules_band if self.decided_by == "rules" and rules_band is not None else band
        return ScoreTable(
            matrix=matrix,
            outputs=outputs,
            scores=scores,
            consensus=_mean(scores),
            agreement=_agreement(bands, band),
            band=band,
            rules_score=rules_score,
            rules_band=rules_band,
            decision=decided,
            **self._interval(scores[self.card.champion]),
        )

    def _interval(self, predictions: Floats) -> dict[str, Floats]:
        if self.intervals is None:
            return {}
        low, high = self.intervals.bounds(predictions)
        return {"interval_low": low, "interval_high": high}

    def bands(self, model: str, outputs: Floats, scores: Floats) -> Codes:
        """Band codes of one model's scores: by cutoff, or for classes by the most probable class."""
        if self.use_case.task is Task.MULTICLASS:
            return np.asarray(outputs.shape[1] - 1 - outputs.argmax(axis=1), dtype=np.int8)
        return band_codes(scores, self.card.cutoffs[model])


def _mean(scores: Mapping[str, Floats]) -> Floats:
    total = np.zeros(len(next(iter(scores.values()))))
    for score in scores.values():
        total += score
    return total / len(scores)


def _agreement(bands: Mapping[str, Codes], champion: Codes) -> Floats:
    same = np.zeros(len(champion))
    for band in bands.values():
        same += band == champion
    return same / len(bands)
