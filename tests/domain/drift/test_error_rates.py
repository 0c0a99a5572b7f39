"""How often the judgement errs: the simulations of `benchmarks.drifting`, with fewer runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from benchmarks.drifting import simulate
from core.domain.columns import OTHER
from core.domain.drift.bins import Bins, Counted, Of, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Level, Limits, judge, persistent


def test_quiet_periods_and_a_shift_in_one_of_36() -> None:
    found = simulate(60)
    assert found["quiet_periods_raised"] <= 0.06 and found["another_column_named"] == 0
    assert found["shift_named_within_two"] >= 0.8 and found["shift_named_in_the_first_window"] >= 0.8
    assert found["any_of_36_tests_at_5_percent"] == pytest.approx(0.85, abs=0.15)
    assert found["the_same_after_benjamini_hochberg"] == pytest.approx(0.045, abs=0.07)
    assert found["psi_above_band_at_100_rows"] == pytest.approx(0.80, abs=0.04)


RNG = np.random.default_rng(23)
COMMON = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.02, 0.02, 0.01, 0.01, *[0.004] * 10])
TAIL = np.array([0.5, 0.3, *[0.2 / 300] * 300])  # the last hundred are not in the list
Draw = Callable[[int], np.ndarray]


def levels(shares: np.ndarray, known: int) -> Draw:
    def drawn(n: int) -> np.ndarray:
        codes = RNG.choice(len(shares), n, p=shares)
        return np.where(codes >= known, OTHER, codes)

    return drawn


def with_gaps(n: int) -> np.ndarray:
    values = RNG.normal(size=n)
    values[RNG.random(n) < 0.02] = np.nan
    return values


KINDS: Sequence[tuple[int, Draw]] = (
    (0, lambda n: RNG.normal(size=n)),
    (0, lambda n: RNG.lognormal(3, 1, n)),
    (0, lambda n: (RNG.random(n) < 0.03).astype(float)),
    (0, lambda n: RNG.poisson(3, n).astype(float)),
    (0, with_gaps),
    (20, levels(COMMON / COMMON.sum(), 20)),
    (202, levels(TAIL, 202)),
)


@pytest.mark.parametrize(("n", "m"), [(450, 3_000), (400, 400), (2_000, 450)])
def test_columns_of_every_kind_stay_quiet_at_any_size(n: int, m: int) -> None:
    """Rare levels, a tail of unseen ones, missing values, ties; on the fewest rows and against a small reference."""
    drawn = [KINDS[k % len(KINDS)] for k in range(35)]
    raised, too_few = 0, 0
    for run in range(60):
        if run % 20 == 0:
            bins = [reference(n_levels, draw(m)) for n_levels, draw in drawn]
        now = [counted(item, draw(n)) for item, (_, draw) in zip(bins, drawn, strict=True)]
        found = judge(bins, now, rows_of(None, n), Limits())
        raised += any(item.level.raised for item in found)
        too_few += sum(item.level is Level.TOO_FEW for item in found)
    assert raised / 60 <= 0.06 and (too_few == 0 or min(n, m) < 450)


def reference(n_levels: int, values: np.ndarray) -> Bins:
    if n_levels:
        return level_bins("x", Of.RAW, [f"level {k}" for k in range(n_levels)], values)
    return number_bins("x", Of.RAW, values)


def counted(bins: Bins, values: np.ndarray) -> Counted:
    return count_levels(bins, values) if bins.levels else count_numbers(bins, values)


def test_repeated_entities_stay_quiet_with_effective_rows() -> None:
    """Ten columns constant within an entity, four rows to each: false alarms of the whole judgement."""
    bins = [number_bins(f"x{k}", Of.FEATURE, RNG.normal(size=10_000)) for k in range(10)]
    entities = np.repeat(np.arange(300), 4)
    raised, naive = 0, 0
    for _ in range(100):
        now = [count_numbers(item, RNG.normal(size=300)[entities]) for item in bins]
        raised += any(item.level.raised for item in judge(bins, now, rows_of(entities, 1_200), Limits()))
        naive += any(item.chi2_p < 0.05 / 10 for item in judge(bins, now, rows_of(None, 1_200), Limits()))
    assert raised / 100 <= 0.06 < 0.5 < naive / 100


def test_an_alarm_asks_for_persistence() -> None:
    quiet, few, up = Level.QUIET, Level.TOO_FEW, Level.SIGNIFICANT
    assert not persistent([up], 2, 3) and not persistent([up, quiet, quiet, up], 2, 3)
    assert persistent([up, quiet, up], 2, 3) and persistent([up, few, few, few, up], 2, 3)
