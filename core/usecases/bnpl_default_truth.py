"""The known truth behind `bnpl_default`: how its sample rows and their outcomes are drawn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns
from core.domain.features import Floats

_CREDIT = (("poor", 0.15, 0.9), ("fair", 0.35, 0.6), ("good", 0.35, 0.3), ("excellent", 0.15, 0.1))
_INCOME = (
    ("<25k", 0.15, 0.8),
    ("25k-50k", 0.28, 0.6),
    ("50k-75k", 0.23, 0.3),
    ("75k-100k", 0.18, 0.2),
    ("100k+", 0.16, 0.1),
)
_VERIFICATION = (("unverified", 0.10, 0.8), ("partial", 0.30, 0.4), ("verified", 0.60, 0.1))
_PRODUCT_RISK = (("low", 0.50, 0.1), ("medium", 0.35, 0.3), ("high", 0.15, 0.6))
_SCENARIO = (
    ("low_risk_purchase", 0.60, 0.1),
    ("impulse_purchase", 0.20, 0.4),
    ("credit_stretched", 0.15, 0.7),
    ("high_risk_behavior", 0.05, 0.9),
)
_LIMITS = np.array([500, 1000, 1500, 2500, 5000])
_LEVEL_BOUNDS = np.array([0.3, 0.6, 0.8])
_NOISE_SD = 0.01


def default_probability(risk_score: Array) -> Array:
    """p(default) = .005 + .195 (.05 + .9 risk)^1.5, before noise; shape (n_rows,)."""
    return 0.005 + 0.195 * (0.05 + 0.9 * risk_score) ** 1.5


def truth(columns: Columns) -> Array:
    """The best that can be known of p(default) from a row."""
    return default_probability(columns["risk_score"])


def synthesize(n_rows: int, seed: int) -> pa.Table:
    """Labelled purchases of one year in order of time; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    texts, risk_score = _draw_risk(n_rows, rng)
    probability = default_probability(risk_score) + rng.normal(0, _NOISE_SD, n_rows)
    default = rng.random(n_rows) < np.clip(probability, 0.001, 0.25)
    amount = _amounts(n_rows, rng)
    scenario = texts["risk_scenario"]
    table = {
        "transaction_id": np.char.add(f"T{seed % 1000:03d}-", np.char.zfill(np.arange(1, n_rows + 1).astype(str), 8)),
        "customer_id": np.char.add("C", np.char.zfill(rng.integers(1, max(2, n_rows // 2), n_rows).astype(str), 7)),
        "transaction_timestamp": _times(n_rows, rng),
        "amount": amount,
        **texts,
        "customer_age_bracket": rng.choice(
            ["18-24", "25-34", "35-44", "45-54", "55+"], n_rows, p=[0.2, 0.3, 0.22, 0.16, 0.12]
        ),
        "customer_tenure_days": 1 + np.floor(730.999 * rng.beta(0.513, 0.162, n_rows)).astype(np.int64),
        "product_category": rng.choice(
            ["electronics", "clothing", "home", "beauty", "sports"], n_rows, p=[0.35, 0.25, 0.20, 0.12, 0.08]
        ),
        "device_type": rng.choice(["mobile", "desktop", "tablet"], n_rows, p=[0.55, 0.30, 0.15]),
        "risk_score": risk_score,
        "risk_level": np.array(["low", "medium", "high", "very_high"])[
            np.searchsorted(_LEVEL_BOUNDS, risk_score, "right")
        ],
        "purchase_context": np.select(
            [scenario == "impulse_purchase", scenario == "high_risk_behavior"], ["impulse", "rushed"], "normal"
        ),
        "payment_provider": rng.choice(["affirm", "klarna", "afterpay", "sezzle"], n_rows),
        "installment_count": np.where(amount < 100, 4, rng.choice([4, 6], n_rows)),
        "payment_credit_limit": rng.choice(_LIMITS, n_rows, p=[0.2, 0.25, 0.25, 0.2, 0.1]),
        "price_comparison_time": _comparison_seconds(scenario, rng),
        "time_on_site_seconds": rng.integers(30, 901, n_rows),
        "will_default": default.astype(np.int64),
        "days_to_first_missed_payment": pa.array(rng.integers(14, 85, n_rows), mask=~default),
    }
    return pa.table({name: values.tolist() if _is_text(values) else values for name, values in table.items()})


def _is_text(values: object) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind == "U"


def _pick(facts: tuple[tuple[str, float, float], ...], n_rows: int, rng: np.random.Generator) -> tuple[Array, Floats]:
    """Level texts and their risk, drawn by share."""
    codes = rng.choice(len(facts), n_rows, p=[share for _, share, _ in facts])
    return np.array([name for name, _, _ in facts])[codes], np.array([risk for _, _, risk in facts])[codes]


def _draw_risk(n_rows: int, rng: np.random.Generator) -> tuple[dict[str, Array], Floats]:
    credit, credit_risk = _pick(_CREDIT, n_rows, rng)
    verification, verification_risk = _pick(_VERIFICATION, n_rows, rng)
    income, income_risk = _pick(_INCOME, n_rows, rng)
    product, product_risk = _pick(_PRODUCT_RISK, n_rows, rng)
    scenario, scenario_risk = _pick(_SCENARIO, n_rows, rng)
    trusted = rng.random(n_rows) < 0.96
    risk = 0.3 * credit_risk + 0.2 * verification_risk + 0.2 * income_risk
    risk = risk + 0.1 * np.where(trusted, 0.2, 0.7) + 0.1 * product_risk + 0.1 * scenario_risk
    texts = {
        "customer_credit_score_range": credit,
        "customer_verification_level": verification,
        "customer_income_bracket": income,
        "product_risk_category": product,
        "risk_scenario": scenario,
        "device_is_trusted": trusted,
    }
    return texts, np.round(risk, 6)


def _amounts(n_rows: int, rng: np.random.Generator) -> Floats:
    """USD 15.01-400: quartiles 63 / 117 / 208, by their inverse distribution function."""
    quantiles = np.interp(rng.random(n_rows), [0, 0.25, 0.5, 0.75, 0.9, 1], [15.01, 63, 117, 208, 300, 400])
    return np.round(quantiles, 2)


def _times(n_rows: int, rng: np.random.Generator) -> Array:
    seconds = np.sort(rng.integers(0, 365 * 86_400, n_rows))
    times = np.datetime64("2025-10-01T00:00:00", "s") + seconds
    return np.char.add(np.datetime_as_string(times), "Z")


def _comparison_seconds(scenario: Array, rng: np.random.Generator) -> Floats:
    low = np.select([scenario == "impulse_purchase", scenario == "high_risk_behavior"], [0, 0], 60)
    high = np.select([scenario == "impulse_purchase", scenario == "high_risk_behavior"], [60, 30], 300)
    return np.round(rng.uniform(low, high), 1)
