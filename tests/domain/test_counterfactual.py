"""The search for the smallest change, held to trying everything."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import Columns
from core.domain.counterfactual import Evaluate, Tried, search
from core.domain.levers import Lever


def lever(name: str, current: float, values: list[float], sd: float = 1.0) -> Lever:
    array = np.array([value for value in values if value != current])
    return Lever(name, current, array, np.abs(array - current) / sd)


def linear(weights: dict[str, float], cutoff: float, higher: bool = True, limit: float = np.inf) -> Evaluate:
    """A linear score; rows whose first two columns add up to more than the limit are not allowed."""

    def evaluate(columns: Columns, n_rows: int) -> Tried:
        score = np.zeros(n_rows)
        for name, weight in weights.items():
            score += weight * columns[name]
        first, second, *_ = columns.values()
        reached = score >= cutoff if higher else score <= cutoff
        return Tried(score, reached, first + second <= limit)

    return evaluate


def brute(levers: list[Lever], evaluate: Evaluate) -> tuple[int, float] | None:
    """Fewest columns and the smallest distance with so few, over every combination there is."""
    for size in range(1, len(levers) + 1):
        nearest = np.inf
        for chosen in combinations(levers, size):
            for places in product(*(range(len(one.values)) for one in chosen)):
                at = {one.name: one.current for one in levers}
                at |= {one.name: one.values[place] for one, place in zip(chosen, places, strict=True)}
                tried = evaluate({name: np.array([value]) for name, value in at.items()}, 1)
                if tried.reached[0] and tried.allowed[0]:
                    far = sum(one.distances[place] for one, place in zip(chosen, places, strict=True))
                    nearest = min(nearest, far)
        if np.isfinite(nearest):
            return size, float(nearest)
    return None


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
    st.floats(-10, 12),
    st.booleans(),
    st.integers(4, 12),
)
def test_the_smallest_change_is_what_trying_everything_finds(
    weights: list[float], at: list[int], cutoff: float, higher: bool, limit: int
) -> None:
    names = ("a", "b", "c")
    levers = [lever(name, float(now), [0.0, 1, 2, 3, 4, 5], sd) for name, now, sd in zip(names, at, (1, 2, 0.7))]  # noqa: B905
    evaluate = linear(dict(zip(names, weights, strict=True)), cutoff, higher, limit)
    expected = brute(levers, evaluate)
    result = search(levers, evaluate, higher)
    if expected is None:
        assert result.found == ()
    else:
        first = result.found[0]
        assert (len(first.values), first.distance) == pytest.approx(expected)


def test_alternatives_change_other_columns_and_never_more_than_they_must() -> None:
    levers = [lever(name, 0.0, [0.0, 1, 2, 3]) for name in ("a", "b", "c", "d")]
    result = search(levers, linear({"a": 2.0, "b": 1.0, "c": 1.0, "d": 0.0}, 4.0))
    sets = [frozenset(change.values) for change in result.found]
    assert sets == [frozenset("a"), frozenset("bc")]
    assert result.found[0].values == {"a": 2.0}
    assert result.found[1].distance == 4.0


def test_rows_that_the_schema_refuses_are_never_suggested() -> None:
    levers = [lever("a", 1.0, [1.0, 2, 3, 4]), lever("b", 1.0, [0.0, 1, 2])]
    result = search(levers, linear({"a": 1.0, "b": -1.0}, 2.5, limit=3.0))
    assert [change.values for change in result.found] == [{"a": 3.0, "b": 0.0}]


def test_where_nothing_reaches_the_furthest_is_said() -> None:
    levers = [lever("a", 0.0, [0.0, 1, 2]), lever("b", 0.0, [0.0, 1, 2])]
    result = search(levers, linear({"a": 1.0, "b": 1.0}, 100.0))
    assert result.found == ()
    assert result.best is not None
    assert (result.best.score, result.best.values) == (4.0, {"a": 2.0, "b": 2.0})


def test_a_lower_score_can_be_sought() -> None:
    levers = [lever("a", 5.0, [0.0, 1, 2, 3, 4, 5]), lever("b", 0.0, [0.0, 1.0])]
    result = search(levers, linear({"a": 1.0, "b": 0.5}, 2.0, higher=False), higher=False)
    assert result.found[0].values == {"a": 2.0}


def test_large_grids_are_refined_around_the_hit() -> None:
    fine = np.linspace(0, 10, 1001).round(2).tolist()
    levers = [lever(name, 0.0, fine) for name in ("a", "b")]
    result = search(levers, linear({"a": 1.0, "b": 1.0}, 15.0), budget=400)
    assert result.found[0].distance == pytest.approx(15.0, abs=0.5)
    assert result.found[0].score >= 15.0
    assert result.n_tried < 4_000


def test_more_than_three_columns_are_climbed_and_taken_back_where_not_needed() -> None:
    levers = [lever(name, 0.0, [0.0, 1.0]) for name in ("a", "b", "c", "d", "e")]
    evaluate = linear({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 0.0}, 4.0)
    result = search(levers, evaluate)
    assert [dict(change.values) for change in result.found] == [{"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}]
    assert search(levers, linear({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, 9.0)).best.score == 4.0  # type: ignore[union-attr]


def test_nothing_to_change_finds_nothing() -> None:
    result = search([], linear({}, 0.0))
    assert (result.found, result.best, result.n_tried) == ((), None, 0)
