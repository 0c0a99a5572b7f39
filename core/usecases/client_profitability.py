"""Client profitability: what margin will this client bring next quarter?  A value, with its interval.

The generator's cost share is linear in what a row shows, times noise of mean 1, so that the best reachable
R2 is .70. The rules know this quarter's hours and billing; no feature holds both, because together they are
this quarter's own margin.
"""

from __future__ import annotations

import numpy as np

from core.domain.advice import Advice
from core.domain.claim import Claim
from core.domain.columns import NO_SET, Array, Column, Columns, Kind, Missing
from core.domain.features import Feature, Floats, one_hot, raw
from core.domain.history import History
from core.domain.policy import Band, Policy, Tone
from core.domain.recipe import ModelSpec, Recipe, Split
from core.domain.row_rules import at_most
from core.domain.rules import Rules
from core.domain.schema import Schema
from core.domain.usecase import Target, Task, UseCase
from core.usecases.client_profitability_truth import (
    CONTRACT_TYPES,
    INDUSTRIES,
    SERVICES,
    service_counts,
    synthesize,
    truth,
)

_MONEY = "In any one currency"

SCHEMA = Schema(
    (
        Column("client_id", Kind.ID, "Client", help="One row per client and quarter", group="Client", personal=True),
        Column("as_of", Kind.TIME, "As of", help="The day the client is looked at; ISO 8601", group="Client"),
        Column("client_since", Kind.TIME, help="First contract; ISO 8601 date", group="Client"),
        Column("industry", Kind.CATEGORY, levels=INDUSTRIES, group="Client"),
        Column(
            "contract_value", Kind.NUMBER, minimum=1, usual=(10_000, 500_000), group="Contract",
            help=f"Of the quarter. {_MONEY}",
        ),
        Column("contract_type", Kind.CATEGORY, levels=CONTRACT_TYPES, group="Contract"),
        Column("service_types", Kind.SET, "Services", levels=SERVICES, group="Contract"),
        Column(
            "billing_amount", Kind.NUMBER, "Billed", help=f"In the quarter. {_MONEY}", minimum=0,
            usual=(5_000, 650_000), group="Work",
        ),
        Column("hours_logged", Kind.NUMBER, unit="hours", minimum=0, usual=(5, 10_000), group="Work"),
        Column("ticket_count", Kind.COUNT, "Tickets", minimum=0, usual=(0, 60), group="Work"),
        Column(
            "satisfaction_score", Kind.NUMBER, "Satisfaction", help="1 to 5; not every client answers",
            minimum=1, maximum=5, usual=(1, 5), missing=Missing.IMPUTE, group="Relationship",
        ),
        Column(
            "last_contact_days", Kind.COUNT, "Last contact", "days ago", minimum=0, usual=(0, 365), group="Relationship"
        ),
    ),
    rules=(at_most("client_since", "as_of"),),
)  # fmt: skip

_DAY_US = 86_400_000_000


def _per_1000(hours: Array, contract_value: Array) -> Array:
    return np.asarray(1_000 * hours / contract_value)


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(part / whole)


def _count(services: Array) -> Array:
    return np.where(services == NO_SET, 0, service_counts(services))


def _per_service(tickets: Array, services: Array) -> Array:
    return np.asarray(tickets / np.maximum(_count(services), 1))


def _days_between(since: Array, as_of: Array) -> Array:
    return np.floor((as_of - since) / np.timedelta64(_DAY_US, "us"))


def _log(values: Array) -> Array:
    return np.log(values)


def _service(bit: int) -> Feature:
    def has(services: Array) -> Array:
        return np.where(services == NO_SET, 0, services >> bit & 1)

    level = SERVICES[bit]
    return Feature(f"service_{_slug(level)}", ("service_types",), has, f"1 if service_types holds {level}, else 0")


def _slug(text: str) -> str:
    return text.lower().replace(" ", "_")


