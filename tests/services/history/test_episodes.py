"""What is said to be planted in the simulated history is there, measured on what the log holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.history import DAYS, MONTHS, Span, within
from core.domain.metrics.auc import delong
from core.domain.usecase import Task, UseCase
from core.services.desk import Desk
from core.services.history.versions import FORMER
from core.store.log_schema import score_names
from core.usecases import builtin

from .conftest import NOW

CASES = [case for case in builtin().values() if case.history]
LEAST = {
    "lead_scoring": 12_000, "bnpl_default": 40_000, "collector_performance": 955 * 6, "debt_repayment": 12_000,
    "client_profitability": 3_000,
}  # fmt: skip
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)


def period_of(case: UseCase, at: NDArray[Any]) -> NDArray[Any]:
    """The period of times in UTC, by the calendar alone."""
    assert case.history
    local = at + np.timedelta64(4, "h") if case.schema.timezone == "Asia/Dubai" else at
    today = np.datetime64(NOW.replace(tzinfo=None), "D")
    if case.history.by_month:
        return (local.astype("datetime64[M]") - (today.astype("datetime64[M]") - MONTHS)).astype(int)
    return (local.astype("datetime64[D]") - (today - DAYS)).astype(int) // 7


def judged(desk: Desk, case: UseCase) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], Any]:
    """Mature rows: period, outcome (codes or values, NaN unknown), champion's outputs, and the table."""
    names, champion = score_names(case), case.recipe.champion
    labels = [f"{champion}:{label}" for label in case.target.classes] if case.task is Task.MULTICLASS else [champion]
    table = desk.log.with_outcomes(case, NOW, [names[label] for label in labels])
    codes: dict[Any, float] = {label: code for code, label in enumerate(case.target.classes)}
    texts = case.task is Task.MULTICLASS
    found = [np.nan if value is None else codes[value] if texts else value for value in table["outcome"].to_pylist()]
    outputs = np.column_stack([table[names[label]].to_numpy() for label in labels])
    return period_of(case, table["as_of"].to_numpy()), np.array(found, float), outputs, table


def figure(case: UseCase, outcome: NDArray[Any], outputs: NDArray[Any]) -> float:
    """AUC, macro one-versus-rest AUC, or R2."""
    if case.task is Task.REGRESSION:
        return float(1 - np.mean((outcome - outputs[:, 0]) ** 2) / outcome.var())
    if case.task is Task.BINARY:
        return delong(outcome, outputs[:, 0])[0]
    return float(np.mean([delong((outcome == k).astype(float), outputs[:, k])[0] for k in range(outputs.shape[1])]))


def psi(desk: Desk, case: UseCase, span: Span) -> dict[str, float]:
    """PSI of every judged feature in a span, against the acting version's held-out reference, from the log's counts."""
    assert case.history
    scorer = desk.scorer(case.key)
    if case.history.by_month:
        first = np.datetime64(NOW.replace(tzinfo=None), "M") - MONTHS
        since, until = ((first + place).astype("datetime64[D]").astype("datetime64[us]").item() for place in span)
    else:
        since, until = (NOW - timedelta(days=DAYS - 7 * place) for place in span)
    counts = desk.log.feature_counts(case, since=since, until=until).to_pylist()
    found = {}
    for item in scorer.bundle.profile["features"]:
        current = np.zeros(scorer.bundle.profile["width"])
        for line in counts:
            if line["feature"] == item["name"]:
                assert line["version"] == scorer.card.version
                current[line["bin"]] += line["n"]
        if not item["calendar"]:
            reference = np.array(item["counts"]) + 0.5
            c, r = (current + 0.5) / (current + 0.5).sum(), reference / reference.sum()
            found[item["name"]] = float(((c - r) * np.log(c / r)).sum())
    return found


@each
def test_enough_rows_of_six_months(filled: Desk, case: UseCase) -> None:
    assert filled.log.simulated_rows()[case.key] >= LEAST[case.key]
    assert case.history
    at = filled.log.scan(case, ["as_of", "scored_at"])
    assert set(period_of(case, at["as_of"].to_numpy())) == set(range(case.history.n_periods))
    assert at["scored_at"].to_numpy().max() < np.datetime64(NOW.replace(tzinfo=None))
    assert (at["scored_at"].to_numpy() >= at["as_of"].to_numpy()).all()


@each
def test_rows_are_marked(filled: Desk, case: UseCase) -> None:
    assert {batch["source"] for batch in filled.log.latest_batches(case, 100)} == {"simulated"}
    assert all(entity.startswith("sim-") for entity in filled.log.scan(case, ["entity"])["entity"].to_pylist())


@each
def test_feature_drift_is_in_two_columns_and_nowhere_else(filled: Desk, case: UseCase) -> None:
    assert case.history
    found = psi(filled, case, case.history.episodes.shifted)
    readers = {
        name: {feature.name for feature in case.features if name in feature.inputs} for name in case.history.shifted
    }
    for features in readers.values():
        assert max(found[name] for name in features) > 0.1
    touched = set().union(*readers.values())
    assert max(value for name, value in found.items() if name not in touched) < 0.1


