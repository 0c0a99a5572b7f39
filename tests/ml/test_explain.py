from __future__ import annotations

import numpy as np
import pytest

from core.config import Settings
from core.services.desk import open_desk
from core.services.reasons.explainers import explainer, reference_columns

KEYS = ["lead_scoring", "bnpl_default", "collector_performance", "debt_repayment", "client_profitability"]


@pytest.fixture(scope="module")
def desk(trained_home):
    opened = open_desk(Settings(home=trained_home))
    yield opened
    opened.close()


@pytest.mark.parametrize("key", KEYS)
def test_base_and_points_are_the_score_of_every_model(desk, key):
    columns, _, n_rows = reference_columns(desk, key)
    few = {name: values[:40] for name, values in columns.items()}
    found = explainer(desk, key).explain(few, 40)
    scores = desk.scorer(key).score(few, 40).scores
    assert set(found) == set(scores)
    for name, reasons in found.items():
        assert np.abs(reasons.base + reasons.points.sum(axis=1) - scores[name]).max() < 1e-9
        assert np.abs(reasons.base + reasons.feature_points.sum(axis=1) - scores[name]).max() < 1e-9
        assert (reasons.score == scores[name]).all()


@pytest.mark.parametrize("key", KEYS)
def test_a_row_is_explained_alone_as_in_a_file(desk, key):
    columns, _, _ = reference_columns(desk, key)
    many = explainer(desk, key).explain({name: values[:20] for name, values in columns.items()}, 20)
    alone = explainer(desk, key).explain({name: values[7:8] for name, values in columns.items()}, 1)
    for name, reasons in many.items():
        assert np.abs(reasons.points[7] - alone[name].points[0]).max() < 1e-12
