"""The view of rules against models, for use cases that promise one (`UseCase.shadow_view`).

One row per acting prediction of a batch that counts, nothing named by hand: the entity's column, the
models and the costs come from the use case. Times and days are UTC.

=========================  ==========================================================================
<entity column>            the entity
timestamp                  when the row happened
business_decision          what the rules decide
business_risk_score        the rules' score
<model>_prediction         each model's score
consensus_prediction       their mean
actual_<target>            the outcome as known; null while there is none
days_to_resolution         outcome date - row date, in whole days; null while open
opportunity_cost           cost(rules' decision, outcome) - cost(champion's decision, outcome), the latter
                           at matched coverage; null before row time + horizon, or without an outcome
=========================  ==========================================================================
"""

from __future__ import annotations

import hashlib

import duckdb

from core.domain.policy import Policy
from core.domain.usecase import UseCase
from core.errors import InputError
from core.store.log_schema import quoted, score_names, tables

NOW = "make_timestamp(epoch_us(now()))"  # UTC, without the time zone extension
_NOTED_AT = "business_decision"  # a column of every such view


def create_shadow_view(cursor: duckdb.DuckDBPyConnection, use_case: UseCase) -> None:
    """Create or renew the view, and the table macro `<view>_as_known_on(time)` that it calls with now.

    Raises
    ------
    InputError
        Another use case has a view of that name, or the use case has no rules to compare with.
    """
    name = use_case.shadow_view
    if name is None:
        return
    if use_case.rules is None:
        raise InputError(f"{use_case.key} promises the view {name} but has no rules.", "Add rules, or drop the view.")
    select, marker = _select(use_case), f"shadow view of {use_case.key}"
    found = cursor.execute(
        "SELECT comment FROM duckdb_views() WHERE view_name = ? AND schema_name = 'main'", [name]
    ).fetchall()
    if found and found[0][0] != marker:
        raise InputError(f"{use_case.key} cannot have the view {name}: it exists.", "Choose another shadow_view.")
    macro, digest = f"{name}_as_known_on", _digest(use_case, select)
    if found and _made_from(cursor, name) == digest:
        return  # making it again binds every column of a wide table, which the first page would wait for
    cursor.execute(f"CREATE OR REPLACE MACRO {quoted(macro)}(known_on) AS TABLE {select}")
    cursor.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT * FROM {quoted(macro)}({NOW})")
    cursor.execute(f"COMMENT ON VIEW {quoted(name)} IS '{marker}'")
    cursor.execute(f"COMMENT ON COLUMN {quoted(name, _NOTED_AT)} IS '{digest}'")


def _made_from(cursor: duckdb.DuckDBPyConnection, view: str) -> str | None:
    """The digest kept with a column of the view, which an older desk that makes the view anew leaves out."""
    found = cursor.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = ? AND schema_name = 'main' AND column_name = ?",
        [view, _NOTED_AT],
    ).fetchall()
    return found[0][0] if found else None


def _digest(use_case: UseCase, select: str) -> str:
    """Another text for another view: what it selects, and the columns that there are to select from."""
    return hashlib.sha256(f"{select}{tables(use_case)}".encode()).hexdigest()[:16]


def outcomes_as_known_on(use_case: UseCase, known_on: str) -> str:
    """The latest revision received by a time (an SQL expression), one row per entity and as_of."""
    return f"""
        SELECT entity, as_of, arg_max(outcome, revision) AS outcome, arg_max(observed_at, revision) AS observed_at,
               arg_max(received_at, revision) AS received_at, max(revision) AS revision
        FROM {quoted(use_case.key, "outcomes")} WHERE received_at <= {known_on} GROUP BY entity, as_of"""


def _select(use_case: UseCase) -> str:
    models = score_names(use_case)
    predictions = [f"s.{quoted(models[model])} AS {quoted(f'{model}_prediction')}" for model in models]
    outcome = quoted(f"actual_{use_case.target.name.removeprefix('will_')}")
    columns = [
        f"r.entity AS {quoted(use_case.entity or 'entity')}",
        "r.as_of AS timestamp",
        f"{_by_band(use_case.policy, 's.rules_band', use_case.policy.decisions)} AS business_decision",
        "s.rules_score AS business_risk_score",
        *predictions,
        "s.consensus AS consensus_prediction",
        f"coalesce(o.outcome, e.outcome) AS {outcome}",
        "date_diff('day', r.as_of, coalesce(o.observed_at, e.observed_at)) AS days_to_resolution",
        f"{_opportunity_cost(use_case)} AS opportunity_cost",
    ]
    known = outcomes_as_known_on(use_case, "known_on")
    return f"""
        WITH known AS ({known})
        SELECT {", ".join(columns)}
        FROM {quoted(use_case.key, "rows")} r
        JOIN {quoted(use_case.key, "scores")} s
             ON s.prediction_id = r.prediction_id AND s.batch = r.batch AND s.role = 'acting'
        LEFT JOIN known o ON o.entity = r.entity AND o.as_of = r.as_of
        LEFT JOIN known e ON e.entity = r.entity AND e.as_of IS NULL
        WHERE r.batch NOT IN (FROM voided)"""


def _opportunity_cost(use_case: UseCase) -> str:
    money = use_case.policy.money
    if money is None:
        return "NULL::DOUBLE"
    costs = [
        f"CASE WHEN coalesce(o.outcome, e.outcome) = 1 THEN {float(positive)!r} ELSE {float(negative)!r} END::DOUBLE"
        for negative, positive in money.costs
    ]
    rules = _cased(use_case.policy, "s.rules_band", costs)
    champion = _cased(use_case.policy, "s.band", costs)
    mature = f"r.as_of + INTERVAL {int(use_case.target.horizon_days)} DAY <= known_on"
    return f"CASE WHEN {mature} AND coalesce(o.outcome, e.outcome) IS NOT NULL THEN ({rules}) - ({champion}) END"


def _by_band(policy: Policy, band: str, words: tuple[str, ...]) -> str:
    return _cased(policy, band, [literal(word) for word in words])


def _cased(policy: Policy, band: str, values: list[str]) -> str:
    whens = " ".join(f"WHEN {literal(name)} THEN {values[place]}" for name, place in policy.band_places.items())
    return f"CASE {band} {whens} END"


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
