"""The reasons of one prediction a second time, by the shap library."""

from __future__ import annotations

from core.ml.cross_check import CrossCheck
from core.ml.cross_check import cross_check as compare
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.reasons.explainers import explainer, reference_columns
from core.services.reasons.explanation import explain
from core.services.scoring import check_row


def cross_check(desk: Desk, actor: Actor, key: str, prediction_id: str, model: str) -> list[CrossCheck]:
    """Every member of a model beside the shap library's figures, for a logged row and the version that scored it."""
    require(actor, Action.SEE_MODELS)
    said = explain(desk, actor, key, prediction_id)
    row = check_row(desk.use_case(key), said.row).columns
    reference, _, n_reference = reference_columns(desk, key, said.version)
    return compare(explainer(desk, key, said.version), reference, n_reference, row, model)
