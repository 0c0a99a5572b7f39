from __future__ import annotations

import numpy as np

from core.domain.pareto import pareto_front


def by_hand(points: np.ndarray) -> list[bool]:
    return [not any(bool((other >= point).all() and (other > point).any()) for other in points) for point in points]


def test_the_front_is_what_nobody_beats() -> None:
    points = np.random.default_rng(3).integers(0, 6, size=(60, 2)).astype(float)
    assert pareto_front(points).tolist() == by_hand(points)


def test_a_point_that_is_not_known_is_never_on_it() -> None:
    points = np.array([[np.nan, 9.0], [1.0, 1.0]])
    assert pareto_front(points).tolist() == [False, True]
    assert pareto_front(np.empty((0, 2))).tolist() == []
