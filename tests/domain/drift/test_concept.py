"""Realised against estimated, calibration lines, drops: right when nothing happens, and each fault by its own name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.drift.concept import (
    Outcomes,
    Reference,
    difference,
    estimated,
    evened_chances,
    level_aside,
    line_drifts,
    realised,
)
from core.domain.metrics.auc import delong
from core.domain.usecase import Task

N = 1_500


def binary(rng, n=N, slope=1.0, shift=0.0, entities=None):
    """Scores that are right, outcomes from a line through their log-odds."""
    margins = rng.normal(-1.5, 1.2, n)
    p, truth = (1 / (1 + np.exp(-z)) for z in (margins, slope * (margins + 1.5) - 1.5 + shift))
    outcome = (rng.random(n) < truth).astype(float)
    return Outcomes(Task.BINARY, outcome, p[:, None], days(n), entities)


def multiclass(rng, n=N, weak=0.0):
    chances = rng.dirichlet([0.6, 1.2, 0.8], n)
    truth = (1 - weak) * chances + weak * chances.mean(axis=0)
    outcome = (rng.random(n)[:, None] >= np.cumsum(truth[:, :-1], axis=1)).sum(axis=1).astype(float)
    return Outcomes(Task.MULTICLASS, outcome, chances, days(n))


def values(rng, n=N, weak=0.0):
    predictions = rng.normal(0.5, 0.2, n)
    mean = 0.5 + (1 - weak) * (predictions - 0.5)
    return Outcomes(Task.REGRESSION, mean + rng.normal(0, 0.12, n), predictions[:, None], days(n))


def days(n):
    return np.repeat(np.arange("2026-03-02", "2026-03-09", dtype="datetime64[D]"), -(-n // 7))[:n]


MAKERS = {"binary": binary, "multiclass": multiclass, "regression": values}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def apart(rows, reference):
    return difference(realised(rows), estimated(rows, reference), rows)


@each
def test_right_scores_lie_in_their_band_nineteen_times_in_twenty(make):
    rng = np.random.default_rng(7)
    reference = Reference.of(make(rng, 8_000))
    found = [apart(make(rng), reference) for _ in range(200)]
    below, above = (sum(test(item) for item in found) for test in (lambda d: d.high < 0, lambda d: d.low > 0))
    assert below <= 12 and above <= 12, (below, above)  # 5 of 200 expected on either side


@each
def test_a_weaker_link_lies_below_the_band_also_with_the_level_aside(make):
    rng = np.random.default_rng(8)
    reference = Reference.of(make(rng, 8_000))
    rows = make(rng, slope=0.4) if make is binary else make(rng, weak=0.6)
    assert apart(rows, reference).high < 0
    assert level_aside(rows, reference).high < 0


@each
def test_a_level_that_moved_is_told_apart_from_a_weaker_link(make):
    """Some of the best outcomes are lost, whatever the row: the figure falls, and the level explains it."""
    rng = np.random.default_rng(9)
    reference = Reference.of(make(rng, 8_000))
    rows = make(rng, 6_000)
    outcome = rows.outcome.copy()
    if rows.task is Task.REGRESSION:
        outcome[rows.days >= np.datetime64("2026-03-05")] -= 0.25
    else:
        best = np.flatnonzero(outcome == outcome.max())
        outcome[rng.choice(best, len(best) // 3, replace=False)] -= 1
    lost = replace(rows, outcome=outcome)
    if rows.task is not Task.BINARY:  # lost positives of two classes hardly move the AUC
        assert apart(lost, reference).high < 0
    left = level_aside(lost, reference)
    assert left.low <= 0 <= left.high


def test_estimate_is_corrected_by_what_held_out_rows_showed():
    """A model whose chances are too bold promises too much on held-out rows, too: that is no drift."""
    rng = np.random.default_rng(10)

    def bold(n):
        rows = binary(rng, n)
        margins = np.log(rows.outputs / (1 - rows.outputs))
        return replace(rows, outputs=1 / (1 + np.exp(-2.5 * margins)))

    reference = Reference.of(bold(20_000))
    assert reference.gap < -0.02
    found = [apart(bold(N), reference) for _ in range(60)]
    assert sum(item.high < 0 for item in found) <= 5
    blind = [apart(bold(N), Reference(reference.rows, 0.0, 0.0)) for _ in range(60)]
    assert sum(item.high < 0 for item in blind) > 30


def test_realised_figures_are_the_usual_ones():
    rng = np.random.default_rng(11)
    rows, several, real = binary(rng), multiclass(rng), values(rng)
    assert realised(rows).value == pytest.approx(delong(rows.outcome, rows.outputs[:, 0])[0])
    areas = [delong((several.outcome == k).astype(float), several.outputs[:, k])[0] for k in range(3)]
    assert realised(several).value == pytest.approx(np.mean(areas))
    errors = np.mean((real.outcome - real.outputs[:, 0]) ** 2)
    assert realised(real).value == pytest.approx(1 - errors / real.outcome.var())


def test_evened_chances_are_chances_with_the_means_asked_for():
    chances = np.random.default_rng(12).dirichlet([1, 2, 3], 500)
    found = evened_chances(chances, np.array([0.3, 0.5, 0.2]))
    assert found.sum(axis=1) == pytest.approx(np.ones(500))
    assert found.mean(axis=0) == pytest.approx([0.3, 0.5, 0.2])
    assert (found >= 0).all()
    assert evened_chances(chances, chances.mean(axis=0)) is chances


@pytest.mark.parametrize(
    ("make", "changed", "name"),
    [
        (binary, {"slope": 0.4}, "slope"),
        (binary, {"shift": 0.8}, "intercept"),
        (multiclass, {"weak": 0.6}, "slope"),
        (values, {"weak": 0.5}, "slope"),
    ],
)
def test_calibration_lines_leave_the_held_out_ones(make, changed, name):
    rng = np.random.default_rng(13)
    reference, labels = Reference.of(make(rng, 8_000)), {binary: ("1",), multiclass: ("a", "b", "c")}.get(make, ())
    off = {item.name for item in line_drifts(make(rng, **changed), reference, labels) if item.beyond(0.1)}
    assert name in off
    quiet = [item.beyond(0.1) for _ in range(60) for item in line_drifts(make(rng), reference, labels)]
    assert sum(quiet) <= 6, "5 % of 60 looks, over all figures of a look"


def test_lines_need_thirty_rows_of_each_class():
    rng = np.random.default_rng(14)
    reference = Reference.of(binary(rng, 8_000))
    rows = binary(rng, 100)
    assert line_drifts(replace(rows, outcome=np.r_[np.ones(29), np.zeros(71)]), reference, ("1",)) == ()


def test_rows_that_repeat_widen_the_band():
    rng = np.random.default_rng(15)
    reference = Reference.of(binary(rng, 8_000))
    single = binary(rng, 400)
    four = [np.tile(part, reps) for part, reps in ((single.outcome, 4), (single.outputs, (4, 1)), (single.days, 4))]
    rows = Outcomes(Task.BINARY, four[0], four[1], four[2], np.tile(np.arange(400), 4))
    once = apart(replace(rows, clusters=None), reference)
    assert (apart(rows, reference).high - apart(rows, reference).low) / (once.high - once.low) == pytest.approx(
        2, abs=0.3
    )


def test_a_reference_without_rows_corrects_nothing():
    nothing = Outcomes(Task.BINARY, np.empty(0), np.empty((0, 1)), np.empty(0, "datetime64[D]"))
    reference = Reference.of(nothing)
    assert (reference.gap, reference.error) == (0.0, 0.0)
    rows = binary(np.random.default_rng(16))
    assert estimated(rows, reference).low < estimated(rows, reference).value
    assert line_drifts(rows, reference, ("1",)) == ()


def test_a_few_extreme_values_make_no_drift():
    """One row far off ruins R2 of two hundred: the figure's own error says so, the band alone would not."""
    rng = np.random.default_rng(17)
    reference = Reference.of(values(rng, 8_000))
    rows = values(rng, 200)
    outcome = rows.outcome.copy()
    outcome[0] -= 3
    found = apart(replace(rows, outcome=outcome), reference)
    assert found.value < -0.2 and found.high > 0
    blind = realised(replace(rows, outcome=outcome)).value - estimated(rows, reference).low
    assert blind < 0, "below the band"
