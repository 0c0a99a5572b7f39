from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

from core.domain.attribution import sigmoid, slope_of_sigmoid, slope_of_softmax, softmax
from core.domain.columns import Column, Kind
from core.domain.features import Feature
from core.domain.sharing import shapley_shares, typical_array


def test_the_slope_of_the_sigmoid_is_the_quotient_and_its_limit():
    margins = np.array([-800.0, -3.0, 0.5, 0.5 + 1e-9, 4.0, 800.0])
    found = slope_of_sigmoid(0.5, margins)
    p0 = 1 / (1 + math.exp(-0.5))
    assert found[2] == pytest.approx(p0 * (1 - p0), rel=1e-12) and found[3] == pytest.approx(found[2], rel=1e-8)
    moved = found * (margins - 0.5)
    assert np.abs(moved - (sigmoid(margins) - p0)).max() < 1e-15


@pytest.mark.parametrize("length", [0.0, 1.0, 8.0, 30.0, 200.0])
def test_the_path_through_the_softmax_is_integrated(length):
    rng = np.random.default_rng(3)
    base, way = rng.normal(size=3), rng.normal(size=(4, 3))
    way *= length / np.ptp(way, axis=1)[:, None]
    worth = np.tile([0.0, 0.4, 1.0], (4, 1))
    found = slope_of_softmax(base, base + way, worth)
    for row, output in itertools.product(range(4), range(3)):

        def gradient(t, row=row, output=output):
            p = softmax(base + t * way[row])
            return p[output] * (worth[row, output] - worth[row] @ p)

        exact, _ = quad(gradient, 0, 1, epsabs=1e-13, epsrel=1e-13, limit=500)
        assert found[row, output] == pytest.approx(exact, abs=1e-11)
    moved = (found * way).sum(axis=1)
    scores = (softmax(base + way) * worth).sum(axis=1) - softmax(base) @ worth[0]
    assert np.abs(moved - scores).max() < 1e-11


def brute(feature, row, typical):
    """Shapley values of one row by every order in which its columns can join."""
    names = feature.inputs
    values = dict.fromkeys(names, 0.0)
    for order in itertools.permutations(names):
        now = dict(typical)
        for name in order:
            before = float(feature.compute(*(now[key] for key in names))[0])
            now[name] = row[name]
            values[name] += (float(feature.compute(*(now[key] for key in names))[0]) - before) / math.factorial(
                len(names)
            )
    sizes = np.abs([values[name] for name in names])
    return sizes / sizes.sum()


def shared(n_columns, compute, values, typical):
    names = tuple(f"c{place}" for place in range(n_columns))
    feature = Feature("f", names, compute, "")
    schema = [Column(name, Kind.NUMBER) for name in names]
    columns = {name: values[:, place] for place, name in enumerate(names)}
    start = {name: np.array([typical[place]]) for place, name in enumerate(names)}
    whole = np.asarray(compute(*columns.values()), dtype=np.float64)
    return feature, columns, start, shapley_shares(feature, schema, columns, start, whole)


@pytest.mark.parametrize("n_columns", [2, 3, 4])
def test_shares_are_shapley_values_over_all_orders(n_columns):
    def compute(*columns):
        return np.prod(np.array(columns), axis=0) + columns[0] ** 2

    values = np.random.default_rng(n_columns).normal(size=(5, n_columns)) + 2
    feature, columns, start, found = shared(n_columns, compute, values, np.ones(n_columns))
    for row in range(5):
        one = {name: column[row : row + 1] for name, column in columns.items()}
        assert found[:, row] == pytest.approx(brute(feature, one, start), abs=1e-12)


@pytest.mark.parametrize("n_columns", [2, 4, 6])
def test_a_column_at_its_typical_value_gets_nothing_unless_all_are(n_columns):
    values = np.full((3, n_columns), 5.0)
    values[0, 0] = values[2] = 3.0  # all but the first; none; all
    *_, found = shared(
        n_columns, lambda *columns: np.sum(np.log1p(np.array(columns)), axis=0), values, [3.0] * n_columns
    )
    assert found[0, 0] == 0 and found[1:, 0] == pytest.approx(1 / (n_columns - 1))
    assert found[:, 1] == pytest.approx(1 / n_columns) and found[:, 2] == pytest.approx(1 / n_columns)


def test_a_feature_that_is_missing_belongs_to_the_columns_that_are():
    values = np.array([[np.nan, 7.0, 8.0], [np.nan, 7.0, np.nan]])
    *_, found = shared(3, lambda a, b, c: a * b + c, values, [1.0, 1.0, 1.0])
    assert found.T.tolist() == [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]]


def test_what_is_typical():
    level = typical_array(Column("c", Kind.CATEGORY, levels=("a", "b")), np.array([1, 0, 1, -2], dtype=np.int16))
    assert level.tolist() == [1] and level.dtype == np.int16
    times = np.array(["2026-01-03", "NaT", "2026-01-01", "2026-01-02"], dtype="datetime64[us]")
    assert typical_array(Column("t", Kind.TIME), times) == np.array(["2026-01-02"], dtype="datetime64[us]")
    lists = np.array([[np.nan, 1.0, 2.0], [np.nan, 3.0, 4.0], [9.0, np.nan, 6.0]])
    usual = typical_array(Column("n", Kind.NUMBERS, width=3), lists)
    assert np.array_equal(usual, [[np.nan, 1.0, 4.0]], equal_nan=True)
    assert np.isnan(typical_array(Column("x", Kind.NUMBER), np.array([np.nan, np.nan]))).all()
    assert typical_array(Column("y", Kind.YESNO), np.array([1.0, np.nan, 1.0, 0.0])).tolist() == [1.0]
