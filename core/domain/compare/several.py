"""Several challengers at once: what their p-values and intervals must allow for."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.metrics.measured import LEVEL


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's (1979) step-down p-values, in the order given; equal to statsmodels' `multipletests(method="holm")`.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)


def bonferroni_level(n_comparisons: int, level: float = LEVEL) -> float:
    """Level of each of n intervals that together hold with `level`.

    >>> round(bonferroni_level(3), 4)
    0.9833
    """
    return 1 - (1 - level) / max(n_comparisons, 1)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini & Hochberg's (1995) p-values, in the order given; equal to scipy's `false_discovery_control`.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    (0.03, 0.04, 0.04)
    """
    n = len(p_values)
    order = sorted(range(n), key=lambda place: -p_values[place])
    adjusted, smallest = [1.0] * n, 1.0
    for rank, place in enumerate(order):
        smallest = min(smallest, p_values[place] * n / (n - rank))
        adjusted[place] = smallest
    return tuple(adjusted)
