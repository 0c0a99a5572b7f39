"""The known truth behind `collector_performance`: how its sample months and their ratings are drawn.

A collector's skill and the month's fortune add up to one ability; contacts, connections, promises, closed cases
and recovery rise with it. The rating of the following month is cut from an index of four of those figures
plus noise, at the index's 9 % and 57 % quantiles; the noise is such that the best classifier that sees
the figures is right in 95.5 % of rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from core.domain.columns import Array, Columns
from core.domain.features import Floats, percentage

MONTHS = 12
CLASSES = ("Low", "Medium", "High")
QUALITY = ("very poor", "unsatisfactory", "fair", "good", "very good")

_SKILL_SD, _MONTH_SD = 0.8, 0.6  # their squares add up to 1
_FIRST_MONTH = np.datetime64("2025-10", "M")

# The index: weight, centre and spread of each figure. The cuts are quantiles of index + noise over 400,000
# rows, and the noise was solved for the ceiling; tests hold all three.
_WEIGHTS = {"rpc": (0.20, 53.7, 22.0), "closed": (1.0, 12.5, 3.8), "promises": (0.75, 18.5, 12.5)}
_WEIGHTS |= {"recovery": (0.55, 82.6, 23.0)}
_CUTS = (-2.327, 0.400)
_NOISE_SD = 0.1825

# Latent loading on the ability, then the beta distribution of the share it becomes
_CONTACTS, _RPC, _PTP = (0.10, 1.5, 2.2), (0.60, 2.2, 1.85), (0.45, 11.0, 5.3)
_CLOSED, _RECOVERY = (0.60, 5.0, 3.0), (0.50, 1.418, 0.299)
_QUALITY_SHARES = np.array([0.08, 0.25, 0.55, 0.83])  # of the levels, cumulated


def index(columns: Columns) -> Floats:
    """What the rating is cut from, before noise; shape (n_rows,)."""
    figures = {
        "rpc": percentage(columns["contacts_connected"], columns["total_contacts"]),
        "closed": columns["cases_closed"],
        "promises": columns["promises_to_pay"],
        "recovery": percentage(columns["debt_recovered"], columns["total_debt"]),
    }
    total = np.zeros(len(columns["total_debt"]))
    for name, (weight, centre, spread) in _WEIGHTS.items():
        total += weight * (figures[name] - centre) / spread
    return total


def truth(columns: Columns) -> Array:
    """True probabilities of Low, Medium and High given a row's figures, shape (n_rows, 3)."""
    from scipy.special import ndtr

    below = [ndtr((cut - index(columns)) / _NOISE_SD) for cut in _CUTS]
    return np.column_stack([below[0], below[1] - below[0], 1.0 - below[1]])


def synthesize(n_rows: int, seed: int) -> pa.Table:
    """Rated months in order of time, twelve per collector; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    n_collectors = -(-n_rows // MONTHS)
    skill = np.repeat(rng.normal(0, _SKILL_SD, n_collectors), MONTHS)
    ability = skill + rng.normal(0, _MONTH_SD, len(skill))
    columns = _figures(ability, rng)
    rating = np.searchsorted(_CUTS, index(columns) + rng.normal(0, _NOISE_SD, len(ability)))
    collector, month = np.divmod(np.arange(len(ability)), MONTHS)
    month_end = (_FIRST_MONTH + month + 1).astype("datetime64[D]") - 1
    names = np.char.add(f"K{seed % 1000:03d}-", np.char.zfill((collector + 1).astype(str), 5))
    table = pa.table(
        {
            "collector_id": names.tolist(),
            "month": np.datetime_as_string(month_end).tolist(),
            **{name: _plain(values) for name, values in columns.items()},
            "performance": np.array(CLASSES)[rating].tolist(),
            "rated_on": pa.array(month_end + rng.integers(1, 29, len(ability))),
        }
    )
    in_time = np.argsort(month[:n_rows], kind="stable")  # the last collector may have fewer months
    return table.take(pa.array(in_time))


def _plain(values: Array) -> object:
    return values.tolist() if values.dtype.kind == "U" else values.astype(np.int64)


def _figures(ability: Floats, rng: np.random.Generator) -> Columns:
    """Every raw figure of the rows, whole numbers and level texts."""
    contacts = np.round(20 + 80 * _share(_CONTACTS, ability, rng))
    connected = np.round(contacts * _share(_RPC, ability, rng))
    promises = np.round(connected * _share(_PTP, ability, rng))
    cases = rng.integers(15, 26, len(ability))
    closed = np.round(cases * _share(_CLOSED, ability, rng))
    debt = np.round(10 ** (8 + rng.beta(1.2, 1.2, len(ability))), -3)
    recovered = np.floor(debt / 1_000 * _share(_RECOVERY, ability, rng)) * 1_000
    days = np.round(16 - 1.75 * ability + rng.normal(0, 7, len(ability)))
    return {
        "total_debt": debt,
        "debt_recovered": recovered,
        "communication_quality": _quality(0.55, ability, rng),
        "problem_solving": _quality(0.75, ability, rng),
        "debtor_feedback": _quality(0.45, ability, rng),
        "transfer_days": np.clip(days, 1, 31),
        "total_contacts": contacts,
        "contacts_connected": connected,
        "promises_to_pay": promises,
        "cases_total": cases,
        "cases_closed": closed,
    }


def _latent(loading: float, ability: Floats, rng: np.random.Generator) -> Floats:
    """Standard normal, correlated with the ability by `loading`."""
    return np.asarray(loading * ability + np.sqrt(1 - loading**2) * rng.normal(size=len(ability)))


def _share(facts: tuple[float, float, float], ability: Floats, rng: np.random.Generator) -> Floats:
    """A beta-distributed share in [0, 1] that rises with the ability."""
    from scipy.special import betaincinv, ndtr

    loading, a, b = facts
    return np.asarray(betaincinv(a, b, ndtr(_latent(loading, ability, rng))))


def _quality(loading: float, ability: Floats, rng: np.random.Generator) -> Array:
    from scipy.special import ndtri

    return np.array(QUALITY)[np.searchsorted(ndtri(_QUALITY_SHARES), _latent(loading, ability, rng))]