FEATURES = (
    Feature(
        "hours_per_1000", ("hours_logged", "contract_value"), _per_1000, "1000 x hours_logged / contract_value"
    ),
    Feature("billing_ratio", ("billing_amount", "contract_value"), _ratio, "billing_amount / contract_value"),
    Feature(
        "tickets_per_service", ("ticket_count", "service_types"), _per_service, "ticket_count / number of services"
    ),
    Feature("tenure_days", ("client_since", "as_of"), _days_between, "whole days from client_since to as_of"),
    raw("satisfaction_score"),
    raw("last_contact_days"),
    Feature("log_contract_value", ("contract_value",), _log, "ln(contract_value)"),
    Feature("service_count", ("service_types",), _count, "number of services"),
    *(_service(bit) for bit in range(len(SERVICES))),
    *(one_hot("contract_type", name, code, f"contract_{name}") for code, name in enumerate(CONTRACT_TYPES)),
    *(one_hot("industry", name, code, f"industry_{_slug(name)}") for code, name in enumerate(INDUSTRIES)),
)  # fmt: skip

HOURLY_COST = 60.0
_HIGH, _MEDIUM = 0.70, 0.40


def _rules_score(columns: Columns) -> Array:
    """1 - 60 x hours / billing, clipped to -.3 and .98; NaN where nothing was billed."""
    billed = np.where(columns["billing_amount"] > 0, columns["billing_amount"], np.nan)
    return np.clip(1 - HOURLY_COST * columns["hours_logged"] / billed, -0.3, 0.98)


def _rules_band(columns: Columns) -> Array:
    score = _rules_score(columns)
    return 2 - (score >= _MEDIUM).astype(np.int8) - (score >= _HIGH)


RULES = Rules(
    "Hours against billing",
    _rules_score,
    _rules_band,
    "Margin = 1 - 60 x hours_logged / billing_amount, between -30 % and 98 %; high from 70 %, medium from 40 %; "
    "no margin and low where nothing was billed.",
)

_REVIEW_BELOW, _GROW_ABOVE = 0.50, 0.80


def advise(columns: Columns, outputs: Floats) -> tuple[Advice, ...]:
    """What to do about one client, by the champion's margin; the measures behind it as they came."""
    margin = float(outputs[0])
    hours = float(_per_1000(columns["hours_logged"], columns["contract_value"])[0])
    tickets = float(_per_service(columns["ticket_count"], columns["service_types"])[0])
    if margin < _REVIEW_BELOW:
        text = f"{hours:.1f} hours per 1,000 of contract value, {tickets:.1f} tickets per service."
        return (
            Advice("Delivery cost", f"Review it: {text}", Tone.POOR),
            Advice("Pricing", "Review the price at the next renewal.", Tone.POOR),
        )
    if margin > _GROW_ABOVE:
        services = int(_count(columns["service_types"])[0])
        return (
            Advice("Upsell", f"Look for it: {services} of {len(SERVICES)} services are used.", Tone.GOOD),
            Advice("Relationship", "Invest in it: this client is worth keeping.", Tone.GOOD),
        )
    return ()


POLICY = Policy(
    bands=(
        Band("High", "keep and grow", Tone.GOOD, at_least=_HIGH),
        Band("Medium", "keep as it is", Tone.FAIR, at_least=_MEDIUM),
        Band("Low", "review delivery cost and pricing", Tone.BAD),
    ),
    primary_metric="r2",
    minimum_gain=0.02,
)

CLAIMS = (
    Claim(
        "r2",
        0.906,
        "The model explains R2 .906 of the margin.",
        "Such a figure takes a feature that holds the answer, like revenue and cost of the quarter that is predicted.",
    ),
)

USE_CASE = UseCase(
    key="client_profitability",
    title="Client profitability",
    question="What margin will this client bring next quarter?",
    noun="client",
    task=Task.REGRESSION,
    schema=SCHEMA,
    target=Target(
        "profit_margin",
        meaning="the score is next quarter's margin, (revenue - cost) / revenue; below 0 % the client costs money",
        horizon_days=90,
    ),
    features=FEATURES,
    recipe=Recipe(
        models=(
            ModelSpec("ridge", "ridge"),
            ModelSpec("elastic", "elastic"),
            ModelSpec("lightgbm", "lightgbm"),
            ModelSpec("ensemble", "mean"),
        ),
        champion="ridge",
        split=Split.TIME,
    ),
    policy=POLICY,
    entity="client_id",
    rules=RULES,
    actionable=("hours_logged", "ticket_count", "billing_amount"),
    synthesize=synthesize,
    truth=truth,
    history=History(shifted=("last_contact_days", "ticket_count"), broken_split=(16, 18)),
    claims=CLAIMS,
    notes=(
        "The rules see this quarter's hours and billing together, which is this quarter's own margin; no feature does.",
    ),
    advice=advise,
)
