"""What drives the scores of every use case: one answer adds up with the next, and quiet data stay quiet."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import numpy as np
import pytest

from core.domain.adverse import sensitive_columns
from core.domain.axes import axes_of
from core.domain.explained import Explanation, ModelReasons, Recomputed
from core.domain.importance import rank_agreement
from core.domain.policy import Tone, band_codes
from core.domain.usecase import Task
from core.errors import InputError, NotPermitted
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.reasons import adverse, dependence, drivers
from core.services.reasons.explained_rows import MOST_ROWS, explained_rows, scores_of
from core.ui.adverse import text
from core.usecases import builtin

SALES = LOCAL_PEOPLE[Role.SALES]
KEYS = list(builtin())
CREDIT = [key for key, case in builtin().items() if case.adverse_codes]


def fill(desk: Desk, actor: Actor, key: str, n_rows: int) -> None:
    content = batches.sample_csv(desk, key, n_rows)
    assert content is not None
    path = batches.keep_upload(desk, actor, "rows.csv", io.BytesIO(content))
    job = batches.submit(desk, actor, key, path, filename="rows.csv")
    assert desk.jobs.wait(job, 60).state == "done"


@pytest.mark.parametrize("key", KEYS)
def test_importance_is_of_points_that_add_up(desk: Desk, analyst: Actor, key: str) -> None:
    use_case = desk.use_case(key)
    found, rows = drivers.drivers(desk, analyst, key), explained_rows(desk, use_case)
    assert set(found.models) == set(use_case.recipe.model_names)
    for model in found.models:
        base = rows.scores[model] - rows.points[model].sum(axis=1)
        item = found.by_model[model]
        assert np.isfinite(base).all()
        assert item.value == pytest.approx(np.abs(rows.points[model]).mean(axis=0))
        assert (item.low <= item.value).all()
        assert (item.value <= item.high).all()
        assert item.n == found.source.n == min(rows.n_there, MOST_ROWS)
    first, second = found.models[:2]
    tau = rank_agreement(found.by_model[first].value, found.by_model[second].value)
    assert found.agreement[0, 1] == pytest.approx(tau)
    assert found.agreement == pytest.approx(found.agreement.T)


@pytest.mark.parametrize("key", KEYS)
def test_an_empty_log_is_an_answer(desk: Desk, analyst: Actor, key: str) -> None:
    champion = desk.use_case(key).recipe.champion
    assert drivers.drivers(desk, analyst, key, 30).source.n == 0
    found = drivers.drift(desk, analyst, key, champion, 30)
    assert found.shifts is None
    assert found.minimum == 170
    counts = adverse.code_counts(desk, analyst, key, champion, 30)
    assert (counts is None) == (key not in CREDIT)
    assert counts is None or counts.n_declined == 0


@pytest.mark.parametrize("key", KEYS)
def test_logged_rows_are_explained_as_they_were_scored(desk: Desk, analyst: Actor, key: str) -> None:
    fill(desk, analyst, key, 300)
    use_case = desk.use_case(key)
    rows = explained_rows(desk, use_case, 3650)
    assert rows.n == rows.n_there == 300
    logged = desk.log.scan(use_case, ["score"])["score"].to_numpy()
    assert np.sort(rows.scores[use_case.recipe.champion]) == pytest.approx(np.sort(logged), abs=1e-9)
    before = drivers.drivers(desk, analyst, key, 3650)
    assert before.source.n == 300
    fill(desk, analyst, key, 320)
    assert drivers.drivers(desk, analyst, key, 3650).source.n > 300  # the log changed, so it was computed anew


@pytest.mark.parametrize("key", ["lead_scoring", "debt_repayment"])
def test_rows_like_the_reference_raise_nothing(desk: Desk, analyst: Actor, key: str) -> None:
    fill(desk, analyst, key, 600)
    found = drivers.drift(desk, analyst, key, desk.use_case(key).recipe.champion, 3650)
    assert found.shifts is not None
    assert found.now.n == 600
    assert not [item.column for item in found.shifts if item.raised]


@pytest.mark.parametrize("key", KEYS)
def test_permutation_and_points_see_the_same_first_columns(desk: Desk, analyst: Actor, key: str) -> None:
    found, known = drivers.cross_check(desk, analyst, key), drivers.drivers(desk, analyst, key)
    assert found is not None
    assert found.metric == desk.use_case(key).policy.primary_metric
    loss = found.losses[known.champion]
    assert loss.value.max() > 0
    assert set(found.agreement) == set(known.models)
    best = known.by_model[known.champion].columns[int(loss.value.argmax())]
    assert best in known.by_model[known.champion].order[:4]


@pytest.mark.parametrize("key", KEYS)
def test_segments_hold_every_row_once(desk: Desk, analyst: Actor, key: str) -> None:
    use_case = desk.use_case(key)
    for by in drivers.segmentations(use_case):
        found = drivers.by_segment(desk, analyst, key, use_case.recipe.champion, by)
        assert sum(item.n for item in found.levels.values()) <= found.source.n
        assert all(item.n > 0 for item in found.levels.values())
    for name in use_case.sensitive:
        assert name in drivers.segmentations(use_case)


@pytest.mark.parametrize("key", KEYS)
def test_every_column_can_be_looked_at_and_drawn(desk: Desk, analyst: Actor, key: str) -> None:
    use_case = desk.use_case(key)
    champion, axes = use_case.recipe.champion, dependence.axes(desk, analyst, key)
    assert {axis.column.name for axis in axes} == set(use_case.model_columns)
    for axis in axes:
        found = dependence.dependence(desk, analyst, key, champion, axis.name)
        assert sum(item.n for item in found.means) <= found.source.n
        assert len(found.scores) == len(found.grid) > 0
        assert np.isfinite(found.scores).all()
        drawn = dependence.boundary(desk, analyst, key, champion, (axes[0].name, axis.name))
        assert drawn.scores.size <= 2_500
        assert drawn.bands.min() >= 0
        assert drawn.bands.max() < len(use_case.policy.bands)
        if use_case.task is not Task.MULTICLASS:
            assert (band_codes(drawn.scores.ravel(), drawn.cutoffs) == drawn.bands.ravel()).all()


def test_the_boundary_passes_through_a_logged_record(desk: Desk, analyst: Actor) -> None:
    key = "lead_scoring"
    fill(desk, analyst, key, 50)
    use_case = desk.use_case(key)
    logged = desk.log.latest(use_case, 1).to_pylist()[0]
    names = ("company_size", "referral_source")
    for record in (logged["prediction_id"], logged["entity"]):
        found = dependence.boundary(desk, analyst, key, "lightgbm", names, record)
        x, y = found.x.levels.index(logged["company_size"]), found.y.levels.index(logged["referral_source"])
        assert found.scores[y, x] == pytest.approx(logged["score"], abs=1e-12)
    with pytest.raises(InputError, match="nobody"):
        dependence.boundary(desk, analyst, key, "lightgbm", names, "nobody")


def test_partial_dependence_is_the_mean_score_of_changed_rows(desk: Desk, analyst: Actor) -> None:
    use_case = desk.use_case("lead_scoring")
    rows = explained_rows(desk, use_case)
    found = dependence.dependence(desk, analyst, "lead_scoring", "lightgbm", "company_size")
    (axis,) = axes_of(use_case.schema["company_size"], rows.columns["company_size"])
    n = found.n_averaged
    picked = np.linspace(0, rows.n - 1, n).round().astype(int)
    everyone = {name: rows.columns[name][picked] for name in use_case.model_columns}
    placed = everyone | {"company_size": axis.place(everyone["company_size"], 2.0)}
    there = scores_of(desk.scorer("lead_scoring"), placed, n)["lightgbm"].mean()
    assert found.scores[2] == pytest.approx(there, abs=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_answers_come_in_time(desk: Desk, analyst: Actor, key: str) -> None:
    champion = desk.use_case(key).recipe.champion
    desk.scorer(key)
    drivers.drivers(desk, analyst, key)
    dependence.pairs(desk, analyst, key, champion)
    started = time.perf_counter()
    drivers.drivers(desk, analyst, key)
    dependence.pairs(desk, analyst, key, champion)
    assert time.perf_counter() - started < 0.3


@pytest.mark.parametrize("key", KEYS)
def test_pairs_are_of_the_most_important_columns(desk: Desk, analyst: Actor, key: str) -> None:
    champion = desk.use_case(key).recipe.champion
    found = dependence.pairs(desk, analyst, key, champion)
    order = drivers.drivers(desk, analyst, key).by_model[champion].order
    assert found.columns == order[: len(found.columns)]
    assert len(found.pairs) == len(found.columns) * (len(found.columns) - 1) // 2
    assert all(item.strength >= 0 for item in found.pairs)


def test_sales_do_not_see_what_drives_the_models(desk: Desk) -> None:
    for ask in (drivers.drivers, drivers.cross_check, dependence.axes):
        with pytest.raises(NotPermitted):
            ask(desk, SALES, "lead_scoring")  # type: ignore[operator]
    with pytest.raises(NotPermitted):
        adverse.code_counts(desk, SALES, "bnpl_default", "ridge")


@pytest.mark.parametrize("key", CREDIT)
def test_codes_of_declined_rows(desk: Desk, analyst: Actor, key: str) -> None:
    use_case = desk.use_case(key)
    found = adverse.code_counts(desk, analyst, key, use_case.recipe.champion)
    assert found is not None
    rows = explained_rows(desk, use_case)
    bad = [place for place, band in enumerate(use_case.policy.bands) if band.tone is Tone.BAD]
    assert found.n_declined == np.isin(rows.bands[use_case.recipe.champion], bad).sum()
    assert found.n_declined + found.n_approved == rows.n
    assert found.counts
    assert max(found.counts.values()) <= found.n_declined
    assert sum(found.counts.values()) <= 4 * found.n_declined


def explained(desk: Desk, key: str, row: int) -> Explanation:
    """What is known of one reference row, as far as reason codes read it."""
    use_case, rows = desk.use_case(key), explained_rows(desk, desk.use_case(key))
    model = use_case.recipe.champion
    score = float(rows.scores[model][row])
    points = dict(zip(use_case.model_columns, rows.points[model][row].tolist(), strict=True))
    base = score - sum(points.values())
    reasons = ModelReasons(model, base, score, points, {}, {}, {}, "", "", None, 0.0)
    band = use_case.policy.bands[int(rows.bands[model][row])]
    return Explanation(
        use_case=key,
        version=rows.version,
        model=model,
        prediction_id=None,
        entity="T-1",
        as_of=None,
        scored_at=None,
        row={},
        score=score,
        band=band.name,
        decision=band.decision,
        tone=band.tone,
        decided_by="champion",
        base=base,
        reasons=(),
        helps=(),
        hurts=(),
        models={model: reasons},
        recomputed=Recomputed(None, score, True, rows.version),
        trend=(),
        n_reference=rows.n,
        reference_dates="",
    )


@pytest.mark.parametrize("key", CREDIT)
def test_the_letter_of_one_declined_row(desk: Desk, key: str) -> None:
    use_case = desk.use_case(key)
    scores = explained_rows(desk, use_case).scores[use_case.recipe.champion]
    worst, best = int(scores.argmin()), int(scores.argmax())
    worst, best = (worst, best) if use_case.higher_is_better else (best, worst)
    said = explained(desk, key, worst)
    assert said.tone is Tone.BAD
    found = adverse.notice(desk, SALES, key, said)
    assert found is not None
    hurts = [reason.hurt for reason in found.adverse.reasons]
    assert 1 <= len(hurts) <= 4
    assert hurts == sorted(hurts, reverse=True)
    assert found.version == said.version
    for reason in found.adverse.reasons:
        assert not set(reason.columns) & sensitive_columns(use_case)
    letter = text(use_case, said, found)
    assert "T-1" in letter
    assert all(reason.code in letter and reason.text in letter for reason in found.adverse.reasons)
    assert adverse.notice(desk, SALES, key, explained(desk, key, best)) is None
    assert adverse.notice(desk, SALES, key, replace(said, models={})) is None
