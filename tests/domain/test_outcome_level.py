"""A fall is found whatever day it begins on; quiet data stay quiet; other rows explain what they explain."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from core.domain.outcome_level import LevelChange, Stretch, level_changes, runs

STRETCH = Stretch(width=7, before=84, least=170, level=0.99)
DAYS = np.repeat(np.arange("2026-05-23", "2026-11-21", dtype="datetime64[D]"), 70)


def between(first: str, after: str):
    return np.isin(DAYS, np.arange(first, after, dtype="datetime64[D]"))


BAD = between("2026-07-01", "2026-07-08")  # a Wednesday to a Tuesday


def drawn(rng, rate=0.12, spread=0.0):
    p = np.clip(rate + spread * rng.standard_normal(len(DAYS)), 0.01, 0.9)
    return (rng.random(len(DAYS)) < p).astype(float), p


def test_a_bad_week_that_begins_on_a_wednesday_is_named_once():
    rng = np.random.default_rng(1)
    values, promised = drawn(rng)
    values[BAD & (rng.random(len(DAYS)) < 0.45)] = 0.0
    (found,) = runs(level_changes(DAYS, values, promised, STRETCH), 0.1)
    assert abs((found.first - date(2026, 7, 1)).days) <= 2
    assert found.change.value == pytest.approx(-0.45, abs=0.15)
    assert not found.explained() and abs(found.promised) < 0.05


def test_figures_are_the_plain_ones():
    values, promised = drawn(np.random.default_rng(2))
    found = next(i for i in level_changes(DAYS, values, promised, STRETCH) if i.first == date(2026, 9, 1))
    now, before = between("2026-09-01", "2026-09-08"), between("2026-06-09", "2026-09-01")
    assert (found.now, found.before) == pytest.approx((values[now].mean(), values[before].mean()))
    assert (found.change.n, found.n_before) == (now.sum(), before.sum())
    assert found.promised == pytest.approx((promised[now].mean() - promised[before].mean()) / values[before].mean())
    half = 2.5758 * np.sqrt(values[now | before].var() * (1 / now.sum() + 1 / before.sum())) / values[before].mean()
    assert found.change.high - found.change.value == pytest.approx(half, rel=1e-4)


def test_quiet_half_years_stay_quiet():
    """Every day is looked at, 180 times: one fall in about seven half years of 26 weeks is what 99 % comes to."""
    fallen = 0
    for seed in range(60):
        values, promised = drawn(np.random.default_rng(seed))
        fallen += len(runs(level_changes(DAYS, values, promised, STRETCH), 0.1))
    assert fallen / (60 * 26) < 0.015


def test_other_rows_explain_a_fall_that_the_scores_promised():
    rng = np.random.default_rng(3)
    values, promised = drawn(rng)
    promised = np.where(BAD, 0.04, promised)
    values = np.where(BAD, (rng.random(len(DAYS)) < 0.04), values).astype(float)
    (found,) = runs(level_changes(DAYS, values, promised, STRETCH), 0.1)
    assert found.explained() and found.promised == pytest.approx(-0.65, abs=0.08)


def test_scores_that_tell_much_let_a_smaller_fall_be_seen():
    rng = np.random.default_rng(4)
    seen = np.zeros(2)
    for _ in range(40):
        sharp = np.where(rng.random(len(DAYS)) < 0.12, 0.85, 0.02)
        values = (rng.random(len(DAYS)) < sharp).astype(float)
        values[BAD & (rng.random(len(DAYS)) < 0.3)] = 0.0
        for place, promised in enumerate((sharp, np.full(len(DAYS), sharp.mean()))):
            found = runs(level_changes(DAYS, values, promised, STRETCH), 0.1)
            seen[place] += any(item.first <= date(2026, 7, 7) and item.last >= date(2026, 7, 1) for item in found)
    assert seen[0] > seen[1] and seen[0] >= 24


def test_rises_are_told_apart():
    rng = np.random.default_rng(5)
    values, promised = drawn(rng)
    values[BAD & (rng.random(len(DAYS)) < 0.2)] = 1.0
    changes = level_changes(DAYS, values, promised, STRETCH)
    (found,) = [item for item in runs(changes, 0.1, rises=True) if item.change.value > 0.5]
    assert abs((found.first - date(2026, 7, 1)).days) <= 2 and not found.explained(rises=True)
    assert all(abs((item.first - found.first).days) > 7 for item in runs(changes, 0.1))


def test_repeated_entities_widen_the_interval():
    rng = np.random.default_rng(6)
    values = np.repeat((rng.random(len(DAYS) // 4) < 0.12).astype(float), 4)
    days, codes = DAYS[: len(values)], np.repeat(np.arange(len(values) // 4), 4)
    plain, wide = (level_changes(days, values, values * 0 + 0.12, STRETCH, c)[-1] for c in (None, codes))
    ratio = (wide.change.high - wide.change.low) / (plain.change.high - plain.change.low)
    assert ratio == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("n_days", [0, 1, 9])
def test_too_few_rows_say_nothing(n_days: int):
    days = DAYS[: 20 * n_days]
    found: list[LevelChange] = level_changes(days, np.ones(len(days)), np.ones(len(days)), STRETCH)
    assert found == []
