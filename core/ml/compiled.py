"""The serving form of four models and their preprocessor: numbers and tree text, no scikit-learn.

Every sum is taken column by column with element-wise operations, never by a matrix product: BLAS rounds
differently for one row and for many, and a row must score the same alone as in a file, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats


@dataclass(frozen=True)
class Calibration:
    """One monotone map of the margin: slope x margin + intercept, before the link."""

    slope: float = 1.0
    intercept: tuple[float, ...] = (0.0,)

    def apply(self, margins: Floats) -> Floats:
        """Calibrated margins, shape (k, n_rows)."""
        if self.slope == 1.0 and not any(self.intercept):
            return margins
        return np.asarray(self.slope * margins + np.asarray(self.intercept)[:, None])


@dataclass(frozen=True)
class LinearMember:
    """A linear model: margin = inputs @ coef + intercept."""

    name: str
    coef: Floats  # (n_inputs, k)
    intercept: Floats  # (k,)
    calibration: Calibration = Calibration()

    def margins(self, inputs: Floats) -> Floats:
        """Margins, shape (k, n_rows)."""
        if len(inputs) == 1:  # the same sums in the same order, without a call per column
            terms = np.concatenate([self.intercept[None, :], self.coef * inputs[0][:, None]])
            return np.asarray(np.cumsum(terms, axis=0)[-1][:, None])
        total = np.repeat(self.intercept[:, None], len(inputs), axis=1)
        for position, weights in enumerate(self.coef):
            if weights.any():
                total += weights[:, None] * inputs[:, position]
        return total


@dataclass(frozen=True)
class TreeMember:
    """A LightGBM model, kept as its own text; the library is imported when the first row arrives."""

    name: str
    booster_text: str
    calibration: Calibration = Calibration()

    @cached_property
    def booster(self) -> Any:
        """The loaded LightGBM booster."""
        import lightgbm

        return lightgbm.Booster(model_str=self.booster_text)

    def margins(self, inputs: Floats) -> Floats:
        """Margins, shape (k, n_rows)."""
        rows = np.ascontiguousarray(inputs)
        raw = self.booster.predict(rows, raw_score=True, num_threads=1)
        return np.ascontiguousarray(np.asarray(raw, dtype=np.float64).reshape(len(inputs), -1).T)


@dataclass(frozen=True)
class MeanMember:
    """The soft vote: the mean of other members' outputs, never a model predicted again."""

    name: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class StackMember:
    """A linear model over other members' calibrated margins, never a model predicted again."""

    name: str
    of: tuple[str, ...]  # linear and tree members
    coef: Floats  # (n_members x k, k), members side by side in the order of `of`
    intercept: Floats  # (k,)
    calibration: Calibration = Calibration()

    def margins(self, known: Mapping[str, Floats]) -> Floats:
        """Margins, shape (k, n_rows), from margins by model, each (k, n_rows)."""
        rows = [row for name in self.of for row in known[name]]
        total = np.repeat(self.intercept[:, None], len(rows[0]), axis=1)
        for weights, row in zip(self.coef, rows, strict=True):
            total += weights[:, None] * row
        return total


@dataclass(frozen=True)
class ObjectMember:
    """An imported estimator that has no compiled form and runs through scikit-learn."""

    name: str
    predict: Callable[[Floats], Floats] = field(compare=False)  # (n, n_inputs) -> (n, k) outputs


Member = LinearMember | TreeMember | StackMember | MeanMember | ObjectMember


