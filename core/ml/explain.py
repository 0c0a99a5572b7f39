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

from core.domain.columns import Array, Columns
from core.domain.features import Floats, feature_matrix
from core.domain.score import scalar_score
from core.domain.sharing import shapley_shares, typical_array
from core.errors import DeskError
from core.ml.compiled import Compiled, LinearMember, MeanMember, ObjectMember, StackMember, TreeMember
from core.ml.margins import Background, Margin, linear_margin, stack_margin, tree_margin
from core.ml.permuted import permuted_points
from core.ml.points import Points, mean_points, path_points, summed
from core.ml.scorer import Scorer

TOLERANCE = 1e-9
MOST_REFERENCE_ROWS = 2_000
MASKED_ROWS = 100
BLOCK = 16_384  # rows whose attributions stay in the processor's cache until they are summed

Shares = Mapping[int, Floats]  # feature made of several columns -> (n_inputs, n_rows), each column's part in it


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
        self.columns = self.use_case.model_columns
        self._reference, self._n_reference = reference, n_reference
        self._kept: dict[str, Attributions] = {}
        self._place = {name: place for place, name in enumerate(self.columns)}
        self._members = {member.name: member for member in self.compiled.members}

    @cached_property
    def background(self) -> Background:
        """Mean of the models' inputs over the reference rows."""
        matrix = feature_matrix(self.use_case.features, self._reference, self._n_reference)
        mean = np.asarray(self.compiled.inputs(matrix).mean(axis=0))
        return Background(mean, self._n_reference, self.compiled.source, len(self.use_case.features))

    @cached_property
    def _masked(self) -> Floats:
        """Inputs of at most 100 reference rows, evenly spaced: what an imported estimator reads of no row at all."""
        rows, n_rows = self._spaced(MASKED_ROWS)
        return self.compiled.inputs(feature_matrix(self.use_case.features, rows, n_rows))

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
            At least 1.
        models : sequence of str, optional
            All by default.

        Raises
        ------
        DeskError
            Base and points do not add up to the score that the scorer gives.
        """
        matrix = feature_matrix(self.use_case.features, columns, n_rows)
        inputs = self.compiled.inputs(matrix)
        names = tuple(models or self._members)
        outputs = self._only(names).predict(inputs)
        shares = self._shares(columns, matrix)
        margins: dict[str, Margin] = {}
        return {
            name: self._finished(
                name, self._of(name, inputs, self._worth(outputs[name]), margins), outputs[name], shares
            )
            for name in names
        }

    def reference_attributions(self, model: str) -> Attributions:
        """Of at most 2,000 reference rows, evenly spaced; kept."""
        if model not in self._kept:
            rows, n_rows = self._spaced(MOST_REFERENCE_ROWS)
            self._kept[model] = self.explain(rows, n_rows, [model])[model]
        return self._kept[model]

    def column_margins(self, columns: Columns, inputs: Floats, model: str) -> Floats:
        """A model's attributions on the calibrated margin by raw column, shape (k, n_columns, n_rows).

        Parameters
        ----------
        columns : typed raw columns, n_rows rows
        inputs : array, shape (n_rows, n_inputs)
            What the models read of them, see `Compiled.inputs`.
        model : str
            A linear, tree or stacked one.
        """
        k = 1 if self.compiled.task != "multiclass" else len(self.use_case.target.classes)
        margins = np.empty((k, len(self.columns), len(inputs)))
        joint = any(len(feature.inputs) > 1 for feature in self.use_case.features)
        for start in range(0, len(inputs), BLOCK):
            rows = slice(start, start + BLOCK)
            features = self._margin(model, inputs[rows], {}).features
            shares: Shares = {}
            if joint:
                part = {name: columns[name][rows] for name in self.columns}
                shares = self._shares(part, feature_matrix(self.use_case.features, part, features.shape[2]))
            for output in range(k):
                self._sum_back(features[output], shares, margins[output, :, rows])
        return margins

    def _spaced(self, most: int) -> tuple[Columns, int]:
        places = np.linspace(0, self._n_reference - 1, min(self._n_reference, most)).astype(np.int64)
        return {name: values[places] for name, values in self._reference.items()}, len(places)

    def _only(self, names: Sequence[str]) -> Compiled:
        """The compiled form without the models that neither are asked for nor are part of one."""
        needed = set(names)
        for name in names:
            needed |= set(getattr(self._members[name], "of", ()))
        return replace(self.compiled, members=tuple(item for item in self.compiled.members if item.name in needed))

    def _of(self, name: str, inputs: Floats, worth: Floats, margins: dict[str, Margin]) -> Points:
        """A model's points towards the score that gives its outputs this worth, shape (n_rows, k)."""
        member = self._members[name]
        if isinstance(member, ObjectMember):
            return self._permuted(member, inputs, worth)
        if isinstance(member, MeanMember):
            return mean_points([self._of(part, inputs, worth, margins) for part in member.of], member.of)
        return path_points(self.use_case.task, self._margin(name, inputs, margins), worth)

    def _margin(self, name: str, inputs: Floats, margins: dict[str, Margin]) -> Margin:
        if name not in margins:
            member = self._members[name]
            if isinstance(member, LinearMember):
                margins[name] = linear_margin(member, inputs, self.background)
            elif isinstance(member, TreeMember):
                margins[name] = tree_margin(member, inputs, self.compiled.source, len(self.use_case.features))
            else:
                assert isinstance(member, StackMember)
                margins[name] = stack_margin(member, [self._margin(part, inputs, margins) for part in member.of])
        return margins[name]

    def _permuted(self, member: ObjectMember, inputs: Floats, worth: Floats) -> Points:
        found = permuted_points(member, inputs, worth, self._masked)
        points = np.zeros((len(self.use_case.features), len(inputs)))
        for position, feature in enumerate(self.compiled.source.tolist()):
            points[feature] += found.inputs[:, position]
        n_masked = len(self._masked)
        return Points(found.base, points, None, "shap, permutations", f"{n_masked} held-out rows", n_masked)

    def _worth(self, output: Floats) -> Floats:
        """What each output is worth in every row's score, shape (n_rows, k): its value, or 1 for the likeliest."""
        if output.shape[1] == 1:
            return np.ones_like(output)
        values = self.use_case.target.class_values
        if values:
            return np.repeat(np.array(values)[None, :], len(output), axis=0)
        return np.asarray(np.eye(output.shape[1])[output.argmax(axis=1)])

    def _finished(self, name: str, found: Points, output: Floats, shares: Shares) -> Attributions:
        """With points by raw column, checked against the score."""
        points = np.empty((len(self.columns), len(found.base)))
        self._sum_back(found.features, shares, points)
        score = scalar_score(output, self.use_case.target.class_values)
        gaps = np.abs(summed(points, found.base) - score)
        if not (gaps <= TOLERANCE * np.maximum(1.0, np.abs(score))).all():  # so that NaN is refused too
            raise DeskError(
                f"The reasons of {name} miss its score by {gaps.max():.3g}.",
                f"At most {TOLERANCE:g} is allowed, so they are not shown. The score itself is not touched by this.",
                model=name,
                error=float(gaps.max()),
            )
        margin = found.margin
        return Attributions(
            model=name,
            base=found.base,
            score=score,
            columns=self.columns,
            points=points.T,
            features=self.use_case.feature_names,
            feature_points=found.features.T,
            feature_margins=None if margin is None else margin.features.T,
            base_margin=None if margin is None else margin.base,
            method=found.method,
            background=found.background,
            n_background=found.n_background,
            error=float(gaps.max(initial=0.0)),
        )

    def _sum_back(self, features: Floats, shares: Shares, columns: Floats) -> None:
        """From features, shape (n_features, n_rows), into raw columns, shape (n_columns, n_rows)."""
        begun = set()
        for place, feature in enumerate(self.use_case.features):
            for position, name in enumerate(feature.inputs):
                mine = features[place] if place not in shares else shares[place][position] * features[place]
                if name in begun:
                    columns[self._place[name]] += mine
                else:
                    columns[self._place[name]] = mine
                begun.add(name)

    def _shares(self, columns: Columns, matrix: Floats) -> dict[int, Floats]:
        """Each raw column's part in the features that are made of several."""
        return {
            place: shapley_shares(
                feature,
                [self.use_case.schema[name] for name in feature.inputs],
                columns,
                self._typical,
                matrix[:, place],
            )
            for place, feature in enumerate(self.use_case.features)
            if len(feature.inputs) > 1
        }
