"""The known truth behind `debt_repayment`: how its debtors, their payments and their outcomes are drawn.

The columns are drawn jointly: a score follows from income and age, a debt from income, the days overdue from
score and debt, payments and answers from the score. Independent columns would give other shares.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.domain.columns import Array, Columns
from core.domain.features import Floats

EMPLOYMENTS = ("employed", "self_employed", "retired", "student", "unemployed")
DEBT_TYPES = ("personal_loan", "credit_card", "auto_loan", "medical", "mortgage")
CHANNELS = ("call", "sms", "whatsapp", "email", "letter")
REGIONS = ("north", "south", "east", "west", "centre")
GENDERS = ("female", "male", "other")
OUTCOMES = ("none", "partial", "full")
N_MONTHS = 12
NOISE_SD = 0.1  # of p; no model can see it
CUTS = (0.4, 0.7)  # p above the first pays in part, above the second in full
READY_REGION, RESPONSE_GAP = "centre", 0.08  # the planted gap: one region answers more often, whatever else it is

_AGE_FROM, _AGE_TO, _AGE_SHARE = (18, 30, 50, 70), (30, 50, 70, 85), (0.2, 0.4, 0.3, 0.1)
_DEBT_FROM, _DEBT_TO = np.array([100, 1_000, 10_000, 50_000]), np.array([1_000, 10_000, 50_000, 200_000])
_DEBT_SHARE = np.array([[0.7, 0.3, 0.0, 0.0], [0.3, 0.5, 0.2, 0.0], [0.0, 0.3, 0.5, 0.2]])  # by income
_WORKING_SHARE = (0.82, 0.12, 0.0, 0.0, 0.06)  # employment from 25 to 61
_YOUNG_SHARE = (0.62, 0.08, 0.0, 0.25, 0.05)  # below 25
_REGION_SHARE = (0.25, 0.25, 0.2, 0.2, 0.1)
_SHORT_HISTORY = 0.05  # share of debtors with fewer than twelve payments


def willingness(columns: Columns) -> Floats:
    """The part of p that a model can know: p without its noise, shape (n_rows,).

    p = .3 (score - 300)/550 + .2 max(0, 1 - debt/income) + .2 max(0, 1 - days/365) + .15 h + .15 response, with h
    recovered from the payments: their mean over the instalment of one twelfth of the debt.
    """
    debt = columns["debt_amount"]
    payments = columns["payment_history"]
    paid = np.nansum(payments, axis=1) / np.maximum(1, (~np.isnan(payments)).sum(axis=1))
    history = np.clip(paid / (debt / N_MONTHS), 0, 1)
    return _willingness(columns, history)


def _willingness(columns: Columns, history: Floats) -> Floats:
    total = 0.3 * _standing(columns["credit_score"])
    total = total + 0.2 * np.maximum(0, 1 - columns["debt_amount"] / columns["annual_income"])
    total = total + 0.2 * np.maximum(0, 1 - columns["days_overdue"] / 365)
    return np.asarray(total + 0.15 * history + 0.15 * columns["response_rate"])


def truth(columns: Columns) -> Floats:
    """True probability of each outcome given what a model can see, in the order none, partial, full.

    Returns
    -------
    array, shape (n_rows, 3)
    """
    visible = willingness(columns)
    pays, pays_in_full = (_normal_cdf((visible - cut) / NOISE_SD) for cut in CUTS)
    return np.column_stack([1 - pays, pays - pays_in_full, pays_in_full])


def _normal_cdf(values: Floats) -> Floats:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in values.tolist()])


def _standing(credit_score: Floats) -> Floats:
    return np.asarray((credit_score - 300) / 550)


def synthesize(n_rows: int, seed: int) -> pa.Table:
    """Labelled debtors of one year in order of time; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    columns, history = _draw(n_rows, rng)
    p = _willingness(columns, history) + rng.normal(0, NOISE_SD, n_rows)
    status = np.array(OUTCOMES)[np.searchsorted(CUTS, p)]
    numbers = np.arange(1, n_rows + 1)
    seconds = np.sort(rng.integers(0, 365 * 86_400, n_rows))
    as_of = np.datetime_as_string(np.datetime64("2025-10-01T00:00:00", "s") + seconds)
    table: dict[str, Any] = {
        "customer_id": np.char.add(f"D{seed % 1000:03d}-", np.char.zfill(numbers.astype(str), 7)),
        "as_of": np.char.add(as_of, "Z"),
        "customer_age": columns["customer_age"].astype(np.int64),
        "annual_income": columns["annual_income"],
        "employment_status": _employment(columns["customer_age"], rng),
        "credit_score": columns["credit_score"].astype(np.int64),
        "debt_amount": columns["debt_amount"],
        "debt_type": rng.choice(DEBT_TYPES, n_rows, p=[0.3, 0.35, 0.15, 0.15, 0.05]),
        "days_overdue": columns["days_overdue"].astype(np.int64),
        "payment_history": _written(columns["payment_history"]),
        "contact_attempts": columns["contact_attempts"].astype(np.int64),
        "response_rate": columns["response_rate"],
        "promise_to_pay": np.where(columns["promise_to_pay"] > 0, "yes", "no"),
        "previous_promises": np.minimum(7, rng.poisson(1.2 + 0.25 * columns["contact_attempts"])).astype(np.int64),
        "last_channel": rng.choice(CHANNELS, n_rows, p=[0.4, 0.25, 0.15, 0.12, 0.08]),
        "region": np.array(REGIONS)[columns["region"]],
        "gender": rng.choice(GENDERS, n_rows, p=[0.49, 0.49, 0.02]),
        "payment_status": status,
    }
    return pa.table({name: _plain(values) for name, values in table.items()})


