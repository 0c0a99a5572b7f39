"""Gaps between groups: their intervals hold, chance stays chance, repeated entities count once."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.compare.guardrails import gap_loss
from core.domain.fairness.cells import Rows, cells_of
from core.domain.fairness.gaps import Gap, drawn_rates, gap_of, group_rates, wider_by
from core.domain.fairness.judgement import Standing, breaks, standing
from core.domain.fairness.rates import rates_by_group, spread
from core.domain.metrics.influence import mean_of
from core.domain.metrics.intervals import draw_weights

UNKNOWN = float("nan")


def looked_at(groups, selected, outcome=None, entities=None, kind="parity", seed=1, family=1):
    known = np.full(len(groups), UNKNOWN) if outcome is None else outcome
    cells = cells_of(groups, groups.max() + 1, Rows(np.atleast_2d(selected), known, entities))
    return gap_of(cells, drawn_rates(cells, seed), 0, kind, seed, family)


def people(rng, shares, n):
    groups = np.repeat(np.arange(len(shares)), n)
    return groups, rng.random(len(groups)) < np.array(shares)[groups]


@pytest.mark.parametrize("seed", range(5))
def test_counts_say_what_the_rows_say(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, 4, 3_000)
    selected = rng.random((3, 3_000)) < 0.3
    outcome = np.where(rng.random(3_000) < 0.4, UNKNOWN, (rng.random(3_000) < 0.2).astype(float))
    entities = rng.integers(0, 900, 3_000)
    for given in (None, entities):
        cells = cells_of(groups, 4, Rows(selected, outcome, given))
        assert cells.counts.sum() == (groups >= 0).sum()
        for arm in range(3):
            for kind, among in (("selection", None), ("tpr", outcome == 1), ("fpr", outcome == 0)):
                found = group_rates(cells, arm, kind)
                expected = rates_by_group(selected[arm], groups, 4, among)
                np.testing.assert_allclose([part.value for part in found], expected, atol=1e-12)
                gap = gap_of(cells, drawn_rates(cells, seed), arm, "parity", seed)
                assert gap is not None
                if kind == "selection":
                    assert gap.value == pytest.approx(float(spread(expected)), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_of_groups_agree_with_those_of_single_means(seed):
    """Wilson's, by entity where entities repeat, against the desk's mean over rows."""
    rng = np.random.default_rng(seed)
    entities = rng.integers(0, 300, 1_500)
    groups, selected = entities % 3, rng.random(300)[entities] < 0.4
    for given in (None, entities):
        found = group_rates(cells_of(groups, 3, Rows(selected[None], np.full(1_500, UNKNOWN), given)), 0, "selection")
        for code, part in enumerate(found):
            rows = groups == code
            owners = None if given is None else np.unique(entities[rows], return_inverse=True)[1]
            alone = mean_of("selection", selected[rows].astype(float), None, owners)
            assert (part.value, part.n) == (pytest.approx(alone.value), alone.n)
            assert (part.low, part.high) == (pytest.approx(alone.low, abs=2e-3), pytest.approx(alone.high, abs=2e-3))


def bootstrap(groups, a, b, seed):
    """Gaps of two arms where the rows themselves are drawn."""
    member = (groups[:, None] == np.arange(groups.max() + 1)).astype(float)
    gaps = []
    for weights in draw_weights(len(groups), seed):
        rates = [weights @ (member * flags[:, None]) / (weights @ member) for flags in (a, b)]
        gaps.append([np.ptp(rate, axis=1) for rate in rates])
    return np.concatenate(gaps, axis=1)


def test_draws_agree_with_a_bootstrap_of_rows():
    """Upper bounds, and paired differences of two arms, against a bootstrap over rows; so does the guardrail."""
    rng = np.random.default_rng(5)
    groups, a = people(rng, (0.1, 0.2, 0.35), 800)
    b = a ^ (rng.random(len(a)) < 0.03)
    cells = cells_of(groups, 3, Rows(np.stack([a, b]), np.full(len(a), UNKNOWN)))
    drawn = drawn_rates(cells, 3)
    mine, rows = wider_by(drawn, 0, 1, "parity"), bootstrap(groups, a, b, 3)
    assert mine
    low, high = np.quantile(rows[1] - rows[0], [0.025, 0.975])
    assert mine.low == pytest.approx(low, abs=0.004) and mine.high == pytest.approx(high, abs=0.004)
    gap = gap_of(cells, drawn, 0, "parity", 3)
    assert gap and gap.high == pytest.approx(np.quantile(rows[0], 0.975), abs=0.01)
    loss = gap_loss(groups, a, b, seed=3)
    assert loss and (loss.champion, loss.loss, loss.low, loss.high) == (gap.value, mine.value, mine.low, mine.high)


def test_repeated_entities_widen_every_bound():
    rng = np.random.default_rng(8)
    entity_group, entity_flag = people(rng, (0.2, 0.3), 150)
    entities = np.repeat(np.arange(300), 6)
    groups, selected = entity_group[entities], entity_flag[entities]
    plain, honest = looked_at(groups, selected), looked_at(groups, selected, entities=entities)
    assert plain and honest and plain.value == honest.value
    assert honest.low < plain.low and honest.high > plain.high and honest.noise > 1.5 * plain.noise
    once = looked_at(entity_group, entity_flag)
    assert (
        once and honest.low == pytest.approx(once.low, abs=0.02) and honest.noise == pytest.approx(once.noise, abs=0.02)
    )


def test_equal_groups_read_a_gap_that_permutation_expects_and_the_lower_bound_does_not():
    """Max minus min is biased upward; permuted groups show by how much, and 95 % of samples stay within their limit."""
    found = []
    for seed in range(200):
        gap = looked_at(*people(np.random.default_rng(seed), (0.2,) * 6, 120), seed=seed)
        assert gap
        found.append(gap)
    assert np.mean([gap.value for gap in found]) == pytest.approx(np.mean([gap.expected for gap in found]), abs=0.005)
    assert np.mean([gap.value for gap in found]) > 0.07
    assert np.mean([gap.value > gap.noise for gap in found]) < 0.09
    assert np.mean([gap.low > 0 for gap in found]) < 0.09
    assert np.mean([breaks(standing(gap)) for gap in found]) < 0.09


@pytest.mark.parametrize(
    ("shares", "n"), [((0.10, 0.24), 400), ((0.05, 0.09, 0.25, 0.15), 300), ((0.2,) * 7 + (0.35,), 90)]
)
def test_intervals_hold_the_true_gap(shares, n):
    true = max(shares) - min(shares)
    held = [looked_at(*people(np.random.default_rng(seed), shares, n), seed=seed) for seed in range(120)]
    assert np.mean([gap.low <= true <= gap.high for gap in held if gap]) > 0.9


@pytest.mark.parametrize("repeated", [False, True])
def test_lines_may_stand_for_several_rows(repeated):
    rng = np.random.default_rng(6)
    groups, selected, times = rng.integers(0, 3, 400), rng.random((1, 400)) < 0.4, rng.integers(1, 9, 400)
    entities = rng.integers(0, 90, 400) if repeated else None
    outcome = (rng.random(400) < 0.5).astype(float)
    short = cells_of(groups, 3, Rows(selected, outcome, entities, times))
    owners = None if entities is None else np.repeat(entities, times)
    whole = cells_of(
        np.repeat(groups, times), 3, Rows(np.repeat(selected, times, axis=1), np.repeat(outcome, times), owners)
    )
    assert short.counts.tolist() == whole.counts.tolist()
    for kind in ("parity", "odds"):
        assert gap_of(short, drawn_rates(short, 2), 0, kind, 2) == gap_of(whole, drawn_rates(whole, 2), 0, kind, 2)


def test_groups_under_thirty_count_in_no_gap():
    groups = np.repeat([0, 1, 2], [200, 200, 29])
    selected = np.concatenate([np.arange(200) < 40, np.arange(200) < 50, np.ones(29, dtype=bool)])
    gap = looked_at(groups, selected)
    assert gap and gap.groups == (0, 1) and gap.value == pytest.approx(0.05) and gap.n == 400
    assert (gap.highest, gap.lowest, gap.ratio) == (1, 0, pytest.approx(0.8))
    assert looked_at(np.repeat([0, 1], [200, 29]), np.arange(229) < 50) is None


def test_odds_is_the_larger_of_two_gaps():
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 2, 4_000)
    outcome = (rng.random(4_000) < 0.3).astype(float)
    selected = rng.random(4_000) < np.where(outcome == 1, 0.6 + 0.2 * groups, 0.1)
    odds, true, false = (looked_at(groups, selected, outcome, kind=kind) for kind in ("odds", "tpr", "fpr"))
    assert odds and true and false
    assert odds.rate == "tpr" and odds.value == true.value > false.value
    assert odds.n == true.n + false.n and odds.high >= true.high - 1e-12 and odds.noise >= true.noise
    assert looked_at(groups, selected, np.full(4_000, UNKNOWN), kind="odds") is None


def gap(value, low, noise):
    return Gap("parity", value, low, value + 0.05, noise / 2, noise, 1.0, "selection", 1, 0, (0, 1), 900)


def test_what_breaks_the_limit():
    assert standing(None) is Standing.TOO_FEW
    assert standing(gap(0.05, 0.0, 0.06)) is Standing.ALIKE
    assert standing(gap(0.10, 0.06, 0.03)) is Standing.WITHIN
    assert standing(gap(0.12, 0.02, 0.13)) is Standing.UNSURE
    assert standing(gap(0.12, 0.02, 0.11)) is Standing.ABOVE
    assert standing(gap(0.24, 0.20, 0.03)) is Standing.HIGH
    assert [breaks(found) for found in Standing] == [False, False, False, False, True, True]


def test_of_many_equal_gaps_looked_at_together_none_is_found():
    """Twelve gaps of equal groups: singly, some family in three has one beyond chance; together, one in 20."""
    found = {1: [], 12: []}
    for seed in range(25):
        rows = [people(np.random.default_rng((seed, place)), (0.3,) * 4, 60) for place in range(12)]
        for family, any_found in found.items():
            gaps = [looked_at(*part, seed=place, family=family) for place, part in enumerate(rows)]
            any_found.append(any(item.value > item.noise for item in gaps if item))
    assert np.mean(found[1]) > 0.2 > np.mean(found[12])
