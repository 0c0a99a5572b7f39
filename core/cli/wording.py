"""A command's result in words for a terminal: one fact a line, figures of a training as a small table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN_METRICS = ("auc", "macro_auc", "macro_f1", "accuracy", "brier", "r2", "mae")
_SHOWN_FINDINGS = 8


def in_words(result: Mapping[str, Any]) -> str:
    """Lines of `name: value`, nested facts indented; metrics and leakage findings in short.

    >>> print(in_words({"rows": 12000, "files": {"csv": "out.csv"}, "bands": {}}))
    rows: 12,000
    files:
      csv: out.csv
    """
    return "\n".join(_lines(result, 0))


def _lines(facts: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in facts.items():
        if name == "metrics" and "sets" in value:
            yield from _metric_lines(value)
        elif name == "leakage" and value:
            yield from _leakage_lines(value)
        elif name == "answer":
            yield str(value)
        elif name == "interval" and value:
            yield from _interval_lines(value)
        else:
            yield from _fact_lines(str(name).replace("_", " "), value, depth)


def _fact_lines(label: str, value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not _told(value):
        return
    if isinstance(value, Mapping):
        yield f"{indent}{label}:"
        yield from _lines(value, depth + 1)
    elif _is_records(value):
        yield f"{indent}{label}:"
        for item in value:
            plain = (f"{key} {_shown(part)}" for key, part in item.items() if _told(part) and not _is_nested(part))
            yield f"{indent}  - " + ", ".join(plain)
    else:
        yield f"{indent}{label}: {_shown(value)}"


def _is_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def _is_nested(value: Any) -> bool:
    """Facts that a line has no room for; --json has them."""
    return isinstance(value, Mapping) or _is_records(value)


def _metric_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Per set of rows: what it is, n, and each arm's main figures with their intervals."""
    for name, figures in metrics["sets"].items():
        mark = " (the figures to quote)" if name == metrics["main"] else ""
        yield f"metrics, {figures['label']}, n = {figures['n']:,}{mark}:"
        arms = {**figures["models"], "baseline": figures["baseline"], "rules": figures["rules"] or {}}
        for arm, measured in arms.items():
            parts = [_figure(metric, measured[metric]) for metric in _SHOWN_METRICS if metric in measured]
            if parts:
                yield f"  {arm}: " + "; ".join(parts)


def _figure(name: str, measured: Mapping[str, Any]) -> str:
    if measured["low"] is None or measured["high"] is None:
        return f"{name} {_shown(measured['value'])}"
    return f"{name} {_shown(measured['value'])} [{_shown(measured['low'])}, {_shown(measured['high'])}]"


def _interval_lines(interval: Mapping[str, Any]) -> Iterator[str]:
    r"""How intervals are made and how often they held; the numbers behind them are in --json and the card.

    >>> measured = {"value": 0.91, "low": 0.88, "high": 0.93, "n": 400}
    >>> facts = {"level": 0.9, "method": "split conformal", "coverage": measured, "mean_width": 12.5, "note": "Told."}
    >>> print("\n".join(_interval_lines(facts)))
    interval, 90%, split conformal:
      coverage 0.91 [0.88, 0.93] on 400 held-out rows; mean width 12.5
      Told.
    """
    if "coverage" in interval:
        figure = _figure("coverage", interval["coverage"])
        n_rows = f"{interval['coverage']['n']:,} held-out rows"
        yield f"interval, {interval['level']:.0%}, {interval['method']}:"
        yield f"  {figure} on {n_rows}; mean width {_shown(interval['mean_width'])}"
    yield f"  {interval['note']}" if "coverage" in interval else f"interval: {interval['note']}"


def _leakage_lines(screen: Mapping[str, Any]) -> Iterator[str]:
    how = f"{screen['metric']} by {screen['folds']}-fold on {screen['rows']:,} rows"
    yield f"leakage screen, {how}, most suspicious first:"
    for finding in screen["findings"][:_SHOWN_FINDINGS]:
        mark = "look at it" if finding["flagged"] else "no sign"
        why = "; ".join(finding["reasons"]) or f"alone {_shown(finding['alone'])}"
        yield f"  - {finding['column']} ({mark}): {why}"
    yield f"  all columns together: {_shown(screen['score_with_all'])}"
    if screen["score_without_flagged"] is not None:
        yield f"  without the flagged ones: {_shown(screen['score_without_flagged'])}"
        yield "  flagged columns are kept; take out what is known only afterwards with --after"


def _told(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != () and value != {}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value)
    return str(value)