@each
def test_concept_drift_shows_in_outcomes_and_not_in_inputs(filled: Desk, case: UseCase) -> None:
    assert case.history
    episodes = case.history.episodes
    period, outcome, outputs, _ = judged(filled, case)
    known = ~np.isnan(outcome)
    inside = within(period, episodes.concept) & known
    calm = known & ~inside & (period != episodes.bad) & (period >= episodes.new_version)
    calm &= period != episodes.broken
    drop = figure(case, outcome[calm], outputs[calm]) - figure(case, outcome[inside], outputs[inside])
    assert 0.02 < drop < 0.10
    assert max(psi(filled, case, episodes.concept).values()) < 0.05


@each
def test_one_bad_period_that_recovers(filled: Desk, case: UseCase) -> None:
    assert case.history
    period, outcome, _, _ = judged(filled, case)
    known = ~np.isnan(outcome)
    good = outcome if case.task is Task.REGRESSION else outcome == np.nanmax(outcome)
    bad = known & (period == case.history.episodes.bad)
    ratio = good[bad].mean() / good[known & ~bad].mean()
    assert 0.55 < ratio < 0.85
    later = known & (period == case.history.episodes.bad + 1)
    assert 0.8 < good[later].mean() / good[known & ~bad].mean() < 1.2


@each
def test_two_versions_act_one_after_the_other(filled: Desk, case: UseCase) -> None:
    assert case.history
    acting = filled.acting_version(case.key)
    rows = filled.log.scan(case, ["as_of", "version"])
    period = period_of(case, rows["as_of"].to_numpy())
    later = period >= case.history.episodes.new_version
    assert (np.array(rows["version"].to_pylist()) == np.where(later, acting, FORMER)).all()
    event = next(
        event for event in filled.ledger.events(f"{case.key} {acting}") if event.action == "let version act"
        and event.via == "simulated"
    )  # fmt: skip
    assert np.datetime64(event.at.replace(tzinfo=None)) == rows["as_of"].to_numpy()[later].min()


@each
def test_random_slice_is_decided_by_nobody_and_its_propensity_is_logged(filled: Desk, case: UseCase) -> None:
    assert case.history
    rows = filled.log.scan(case, ["decided_by", "decision", "propensity"])
    drawn = np.array([by == "random" for by in rows["decided_by"].to_pylist()])
    if case.history.random_band is None:
        assert not drawn.any()
        return
    assert drawn.mean() == pytest.approx(case.history.random_share, abs=0.004)
    band = case.policy.band_names.index(case.history.random_band)
    decision = np.array(rows["decision"].to_pylist())
    same = decision == case.policy.decisions[band]
    propensity = rows["propensity"].to_numpy()
    assert same[drawn].all()
    assert set(propensity[drawn]) == {case.history.random_share, 1.0}
    assert set(propensity[~drawn & same]) == {1.0}
    assert set(propensity[~drawn & ~same]) == {1.0 - case.history.random_share}


@each
def test_outcomes_mature(filled: Desk, case: UseCase) -> None:
    """Whatever is older than the horizon is known unless it was declined; nothing is known before it can be."""
    assert case.history
    _, outcome, _, table = judged(filled, case)
    decisions = filled.log.scan(case, ["prediction_id", "decision"])
    by_id = dict(zip(decisions["prediction_id"].to_pylist(), decisions["decision"].to_pylist(), strict=True))
    unseen = {case.policy.decisions[case.policy.band_names.index(name)] for name in case.history.unseen}
    declined = np.array([by_id[key] in unseen for key in table["prediction_id"].to_pylist()])
    assert (np.isnan(outcome) == declined).all()
    known = filled.log.outcomes_as_known_on(case, NOW)
    assert known.num_rows < filled.log.simulated_rows()[case.key]
    received, observed, as_of = (known[name].to_numpy() for name in ("received_at", "observed_at", "as_of"))
    assert (as_of < observed).all() and (observed < received).all()
    assert received.max() <= np.datetime64(NOW.replace(tzinfo=None))
    earlier = filled.log.outcomes_as_known_on(case, NOW - timedelta(days=60))
    assert 0 < earlier.num_rows < known.num_rows


@each
def test_four_complaints_with_four_causes(filled: Desk, case: UseCase) -> None:
    assert case.history
    cases = filled.ledger.cases(case.key)
    assert {found.planted_cause for found in cases} == {"model", "integration", "data", "concept"}
    for found in cases:
        assert found.simulated and found.opened_at < NOW
        assert found.planted_cause not in found.text
        assert (found.prediction_id is None) == (found.period_from is not None)
        if found.prediction_id is not None:
            assert filled.log.prediction(case, found.prediction_id).num_rows == 1
        if found.planted_cause == "integration":
            name = case.history.shifted[0]
            column = filled.log.scan(case, [name])[name].to_numpy()
            row = filled.log.prediction(case, found.prediction_id or "")
            assert row[name][0].as_py() == column.min()