def _plain(values: Any) -> Any:
    """Texts as a list, which Arrow takes; numbers as they are."""
    return values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind == "U" else values


def _draw(n_rows: int, rng: np.random.Generator) -> tuple[Columns, Floats]:
    """What willingness depends on, rounded as written, and the history h behind the payments."""
    band = rng.choice(4, n_rows, p=_AGE_SHARE)
    age = np.floor(rng.uniform(np.array(_AGE_FROM)[band], np.array(_AGE_TO)[band]))
    income = np.round(_incomes(age, rng), 2)
    score = 300 + 550 * income / 300_000 + 2 * np.minimum(50, age - 18) + rng.normal(0, 50, n_rows)
    score = np.round(np.clip(score, 300, 850))
    debt = np.round(_debts(income, rng), 2)
    days = np.maximum(0, (750 - score) / 10) + np.minimum(30, debt / 1000) + rng.exponential(10, n_rows)
    days = np.round(np.clip(days, 1, 365))
    history = np.clip(_standing(score) + rng.normal(0, 0.2, n_rows), 0, 1)
    region = rng.choice(len(REGIONS), n_rows, p=_REGION_SHARE)
    response = _standing(score) + np.minimum(0.2, (age - 18) / 200) + rng.normal(0, 0.15, n_rows)
    response = np.clip(response, 0, 1) + RESPONSE_GAP * (region == REGIONS.index(READY_REGION))
    response = np.round(np.minimum(1, response), 4)
    attempts = np.minimum(20, days / 10) + rng.poisson(2, n_rows)
    return {
        "customer_age": age,
        "annual_income": income,
        "credit_score": score,
        "debt_amount": debt,
        "days_overdue": days,
        "payment_history": _payments(history * debt / N_MONTHS, rng),
        "response_rate": response,
        "promise_to_pay": (rng.random(n_rows) < 0.7 * response).astype(np.float64),
        "contact_attempts": np.clip(np.round(attempts), 1, 20),
        "region": region,
    }, history


def _incomes(age: Floats, rng: np.random.Generator) -> Floats:
    steps = [age < 30, age < 45, age < 60]
    low, high = np.select(steps, [20e3, 40e3, 80e3], 40e3), np.select(steps, [40e3, 80e3, 150e3], 80e3)
    return np.maximum(15_000, rng.uniform(low, high) * rng.normal(1, 0.2, len(age)))


def _debts(income: Floats, rng: np.random.Generator) -> Floats:
    upper = _DEBT_SHARE[np.searchsorted([40_000, 80_000], income, side="right")].cumsum(axis=1)
    size = np.minimum(3, (rng.random(len(income))[:, None] > upper).sum(axis=1))
    return np.asarray(rng.uniform(_DEBT_FROM[size], _DEBT_TO[size]))


def _payments(mean: Floats, rng: np.random.Generator) -> Floats:
    """Monthly payments of a given mean, shape (n_rows, 12): a slope, a season and an unsteadiness of each debtor's own.

    Some histories are shorter than twelve months; their months in front are NaN.
    """
    n_rows, months = len(mean), np.arange(N_MONTHS)
    slope, season = rng.normal(0, 0.03, (n_rows, 1)), rng.uniform(0, 0.5, (n_rows, 1))
    phase = rng.uniform(0, 2 * np.pi, (n_rows, 1))
    steadiness = rng.uniform(1, 30, (n_rows, 1))
    weights = np.exp(slope * (months - 5.5)) * (1 + season * np.sin(2 * np.pi * months / N_MONTHS + phase))
    weights = weights * rng.gamma(steadiness, 1 / steadiness, (n_rows, N_MONTHS))
    length = np.where(rng.random(n_rows) < _SHORT_HISTORY, rng.integers(3, N_MONTHS, n_rows), N_MONTHS)
    weights[months < N_MONTHS - length[:, None]] = np.nan
    return np.asarray(np.round(mean[:, None] * weights / np.nanmean(weights, axis=1, keepdims=True), 2))


def _written(payments: Floats) -> pa.Array:
    """Payments as files hold them: oldest first, separated by semicolons."""
    known = ~np.isnan(payments)
    offsets = np.concatenate([[0], known.sum(axis=1).cumsum()]).astype(np.int32)
    texts = pc.cast(pa.array(payments[known]), pa.string())
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), ";")


def _employment(age: Floats, rng: np.random.Generator) -> Array:
    """By stage of life: most are retired above 61, some study below 25."""
    draw = rng.random(len(age))
    young, working = np.cumsum(_YOUNG_SHARE), np.cumsum(_WORKING_SHARE)
    codes = np.where(age < 25, np.searchsorted(young, draw), np.searchsorted(working, draw))
    retired = (age >= 62) & (draw < 0.57)
    codes = np.where(retired, EMPLOYMENTS.index("retired"), codes)
    return np.array(EMPLOYMENTS)[np.minimum(codes, len(EMPLOYMENTS) - 1)]
