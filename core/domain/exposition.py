"""What a figure is called when it is told to a monitoring system: a family of samples, each with its labels.

Names follow Prometheus: base units in the name (seconds, bytes), `_total` for what only ever grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.domain.service_level import BOUNDS, Histogram

Labels = TypeVar("Labels", bound=tuple[str, ...])

COUNTER, GAUGE, INFO, HISTOGRAM = "counter", "gauge", "info", "histogram"

# Every fifth bound of the latencies that the desk keeps: a factor of 1.6 between two, one of them near 200 ms.
TOLD_BOUNDS = tuple(range(0, len(BOUNDS), 5))


@dataclass(frozen=True)
class Sample:
    """One value of a family: a number, or how many were no greater than each bound.

    Attributes
    ----------
    labels : tuple of str
        In the order of the family's.
    value : float
        Of a histogram the sum of what was counted.
    buckets : tuple of (bound, n)
        Of a histogram: ascending bounds, how many values were no greater; the last is infinite.
    """

    labels: tuple[str, ...]
    value: float
    buckets: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Family:
    """Samples of one name. A counter's name is given without its `_total`, an info's without its `_info`."""

    name: str
    help: str
    kind: str
    labels: tuple[str, ...] = ()
    samples: Sequence[Sample] = ()


def gauge(name: str, help: str, labels: Sequence[str], values: Mapping[Labels, float]) -> Family:
    """A figure that goes up and down, by its labels."""
    return Family(name, help, GAUGE, tuple(labels), _samples(values))


def counter(name: str, help: str, labels: Sequence[str], values: Mapping[Labels, float]) -> Family:
    """A figure that only grows while a process lives, by its labels."""
    return Family(name, help, COUNTER, tuple(labels), _samples(values))


def info(name: str, help: str, labels: Sequence[str], known: Iterable[tuple[str, ...]]) -> Family:
    """Facts that are no numbers: one sample each, its value 1."""
    return Family(name, help, INFO, tuple(labels), [Sample(facts, 1.0) for facts in sorted(known)])


def _samples(values: Mapping[Labels, float]) -> list[Sample]:
    return [Sample(labels, value) for labels, value in sorted(values.items())]


def cumulative(latency: Histogram) -> tuple[tuple[float, int], ...]:
    """Seconds and how many answers took no longer, at `TOLD_BOUNDS`; the last bound is infinite.

    Exact, because the bounds are among those that the counts were made with.

    >>> cumulative({0: 2, 5: 1, 146: 1})[:3]
    ((0.0001, 2), (0.000161051, 3), (0.000259374, 3))
    >>> cumulative({146: 1})[-1]
    (inf, 1)
    """
    found, seen = [], 0
    for first, last in zip((-1, *TOLD_BOUNDS), TOLD_BOUNDS, strict=False):
        seen += sum(latency.get(place, 0) for place in range(first + 1, last + 1))
        found.append((float(f"{BOUNDS[last] / 1_000:.6g}"), seen))
    return (*found, (float("inf"), sum(latency.values())))
