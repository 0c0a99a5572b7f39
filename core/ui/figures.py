"""Figures as text: point, interval, and a word where there are too few rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.metrics.catalogue import METRICS, metric_of
from core.ui import words

FEW = "few rows"


def number(metric: str, value: float | None) -> str:
    """A figure without its interval.

    >>> number("auc", 0.7184), number("mae", 1234.5), number("r2", -0.0001), number("auc", None)
    ('.718', '1,234', '.000', 'none')
    """
    if value is None:
        return "none"
    if metric_of(metric).in_target_unit:
        return f"{value:,.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
    text = f"{value:.3f}".replace("-0.000", "0.000")
    return text.replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def interval(figure: Mapping[str, Any]) -> str:
    """The interval alone.

    >>> interval({"name": "auc", "low": 0.666, "high": 0.765})
    '.666 to .765'
    """
    return f"{number(figure['name'], figure['low'])} to {number(figure['name'], figure['high'])}"


def measured(figure: Mapping[str, Any] | None) -> str:
    """A figure with its interval.

    >>> measured({"name": "auc", "value": 0.718, "low": 0.666, "high": 0.765, "enough": True})
    '.718 [.666, .765]'
    """
    if not figure or figure["value"] is None:
        return ""
    name = figure["name"]
    text = number(name, figure["value"])
    if figure["low"] is not None and figure["high"] is not None:
        text += f" [{number(name, figure['low'])}, {number(name, figure['high'])}]"
    return text if figure.get("enough", True) else f"{text}, {FEW}"


def share(figure: Mapping[str, Any]) -> str:
    """A share with its interval, as per cents."""
    low, high = words.percent(figure["low"], 2), words.percent(figure["high"], 2)
    return f"{words.percent(figure['value'], 2)} [{low}, {high}]"


def in_order(metrics: tuple[str, ...], primary: str) -> list[str]:
    """The primary metric, then the catalogue's order; figures of single classes last."""
    order = list(METRICS)
    return sorted(metrics, key=lambda name: (name != primary, ":" in name, order.index(name.partition(":")[0]), name))
