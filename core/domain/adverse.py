"""Why a credit was declined, as codes: specific, few, in the order of how much each hurt.

Practice under the Equal Credit Opportunity Act (Regulation B, 12 CFR 1002.9(b)(2)): the principal reasons, and not more
than four as a rule. What a column hurt is what it added to this score, less its mean over approved reference rows,
towards the bad end; columns with one code count together. A sensitive column never becomes a reason: that it would
be among the strongest is a finding about the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.features import Floats
from core.domain.policy import Tone
from core.domain.usecase import UseCase

AT_MOST = 4
LEAST_PART = 0.05  # of the strongest reason: what hurt less is no principal reason


@dataclass(frozen=True)
class AdverseReason:
    """One principal reason."""

    code: str
    text: str
    columns: tuple[str, ...]
    hurt: float  # points towards the bad end, beyond approved rows; in units of the score


@dataclass(frozen=True)
class Adverse:
    """The reasons of one declined row, and what may not be among them."""

    reasons: tuple[AdverseReason, ...]
    sensitive: tuple[str, ...]  # sensitive columns that hurt as much as a principal reason
    uncoded: tuple[str, ...]  # columns without a code that did


def declining(use_case: UseCase) -> tuple[str, ...]:
    """The bands whose decision turns somebody down."""
    return tuple(band.name for band in use_case.policy.bands if band.tone is Tone.BAD)


def sensitive_columns(use_case: UseCase) -> frozenset[str]:
    """Raw columns that are sensitive, or that a sensitive grouping cuts."""
    cut = {item.name: item.column for item in use_case.groupings}
    return frozenset(cut.get(name, name) for name in use_case.sensitive)


def codes_problem(use_case: UseCase) -> str | None:
    """What is wrong with the codes a use case declares; None where nothing is."""
    unknown = sorted(set(use_case.adverse_codes) - set(use_case.model_columns))
    named = sorted(set(use_case.adverse_codes) & sensitive_columns(use_case))
    pairs = set(use_case.adverse_codes.values())
    unclear = len({code for code, _ in pairs}) < len(pairs)
    if not (unknown or named or unclear):
        return None
    return f"read by no model: {unknown}; sensitive: {named}; a code with several texts: {unclear}"


def reason_codes(
    use_case: UseCase, points: Mapping[str, float], approved: Mapping[str, float], at_most: int = AT_MOST
) -> Adverse:
    """The principal reasons of one row.

    Parameters
    ----------
    use_case : UseCase
        Its `adverse_codes` name the codes.
    points : mapping of raw column to points
        Of the row, in units of the score.
    approved : mapping of raw column to points
        Mean points of the reference rows that were approved.
    at_most : int
    """
    hurt = {name: float(value) for name, value in zip(points, hurts(use_case, points, approved), strict=True)}
    protected = sensitive_columns(use_case)
    grouped: dict[tuple[str, str], list[str]] = {}
    for name in points:
        if name in use_case.adverse_codes and name not in protected:
            grouped.setdefault(use_case.adverse_codes[name], []).append(name)
    reasons = [
        AdverseReason(code, text, tuple(sorted(names, key=lambda name: -hurt[name])), sum(hurt[name] for name in names))
        for (code, text), names in grouped.items()
    ]
    ordered = sorted((reason for reason in reasons if reason.hurt > 0), key=lambda reason: -reason.hurt)
    kept = [reason for reason in ordered[:at_most] if reason.hurt >= LEAST_PART * ordered[0].hurt]
    least = kept[-1].hurt if kept else 0.0
    strong = [name for name in sorted(points, key=lambda name: -hurt[name]) if hurt[name] > 0 and hurt[name] >= least]
    return Adverse(
        reasons=tuple(kept),
        sensitive=tuple(name for name in strong if name in protected),
        uncoded=tuple(name for name in strong if name not in protected and name not in use_case.adverse_codes),
    )


def hurts(use_case: UseCase, points: Mapping[str, float], approved: Mapping[str, float]) -> Floats:
    """Points towards the bad end beyond those of approved rows, by column, shape (n_columns,)."""
    sign = -1.0 if use_case.higher_is_better else 1.0
    return np.array([sign * (points[name] - approved[name]) for name in points])


def how_often(found: Sequence[Adverse]) -> dict[tuple[str, str], int]:
    """(code, text) -> among how many rows it was a principal reason, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for item in found:
        for reason in item.reasons:
            counts[reason.code, reason.text] = counts.get((reason.code, reason.text), 0) + 1
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
