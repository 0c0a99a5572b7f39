"""Every planted complaint gets its planted cause, quiet weeks get none, and each fault that is put in is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.domain.diagnosis import Cause, State
from core.domain.history import DAYS, Episodes, within
from core.domain.usecase import UseCase
from core.services.access import LOCAL_PEOPLE, Role
from core.services.complaints.case_file import look_into
from core.services.complaints.case_sections import CaseFile
from core.services.complaints.cases import _seen
from core.services.desk import Desk
from core.store.ledger_tables import CaseRecord
from core.store.log_schema import quoted, score_names
from core.usecases import builtin

from .conftest import NOW

RISK, SALES = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.SALES]
CASES = [case for case in builtin().values() if case.history]
LEADS = builtin()["lead_scoring"]
QUIET = 16  # a week in which nothing is planted
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)


def week(desk: Desk, case: UseCase, number: int, actor=RISK) -> CaseFile:
    start = NOW - timedelta(days=DAYS - 7 * number)
    days = {"period_from": start + timedelta(days=1), "period_to": start + timedelta(days=6)}
    return look_into(desk, actor, _seen(CaseRecord("q", case.key, NOW, "Sam", "Is it all right?", **days)))


def check(found: CaseFile, name: str):
    return next(item for item in found.checks if item.name == name)


@pytest.mark.slow
@each
def test_planted_complaints_get_their_planted_cause(filled: Desk, case: UseCase) -> None:
    for record in filled.ledger.cases(case.key):
        told = _seen(record)
        assert not hasattr(told, "planted_cause"), "whoever looks into a case is not told"
        found = look_into(filled, RISK, told)
        says = "\n".join(f"{item.cause}: {item.state}: {item.says}" for item in found.checks)
        assert found.diagnosis.cause == record.planted_cause, says
        assert found.recomputed.n == min(found.window.n, 500) and found.recomputed.n_differing == 0
        assert found.window.simulated and found.health.latency_simulated
        assert {item.cause for item in found.checks} == set(Cause) - {Cause.EXPECTED}
        assert len(found.checks) == 9, "also those after the first match"


@each
def test_the_planted_model_fault_lies_in_the_first_days_of_the_new_version(filled: Desk, case: UseCase) -> None:
    record = next(item for item in filled.ledger.cases(case.key) if item.planted_cause == "model")
    row = filled.log.prediction(case, record.prediction_id or "").to_pylist()[0]
    switch = next(
        event.at for event in filled.ledger.events(f"{case.key} {filled.acting_version(case.key)}")
        if event.via == "simulated"
    )  # fmt: skip
    assert row["version"] == filled.acting_version(case.key)
    assert timedelta(0) <= row["as_of"] - switch.replace(tzinfo=None) < timedelta(days=7)
    found = look_into(filled, RISK, _seen(record))
    assert found.similar is not None and found.similar.actual is not None
    assert found.similar.k == 30 and found.similar.n > 1_000
    far = [item.distance for item in found.similar.rows]
    assert far == sorted(far) and record.prediction_id not in {item.prediction_id for item in found.similar.rows}


def quiet(episodes: Episodes, number: int) -> bool:
    planted = (episodes.concept, episodes.shifted, (0, episodes.bad + 1), (episodes.broken, episodes.broken + 1))
    planted += ((episodes.new_level, episodes.gaps + 1),) if episodes.gaps is not None else ()
    return not any(bool(within(number, span)) for span in planted)  # type: ignore[arg-type]


@pytest.mark.slow
def test_quiet_weeks_work_as_expected(filled: Desk) -> None:
    """Two checks at 1 % each: about one week in fifty may be called out; five of them would be a fault of the desk."""
    weekly = [case for case in CASES if case.history and not case.history.by_month]
    told = [
        (case.key, number, week(filled, case, number).diagnosis)
        for case in weekly for number in range(26) if quiet(case.history.episodes, number)  # type: ignore[union-attr]
    ]  # fmt: skip
    odd = [(key, number, found.says) for key, number, found in told if found.cause is not Cause.EXPECTED]
    assert len(told) == 28
    assert len(odd) <= 3, odd


def test_sales_get_no_comparison_of_models(filled: Desk) -> None:
    found, whole = week(filled, LEADS, QUIET, SALES), week(filled, LEADS, QUIET)
    assert found.shadow is None and whole.shadow is not None
    assert found.diagnosis == whole.diagnosis
    assert whole.shadow.arms[0].arm == LEADS.recipe.champion
    assert len(whole.shadow.arms) == len(LEADS.recipe.model_names) + 1
    for arm in whole.shadow.arms[1:]:
        assert arm.difference is not None
        assert arm.difference.value == pytest.approx(whole.shadow.arms[0].figure.value - arm.figure.value)


def test_sections_hold_their_figures_and_n(filled: Desk) -> None:
    found = week(filled, LEADS, QUIET)
    now = found.conversion
    assert sum(band.n_now for band in now.bands) == found.window.n == found.health.n
    assert sum(band.now.n for band in now.bands) == now.all_now.n == now.maturity_now.n_known
    assert now.all_now.low < now.all_now.value < now.all_now.high
    assert found.health.latency_p50_ms is not None and found.health.latency_p95_ms is not None
    assert found.health.latency_p50_ms < found.health.latency_p95_ms
    assert found.drift is not None and found.drift.columns[0].psi >= found.drift.columns[1].psi
    assert all(item.limit >= 0.1 for item in found.drift.columns)
    assert found.calibration is not None and found.calibration.mean_outcome.n == now.all_now.n
    assert found.estimated is not None and found.estimated.difference.n == now.all_now.n
    for item in found.checks:
        assert item.n or item.state is State.FEW or item.name == "Version and policy changes"
        assert item.on == found.window.end.date() and item.says.endswith((".", ")."))


FAULTS = {
    "Recomputed score": "UPDATE {scores} SET {champion} = {champion} * 1.000001 WHERE prediction_id IN ({rows})",
    "Values filled in": "UPDATE {raw} SET imputed = 'page_views' WHERE {inside} AND hash(entity) % 5 = 0",
    "Missing values": "UPDATE {raw} SET time_on_site = NULL WHERE {inside} AND hash(entity) % 5 = 0",
    "Late outcomes": "DELETE FROM {outcomes} WHERE hash(entity) % 4 = 0",
    "Stuck feed": "UPDATE {raw} SET page_views = 3 WHERE {inside} AND hour(as_of) BETWEEN 8 AND 23",
    "Rejected rows": (
        "UPDATE batch_events SET n_rejected = 60 WHERE event = 'done' "
        "AND batch IN (SELECT batch FROM {raw} WHERE {inside})"
    ),
}


@pytest.mark.slow
def test_each_fault_that_is_put_in_is_found_by_its_check(own: Desk) -> None:
    day = (NOW - timedelta(days=DAYS - 7 * QUIET)).date()
    inside = f"as_of >= DATE '{day + timedelta(days=1)}' AND as_of < DATE '{day + timedelta(days=7)}'"
    raw, scores, outcomes = (quoted(LEADS.key, table) for table in ("rows", "scores", "outcomes"))
    names = {
        "raw": raw, "scores": scores, "outcomes": outcomes, "inside": inside,
        "champion": quoted(score_names(LEADS)[LEADS.recipe.champion]),
        "rows": f"SELECT prediction_id FROM {raw} WHERE {inside}",
    }  # fmt: skip
    assert all(item.state is State.OK for item in week(own, LEADS, QUIET).checks)
    for name, fault in FAULTS.items():
        cursor = own.log._cursor()
        cursor.execute(fault.format(**names))
        assert check(week(own, LEADS, QUIET), name).state is State.BREACH, name


def test_a_change_that_was_cleared_with_its_history_is_none(own: Desk) -> None:
    """The chain keeps the events of a history that is gone; they explain nothing any more."""
    assert check(week(own, LEADS, 4), "Version and policy changes").state is State.BREACH
    who = {"actor": "Adam", "role": "admin", "via": "page"}
    own.ledger.record(
        at=datetime.now(NOW.tzinfo), **who, action="clear", subject="simulated history", result="intended"
    )
    assert check(week(own, LEADS, 4), "Version and policy changes").state is State.OK
    at = NOW - timedelta(days=DAYS - 7 * 4 + 2)
    own.ledger.record(at=at, **who, action="let version act", subject=f"{LEADS.key} v2", reason="promoted")
    assert check(week(own, LEADS, 4), "Version and policy changes").state is State.BREACH
