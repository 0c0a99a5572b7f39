"""The simulated history: the page names the gaps that are planted, and none that is not."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from core.domain.fairness.judgement import Standing, breaks, standing
from core.domain.judged import RULES
from core.errors import NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison.arms import Window, arm_rows
from core.services.comparison.fairness import fairness
from core.services.comparison.fairness_report import taken_along
from core.services.comparison.fairness_rows import Choice
from core.services.comparison.fairness_time import over_time
from core.services.comparison.fairness_watch import worst_gaps
from core.services.comparison.fairness_weighted import weighed
from core.usecases import builtin
from core.usecases.debt_repayment_truth import READY_REGION, RESPONSE_GAP

from .conftest import NOW

DEBT, BNPL = "debt_repayment", "bnpl_default"
RITA, SAM = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.SALES]


@pytest.fixture(scope="module")
def debt(filled):
    return fairness(filled, RITA, DEBT, now=NOW)


def column_of(found, *names):
    return next(column for column in found.columns if column.columns == names)


def test_the_gap_by_age_is_named_and_no_other_column(debt):
    """Income follows age, so the young are hardly ever expected to pay in full; gender and region move nothing."""
    gaps = {column.columns[0]: column.arm(debt.champion).gaps["parity"] for column in debt.columns[:3]}
    age = gaps["age_band"]
    assert 0.20 < age.value < 0.30 and age.low > 0.15 and age.noise < 0.05
    assert standing(age) is Standing.HIGH
    groups = column_of(debt, "age_band").groups
    assert (groups[age.highest], groups[age.lowest]) == ("50-69", "18-29")
    for name in ("gender", "region"):
        assert not breaks(standing(gaps[name])), name
        assert not breaks(standing(column_of(debt, name).arm(debt.champion).gaps["odds"])), name
    assert standing(gaps["gender"]) is Standing.ALIKE


def test_the_planted_gap_of_one_region_is_in_the_answers_and_small_in_the_decisions(filled, debt):
    """It answers .08 more often; of that, decisions show some points, within the limit, and of no other region."""
    use_case = filled.use_case(DEBT)
    rows = arm_rows(
        filled, use_case, ["v1"], Window(*(NOW - timedelta(days=n) for n in (180, 0)), NOW), ("region", "response_rate")
    )
    answers, regions = rows.raw["response_rate"].astype(float), rows.raw["region"]
    others = answers[regions != READY_REGION].mean()
    assert answers[regions == READY_REGION].mean() - others == pytest.approx(RESPONSE_GAP, abs=0.02)
    region = column_of(debt, "region")
    gap = region.arm(debt.champion).gaps["parity"]
    assert region.groups[gap.highest] == READY_REGION and standing(gap) in (Standing.ALIKE, Standing.WITHIN)


def test_rates_are_those_of_the_rows(filled, debt):
    use_case = filled.use_case(DEBT)
    rows = arm_rows(filled, use_case, ["v1"], debt.window, ("gender",))
    bands = filled.scorer(DEBT).bands(
        filled.scorer(DEBT).card.champion, rows.rows.outputs[debt.champion], rows.scores[debt.champion]
    )
    column = column_of(debt, "gender")
    for place, name in enumerate(column.groups):
        mine = rows.raw["gender"] == name
        champion = column.arm(debt.champion)
        assert champion.rates["selection"][place].value == pytest.approx((bands[mine] == 0).mean())
        full = mine & rows.rows.counts & (rows.rows.outcome == 2)
        assert champion.rates["tpr"][place].value == pytest.approx((bands[full] == 0).mean())
        assert champion.rates["tpr"][place].n == full.sum()
        known = mine & rows.rows.counts
        assert champion.calibration[place].score == pytest.approx(rows.scores[debt.champion][known].mean())
        assert champion.calibration[place].outcome == pytest.approx(rows.rows.outcome[known].mean() / 2)
    assert column.arm(RULES).calibration == () and set(debt.arms) >= {RULES, debt.champion}
    assert {names for column in debt.columns for names in [column.columns] if len(names) == 2} == {
        ("gender", "region"), ("gender", "age_band"), ("region", "age_band")
    }  # fmt: skip


def test_every_arm_is_beside_the_champion(debt):
    column = column_of(debt, "age_band")
    assert column.arms[0].arm == debt.champion and not column.arms[0].wider
    for arm in column.arms[1:]:
        wider, gap = arm.wider["parity"], arm.gaps["parity"]
        assert wider.value == pytest.approx(gap.value - column.arms[0].gaps["parity"].value)
        assert wider.low <= wider.value <= wider.high


def test_what_is_watched(filled):
    found = {(gap.column, gap.kind): gap for gap in worst_gaps(filled, DEBT, NOW)}
    assert len(found) == 6
    age = found["age_band", "parity"]
    assert age.breaks and age.severe and age.sure == age.value > age.limit == 0.10 and age.n > 5_000
    assert "50-69 and 18-29" in age.sentence and f"n = {age.n:,}" in age.sentence
    assert [key for key, gap in found.items() if gap.breaks and key[0] != "age_band"] == []
    for gap in found.values():
        assert gap.sure == (gap.value if gap.value > gap.noise else gap.low)
    assert not any(gap.breaks for gap in worst_gaps(filled, BNPL, NOW))
    assert {gap.arm for gap in worst_gaps(filled, BNPL, NOW)} == {RULES}, "models are in the shadow there"
    assert worst_gaps(filled, "lead_scoring", NOW) == ()


def test_few_outcomes_are_not_judged(filled):
    early = [gap for gap in worst_gaps(filled, DEBT, NOW - timedelta(days=120)) if gap.kind == "odds"]
    nobody = worst_gaps(filled, DEBT, NOW - timedelta(days=4_000))
    assert len(nobody) == 6 and all("scored no row" in gap.sentence and not gap.breaks for gap in nobody)
    assert len(early) == 3 and all(gap.value is None and not gap.breaks and gap.n == 0 for gap in early)
    assert all("Fewer than two groups" in gap.sentence for gap in early)


def test_over_time(filled, debt):
    age = column_of(debt, "age_band")
    found = over_time(filled, RITA, debt, Choice(), age, "parity", debt.champion)
    told = [period for period in found.periods if period.gap]
    assert found.step == "week" and len(told) > 15
    assert np.mean([period.gap.value for period in told]) == pytest.approx(0.27, abs=0.06)
    assert sum(breaks(standing(period.gap)) for period in told) > 0.8 * len(told)
    assert sum(period.n for period in found.periods) == debt.n_rows
    odds = over_time(filled, RITA, debt, Choice(), column_of(debt, "gender"), "odds", debt.champion)
    assert any(period.gap for period in odds.periods) and not any(period.gap for period in odds.periods[-8:])


def test_another_decision_and_another_column(filled):
    found = fairness(filled, RITA, DEBT, Choice(band=2, columns=("debt_type",)), NOW)
    assert (found.selection.decision, found.selection.favourable, found.selection.outcome) == (
        "escalate",
        False,
        "none",
    )
    assert [column.columns for column in found.columns] == [("debt_type",)]
    assert not breaks(standing(found.columns[0].arm(found.champion).gaps["parity"]))
    with pytest.raises(UnknownName):
        fairness(filled, RITA, DEBT, Choice(columns=("customer_id",)), NOW)


def test_hidden_outcomes_and_the_slice(filled):
    found = fairness(filled, RITA, BNPL, now=NOW)
    assert found.acting == RULES and not found.selection.favourable
    assert min(found.known.values()) < 0.5 < max(found.known.values())
    income = column_of(found, "customer_income_bracket")
    told = weighed(filled, RITA, found, Choice(), income)
    assert told.by.n_hidden > 0 and "random slice" in told.by.words
    if not told.by.refused:
        assert len(told.rates["fpr"]) == len(told.calibration) == len(income.groups)
    debt = fairness(filled, RITA, DEBT, now=NOW)
    refused = weighed(filled, RITA, debt, Choice(), debt.columns[0])
    assert "nothing to weigh" in refused.by.refused and not refused.rates


def test_values_have_no_odds(filled):
    found = fairness(filled, RITA, "client_profitability", Choice(columns=("industry",)), NOW)
    assert found.selection.outcome is None
    arm = found.columns[0].arms[0]
    assert set(arm.rates) == {"selection"} and arm.gaps["odds"] is None and arm.gaps["parity"] is not None
    assert arm.calibration[0].n > 0


def test_taking_the_report_along_is_an_event(own):
    found = fairness(own, RITA, DEBT, now=NOW)
    event = taken_along(own, RITA, found, NOW)
    assert event.actor == RITA.name and event.action == "download fair-lending report"
    assert own.ledger.events(event.subject)[0].seq == event.seq and own.ledger.verify_chain() is None


@pytest.mark.parametrize("key", builtin())
def test_sales_see_no_groups(filled, key):
    with pytest.raises(NotPermitted):
        fairness(filled, SAM, key)
