"""Why each model says what it says: exact attributions, summed back to the raw columns a person typed.

A linear member's attribution is closed form, coef x (x - mean of the reference rows); a tree member's is TreeSHAP in
LightGBM's path-dependent form, whose background are the training rows in the trees' own counts. A stack and a mean
are made of their members' attributions. See docs/adr/0006-reasons.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.domain.attribution import sigmoid, slope_of_sigmoid, slope_of_softmax, softmax
from core.domain.columns import Array, Columns
from core.domain.features import Floats, feature_matrix
from core.domain.score import scalar_score
from core.domain.sharing import shapley_shares, typical_array
from core.domain.usecase import Task
from core.errors import DeskError
from core.ml.compiled import LinearMember, MeanMember, ObjectMember, StackMember, TreeMember
from core.ml.scorer import Scorer

TOLERANCE = 1e-9
MOST_REFERENCE_ROWS = 2_000
MASKED_ROWS, PERMUTATIONS = 100, 10


@dataclass(frozen=True)
class Attributions:
    """One model's reasons for the scores of n rows.

    Attributes
    ----------
    model : str
    base, score : arrays, shape (n_rows,)
        The score of the base margin, and of the row.
    columns : tuple of str, length n_columns
        Raw columns that some feature reads.
    points : array, shape (n_rows, n_columns)
        base + sum over columns = score.
    features : tuple of str, length n_features
    feature_points : array, shape (n_rows, n_features)
    feature_margins : array, shape (n_rows, n_features, k), or None
        On the calibrated margin; None for a mean of models and for an imported estimator, which have none.
    base_margin : array, shape (k,), or None
    method, background : str
        How they were made, and what the base is the answer for.
    n_background : int
        Rows behind the base; 0 where the model kept no count.
    error : float
        Largest |base + sum - score|.
    """

    model: str
    base: Floats
    score: Floats
    columns: tuple[str, ...]
    points: Floats
    features: tuple[str, ...]
    feature_points: Floats
    feature_margins: Floats | None
    base_margin: Floats | None
    method: str
    background: str
    n_background: int
    error: float


@dataclass(frozen=True)
class _Margin:
    """A member's attributions on its calibrated margin: base (k,), features (k, n_rows, n_features)."""

    base: Floats
    features: Floats
    method: str
    background: str
    n_background: int


