"""Debt repayment: how will this debtor pay within 90 days?  In full, in part, or not at all.

In the generator an outcome is a willingness p that a model can see up to a noise of standard deviation .1, so
the best reachable accuracy is about .74 beside a majority class of .67, and the best weighted F1 about .72.
"""

from __future__ import annotations

import numpy as np

from core.domain.claim import Claim
from core.domain.columns import Array, Column, Columns, Kind, Missing
from core.domain.grouping import Grouping
from core.domain.history import History
from core.domain.policy import Band, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.rules import Rules
from core.domain.schema import Schema
from core.domain.usecase import Target, Task, UseCase
from core.usecases.debt_repayment_advice import CRITICAL, advice, urgency_points
from core.usecases.debt_repayment_features import FEATURES
from core.usecases.debt_repayment_truth import (
    CHANNELS,
    DEBT_TYPES,
    EMPLOYMENTS,
    GENDERS,
    N_MONTHS,
    OUTCOMES,
    REGIONS,
    synthesize,
    truth,
)


def _debtor(name: str, kind: Kind, label: str = "", **facts: object) -> Column:
    return Column(name, kind, label, group="Debtor", **facts)  # type: ignore[arg-type]


def _debt(name: str, kind: Kind, label: str = "", **facts: object) -> Column:
    return Column(name, kind, label, group="Debt", **facts)  # type: ignore[arg-type]


def _contact(name: str, kind: Kind, label: str = "", **facts: object) -> Column:
    return Column(name, kind, label, group="Contact", **facts)  # type: ignore[arg-type]


def _fairness(name: str, levels: tuple[str, ...]) -> Column:
    what = "Used to compare groups, never by a model; may be empty"
    return Column(name, Kind.CATEGORY, help=what, levels=levels, missing=Missing.ALLOW, group="Fairness only")


SCHEMA = Schema(
    (
        _debtor("customer_id", Kind.ID, "Customer", personal=True),
        _debtor("as_of", Kind.TIME, "Scored as of", help="The day the account is scored; ISO 8601"),
        _debtor("customer_age", Kind.COUNT, "Age", unit="years", minimum=18, maximum=120, usual=(18, 85)),
        _debtor("annual_income", Kind.NUMBER, unit="USD", minimum=1, usual=(15_000, 233_000)),
        _debtor("employment_status", Kind.CATEGORY, "Employment", levels=EMPLOYMENTS),
        _debtor("credit_score", Kind.COUNT, unit="points", minimum=300, maximum=850, usual=(300, 850)),
        _debt("debt_amount", Kind.NUMBER, "Debt", unit="USD", minimum=1, usual=(100, 200_000)),
        _debt("debt_type", Kind.CATEGORY, levels=DEBT_TYPES),
        _debt("days_overdue", Kind.COUNT, unit="days", minimum=0, usual=(1, 365)),
        _debt(
            "payment_history",
            Kind.NUMBERS,
            "Last monthly payments",
            unit="USD",
            width=N_MONTHS,
            minimum=0,
            help="Up to twelve, oldest first, separated by semicolons; 0 for a month without a payment",
        ),
        _contact("contact_attempts", Kind.COUNT, minimum=0, usual=(1, 20)),
        _contact("response_rate", Kind.NUMBER, minimum=0, maximum=1, help="Share of contacts that were answered, 0-1"),
        _contact("promise_to_pay", Kind.YESNO, "Promises to pay"),
        _contact("previous_promises", Kind.COUNT, minimum=0, usual=(0, 7)),
        _contact("last_channel", Kind.CATEGORY, levels=CHANNELS),
        _fairness("region", REGIONS),
        _fairness("gender", GENDERS),
    ),
)


def _rules_score(columns: Columns) -> Array:
    return (6 - urgency_points(columns) + (columns["promise_to_pay"] > 0)) / 7


def _rules_band(columns: Columns) -> Array:
    points = urgency_points(columns)
    pays = (points == 0) & (columns["promise_to_pay"] > 0)
    return np.select([points >= CRITICAL, pays], [2, 0], 1)


RULES = Rules(
    "Urgency rules",
    _rules_score,
    _rules_band,
    "Points for days overdue above 30, 60, 90 (1, 2, 3) and debt above 5,000, 10,000, 25,000 (1, 2, 3). From 4 "
    "points: none; no point and a promise to pay: full; else partial. Score = (6 - points + promise) / 7.",
)

POLICY = Policy(
    bands=(
        Band("Full", "remind, then wait", Tone.GOOD),
        Band("Partial", "agree on instalments", Tone.FAIR),
        Band("None", "escalate", Tone.BAD),
    ),
    primary_metric="macro_auc",
    minimum_gain=0.01,
    notes=("The score is the expected recovery: P(full) + half of P(partial). The band is the likeliest outcome.",),
)

AGE_BANDS = Grouping("age_band", "customer_age", (30, 50, 70), ("18-29", "30-49", "50-69", "70+"), label="Age band")

CLAIMS = (
    Claim(
        "weighted_f1",
        0.85,
        "The model reaches an F1 of .85.",
        "How a debtor pays depends on more than an account shows: even the truth itself, asked for a class, errs more.",
    ),
)

_PROMISES = ("R08", "Promises to pay")

ADVERSE_CODES = {
    "payment_history": ("R01", "Payments of the last months"),
    "days_overdue": ("R02", "Days the debt is overdue"),
    "debt_amount": ("R03", "Amount of the debt"),
    "annual_income": ("R04", "Income in relation to the debt"),
    "credit_score": ("R05", "Credit score"),
    "employment_status": ("R06", "Employment"),
    "debt_type": ("R07", "Type of the debt"),
    "promise_to_pay": _PROMISES,
    "previous_promises": _PROMISES,
    "response_rate": ("R09", "Answers to our contacts"),
    "contact_attempts": ("R10", "Number of contacts needed"),
    "last_channel": ("R11", "Channel of the last contact"),
}

USE_CASE = UseCase(
    key="debt_repayment",
    title="Debt repayment",
    question="How will this debtor pay within 90 days?",
    noun="debtor",
    task=Task.MULTICLASS,
    schema=SCHEMA,
    target=Target(
        "payment_status",
        OUTCOMES,
        "the score is the share of the debt to expect within 90 days, P(full) + half of P(partial)",
        horizon_days=90,
        class_values=(0.0, 0.5, 1.0),
    ),
    features=FEATURES,
    recipe=Recipe(
        models=(
            ModelSpec("lightgbm", "lightgbm", {"learning_rate": 0.1, "num_leaves": 15, "max_depth": 4}),
            ModelSpec("logistic", "logistic"),
            ModelSpec("forest", "forest", {"n_estimators": 60, "max_depth": 7, "num_leaves": 48}),
            ModelSpec("ensemble", "stack"),
        ),
        champion="lightgbm",
        split=Split.TIME,
    ),
    policy=POLICY,
    entity="customer_id",
    rules=RULES,
    sensitive=("gender", "region", "age_band"),
    groupings=(AGE_BANDS,),
    actionable=("contact_attempts", "last_channel", "promise_to_pay"),
    synthesize=synthesize,
    truth=truth,
    history=History(shifted=("contact_attempts", "credit_score"), random_band="Full", early=("full",)),
    claims=CLAIMS,
    adverse_codes=ADVERSE_CODES,
    notes=(
        (
            "Two in three debtors pay in part. The best that can be known of these data is right in 74 of 100 cases "
            "(accuracy at most .74, weighted F1 at most .72): a figure above that is an error, not a success."
        ),
        "Age, gender and region are no features. Age bands, gender and region are compared for fairness.",
    ),
    advice=advice,
)
