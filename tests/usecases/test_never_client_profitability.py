"""What must never happen to client profitability, one test each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.domain.features import feature_matrix
from core.domain.metrics.regression import regression_metrics
from core.domain.parsing import parse_row
from core.errors import RowProblem
from core.ml.preprocess import feature_frame, fit_preprocessor
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.usecases import client_profitability_truth as known
from core.usecases.client_profitability import FEATURES, RULES, SCHEMA, USE_CASE

KEY = USE_CASE.key
ANALYST = LOCAL_PEOPLE[Role.ANALYST]


@pytest.fixture
def desk(trained_home: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(trained_home, tmp_path / "home")
    opened = open_desk(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_no_feature_is_the_margin_or_holds_revenue_and_cost_together() -> None:
    cost, revenue = {"hours_logged"}, {"billing_amount"}
    for feature in FEATURES:
        read = set(feature.inputs)
        assert not (read & cost and read & revenue), feature.name
        assert USE_CASE.target.name not in read
    table = known.synthesize(4_000, 5)
    rows = [parse_row(SCHEMA, row) for row in table.to_pylist()]
    columns = {name: np.concatenate([row[name].values for row in rows]) for name in SCHEMA.names}
    margin = table["profit_margin"].to_numpy()
    matrix = feature_matrix(FEATURES, columns, len(margin))
    for feature, values in zip(FEATURES, matrix.T, strict=True):
        assert not np.allclose(values, 1 - margin) and not np.allclose(values, margin)
        r2 = np.corrcoef(values, margin)[0, 1] ** 2 if values.std() else 0.0
        assert r2 < 0.60, feature.name  # the whole row tells .70
    assert np.corrcoef(RULES.apply(columns)[0], margin)[0, 1] ** 2 < 0.60  # this quarter's own margin neither


def test_an_interval_comes_from_the_rows_and_not_from_a_normal_draw_of_05() -> None:
    rng = np.random.default_rng(2)
    truth = known.truth(known._draw(400 * 150, rng)).reshape(150, 400)
    half, shape = known._NOISE_HALF, known._NOISE_SHAPE
    margin = 1 - (1 - truth) * (1 + half * (2 * rng.beta(shape, shape, truth.shape) - 1))
    overall = 1 - ((margin - truth) ** 2).mean() / margin.var()
    found = [regression_metrics(y, f, seed=1)["r2"] for y, f in zip(margin, truth, strict=True)]
    assert 0.89 <= np.mean([figure.low <= overall <= figure.high for figure in found]) <= 0.99
    widths = {n: regression_metrics(margin.ravel()[:n], truth.ravel()[:n], seed=1)["r2"] for n in (1_000, 16_000)}
    small, large = (widths[n].high - widths[n].low for n in (1_000, 16_000))
    assert small / large == pytest.approx(4.0, rel=0.35)  # sixteen times the rows, a quarter of the width


def test_a_row_that_cannot_be_scored_is_refused_and_never_answered_with_a_half(desk: Desk) -> None:
    row = known.synthesize(1, 4).to_pylist()[0]
    wrong = {"contract_value": 0, "service_types": "audit;astrology", "satisfaction_score": 7, "hours_logged": "many"}
    for name, value in wrong.items():
        with pytest.raises(RowProblem, match=name):
            score_one(desk, ANALYST, KEY, row | {name: value})
    del row["as_of"]
    with pytest.raises(RowProblem, match="as_of is missing"):
        score_one(desk, ANALYST, KEY, row)
    assert desk.log.counts(desk.use_case(KEY)).total == 0


def test_a_missing_answer_is_the_training_median_and_said_never_a_half(desk: Desk) -> None:
    row = known.synthesize(1, 4).to_pylist()[0]
    scorer = desk.scorer(KEY)
    gone = score_one(desk, ANALYST, KEY, row | {"satisfaction_score": ""})
    assert gone.imputed == ("satisfaction_score",)
    place = [int(k) for k in scorer.bundle.compiled.source].index(USE_CASE.feature_names.index("satisfaction_score"))
    median = float(scorer.bundle.compiled.impute[place])
    assert 3 < median < 4.5 and median != 0.5
    assert score_one(desk, ANALYST, KEY, row | {"satisfaction_score": median}).score == gone.score
    half = score_one(desk, ANALYST, KEY, row | {"satisfaction_score": 1.0})
    assert half.score < gone.score
    required = {column.name for column in SCHEMA if column.required}
    assert required == set(SCHEMA.names) - {"satisfaction_score"}


def test_the_median_is_of_the_training_rows_alone() -> None:
    rows = [parse_row(SCHEMA, row) for row in known.synthesize(400, 6).to_pylist()]
    columns = {name: np.concatenate([row[name].values for row in rows]) for name in SCHEMA.names}
    columns["satisfaction_score"][::7] = np.nan
    matrix = feature_matrix(FEATURES, columns, 400)
    fitted = fit_preprocessor(USE_CASE, matrix[:300])
    place = list(fitted.get_feature_names_out()).index("satisfaction_score")
    told = matrix[:300, USE_CASE.feature_names.index("satisfaction_score")]
    scaled = fitted.transform(feature_frame(USE_CASE, matrix[300:]))[::1, place]
    empty = np.isnan(matrix[300:, USE_CASE.feature_names.index("satisfaction_score")])
    filled = np.where(np.isnan(told), np.nanmedian(told), told)
    assert scaled[empty] == pytest.approx((np.nanmedian(told) - filled.mean()) / filled.std())