class Explainer:
    """A scorer and the reference rows that its scores are explained against.

    Parameters
    ----------
    scorer : Scorer
    reference : typed raw columns of the version's held-out rows, n_reference of them
    n_reference : int
    """

    def __init__(self, scorer: Scorer, reference: Columns, n_reference: int) -> None:
        self.scorer, self.use_case, self.compiled = scorer, scorer.use_case, scorer.bundle.compiled
        self._reference, self._n_reference = reference, n_reference
        self._kept: dict[str, Attributions] = {}
        self.columns = self.use_case.model_columns
        self._place = {name: place for place, name in enumerate(self.columns)}
        self._members = {member.name: member for member in self.compiled.members}

    @cached_property
    def _background(self) -> Floats:
        """Mean of the models' inputs over the reference rows, shape (n_inputs,)."""
        matrix = feature_matrix(self.use_case.features, self._reference, self._n_reference)
        return np.asarray(self.compiled.inputs(matrix).mean(axis=0))

    @cached_property
    def _typical(self) -> dict[str, Array]:
        """One typical row: what stands for a column that is not looked at, arrays of length 1."""
        return {name: typical_array(self.use_case.schema[name], self._reference[name]) for name in self.columns}

    def explain(self, columns: Columns, n_rows: int, models: Sequence[str] | None = None) -> dict[str, Attributions]:
        """Attributions of every row, by model.

        Parameters
        ----------
        columns : typed raw columns that passed the check
        n_rows : int
        models : sequence of str, optional
            All by default.

        Raises
        ------
        DeskError
            Base and points do not add up to the score that the scorer gives.
        """
        matrix = feature_matrix(self.use_case.features, columns, n_rows)
        inputs = self.compiled.inputs(matrix)
        outputs = self.compiled.predict(inputs)
        shares = self._shares(columns, n_rows)
        margins: dict[str, _Margin] = {}
        made = {name: self._of(name, inputs, outputs[name], margins) for name in models or self._members}
        return {name: self._finished(found, outputs[name], shares) for name, found in made.items()}

    def reference_attributions(self, model: str) -> Attributions:
        """Of at most 2,000 reference rows, evenly spaced; kept."""
        if model not in self._kept:
            n_rows = min(self._n_reference, MOST_REFERENCE_ROWS)
            places = np.linspace(0, self._n_reference - 1, n_rows).astype(np.int64)
            rows = {name: values[places] for name, values in self._reference.items()}
            self._kept[model] = self.explain(rows, n_rows, [model])[model]
        return self._kept[model]

    def _of(self, name: str, inputs: Floats, output: Floats, margins: dict[str, _Margin]) -> Attributions:
        """Attributions to the score of a model whose outputs are (n_rows, k); raw columns still missing."""
        member = self._members[name]
        weights = self._class_weights(output)
        if isinstance(member, ObjectMember):
            return self._by_permutation(member, inputs, weights)
        if isinstance(member, MeanMember):
            return self._mean(name, [self._part(part, inputs, weights, margins) for part in member.of])
        return self._points(name, self._margin(name, inputs, margins), weights)

    def _part(self, name: str, inputs: Floats, weights: Floats, margins: dict[str, _Margin]) -> Attributions:
        """A member of a mean, towards the score of the mean."""
        member = self._members[name]
        if isinstance(member, ObjectMember):
            return self._by_permutation(member, inputs, weights)
        return self._points(name, self._margin(name, inputs, margins), weights)

    def _mean(self, name: str, parts: Sequence[Attributions]) -> Attributions:
        points = np.mean([part.feature_points for part in parts], axis=0)
        base = np.asarray(np.mean([part.base for part in parts], axis=0))
        names = ", ".join(part.model for part in parts)
        n_background = min(part.n_background for part in parts)
        said = f"mean of {names}", "the mean of theirs", n_background
        return self._made(name, base, points, None, None, said)

    def _margin(self, name: str, inputs: Floats, margins: dict[str, _Margin]) -> _Margin:
        if name not in margins:
            member = self._members[name]
            if isinstance(member, LinearMember):
                margins[name] = self._linear(member, inputs)
            elif isinstance(member, TreeMember):
                margins[name] = self._trees(member, inputs)
            else:
                assert isinstance(member, StackMember)
                margins[name] = self._stack(member, [self._margin(part, inputs, margins) for part in member.of])
        return margins[name]

    def _linear(self, member: LinearMember, inputs: Floats) -> _Margin:
        slope = member.calibration.slope
        features = np.zeros((member.coef.shape[1], len(inputs), len(self.use_case.features)))
        for position, weights in enumerate(member.coef):
            if weights.any():
                gap = inputs[:, position] - self._background[position]
                features[:, :, self.compiled.source[position]] += slope * weights[:, None] * gap
        base = member.calibration.apply(member.margins(self._background[None, :]))[:, 0]
        return _Margin(base, features, "linear, closed form", "mean of the held-out rows", self._n_reference)

    def _trees(self, member: TreeMember, inputs: Floats) -> _Margin:
        raw = np.asarray(member.booster.predict(np.ascontiguousarray(inputs), pred_contrib=True, num_threads=1))
        raw = raw.reshape(len(inputs), -1, inputs.shape[1] + 1) * member.calibration.slope
        features = np.zeros((raw.shape[1], len(inputs), len(self.use_case.features)))
        for position, feature in enumerate(self.compiled.source):
            features[:, :, feature] += raw[:, :, position].T
        base = raw[0, :, -1] + np.asarray(member.calibration.intercept)
        return _Margin(base, features, "TreeSHAP, path-dependent", "training rows, in the trees' own counts", 0)

    def _stack(self, member: StackMember, parts: Sequence[_Margin]) -> _Margin:
        k = member.coef.shape[1]
        base, features = member.intercept.copy(), np.zeros((k, *parts[0].features.shape[1:]))
        columns = [(part.base[row], part.features[row]) for part in parts for row in range(len(part.base))]
        for weights, (start, attributed) in zip(member.coef, columns, strict=True):
            base += weights * start
            features += weights[:, None, None] * attributed
        base = member.calibration.slope * base + np.asarray(member.calibration.intercept)
        names = ", ".join(member.of)
        return _Margin(base, member.calibration.slope * features, f"from its members {names}", "as its members'", 0)

    def _points(self, name: str, margin: _Margin, weights: Floats) -> Attributions:
        """From the margin to the score's own scale."""
        n_rows, task = margin.features.shape[1], self.use_case.task
        gap = margin.features.sum(axis=2)  # (k, n_rows)
        if task is Task.REGRESSION:
            slope, base = np.ones((n_rows, 1)), np.repeat(margin.base[0], n_rows)
        elif task is Task.BINARY:
            slope = slope_of_sigmoid(float(margin.base[0]), margin.base[0] + gap[0])[:, None]
            base = np.repeat(sigmoid(margin.base)[0], n_rows)
        else:
            slope = slope_of_softmax(margin.base, (margin.base[:, None] + gap).T, weights)
            base = np.asarray((softmax(margin.base) * weights).sum(axis=1))
        points = slope[:, 0][:, None] * margin.features[0]
        for place in range(1, slope.shape[1]):
            points += slope[:, place][:, None] * margin.features[place]
        said = margin.method, margin.background, margin.n_background
        return self._made(name, base, points, np.moveaxis(margin.features, 0, 2), margin.base, said)

    def _class_weights(self, output: Floats) -> Floats:
        """What each output is worth in every row's score, shape (n_rows, k): its value, or 1 for the likeliest."""
        if output.shape[1] == 1:
            return np.ones_like(output)
        values = self.use_case.target.class_values
        if values:
            return np.repeat(np.array(values)[None, :], len(output), axis=0)
        return np.asarray(np.eye(output.shape[1])[output.argmax(axis=1)])

    def _by_permutation(self, member: ObjectMember, inputs: Floats, weights: Floats) -> Attributions:
        """The permutation explainer of shap on the score itself: additive, and exact as more permutations are drawn."""
        import shap  # type: ignore[import-untyped]  # ships no types

        matrix = feature_matrix(self.use_case.features, self._reference, self._n_reference)
        places = np.linspace(0, self._n_reference - 1, min(self._n_reference, MASKED_ROWS)).astype(np.int64)
        masker = shap.maskers.Independent(self.compiled.inputs(matrix[places]), max_samples=MASKED_ROWS)
        features = np.zeros((len(inputs), len(self.use_case.features)))
        base = np.zeros(len(inputs))
        for place in range(len(inputs)):  # the worth of the classes differs from row to row
            worth = weights[place]
            explainer = shap.explainers.Permutation(
                lambda rows, worth=worth: member.predict(rows) @ worth, masker, seed=0
            )
            found = explainer(
                inputs[place : place + 1], max_evals=PERMUTATIONS * (2 * inputs.shape[1] + 1), silent=True
            )
            np.add.at(features[place], self.compiled.source, found.values[0])
            base[place] = float(np.ravel(found.base_values)[0])
        said = "shap, permutations", f"{len(places)} held-out rows", len(places)
        return self._made(member.name, base, features, None, None, said)

    def _made(
        self,
        name: str,
        base: Floats,
        points: Floats,
        margins: Floats | None,
        base_margin: Floats | None,
        said: tuple[str, str, int],
    ) -> Attributions:
        nothing = np.empty((len(base), 0))
        names = self.columns, self.use_case.feature_names
        return Attributions(name, base, base, names[0], nothing, names[1], points, margins, base_margin, *said, 0.0)

    def _finished(self, found: Attributions, output: Floats, shares: Mapping[int, Floats]) -> Attributions:
        """With points by raw column, checked against the score."""
        points = np.zeros((len(found.base), len(self.columns)))
        for place, feature in enumerate(self.use_case.features):
            mine = found.feature_points[:, place]
            if place in shares:
                for name, share in zip(feature.inputs, shares[place], strict=True):
                    points[:, self._place[name]] += share * mine
            else:
                points[:, self._place[feature.inputs[0]]] += mine
        score = scalar_score(output, self.use_case.target.class_values)
        error = float(np.abs(found.base + points.sum(axis=1) - score).max(initial=0.0))
        if not error <= TOLERANCE * max(1.0, float(np.abs(score).max(initial=0.0))):
            raise DeskError(
                f"The reasons of {found.model} miss its score by {error:.3g}.",
                "They are not shown. Tell the desk's administrator; the score itself is not touched by this.",
            )
        return replace(found, score=score, points=points, error=error)

    def _shares(self, columns: Columns, n_rows: int) -> dict[int, Floats]:
        """Feature -> each of its raw columns' part in it, shape (n_inputs, n_rows); of several columns only."""
        return {
            place: shapley_shares(feature, columns, self._typical, n_rows)
            for place, feature in enumerate(self.use_case.features)
            if len(feature.inputs) > 1
        }
