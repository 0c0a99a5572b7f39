"""The way to Prometheus: families of samples in its text format, or in OpenMetrics where that is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from core.domain.exposition import COUNTER, GAUGE, HISTOGRAM, Family


def exposition(families: Sequence[Family], accept: str = "") -> tuple[bytes, str]:
    """The text that a scrape is answered with, and its content type.

    Parameters
    ----------
    families : sequence of Family
    accept : str
        The request's Accept header: the plain format unless it asks for OpenMetrics.

    Notes
    -----
    What the operating system knows of this process (CPU, memory, open files) is added under Prometheus's own names.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(families))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Told(Collector):
    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return map(_metric, self._families)

    def describe(self) -> Iterator[Metric]:
        return iter(())


def _metric(family: Family) -> Metric:
    if family.kind == HISTOGRAM:
        return _histogram(family)
    if family.kind not in (COUNTER, GAUGE):
        return _info(family)
    made = (CounterMetricFamily if family.kind == COUNTER else GaugeMetricFamily)(
        family.name, family.help, labels=family.labels
    )
    for sample in family.samples:
        made.add_metric(sample.labels, sample.value)
    return made


def _info(family: Family) -> Metric:
    made = InfoMetricFamily(family.name, family.help, labels=())
    for sample in family.samples:
        made.add_metric((), dict(zip(family.labels, sample.labels, strict=True)))
    return made


def _histogram(family: Family) -> Metric:
    made = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for sample in family.samples:
        made.add_metric(sample.labels, [(_le(bound), n) for bound, n in sample.buckets], sample.value)
    return made


def _le(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else f"{bound:g}"
