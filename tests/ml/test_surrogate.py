"""The line around a row: what scikit-learn fits, and what a straight model is known to do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from core.domain.columns import Column, Columns, Kind
from core.domain.features import Floats
from core.ml.surrogate import fit, kernel, perturb, weighted_r2, weighted_ridge

COLUMNS = (
    Column("views", Kind.COUNT),
    Column("seconds", Kind.NUMBER),
    Column("size", Kind.ORDERED, levels=("s", "m", "l")),
    Column("source", Kind.CATEGORY, levels=("ad", "referral", "search")),
)


def reference(n_rows: int = 4_000) -> Columns:
    rng = np.random.default_rng(3)
    return {
        "views": rng.integers(0, 30, n_rows).astype(np.float64),
        "seconds": rng.normal(300, 50, n_rows),
        "size": rng.integers(0, 3, n_rows).astype(np.int16),
        "source": rng.integers(0, 3, n_rows).astype(np.int16),
    }


def row() -> Columns:
    codes = {"size": np.array([1], dtype=np.int16), "source": np.array([1], dtype=np.int16)}
    return {"views": np.array([12.0]), "seconds": np.array([350.0])} | codes


def score(columns: Columns) -> Floats:
    """A straight model: 2 points a view, -0.1 points a second, 5 points a level, 10 points from a referral."""
    size, source = columns["size"].astype(np.float64), columns["source"] == 1
    return np.asarray(0.02 * columns["views"] - 0.001 * columns["seconds"] + 0.05 * size + 0.1 * source)


def test_the_fit_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    design, weights = rng.normal(size=(300, 5)), rng.random(300)
    target = design @ rng.normal(size=5) + rng.normal(size=300) + 4
    coefficients, intercept = weighted_ridge(design, target, weights, penalty=2.5)
    peer = Ridge(alpha=2.5).fit(design, target, sample_weight=weights)
    assert coefficients == pytest.approx(peer.coef_, rel=1e-9)
    assert intercept == pytest.approx(peer.intercept_, rel=1e-9)
    fitted = intercept + design @ coefficients
    assert weighted_r2(target, fitted, weights) == pytest.approx(r2_score(target, fitted, sample_weight=weights))


def test_a_straight_model_is_recovered() -> None:
    known = reference()
    rows = perturb(COLUMNS, row(), known)
    line = fit(COLUMNS, row(), known, rows, score(rows))
    assert line.r2 > 0.99
    assert line.coefficients == pytest.approx([0.02, -0.001, 0.05, -0.1], rel=0.05)
    assert (line.points[[0, 1]] < 0).all()  # fewer views and more seconds than is usual
    assert line.points[3] > 0
    assert line.base + line.points.sum() == pytest.approx(line.intercept, abs=1e-12)
    assert line.intercept == pytest.approx(float(score(row())[0]), abs=0.01)


def test_a_bent_model_fits_worse() -> None:
    known = reference()
    rows = perturb(COLUMNS, row(), known)
    line = fit(COLUMNS, row(), known, rows, np.abs(rows["views"] - 12.0))
    assert line.r2 < 0.5


def test_the_same_seed_gives_the_same_rows_and_the_first_is_the_row() -> None:
    known = reference(200)
    first, again, other = (perturb(COLUMNS, row(), known, 50, seed) for seed in (1, 1, 2))
    for name, values in row().items():
        assert (first[name] == again[name]).all()
        assert first[name][0] == values[0]
    assert any((first[name] != other[name]).any() for name in first)


def test_near_rows_weigh_more_and_a_constant_score_has_no_r2() -> None:
    weights = kernel(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 2.0]]))
    assert weights[0] == 1.0
    assert (np.diff(weights) < 0).all()
    known = reference(100)
    rows = perturb(COLUMNS, row(), known, 100)
    assert math.isnan(fit(COLUMNS, row(), known, rows, np.zeros(100)).r2)


def test_lists_times_and_missing_numbers_are_told_apart() -> None:
    columns = (
        Column("paid", Kind.NUMBERS, width=2),
        Column("at", Kind.TIME),
        Column("amount", Kind.NUMBER),
        Column("services", Kind.SET, levels=("audit", "tax")),
    )
    times = np.array(["2026-01-01", "2026-02-01", "NaT"], dtype="datetime64[us]")
    known: Columns = {
        "paid": np.array([[np.nan, 1.0], [2.0, 1.0], [np.nan, np.nan]]),
        "at": times,
        "amount": np.array([np.nan, 1.0, 3.0]),
        "services": np.array([1, 2, 3]),
    }
    here = {name: values[:1] for name, values in known.items()}
    rows = perturb(columns, here, known, 400)
    missing = np.isnan(rows["paid"][:, 0]) & np.isnan(rows["paid"][:, 1])
    line = fit(columns, here, known, rows, np.where(missing, 1.0, 0.0))
    assert np.isfinite(line.points).all()
    assert line.coefficients[2] == pytest.approx(0.0)


def test_a_line_needs_a_row() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        fit(COLUMNS, row(), reference(10), row(), np.array([]))
