"""Axes, dependence, interactions and the boundary, beside scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence as brute

from core.domain.axes import axes_of
from core.domain.boundary import MOST_CELLS, grid_scores, typical_row
from core.domain.columns import MISSING, NO_SET, Column, Kind
from core.domain.dependence import bins_of, mean_points, partial_dependence
from core.domain.interactions import interactions

RNG = np.random.default_rng(9)
A, B, C = (Column(name, Kind.NUMBER) for name in "abc")
COLOUR = Column("colour", Kind.CATEGORY, levels=("red", "green", "blue"))
NUMBERS = Column("paid", Kind.NUMBERS, width=3)
SERVICES = Column("services", Kind.SET, levels=("audit", "tax"))
TIMES = np.array(["2026-11-20T22:15:00", "2026-11-21T03:00:00", "NaT"], dtype="datetime64[us]")


def score(columns, n_rows):
    return np.sin(columns["a"]) + columns["a"] * columns["b"] + 0.5 * columns["c"]


class Wrapped(RegressorMixin, BaseEstimator):
    """The same score as a fitted regressor."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return score(dict(zip("abc", X.T, strict=True)), len(X))


@pytest.fixture
def columns():
    return {name: RNG.normal(size=80) for name in "abc"}


def test_partial_dependence_is_scikit_learns(columns):
    (axis,) = axes_of(A, columns["a"])
    grid = axis.grid(columns["a"], 15)
    found = partial_dependence(score, columns, 80, axis, grid)
    X = np.column_stack([columns[name] for name in "abc"])
    there = brute(Wrapped().fit(X, None), X, [0], custom_values={0: grid}, method="brute", kind="average")
    assert len(grid) == 15
    assert found == pytest.approx(there["average"][0], abs=1e-12)


def test_interactions_are_friedmans_h_from_scikit_learns_partial_dependence(columns):
    columns = {name: values[:25] for name, values in columns.items()}
    X = np.column_stack([columns[name] for name in "abc"])
    model = Wrapped().fit(X, None)

    def shared(*features):
        values = []
        for row in X:
            found = brute(model, X, list(features), custom_values={k: row[[k]] for k in features}, method="brute")
            values.append(found["average"].ravel()[0])
        return np.array(values) - np.mean(values)

    both, first, second = shared(0, 1), shared(0), shared(1)
    found = interactions(score, columns, 25, ("a", "b", "c"))
    assert {found[0].first, found[0].second} == {"a", "b"}
    beyond = both - first - second
    assert found[0].h == pytest.approx(np.sqrt((beyond**2).sum() / (both**2).sum()), abs=1e-10)
    assert found[0].strength == pytest.approx(np.sqrt((beyond**2).mean()), abs=1e-10)
    assert all(item.strength < 1e-12 for item in found[1:])


def test_an_effect_that_is_not_there_has_no_h():
    columns = {"a": RNG.normal(size=10), "b": RNG.normal(size=10)}
    found = interactions(lambda given, n: np.zeros(n), columns, 10, ("a", "b"))
    assert np.isnan(found[0].h)
    assert found[0].strength == 0


def test_mean_points_by_quantile_and_by_level():
    values, points = RNG.normal(size=800), RNG.normal(size=800)
    (axis,) = axes_of(A, values)
    means = mean_points(bins_of(axis, values), points)
    assert sum(item.n for item in means) == 800
    assert len(means) == 8
    assert all(item.n == 100 for item in means)
    lowest = points[np.argsort(values)[:100]]
    assert means[0].mean == pytest.approx(lowest.mean())
    half = 1.959964 * lowest.std(ddof=1) / 10
    assert means[0].high - means[0].mean == pytest.approx(half, rel=1e-6)
    codes = np.array([0, 0, 2, MISSING], dtype=np.int16)
    (axis,) = axes_of(COLOUR, codes)
    bins = bins_of(axis, codes)
    assert [item.label for item in bins] == ["missing", "red", "blue"]
    assert [len(item.rows) for item in bins] == [1, 2, 1]
    same = mean_points(bins, np.array([0.2, 0.2, 0.1, 0.0]))[1]
    assert (same.low, same.mean, same.high) == (0.2, 0.2, 0.2)
    assert not same.enough


def test_missing_numbers_are_a_bin_of_their_own():
    values = np.array([1.0, 2.0, np.nan])
    (axis,) = axes_of(A, values)
    assert [item.label for item in bins_of(axis, values)] == ["1", "2", "missing"]


