"""Buy now, pay later: will this purchase default?  The shadow-mode reference case.

In the generator, default depends on `risk_score` alone, so nothing a model can see beats that score:
the AUC ceiling is .603, and the four models are one model in four coats.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.domain.claim import Claim
from core.domain.columns import Array, Column, Columns, Kind, Missing
from core.domain.features import Feature, hour, is_weekend, month, month_day, one_hot, ordered, raw
from core.domain.history import History
from core.domain.policy import Band, Mode, Money, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.rules import Rules
from core.domain.schema import Schema
from core.domain.usecase import Target, Task, UseCase
from core.usecases.bnpl_default_truth import synthesize, truth

CREDIT = ("poor", "fair", "good", "excellent")
AGE = ("18-24", "25-34", "35-44", "45-54", "55+")
INCOME = ("<25k", "25k-50k", "50k-75k", "75k-100k", "100k+")
VERIFICATION = ("unverified", "partial", "verified")
PRODUCTS = ("electronics", "clothing", "home", "beauty", "sports")
PRODUCT_RISK = ("low", "medium", "high")
DEVICES = ("mobile", "desktop", "tablet")
RISK_LEVELS = ("low", "medium", "high", "very_high")
SCENARIOS = ("low_risk_purchase", "impulse_purchase", "credit_stretched", "high_risk_behavior")
CONTEXTS = ("normal", "impulse", "rushed")
PROVIDERS = ("affirm", "klarna", "afterpay", "sezzle")


def _purchase(name: str, kind: Kind, **facts: object) -> Column:
    return Column(name, kind, group="Purchase", **facts)  # type: ignore[arg-type]


def _customer(name: str, levels: tuple[str, ...], label: str) -> Column:
    return Column(name, Kind.ORDERED, label, levels=levels, group="Customer")


SCHEMA = Schema(
    (
        _purchase("transaction_id", Kind.ID, label="Transaction"),
        Column("customer_id", Kind.ID, "Customer", group="Customer", personal=True),
        _purchase("transaction_timestamp", Kind.TIME, label="Time of purchase", help="ISO 8601"),
        _purchase("amount", Kind.NUMBER, unit="USD", minimum=0, usual=(15.01, 400)),
        _customer("customer_credit_score_range", CREDIT, "Credit score"),
        _customer("customer_age_bracket", AGE, "Age"),
        _customer("customer_income_bracket", INCOME, "Income"),
        _customer("customer_verification_level", VERIFICATION, "Verification"),
        Column("customer_tenure_days", Kind.COUNT, "Tenure", "days", minimum=0, usual=(1, 731), group="Customer"),
        _purchase("product_category", Kind.CATEGORY, levels=PRODUCTS),
        _purchase("product_risk_category", Kind.ORDERED, label="Product risk", levels=PRODUCT_RISK),
        Column("device_type", Kind.CATEGORY, "Device", levels=DEVICES, group="Session"),
        Column("device_is_trusted", Kind.YESNO, "Device is trusted", group="Session"),
        Column(
            "risk_score", Kind.NUMBER, "Underwriting risk score", minimum=0, maximum=1, usual=(0.11, 0.76), group="Risk"
        ),
        Column("risk_level", Kind.ORDERED, levels=RISK_LEVELS, group="Risk"),
        Column("risk_scenario", Kind.CATEGORY, levels=SCENARIOS, group="Risk"),
        Column("purchase_context", Kind.CATEGORY, levels=CONTEXTS, group="Session"),
        _purchase("payment_provider", Kind.CATEGORY, levels=PROVIDERS),
        _purchase("installment_count", Kind.COUNT, label="Instalments", minimum=1, usual=(4, 6)),
        _purchase("payment_credit_limit", Kind.NUMBER, label="Credit limit", unit="USD", minimum=0, usual=(500, 5000)),
        Column("price_comparison_time", Kind.NUMBER, unit="seconds", minimum=0, usual=(0, 300), group="Session"),
        Column(
            "time_on_site_seconds",
            Kind.NUMBER,
            "Time on site",
            "seconds",
            minimum=0,
            usual=(30, 900),
            missing=Missing.ALLOW,
            group="Session",
            help="Logged, but no model reads it",
        ),
    ),
)

SCALED = ("amount", "risk_score", "payment_credit_limit", "price_comparison_time", "customer_tenure_days")


def _week_of_month(times: Array) -> Array:
    return (month_day(times) - 1) // 7 + 1


def _is_month_end(times: Array) -> Array:
    return month_day(times) >= 25


def _is_holiday_season(times: Array) -> Array:
    return month(times) >= 11


def _is_business_hours(times: Array) -> Array:
    hours = hour(times)
    return (hours >= 9) & (hours <= 17)


def _is_late_night(times: Array) -> Array:
    hours = hour(times)
    return (hours >= 22) | (hours <= 5)


def _is_evening(times: Array) -> Array:
    return hour(times) >= 19


def _is_morning(times: Array) -> Array:
    hours = hour(times)
    return (hours >= 7) & (hours <= 12)


def _is_night(times: Array) -> Array:
    return hour(times) <= 6


def _when(name: str, compute: Callable[[Array], Array], formula: str) -> Feature:
    return Feature(name, ("transaction_timestamp",), compute, formula, calendar=True)


def _levels(column: str, levels: tuple[str, ...], *kept: str) -> tuple[Feature, ...]:
    return tuple(one_hot(column, level, levels.index(level)) for level in kept)


# The order is a contract: a bundle trained elsewhere on these 36 names must load.
FEATURES = (
    *(raw(name) for name in ("amount", "customer_tenure_days", "device_is_trusted", "risk_score")),
    *(raw(name) for name in ("installment_count", "payment_credit_limit", "price_comparison_time")),
    _when("week_of_month", _week_of_month, "floor((day - 1) / 7) + 1"),
    _when("is_weekend", is_weekend, "1 on Saturday and Sunday"),
    _when("is_month_end", _is_month_end, "1 from the 25th"),
    _when("is_holiday_season", _is_holiday_season, "1 in November and December"),
    _when("is_business_hours", _is_business_hours, "1 from 9:00 to 17:59"),
    _when("is_late_night", _is_late_night, "1 from 22:00 to 5:59"),
    ordered("customer_credit_score_range"),
    ordered("customer_age_bracket"),
    ordered("customer_income_bracket"),
    ordered("customer_verification_level"),
    ordered("product_risk_category"),
    ordered("risk_level"),
    *_levels("device_type", DEVICES, "mobile", "tablet"),
    *_levels("payment_provider", PROVIDERS, "afterpay", "klarna", "sezzle"),
    *_levels("product_category", PRODUCTS, "clothing", "electronics", "home", "sports"),
    *_levels("purchase_context", CONTEXTS, "normal", "rushed"),
    *_levels("risk_scenario", SCENARIOS, "high_risk_behavior", "impulse_purchase", "low_risk_purchase"),
    _when("time_of_day_evening", _is_evening, "1 from 19:00 to 23:59"),
    _when("time_of_day_morning", _is_morning, "1 from 7:00 to 12:59"),
    _when("time_of_day_night", _is_night, "1 from 0:00 to 6:59"),
)


def _rules_score(columns: Columns) -> Array:
    return columns["risk_score"]


def _rules_band(columns: Columns) -> Array:
    return 2 - np.clip(columns["risk_level"], 0, 2)


RULES = Rules(
    "Underwriting rules",
    _rules_score,
    _rules_band,
    "risk_level low: approve; medium: approve with limit; high or very high: decline.",
)

POLICY = Policy(
    bands=(  # the models are held to the rules' coverage: 1.2 % declined, 66 % limited, the rest approved
        Band("High risk", "decline", Tone.BAD, share=0.012),
        Band("Medium risk", "approve with limit", Tone.POOR, share=0.66),
        Band("Low risk", "approve", Tone.GOOD),
    ),
    mode=Mode.SHADOW,
    money=Money(
        "USD",
        ((21.6, 0.0), (0.0, 108.0), (0.0, 108.0)),
        "An approved default costs 108, a declined good customer 21.6: break-even is p = .167, above the "
        "largest probability a purchase can reach (.139). Declining never pays.",
    ),
    minimum_gain=0.005,
)

CLAIMS = (
    Claim(
        "risk_ratio",
        2.8,
        "High risk purchases default 2.8 times as often as low risk ones.",
        "The promise is one sample's figure without an interval; few purchases are of high risk, so it moves a lot.",
        arm="rules",
    ),
    Claim(
        "auc",
        0.615,
        "The four models reach an AUC of .615 to .616.",
        "Default depends on the underwriting score alone, so no model ranks better; the promise was luck.",
        upto=0.616,
    ),
)

_RISK = ("A03", "Underwriting risk assessment of the purchase")
_SESSION = ("A09", "How the purchase was made on the site")

ADVERSE_CODES = {  # age and income are sensitive: they are never a reason that is given
    "amount": ("A01", "Amount of the purchase"),
    "payment_credit_limit": ("A02", "Credit limit with the payment provider"),
    "risk_score": _RISK,
    "risk_level": _RISK,
    "risk_scenario": _RISK,
    "customer_credit_score_range": ("A04", "Credit score range"),
    "customer_verification_level": ("A05", "Identity not fully verified"),
    "customer_tenure_days": ("A06", "Length of time as a customer"),
    "installment_count": ("A07", "Number of instalments asked for"),
    "product_risk_category": ("A08", "Risk category of the product"),
    "product_category": ("A08", "Risk category of the product"),
    "purchase_context": _SESSION,
    "price_comparison_time": _SESSION,
    "device_type": ("A10", "Device used for the purchase"),
    "device_is_trusted": ("A10", "Device used for the purchase"),
    "payment_provider": ("A11", "Payment provider chosen"),
    "transaction_timestamp": ("A12", "Time of the purchase"),
}

USE_CASE = UseCase(
    key="bnpl_default",
    title="BNPL default",
    question="Will this purchase default within 84 days?",
    noun="purchase",
    task=Task.BINARY,
    schema=SCHEMA,
    target=Target("will_default", ("0", "1"), "the purchase defaulted", horizon_days=84),
    features=FEATURES,
    recipe=Recipe(
        models=(
            ModelSpec("ridge", "ridge"),
            ModelSpec("logistic", "logistic"),
            ModelSpec("elastic", "elastic"),
            ModelSpec("ensemble", "mean"),
        ),
        champion="ridge",
        split=Split.TIME,
        scaled=SCALED,
    ),
    policy=POLICY,
    entity="transaction_id",
    rules=RULES,
    sensitive=("customer_age_bracket", "customer_income_bracket"),
    actionable=("amount", "installment_count", "customer_verification_level"),
    synthesize=synthesize,
    truth=truth,
    claims=CLAIMS,
    adverse_codes=ADVERSE_CODES,
    shadow_view="shadow_predictions",
    history=History(
        shifted=("amount", "risk_score"),
        rows=40_000,
        random_band="Low risk",
        unseen=("High risk",),
        early=("1",),
        earliest_days=14,
    ),
    notes=(
        (
            "The four models are one model in four coats: in these data default depends on the underwriting risk "
            "score alone, so no model can rank better than that score (AUC at most .603)."
        ),
    ),
)
