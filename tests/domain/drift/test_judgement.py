"""The judgement: what is named, what stays quiet, and what is not judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.domain.columns import MISSING, OTHER
from core.domain.drift.bins import Bins, Counted, Of, Rows, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.judgement import Finding, Level, Limits, judge

RNG = np.random.default_rng(11)


def independent(n: int) -> Rows:
    return Rows(n, n, float(n))


def judged(bins: Sequence[Bins], now: Sequence[Counted]) -> tuple[Finding, ...]:
    return judge(bins, now, independent(now[0].n), Limits())


def test_a_shift_is_named_with_its_figures_and_the_rest_stays_quiet() -> None:
    bins = [number_bins(f"x{k}", Of.FEATURE, RNG.normal(size=5_000)) for k in range(36)]
    now = [count_numbers(item, RNG.normal(0.3 * (k == 7), size=2_000)) for k, item in enumerate(bins)]
    found = judged(bins, now)
    assert [item.name for item in found if item.level.raised] == ["x7"]
    assert "2,000 rows" in found[7].why[0] and "limit 0.10" in found[7].why[0]


def test_too_few_rows_are_said_with_how_many_it_takes() -> None:
    """170 for one item of ten bins against a large reference, 271 for 36 at once."""
    bins = [number_bins(f"x{k}", Of.FEATURE, RNG.normal(size=20_000)) for k in range(36)]
    one = judged(bins[:1], [count_numbers(bins[0], RNG.normal(size=84))])[0]
    many = judged(bins, [count_numbers(item, RNG.normal(size=200)) for item in bins])
    assert one.level is Level.TOO_FEW and one.why == ("Not enough rows: 84 of 170.",)
    assert {item.level for item in many} == {Level.TOO_FEW} and many[0].needed == 271
    assert judged(bins[:1], [count_numbers(bins[0], RNG.normal(size=170))])[0].level is not Level.TOO_FEW


def test_what_follows_from_the_date_alone_is_shown_and_never_judged() -> None:
    week = number_bins("week_of_month", Of.FEATURE, RNG.integers(1, 6, 4_000).astype(float), calendar=True)
    other = number_bins("x", Of.FEATURE, RNG.normal(size=4_000))
    found = judged([week, other], [count_numbers(week, np.full(800, 3.0)), count_numbers(other, RNG.normal(size=800))])
    assert found[0].level is Level.SHOWN and found[0].psi > 1 and found[0].adjusted_p is None
    assert found[1].needed == 170, "a calendar feature is not in the family"


def test_new_levels_vanished_levels_and_missing_values_are_findings_of_their_own() -> None:
    codes = RNG.choice(3, 6_000, p=[0.6, 0.3, 0.1])
    bins = level_bins("channel", Of.RAW, ("web", "shop", "phone"), codes)
    now = RNG.choice(2, 2_000, p=[0.65, 0.35])
    found = judged([bins], [count_levels(bins, now)])[0]
    assert found.vanished == ("phone",) and found.level.raised
    some = RNG.choice(3, 2_000, p=[0.6, 0.3, 0.1])
    some[:20] = OTHER
    found = judged([bins], [count_levels(bins, some, {"chat": 20})])[0]
    assert found.unseen == {"chat": 20} and found.level is Level.MODERATE and found.psi < 0.02, "no term of the PSI"
    assert found.why[0].startswith("New: chat, in 20 of 2,000 rows")
    personal = level_bins("channel", Of.RAW, ("web", "shop", "phone"), codes, personal=True)
    found = judged([personal], [count_levels(personal, some, {"chat": 20})])[0]
    assert found.level is Level.MODERATE and "chat" not in f"{found.unseen}{found.why}"
    few = RNG.choice(3, 2_000, p=[0.6, 0.3, 0.1])
    few[0] = OTHER
    found = judged([bins], [count_levels(bins, few, {"chat": 1})])[0]
    assert found.level is Level.QUIET and found.unseen == {"another level": 1}, "a name nobody shares is not kept"
    assert found.aside == ("New: another level, in 1 of 2,000 rows: too few to tell from chance.",)
    few[:400] = MISSING
    found = judged([bins], [count_levels(bins, few)])[0]
    assert found.level is Level.SIGNIFICANT and found.missing_now == 0.2 and found.psi < 0.02


def test_levels_that_are_new_by_chance_are_no_news() -> None:
    """A long tail seen from a reference that names its own levels: new ones come with every window (Good 1953)."""
    shares, raised = 1 / np.arange(1, 3_001), 0
    shares /= shares.sum()
    for _ in range(40):
        seen, codes = np.unique(RNG.choice(3_000, 2_000, p=shares), return_inverse=True)
        bins = level_bins("city", Of.RAW, [str(level) for level in seen], codes)
        drawn = RNG.choice(3_000, 1_000, p=shares)
        now = np.where(np.isin(drawn, seen), np.searchsorted(seen, drawn).clip(max=len(seen) - 1), OTHER)
        found = judged([bins], [count_levels(bins, now)])[0]
        assert sum(found.unseen.values()) > 20
        raised += any("New: " in said for said in found.why)
    assert raised <= 4


def test_a_column_that_is_missing_throughout_is_found_though_nothing_is_left_to_compare() -> None:
    bins = number_bins("income", Of.RAW, RNG.normal(size=3_000))
    found = judged([bins], [count_numbers(bins, np.full(500, np.nan))])[0]
    assert found.level is Level.SIGNIFICANT and found.why[0].startswith("Missing in 100.0% of 500 rows, 0.0% before")


def test_what_is_certain_and_small_raises_nothing() -> None:
    """With rows enough everything is significant: a missing share, or that of unseen levels, must have moved, too."""
    held = RNG.choice(3, 200_000, p=[0.6, 0.36, 0.04])
    held[:2_000], held[2_000:8_000] = MISSING, OTHER
    bins = level_bins("city", Of.RAW, ("a", "b", "c"), held)
    now = RNG.choice(3, 100_000, p=[0.6, 0.36, 0.04])
    now[:1_500], now[1_500:5_500] = MISSING, OTHER
    found = judged([bins], [count_levels(bins, now)])[0]
    assert found.missing_p is not None and found.missing_p < 1e-20 and found.adjusted_p is not None
    assert found.adjusted_p < 1e-20 and found.level is Level.QUIET


def test_p_is_corrected_for_tests_and_for_items() -> None:
    bins = [number_bins(f"x{k}", Of.FEATURE, RNG.normal(size=5_000)) for k in range(4)]
    found = judged(bins, [count_numbers(item, RNG.normal(0.3 * (k == 0), size=1_000)) for k, item in enumerate(bins)])
    first = found[0]
    assert first.ks_p is not None and first.adjusted_p is not None
    assert first.adjusted_p == pytest.approx(first.ks_p * 2 * 4, rel=1e-9, abs=0), (
        "two tests (PSI and shape) of four items"
    )


def test_rows_that_were_not_counted_for_an_item_are_none_of_its_rows() -> None:
    bins = number_bins("x", Of.FEATURE, RNG.normal(size=5_000))
    found = judge([bins], [count_numbers(bins, RNG.normal(size=100))], independent(1_000), Limits())[0]
    assert found.why == ("Not enough rows: 100 of 170.",)


def test_entities_that_repeat_in_the_reference_widen_the_limit() -> None:
    values = RNG.normal(size=2_000)
    once, often = (number_bins("x", Of.FEATURE, values, design=design) for design in (1.0, 8.0))
    now = count_numbers(once, RNG.normal(size=400))
    limits = [
        judge([bins], [now], independent(400), Limits(psi_moderate=0.0001))[0].psi_limit for bins in (once, often)
    ]
    assert limits[1] / limits[0] == pytest.approx((1 / 400 + 8 / 2_000) / (1 / 400 + 1 / 2_000))
