"""The engineered features of `debt_repayment`: what a debtor's payments, debt and contacts say, row by row.

Payments arrive as arrays of shape (n_rows, 12), the latest month last, with NaN in front of a short history;
every feature is defined for a history of any length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.domain.columns import Array
from core.domain.features import Feature, Floats, one_hot, raw
from core.usecases.debt_repayment_truth import CHANNELS, DEBT_TYPES, EMPLOYMENTS, N_MONTHS

_MONTHS = np.arange(N_MONTHS, dtype=np.float64)
_FLAT = 0.02  # per month: slopes up to it are no trend


def _total(values: Array) -> Floats:
    """Sum over the months, shape (n_rows,): month by month, so that one row rounds as it does among many."""
    total = np.zeros(len(values))
    for month in range(N_MONTHS):
        total += values[:, month]
    return total


def _months_known(payments: Floats) -> Floats:
    return np.maximum(1.0, _total(~np.isnan(payments)))


def _mean_paid(payments: Floats) -> Floats:
    return _total(np.nan_to_num(payments)) / _months_known(payments)


def _from_mean(payments: Floats) -> Floats:
    """Each payment less the row's mean, 0 where there is none; shape (n_rows, 12)."""
    return np.where(np.isnan(payments), 0.0, payments - _mean_paid(payments)[:, None])


def _over(above: Floats, below: Floats, otherwise: float) -> Floats:
    """The quotient above / below; `otherwise` where below is 0."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), otherwise)


def _velocity(payments: Floats) -> Floats:
    known = ~np.isnan(payments)
    middle = _total(known * _MONTHS) / _months_known(payments)
    months = np.where(known, _MONTHS - middle[:, None], 0.0)
    slope = _over(_total(months * _from_mean(payments)), _total(months**2), 0.0)
    return _over(slope, _mean_paid(payments), 0.0)


def _consistency(payments: Floats) -> Floats:
    spread = np.sqrt(_total(_from_mean(payments) ** 2) / _months_known(payments))
    return np.maximum(0.0, 1.0 - _over(spread, _mean_paid(payments), 1.0))


def _best_quarter(payments: Floats) -> Floats:
    paid = np.nan_to_num(payments)
    quarters = [paid[:, month] + paid[:, month + 1] + paid[:, month + 2] for month in range(0, N_MONTHS, 3)]
    return _over(np.max(quarters, axis=0), _total(paid), 0.0)


def _trend(payments: Floats) -> Floats:
    slope = _velocity(payments)
    return np.asarray((slope > _FLAT) * 1.0 - (slope < -_FLAT))


def _paid_share(payments: Floats, debt: Floats) -> Floats:
    return np.minimum(2.0, _mean_paid(payments) / (debt / N_MONTHS))


def _reliability(payments: Floats, debt: Floats, promises: Floats) -> Floats:
    counted = N_MONTHS - promises[:, None] <= _MONTHS  # the latest months, one for each promise
    kept = _total(counted & (np.nan_to_num(payments) >= (debt / N_MONTHS / 2)[:, None]))
    return np.asarray((kept + 1) / (np.minimum(promises, N_MONTHS) + 2))


def _debt_to_income(debt: Floats, income: Floats) -> Floats:
    return debt / income


def _beyond_income(debt: Floats, income: Floats) -> Floats:
    return np.maximum(0.0, debt / income - 1)


def _capacity(debt: Floats, income: Floats) -> Floats:
    return np.asarray((income / 12 - debt / 12) / (income / 12))


def _concentration(debt: Floats, income: Floats, days: Floats, score: Floats) -> Floats:
    parts = (np.minimum(1, debt / income), np.minimum(1, days / 365), (850 - score) / 550)
    total = parts[0] + parts[1] + parts[2]
    return _over(parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2, total**2, 1 / 3)


def _responsiveness(response: Floats, attempts: Floats) -> Floats:
    return np.asarray(response / (1 + np.log1p(attempts)))


def _overdue(low: int, high: int) -> Feature:
    def compute(days: Floats) -> Array:
        capped = np.minimum(days, 365)
        return np.asarray((capped >= low) & (capped <= high))

    formula = f"1 if {low}-{high} days overdue, else 0; more than 365 count as 365"
    return Feature(f"overdue_{low}_{high}", ("days_overdue",), compute, formula)


def _of(name: str, compute: Callable[..., Array], formula: str, *inputs: str) -> Feature:
    return Feature(name, inputs, compute, formula)


def _levels(column: str, levels: tuple[str, ...]) -> tuple[Feature, ...]:
    return tuple(one_hot(column, level, code) for code, level in enumerate(levels))


FEATURES = (
    *(raw(name) for name in ("annual_income", "credit_score", "debt_amount", "days_overdue")),
    *(raw(name) for name in ("contact_attempts", "response_rate", "promise_to_pay", "previous_promises")),
    _of("debt_to_income", _debt_to_income, "debt_amount / annual_income", "debt_amount", "annual_income"),
    _of(
        "debt_beyond_income",
        _beyond_income,
        "max(0, debt_amount / annual_income - 1)",
        "debt_amount",
        "annual_income",
    ),
    _of(
        "payment_capacity",
        _capacity,
        "(annual_income / 12 - debt_amount / 12) / (annual_income / 12)",
        "debt_amount",
        "annual_income",
    ),
    _of(
        "paid_share",
        _paid_share,
        "mean payment / (debt_amount / 12), at most 2",
        "payment_history",
        "debt_amount",
    ),
    _of(
        "payment_velocity",
        _velocity,
        "least-squares slope of the payments per month / their mean; 0 without payments or a second month",
        "payment_history",
    ),
    _of(
        "payment_consistency",
        _consistency,
        "max(0, 1 - standard deviation / mean) of the payments; 0 without payments",
        "payment_history",
    ),
    _of(
        "seasonal_pattern",
        _best_quarter,
        "share of all payments made in the best quarter, quarters counted back from the latest month",
        "payment_history",
    ),
    _of(
        "trend",
        _trend,
        f"1 (up) if payment_velocity is above {_FLAT}, -1 (down) if it is below -{_FLAT}, else 0 (flat)",
        "payment_history",
    ),
    _of(
        "risk_concentration",
        _concentration,
        "sum of squares / square of the sum of three risks: min(1, debt / income), min(1, days / 365), "
        "(850 - score) / 550; 1/3 where they are equal, 1 where there is one only",
        *("debt_amount", "annual_income", "days_overdue", "credit_score"),
    ),
    _of(
        "contact_responsiveness",
        _responsiveness,
        "response_rate / (1 + ln(1 + contact_attempts))",
        "response_rate",
        "contact_attempts",
    ),
    _of(
        "promise_reliability",
        _reliability,
        "(kept + 1) / (promises + 2): one of the latest months is taken for each of previous_promises (at most "
        "12), and it is kept if at least half an instalment (debt_amount / 12) came in",
        *("payment_history", "debt_amount", "previous_promises"),
    ),
    *(_overdue(low, high) for low, high in ((0, 30), (31, 60), (61, 90), (91, 180), (181, 365))),
    *_levels("employment_status", EMPLOYMENTS),
    *_levels("debt_type", DEBT_TYPES),
    *_levels("last_channel", CHANNELS),
)
