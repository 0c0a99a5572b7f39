"""Does a file look like the rows a version was trained on?  Judged per column, before anything is scored.

Units are compared by medians: a column whose median is 10, 100 or 1,000 times the reference's (or a
tenth, ...) while hardly any value lies in the reference's range has most likely changed its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.domain.columns import Array, Column, Kind, Missing, Unseen, missing_mask
from core.domain.schema import Parsed

UNIT_FACTORS = (1_000.0, 100.0, 10.0)
FEW = 30  # below this many rows with a value a column is not compared
_LOG_TOLERANCE = 0.18  # a factor of 1.5 either way


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"


@dataclass(frozen=True)
class Finding:
    """One thing seen while a file was looked at."""

    level: Level
    column: str
    what: str
    detail: str


def compare_column(column: Column, item: Parsed, reference: Array | None) -> list[Finding]:
    """Everything worth saying of one column.

    Parameters
    ----------
    column : Column
    item : Parsed
        The file's n_rows values.
    reference : array of m_rows values, or None
        The same column of the held-out reference rows; None where they lack it. The numbers of lists are
        compared with all the numbers of the reference's lists.
    """
    n_rows = len(item.values)
    if n_rows == 0:
        return []
    missing = missing_mask(column, item.values)
    missing[list(item.unread)] = False
    findings = _unread(column, item, n_rows)
    findings += _missing(column, float(missing.mean()), reference)
    if (column.kind.is_numeric or column.kind is Kind.NUMBERS) and reference is not None:
        given, known = ~missing_mask(column, item.values), ~missing_mask(column, reference)
        if min(given.sum(), known.sum()) >= FEW:  # rows: twenty lists of twelve numbers are still twenty
            findings += _numbers(column, item.values[~np.isnan(item.values)], reference[~np.isnan(reference)])
    return findings


def _unread(column: Column, item: Parsed, n_rows: int) -> list[Finding]:
    if not item.unread:
        return []
    share = len(item.unread) / n_rows
    examples = ", ".join(f"'{text[:30]}'" for text in list(dict.fromkeys(item.unread.values()))[:3])
    if column.kind.is_coded:
        accepted = column.unseen is Unseen.OTHER
        what = "new categories, scored as other" if accepted else "unknown categories, rows rejected"
    else:
        accepted, what = False, "values that cannot be read, rows rejected"
    level = Level.INFO if accepted and share < 0.05 else Level.WARNING
    if not accepted and share == 1.0:
        level = Level.BLOCKER
    return [Finding(level, column.name, what, f"{len(item.unread):,} of {n_rows:,} rows ({share:.1%}): {examples}")]


def _missing(column: Column, share: float, reference: Array | None) -> list[Finding]:
    if share == 0 or column.missing is Missing.ALLOW:
        return []
    before = float(missing_mask(column, reference).mean()) if reference is not None and len(reference) else 0.0
    detail = f"{share:.1%} of rows, {before:.1%} in training"
    if column.missing is Missing.REJECT:
        level = Level.BLOCKER if share == 1.0 else Level.WARNING
        return [Finding(level, column.name, "missing values, rows rejected", detail)]
    if share > before + 0.05 and share > 1.5 * before:
        return [Finding(Level.WARNING, column.name, "more missing values than in training", detail)]
    return []


def _numbers(column: Column, values: Array, reference: Array) -> list[Finding]:
    if column.kind is Kind.YESNO:
        return []
    low, high = np.quantile(reference, [0.001, 0.999])
    outside = float(((values < low) | (values > high)).mean())
    factor = unit_factor(values, reference)
    if factor is not None and outside > 0.5:
        detail = f"median {np.median(values):,.4g}, {np.median(reference):,.4g} in training"
        return [Finding(Level.WARNING, column.name, f"looks {factor} in unit", detail)]
    if outside > 0.05:
        what = "numbers" if column.kind is Kind.NUMBERS else "rows"
        detail = f"{outside:.1%} of {what} outside {low:,.4g} to {high:,.4g}"
        return [Finding(Level.WARNING, column.name, "values outside the training range", detail)]
    return []


def unit_factor(values: Array, reference: Array) -> str | None:
    """In words, the power of ten between two medians, if there is one.

    >>> unit_factor(np.full(50, 14_400.0), np.full(50, 144.0)), unit_factor(np.full(50, 150.0), np.full(50, 144.0))
    ('100 times too large', None)
    """
    now, before = float(np.median(values)), float(np.median(reference))
    if now * before <= 0:
        return None
    for factor in UNIT_FACTORS:
        if abs(np.log10(now / before / factor)) < _LOG_TOLERANCE:
            return f"{factor:,.0f} times too large"
        if abs(np.log10(now / before * factor)) < _LOG_TOLERANCE:
            return f"{factor:,.0f} times too small"
    return None


def verdict(findings: list[Finding]) -> str:
    """One sentence over all findings."""
    blockers = sum(finding.level is Level.BLOCKER for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if blockers:
        return (
            f"This file cannot be scored yet: {blockers} {'column needs' if blockers == 1 else 'columns need'} mending."
        )
    if warnings:
        return f"Look at {warnings} {'point' if warnings == 1 else 'points'} before you trust these scores."
    return "This file looks like the training data."
