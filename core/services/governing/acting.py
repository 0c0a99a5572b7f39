"""The name of the model that acts, for figures that are told by model: whatever version it is of."""

from __future__ import annotations

from datetime import datetime

from core.domain.columns import Columns
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.ml.bundle import led_by
from core.ml.scorer import Scorer
from core.services.desk import CHAMPION, Desk


def acting_model(desk: Desk, use_case: UseCase, *, reading: bool = True) -> str:
    """The model that scores, a stand-in's too; the recipe's champion before the first training.

    Parameters
    ----------
    reading : bool
        Whether a version that is not loaded may be read for the model it names; if not, it is the recipe's champion.

    Notes
    -----
    A name that the recipe does not have is of no use where figures are kept by the recipe's models: then it is the
    recipe's champion as well.
    """
    key = use_case.key
    standing, version = desk.stand_in(key), desk.acting_version(key)
    if standing is not None:
        return _known(use_case, standing.serving.model)
    model = desk.ledger.alias_model(key, CHAMPION)
    if model is None and version is not None and (reading or desk.loaded(key)):
        try:
            model = desk.card(key, version).champion
        except DeskError:  # its files fail their check: the page that needs them says so
            model = None
    return _known(use_case, model or "")


def model_at(desk: Desk, use_case: UseCase, at: datetime) -> str:
    """The model that acted at a time; the one that acts now where nobody did."""
    from core.services.governing.timeline import champion_at, reigns

    reign = champion_at(reigns(desk, use_case.key), at)
    return acting_model(desk, use_case) if reign is None else _known(use_case, reign.model)


def led_scorer(scorer: Scorer, model: str) -> Scorer:
    """The same version led by another of its models, under the same cutoffs; itself where it has no such model."""
    if model == scorer.card.champion or model not in scorer.card.models:
        return scorer
    return Scorer(scorer.use_case, led_by(scorer.bundle, model), scorer.card.cutoffs)


def as_it_acted(scorer: Scorer, columns: Columns, score: float | None) -> Scorer:
    """The version led by the model that gave a logged score: the one that gives it again, to the last digit.

    A promotion within a version changes which of its models acts; what was logged before was given by another one.

    Parameters
    ----------
    scorer : Scorer
        Of the version that scored the row.
    columns : mapping of str to array, shape (1,)
        The row as it was scored.
    score : float, optional
        As logged; None where nothing is, and then the scorer itself is meant.
    """
    said = scorer.score(columns, 1).scores
    if score is None or float(said[scorer.card.champion][0]) == score:
        return scorer
    return led_scorer(scorer, next((name for name, value in said.items() if float(value[0]) == score), ""))


def _known(use_case: UseCase, model: str) -> str:
    return model if model in use_case.recipe.model_names else use_case.recipe.champion
