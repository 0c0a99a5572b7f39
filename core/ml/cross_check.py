"""A second opinion on the reasons: the shap library, on the members' own margins, beside ours.

A linear member goes to `shap.LinearExplainer` with every background row; a tree member to shap's own TreeSHAP, not to
LightGBM's, which is ours. A mean and a stack are as right as the members they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.domain.columns import Columns
from core.domain.features import Floats, feature_matrix
from core.ml.compiled import LinearMember, MeanMember, ObjectMember, StackMember, TreeMember
from core.ml.explain import Explainer

AGREES = 1e-9  # of the largest attribution of the row


@dataclass(frozen=True)
class CrossCheck:
    """What two ways of computing one member's attributions of one row come to, on the member's calibrated margin.

    Attributes
    ----------
    member, by : str
        The member, and the explainer of shap; "" where shap made ours, so that there is nothing to compare.
    features : tuple of str, length n_features
    ours, theirs : arrays, shape (n_features, k)
    largest : float
        The largest |ours - theirs|.
    agrees : bool
        Whether that is below 1e-9 of the largest attribution.
    """

    member: str
    by: str
    features: tuple[str, ...]
    ours: Floats
    theirs: Floats
    largest: float
    agrees: bool


def cross_check(
    explainer: Explainer, reference: Columns, n_reference: int, row: Columns, model: str
) -> list[CrossCheck]:
    """The members of a model, each explained twice for one row.

    Parameters
    ----------
    explainer : Explainer
    reference : typed raw columns of n_reference rows
        The background of the linear members.
    row : typed raw columns of one row
    model : str
    """
    use_case, compiled = explainer.use_case, explainer.compiled
    inputs = compiled.inputs(feature_matrix(use_case.features, row, 1))
    background = compiled.inputs(feature_matrix(use_case.features, reference, n_reference))
    members = {member.name: member for member in compiled.members}
    return [_compare(explainer, members[name], inputs, background, row) for name in _members(members, model)]


def _members(members: Mapping[str, object], model: str) -> list[str]:
    """The linear, tree and imported members that a model is made of."""
    member = members[model]
    if isinstance(member, MeanMember | StackMember):
        return [part for name in member.of for part in _members(members, name)]
    return [model]


def _compare(explainer: Explainer, member: object, inputs: Floats, background: Floats, row: Columns) -> CrossCheck:
    assert isinstance(member, LinearMember | TreeMember | ObjectMember)
    names = explainer.use_case.feature_names
    ours = explainer.explain(row, 1, [member.name])[member.name].feature_margins
    if isinstance(member, ObjectMember) or ours is None:
        nothing = np.zeros((len(names), 1))
        return CrossCheck(member.name, "", names, nothing, nothing, 0.0, True)
    linear = isinstance(member, LinearMember)
    found = _linear(member, inputs, background) if isinstance(member, LinearMember) else _trees(member, inputs)
    theirs = np.zeros_like(ours[0])
    np.add.at(theirs, explainer.compiled.source, member.calibration.slope * found)
    largest = float(np.abs(ours[0] - theirs).max(initial=0.0))
    size = float(np.abs(ours[0]).max(initial=0.0))
    by = "shap.LinearExplainer" if linear else "shap.TreeExplainer, path-dependent"
    return CrossCheck(member.name, by, names, ours[0], theirs, largest, largest <= AGREES * max(size, 1e-12))


def _linear(member: LinearMember, inputs: Floats, background: Floats) -> Floats:
    """Attributions of one row by input, shape (n_inputs, k)."""
    import shap  # type: ignore[import-untyped]  # ships no types

    found = []
    for output in range(member.coef.shape[1]):
        masker = shap.maskers.Independent(background, max_samples=len(background))
        linear = shap.LinearExplainer((member.coef[:, output], member.intercept[output]), masker)
        found.append(np.asarray(linear.shap_values(inputs))[0])
    return np.column_stack(found)


def _trees(member: TreeMember, inputs: Floats) -> Floats:
    """The same for trees, by shap's C extension: LightGBM, which shap would ask, is what ours comes from.

    LightGBM grows a tree per class in turn; shap sums the trees it is given, so each class is explained alone.
    """
    import shap

    trees = shap.TreeExplainer(member.booster, feature_perturbation="tree_path_dependent").model.trees
    k = member.booster.num_model_per_iteration()
    found = []
    for output in range(k):
        alone = shap.TreeExplainer(trees[output::k], feature_perturbation="tree_path_dependent")
        found.append(np.ravel(alone.shap_values(inputs, check_additivity=False)))
    return np.column_stack(found)
