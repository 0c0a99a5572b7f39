"""What every feature adds to a member's calibrated margin: closed form, TreeSHAP, and sums of these.

Like `core.ml.compiled`, every sum is taken column by column, so that a row is explained alone as in a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.features import Floats
from core.ml.compiled import LinearMember, StackMember, TreeMember

_ONE_THREAD = 64  # up to so many rows, starting threads takes longer than they save


@dataclass(frozen=True)
class Margin:
    """A member's attributions on its calibrated margin.

    Attributes
    ----------
    base : array, shape (k,)
        The margin without any feature.
    features : array, shape (k, n_features, n_rows)
        base + sum over features = calibrated margin.
    method, background : str
        How they were made, and what the base is the answer for.
    n_background : int
        Rows behind the base; 0 where the model kept no count.
    """

    base: Floats
    features: Floats
    method: str
    background: str
    n_background: int


@dataclass(frozen=True)
class Background:
    """What linear members are explained against, and which feature each of their inputs came from.

    Attributes
    ----------
    mean : array, shape (n_inputs,)
        Mean of the models' inputs over the held-out reference rows.
    n_rows : int
    source : array of int64, shape (n_inputs,)
    n_features : int
    """

    mean: Floats
    n_rows: int
    source: NDArray[np.int64]
    n_features: int


def linear_margin(member: LinearMember, inputs: Floats, background: Background) -> Margin:
    """Slope x coef x (input - its mean over the reference rows), summed over the inputs of a feature.

    Parameters
    ----------
    member : LinearMember
    inputs : array, shape (n_rows, n_inputs)
    background : Background
    """
    weights = member.calibration.slope * member.coef
    features = np.empty((weights.shape[1], background.n_features, len(inputs)))
    begun = np.zeros(background.n_features, dtype=bool)
    gap, part = np.empty(len(inputs)), np.empty(len(inputs))
    for position, feature in enumerate(background.source.tolist()):
        if not weights[position].any():  # also where a model that reads no missing values would meet one
            continue
        np.subtract(inputs[:, position], background.mean[position], out=gap)
        for output, weight in enumerate(weights[position].tolist()):
            if begun[feature]:
                np.multiply(gap, weight, out=part)
                features[output, feature] += part
            else:
                np.multiply(gap, weight, out=features[output, feature])
        begun[feature] = True
    features[:, ~begun] = 0.0
    base = member.calibration.apply(member.margins(background.mean[None, :]))[:, 0]
    said = "linear, closed form", f"mean of {background.n_rows:,} held-out rows"
    return Margin(base, features, *said, background.n_rows)


def tree_margin(member: TreeMember, inputs: Floats, source: NDArray[np.int64], n_features: int) -> Margin:
    """TreeSHAP in LightGBM's path-dependent form (Lundberg et al. 2020), times the slope of the calibration.

    The base is the mean over the training rows as the trees counted them. LightGBM answers with k blocks of
    n_inputs attributions and their base, side by side.
    """
    threads = 1 if len(inputs) <= _ONE_THREAD else 0  # rows do not depend on each other: the last bit stays
    raw = member.booster.predict(np.ascontiguousarray(inputs), pred_contrib=True, num_threads=threads)
    blocks = np.asarray(raw).reshape(len(inputs), -1, inputs.shape[1] + 1)
    slope = member.calibration.slope
    features = np.zeros((blocks.shape[1], n_features, len(inputs)))
    for position, feature in enumerate(source.tolist()):
        for output in range(len(features)):
            features[output, feature] += slope * blocks[:, output, position]
    base = slope * blocks[0, :, -1] + np.asarray(member.calibration.intercept)
    said = "TreeSHAP, path-dependent", "training rows, in the trees' own counts"
    return Margin(base, features, *said, 0)


def stack_margin(member: StackMember, parts: Sequence[Margin]) -> Margin:
    """A linear model over its members' margins: coef x their attributions, summed; nothing is explained again."""
    k = member.coef.shape[1]
    base, features = member.intercept.copy(), np.zeros((k, *parts[0].features.shape[1:]))
    columns = [(part.base[row], part.features[row]) for part in parts for row in range(len(part.base))]
    for weights, (start, attributed) in zip(member.coef, columns, strict=True):
        base += weights * start
        for output, weight in enumerate(weights.tolist()):
            features[output] += weight * attributed
    base = member.calibration.slope * base + np.asarray(member.calibration.intercept)
    features *= member.calibration.slope
    return Margin(base, features, f"from its members {', '.join(member.of)}", "as its members'", 0)
