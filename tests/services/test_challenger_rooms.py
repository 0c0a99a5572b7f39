"""What stands behind the page of challengers: swap sets, ratios, agreement, curves, segments, standing plans."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pyarrow import csv
from sklearn.metrics import cohen_kappa_score

from core.config import Settings
from core.domain.compare.plan import ArmName
from core.domain.compare.verdict import Decision
from core.domain.usecase import Task
from core.errors import NotPermitted
from core.ml.train import train
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import agreement, arm_curves, arm_segments, deciders, plans, replay, swaps
from core.services.comparison.challengers import challengers
from core.services.comparison.plans import LEAST_ROWS, Wanted, presets
from core.services.complaints import cases, silence
from core.services.desk import open_desk
from core.services.governing import standing
from core.services.governing.foresight import foreseen
from core.services.reasons.drivers import segmentations
from core.services.row_order import times_of
from core.services.training import Origin, read_labelled, shelve
from core.usecases import builtin

N = 3_000
RITA, SAM = LOCAL_PEOPLE[Role.RISK], LOCAL_PEOPLE[Role.SALES]
EVER = date(2000, 1, 1)
TABLED = [key for key, case in builtin().items() if not any(column.kind.is_list for column in case.schema)]


@pytest.fixture(scope="module")
def desk(trained_home, tmp_path_factory):
    home = tmp_path_factory.mktemp("rooms") / "home"
    shutil.copytree(trained_home, home)
    opened = open_desk(Settings(home=home))
    for key in TABLED:
        csv.write_csv(opened.use_case(key).synthesize(N, 3), home / f"{key}.csv")
        job_id = batches.submit(opened, RITA, key, home / f"{key}.csv", filename="rows.csv")
        assert opened.jobs.wait(job_id, 60).state == "done"
        outcomes.take_in(opened, RITA, key, home / f"{key}.csv")
    yield opened
    opened.close()


def seen(desk, key):
    return challengers(desk, RITA, key, since=EVER)


@pytest.mark.parametrize("key", TABLED)
def test_the_swap_set_exchanges_as_many_rows_either_way(desk, key):
    found = seen(desk, key)
    arm = found.arms[1].name
    part = swaps.swap(desk, RITA, key, found, arm, 0.2)
    assert part.n_rows == found.maturity.n_known
    assert part.n_taken == round(0.2 * part.n_rows) == part.n_both + part.n_moved
    assert part.low <= part.difference <= part.high
    assert (part.money is not None) == (builtin()[key].policy.money is not None)
    assert swaps.swap(desk, RITA, key, found, arm, 0.2) is part  # kept


def test_money_of_the_swap_set_is_what_the_policy_says(desk):
    found = seen(desk, "lead_scoring")
    part = swaps.swap(desk, RITA, "lead_scoring", found, found.arms[1].name, 0.2)
    gained = round(part.challenger * part.n_moved) - round(part.champion * part.n_moved)
    assert part.money == pytest.approx(5_500 * gained)  # as many calls either way: only conversions differ


def test_savings_hold_the_rules_coverage(desk):
    found = seen(desk, "lead_scoring")
    by_arm = {part.arm: part for part in swaps.savings(desk, RITA, "lead_scoring", found)}
    assert set(by_arm) == {str(arm) for arm in found.rows.arms}
    leading = by_arm[found.champion]
    judged = found.rows.rows
    called = int((judged.rules_band[judged.counts] <= 1).sum())
    top = np.argsort(-found.rows.scores[found.champion][judged.counts], kind="stable")[:called]
    outcome = judged.outcome[judged.counts]
    rules = outcome[judged.rules_band[judged.counts] <= 1].sum()
    assert leading.total == pytest.approx(5_500 * (outcome[top].sum() - rules))
    assert leading.low < leading.total < leading.high and leading.low > 0


def test_ratios_stand_at_the_same_coverage_and_say_their_polarity(desk):
    found = swaps.ratios(desk, RITA, "lead_scoring", seen(desk, "lead_scoring"))
    assert found[-1].arm == "rules"
    assert len({tuple(n for _, n, _ in part.bands) for part in found}) == 1
    assert {part.polarity for part in found} == {"right"}
    assert found[0].ratio.value > found[-1].ratio.value
    top, bottom = found[0].bands[0], found[0].bands[-1]
    assert found[0].ratio.value == pytest.approx(top[2] / bottom[2])
    over = found[0].over_rules
    assert over.value == pytest.approx(found[0].ratio.value / found[-1].ratio.value) and over.low > 1
    assert found[-1].over_rules is None


def test_a_reversed_score_is_named(desk):
    found = seen(desk, "lead_scoring")
    judged = found.rows.rows
    rows = judged.counts
    turned = swaps.in_shares(-found.rows.scores[found.champion][rows], np.bincount(judged.rules_band[rows]))
    flipped = judged.part(slice(None))
    flipped.outputs["turned"] = 1 - judged.outputs[found.champion]
    part = swaps._ratio(builtin()["lead_scoring"], flipped, "turned", turned, rows, None)
    assert part.polarity == "reversed or mis-fed" and part.above.high < 1


def test_other_tasks_have_no_ratio(desk):
    for key in TABLED:
        if builtin()[key].task is not Task.BINARY:
            assert swaps.ratios(desk, RITA, key, seen(desk, key)) == ()
            assert swaps.savings(desk, RITA, key, seen(desk, key)) == ()


@pytest.mark.parametrize("key", TABLED)
def test_agreement_is_that_of_the_bands(desk, key):
    found = seen(desk, key)
    pairs = agreement.agreements(desk, RITA, key, found)
    assert pairs.n == len(found.rows.rows) == N
    assert (np.diag(pairs.kappa) == 1).all() and np.allclose(pairs.kappa, pairs.kappa.T, equal_nan=True)
    champion, other = found.champion, found.arms[1].name
    scorer = desk.scorer(key)
    codes = [
        scorer.bands(name.partition(" ")[0], found.rows.rows.outputs[name], found.rows.scores[name])
        for name in (champion, other)
    ]
    assert pairs.with_champion[other].kappa.value == pytest.approx(cohen_kappa_score(*codes), abs=1e-9)
    coats = agreement.coats_of(desk, RITA, key, found)
    assert len(coats.pairs) == 6 and set(coats.arms) <= {str(arm) for arm in found.rows.arms}


def test_a_row_the_models_disagree_about_becomes_a_case(desk):
    key = "lead_scoring"
    rows = agreement.disagreements(desk, RITA, key, seen(desk, key), 5)
    assert [row.gap for row in rows] == sorted((row.gap for row in rows), reverse=True)
    opened = agreement.send_to_review(desk, RITA, key, rows[0])
    assert cases.case(desk, RITA, opened.id).prediction_id == rows[0].prediction_id
    assert "models disagree" in opened.text
    assert not any(model in opened.text for model in builtin()[key].recipe.model_names)  # sales read cases too
    with pytest.raises(NotPermitted):
        agreement.send_to_review(desk, LOCAL_PEOPLE[Role.AUDITOR], key, rows[0])


@pytest.mark.parametrize("key", TABLED)
def test_every_curve_has_its_arms(desk, key):
    found = seen(desk, key)
    drawn = arm_curves.curves(desk, RITA, key, found)
    models = {str(arm) for arm in found.rows.arms}
    assert models <= set(drawn.lift) and set(drawn.calibration) == models
    assert set(drawn.dual) == models - {found.champion}
    assert bool(drawn.roc) == bool(drawn.lines) == (builtin()[key].task is not Task.REGRESSION)
    _, _, counts = arm_curves.scatter(desk, RITA, key, found, found.arms[1].name)
    assert counts.sum() == N


@pytest.mark.parametrize("key", TABLED)
def test_levels_add_up_to_the_judged_rows(desk, key):
    found = seen(desk, key)
    for column in segmentations(builtin()[key]):
        levels = arm_segments.by_level(desk, RITA, key, found, found.arms[1].name, column)
        assert 0 < sum(part.n for part in levels) <= found.maturity.n_known
        assert all(part.gain is None or part.gain.n == part.n for part in levels)


def test_every_row_has_a_number_and_every_decision_its_outcomes(desk):
    found = seen(desk, "lead_scoring")
    assert all(part.value == 0 and 0 < part.high < 0.01 for part in silence.unscored(found).values())
    assert set(silence.silences(desk, RITA, "lead_scoring", found)) == {str(arm) for arm in found.rows.arms}
    known = deciders.known_by_decision(builtin()["lead_scoring"], found.rows.rows)
    assert known and all(share == 1.0 for share in known.values())


def test_a_plan_is_foreseen_frozen_judged_and_ended(desk):
    key, today = "lead_scoring", datetime.now(UTC).date()
    use_case, found = builtin()[key], seen(desk, "lead_scoring")
    arm = ArmName("v1", "logistic")
    own, usual = presets(use_case)
    ahead = foreseen(use_case, found, arm, own, today)
    gain = found.arm(str(arm)).gains["auc"]
    assert ahead.n_rows == max(LEAST_ROWS, gain.n_needed) and ahead.n_measured == gain.difference.n
    assert foreseen(use_case, found, arm, usual, today).n_rows <= ahead.n_rows
    assert ahead.windows[0][1] == ahead.windows[1][0]
    assert ahead.known_on == ahead.windows[1][1] + timedelta(days=use_case.target.horizon_days)
    planned = plans.make_plan(desk, RITA, key, Wanted(arm, own.name, ahead.windows, ahead.n_rows))
    (judged,) = standing.standing(desk, RITA, key)
    assert judged.planned.id == planned.id and judged.verdict.decision is Decision.KEEP_TESTING
    assert standing.standing(desk, RITA, key)[0] is judged
    plans.close_plan(desk, RITA, key, planned.id, "enough seen")
    assert standing.standing(desk, RITA, key) == []
    assert [item.id for item in standing.ended(desk, RITA, key)] == [planned.id]


def test_sales_see_none_of_it(desk):
    key = "lead_scoring"
    found = seen(desk, key)
    for ask in (
        lambda: swaps.swap(desk, SAM, key, found, found.arms[1].name, 0.2),
        lambda: swaps.savings(desk, SAM, key, found),
        lambda: swaps.ratios(desk, SAM, key, found),
        lambda: agreement.coats_of(desk, SAM, key, found),
        lambda: agreement.agreements(desk, SAM, key, found),
        lambda: agreement.disagreements(desk, SAM, key, found),
        lambda: arm_curves.curves(desk, SAM, key, found),
        lambda: arm_curves.scatter(desk, SAM, key, found, found.arms[1].name),
        lambda: arm_segments.by_level(desk, SAM, key, found, found.arms[1].name, "industry"),
        lambda: deciders.weighed(desk, SAM, key, found),
        lambda: silence.silences(desk, SAM, key, found),
        lambda: standing.standing(desk, SAM, key),
        lambda: standing.ended(desk, SAM, key),
    ):
        with pytest.raises(NotPermitted):
            ask()


def test_a_replay_is_seen_at_once(desk):
    key, now = "lead_scoring", datetime.now(UTC)
    use_case = builtin()[key]
    labelled = read_labelled(desk, use_case, desk.settings.home / f"{key}.csv")
    times = times_of(use_case, labelled.columns, len(labelled.target))
    shelve(desk, RITA, use_case, train(use_case, labelled.columns, labelled.target, times=times), labelled,
           Origin("train", "the same rows", act=False, version="v7"))  # fmt: skip
    assert challengers(desk, RITA, key, since=EVER, versions=["v7"]).n_rows == 0
    assert replay.replay(desk, RITA, key, "v7", (datetime(2000, 1, 1, tzinfo=UTC), now)) == N
    found = challengers(desk, RITA, key, since=EVER, versions=["v7"])
    assert found.n_rows == N and len(found.rows.arms) == 8


def test_what_decisions_hide_is_weighed_or_refused_in_words(desk):
    found = seen(desk, "lead_scoring")
    weighed = deciders.weighed(desk, RITA, "lead_scoring", found)
    assert weighed.refused and deciders.weighed(desk, RITA, "lead_scoring", found) is weighed
