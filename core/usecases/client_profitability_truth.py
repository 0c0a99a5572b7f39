"""The known truth behind `client_profitability`: how its sample rows and their margins are drawn.

Next quarter's cost share of revenue is linear in what a row shows; the drawn cost is that share times noise
of mean 1, so that costly clients are also the uncertain ones. margin = 1 - cost. The noise is as wide as
makes var(truth) / var(margin) = .70: no model can reach a higher R2 (held by a test).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.domain.columns import Array, Columns
from core.domain.features import Floats

CONTRACT_TYPES = ("monthly", "quarterly", "annual", "biennial")
INDUSTRIES = (
    "Technology", "Finance", "Healthcare", "Retail", "Manufacturing",
    "Education", "Energy", "Logistics", "Media", "Public sector",
)  # fmt: skip
SERVICES = (
    "advisory", "audit", "bookkeeping", "compliance", "data migration",
    "integration", "maintenance", "payroll", "support", "training",
)  # fmt: skip

_TYPE_SHARES = (0.30, 0.25, 0.30, 0.15)
_TYPE_COST = np.array([0.02, 0.01, -0.01, -0.03])
_INDUSTRY_COST = np.array([-0.03, -0.02, 0.02, 0.0, 0.02, -0.01, 0.0, 0.01, -0.01, 0.03])
_SERVICE_SHARES = np.array([0.45, 0.2, 0.35, 0.3, 0.15, 0.25, 0.4, 0.25, 0.5, 0.2])
_SUPPORT = SERVICES.index("support")

_HOURS, _TICKETS, _SATISFACTION, _BILLING, _SUPPORTED = 0.040, 0.025, 0.060, 0.25, 0.02
_BASE = 0.005
_LEAST, _MOST = 0.05, 0.85  # cost shares, so that margins stay within -.30 and .98
_NOISE_HALF = 0.5263  # the drawn cost is within 1 -+ this of the true one
_NOISE_SHAPE = 3.0  # of a symmetric beta distribution


def service_counts(services: Array) -> NDArray[np.int64]:
    """Number of services in each bit mask, shape (n_rows,)."""
    return np.asarray(np.bitwise_count(services), dtype=np.int64)


def truth(columns: Columns) -> Array:
    """The margin to be expected of each row: the best that can be known of it."""
    hours = 1_000 * columns["hours_logged"] / columns["contract_value"]
    cost = _BASE + _HOURS * hours
    cost = cost + _TICKETS * columns["ticket_count"] / service_counts(columns["service_types"])
    cost = cost + _SATISFACTION * (5 - columns["satisfaction_score"])
    cost = cost + _BILLING * (1 - columns["billing_amount"] / columns["contract_value"])
    cost = cost + _TYPE_COST[columns["contract_type"]] + _INDUSTRY_COST[columns["industry"]]
    cost = cost + _SUPPORTED * (columns["service_types"] >> _SUPPORT & 1)
    return np.asarray(1 - np.clip(cost, _LEAST, _MOST))


def synthesize(n_rows: int, seed: int) -> pa.Table:
    """Labelled clients of one year in order of time; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    columns = _draw(n_rows, rng)
    noise = 1 + _NOISE_HALF * (2 * rng.beta(_NOISE_SHAPE, _NOISE_SHAPE, n_rows) - 1)
    return _table(columns, 1 - (1 - truth(columns)) * noise, seed)


def synthesize_noise(n_rows: int, seed: int) -> pa.Table:
    """The same clients and the same margins, dealt out at random: nothing in a row tells its margin."""
    table = synthesize(n_rows, seed)
    dealt = np.random.default_rng([seed, 1]).permutation(table["profit_margin"].to_numpy())
    return table.set_column(table.column_names.index("profit_margin"), "profit_margin", pa.array(dealt))


def _draw(n_rows: int, rng: np.random.Generator) -> Columns:
    """Typed columns, as scoring reads them."""
    value = np.round(np.exp(rng.uniform(np.log(10_000), np.log(500_000), n_rows)), -2)
    services = _services(n_rows, rng)
    seconds = np.sort(rng.integers(0, 365 * 86_400, n_rows))
    as_of = np.datetime64("2025-10-01T00:00:00", "us") + seconds.astype("timedelta64[s]")
    tenure = np.clip(rng.gamma(2, 500, n_rows), 30, 5_000).astype("timedelta64[D]")
    return {
        "as_of": as_of,
        "client_since": (as_of.astype("datetime64[D]") - tenure).astype("datetime64[us]"),
        "contract_value": value,
        "contract_type": rng.choice(4, n_rows, p=_TYPE_SHARES).astype(np.int16),
        "industry": rng.integers(0, len(INDUSTRIES), n_rows).astype(np.int16),
        "service_types": services,
        "hours_logged": np.round(value / 1_000 * rng.gamma(4.5, 1.45, n_rows), 1),
        "billing_amount": np.round(value * np.clip(rng.normal(0.95, 0.1, n_rows), 0.6, 1.3), 2),
        "ticket_count": rng.poisson(rng.gamma(3, 1, n_rows) * service_counts(services)).astype(np.float64),
        "satisfaction_score": np.round(np.clip(rng.normal(3.6, 0.9, n_rows), 1, 5), 1),
        "last_contact_days": np.floor(np.clip(rng.gamma(1.5, 20, n_rows), 0, 365)),
    }


def _services(n_rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Bit masks with at least one service."""
    has = rng.random((n_rows, len(SERVICES))) < _SERVICE_SHARES
    has[np.arange(n_rows), rng.integers(0, len(SERVICES), n_rows)] = True
    return np.asarray(has @ (1 << np.arange(len(SERVICES))), dtype=np.int64)


def _table(columns: Columns, margin: Floats, seed: int) -> pa.Table:
    n_rows = len(margin)
    numbers = np.char.zfill(np.arange(1, n_rows + 1).astype(str), 6)
    names = np.array(SERVICES)
    return pa.table(
        {
            "client_id": np.char.add(f"K{seed % 1000:03d}-", numbers).tolist(),
            "as_of": np.char.add(np.datetime_as_string(columns["as_of"], unit="s"), "Z").tolist(),
            "client_since": np.datetime_as_string(columns["client_since"], unit="D").tolist(),
            "contract_type": np.array(CONTRACT_TYPES)[columns["contract_type"]].tolist(),
            "industry": np.array(INDUSTRIES)[columns["industry"]].tolist(),
            "service_types": [
                ";".join(names[(mask >> np.arange(len(names)) & 1) == 1].tolist())
                for mask in columns["service_types"].tolist()
            ],
            "contract_value": columns["contract_value"],
            "billing_amount": columns["billing_amount"],
            "hours_logged": columns["hours_logged"],
            "ticket_count": columns["ticket_count"].astype(np.int64),
            "satisfaction_score": columns["satisfaction_score"],
            "last_contact_days": columns["last_contact_days"].astype(np.int64),
            "profit_margin": np.round(margin, 6),
        }
    )