def test_times_are_looked_at_by_hour_weekday_and_date():
    hour, day, date = axes_of(Column("at", Kind.TIME), TIMES)
    assert hour.measure(TIMES)[:2].tolist() == [22, 3]
    assert day.measure(TIMES)[:2].tolist() == [4, 5]
    assert date.say(date.measure(TIMES)[0]) == "2026-11-20"
    assert np.isnan(date.measure(TIMES)[2])
    assert str(hour.place(TIMES, 5)[0]) == "2026-11-20T05:15:00.000000"
    assert str(day.place(TIMES, 0)[0]) == "2026-11-16T22:15:00.000000"
    assert str(date.place(TIMES, date.measure(TIMES)[1])[0]) == "2026-11-21T22:15:00.000000"
    for axis, to in ((hour, 5.0), (day, 0.0)):
        placed = axis.place(TIMES, to)
        assert axis.measure(placed)[:2].tolist() == [to, to]
        assert placed.dtype == TIMES.dtype
        assert np.isnat(placed[2])
    dates = TIMES[:2].astype("datetime64[D]").astype("datetime64[us]")
    assert [axis.part for axis in axes_of(Column("at", Kind.TIME), dates)] == ["weekday", "date"]


def test_lists_sets_and_answers():
    paid = np.array([[np.nan, 10.0, 30.0], [np.nan, np.nan, np.nan]])
    (axis,) = axes_of(NUMBERS, paid)
    assert axis.measure(paid)[0] == 20
    assert np.isnan(axis.measure(paid)[1])
    assert axis.place(paid, 5.0)[0, 1:].tolist() == [5, 5]
    assert np.isnan(axis.place(paid, 5.0)[0, 0])
    held = np.array([1, 3, 3, 0, NO_SET])
    (axis,) = axes_of(SERVICES, held)
    assert axis.levels == ("missing", "none", "audit", "audit + tax")
    assert axis.place(held, 3).tolist() == [3] * 5
    answers = np.array([1.0, np.nan, 1.0])
    (axis,) = axes_of(Column("sure", Kind.YESNO), answers)
    assert axis.levels == ("yes", "missing")
    assert axis.measure(answers).tolist() == [0, 1, 0]
    assert axes_of(Column("who", Kind.ID), np.array(["x"], dtype=object)) == ()


def test_counts_are_tried_at_whole_numbers_only():
    values = np.arange(500.0)
    (axis,) = axes_of(Column("n", Kind.COUNT), values)
    grid = axis.grid(values, 20)
    assert len(grid) == 20
    assert (grid == np.round(grid)).all()
    assert axis.grid(np.array([np.nan]), 20).tolist() == []


def test_the_boundary_is_the_score_at_every_cell(columns):
    row = typical_row(columns)
    (across,), (up,) = axes_of(A, columns["a"]), axes_of(C, columns["c"])
    xs, ys = np.array([-1.0, 0.0, 2.0]), np.array([0.5, 1.0])
    found = grid_scores(score, row, (across, xs), (up, ys))
    assert found.shape == (2, 3)
    for place, value in np.ndenumerate(found):
        y, x = place
        b = float(np.sort(columns["b"])[39])
        assert value == pytest.approx(np.sin(xs[x]) + xs[x] * b + 0.5 * ys[y])


def test_two_parts_of_one_column_both_take_effect():
    hour, day, _ = axes_of(Column("at", Kind.TIME), TIMES)

    def when(columns, n):
        return hour.measure(columns["at"]) + 100 * day.measure(columns["at"])

    found = grid_scores(when, {"at": TIMES[:1]}, (hour, np.array([1.0, 23.0])), (day, np.array([0.0, 6.0])))
    assert found.tolist() == [[1, 23], [601, 623]]


def test_too_many_cells_are_refused(columns):
    (axis,) = axes_of(A, columns["a"])
    with pytest.raises(ValueError, match=str(MOST_CELLS)):
        grid_scores(score, typical_row(columns), (axis, np.arange(51.0)), (axis, np.arange(50.0)))


def test_the_typical_row_of_every_kind():
    row = typical_row(
        {
            "n": np.array([1.0, np.nan, 9.0, 3.0]),
            "t": TIMES,
            "l": np.array([[np.nan, 1.0], [np.nan, 3.0], [4.0, 5.0]]),
            "s": np.array([1, 3, 3]),
            "i": np.array(["x", "y"], dtype=object),
        }
    )
    assert row["n"].tolist() == [3]
    assert str(row["t"][0]).startswith("2026-11-20T22")
    assert row["l"][0, 1] == 3
    assert np.isnan(row["l"][0, 0])
    assert row["s"].tolist() == [3]
    assert row["i"].tolist() == ["x"]