@dataclass(frozen=True)
class Compiled:
    """A preprocessor and its models.

    Attributes
    ----------
    task : str
        "binary", "multiclass" or "regression": chooses the link.
    feature_names : tuple of str, length n_inputs
        The matrix columns in the order the models take them.
    source : array of int64, shape (n_inputs,)
        Position of each column's engineered feature in the use case.
    impute : array, shape (n_inputs,)
        What stands for a missing value; NaN where the feature is never imputed.
    indicator : array of bool, shape (n_inputs,)
        True where the column is 1.0 if its source feature is missing, else 0.0.
    centre, scale : arrays, shape (n_inputs,)
        (x - centre) / scale, after imputing; 0 and 1 where the column passes through.
    members : tuple of Member
        In recipe order.
    """

    task: str
    feature_names: tuple[str, ...]
    source: NDArray[np.int64]
    impute: Floats
    indicator: NDArray[np.bool_]
    centre: Floats
    scale: Floats
    members: tuple[Member, ...]

    @cached_property
    def _in_place(self) -> bool:
        return bool((self.source == np.arange(len(self.source))).all())

    @cached_property
    def _scaled(self) -> NDArray[np.int64]:
        return np.flatnonzero((self.centre != 0) | (self.scale != 1))

    @cached_property
    def _patched(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.indicator | ~np.isnan(self.impute))

    def inputs(self, matrix: Floats) -> Floats:
        """What the models read, shape (n_rows, n_inputs), from features of shape (n_rows, n_features)."""
        inputs = np.ascontiguousarray(matrix.T[self.source]).T
        for column in self._patched:
            missing = np.isnan(inputs[:, column])
            if self.indicator[column]:
                inputs[:, column] = missing
            elif missing.any():
                inputs[missing, column] = self.impute[column]
        scaled = self._scaled
        if len(scaled) and len(inputs) == 1:
            inputs[0, scaled] = (inputs[0, scaled] - self.centre[scaled]) / self.scale[scaled]
            return inputs
        for column in scaled:
            inputs[:, column] -= self.centre[column]
            inputs[:, column] /= self.scale[column]
        return inputs

    def margins(self, inputs: Floats) -> dict[str, Floats]:
        """Calibrated margins by model, each (k, n_rows), for the members that have one."""
        found = {
            member.name: member.calibration.apply(member.margins(inputs))
            for member in self.members
            if isinstance(member, LinearMember | TreeMember)
        }
        for member in self.members:
            if isinstance(member, StackMember):
                found[member.name] = member.calibration.apply(member.margins(found))
        return found

    def predict(self, inputs: Floats) -> dict[str, Floats]:
        """Outputs by model, each (n_rows, k): P(positive), P(class) or the predicted value."""
        outputs = {name: link(self.task, margins) for name, margins in self.margins(inputs).items()}
        for member in self.members:
            if isinstance(member, ObjectMember):
                outputs[member.name] = member.predict(inputs)
        for member in self.members:
            if isinstance(member, MeanMember):
                outputs[member.name] = mean_of(outputs, member.of)
        return {member.name: outputs[member.name] for member in self.members}

    def warm(self) -> None:
        """Load what is loaded when the first row arrives, so that the first row need not wait."""
        for member in self.members:
            if isinstance(member, TreeMember):
                _ = member.booster

    @property
    def uncompiled(self) -> tuple[str, ...]:
        """Models that run through scikit-learn."""
        return tuple(member.name for member in self.members if isinstance(member, ObjectMember))


def mean_of(outputs: Mapping[str, Floats], names: tuple[str, ...]) -> Floats:
    """The mean of some models' outputs, summed in the order given."""
    total = outputs[names[0]].copy()
    for name in names[1:]:
        total += outputs[name]
    return total / len(names)


def link(task: str, margins: Floats) -> Floats:
    """Margins of shape (k, n_rows) to outputs of shape (n_rows, k).

    >>> link("binary", np.array([[0.0]])), link("multiclass", np.zeros((2, 1)))
    (array([[0.5]]), array([[0.5, 0.5]]))
    """
    if task == "binary":
        with np.errstate(over="ignore"):  # beyond -709 the probability is 0, which is what 1 / inf gives
            return np.asarray(1.0 / (1.0 + np.exp(-margins))).T
    if task == "regression":
        return margins.T
    powers = np.exp(margins - margins.max(axis=0))
    total = powers[0].copy()
    for row in powers[1:]:
        total += row
    return np.asarray(powers / total).T
