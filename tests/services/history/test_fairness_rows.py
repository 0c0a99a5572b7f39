"""Rows counted where they lie are the rows that are read one by one: every arm, every band, in any number of slices."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.fairness.selection import positives
from core.domain.judged import RULES, outcome_values
from core.services.comparison.arms import arm_rows
from core.services.comparison.fairness_groups import groups_of, raw_columns, titles
from core.services.comparison.fairness_rows import Choice, read, window_of
from core.services.comparison.protected import group_codes
from core.store import log_groups
from core.usecases import builtin

from .conftest import NOW


@pytest.mark.parametrize("slices", [1, 4])
@pytest.mark.parametrize("key", builtin())
def test_counted_as_read(filled, key, slices, monkeypatch):
    use_case = filled.use_case(key)
    columns = use_case.sensitive or tuple(titles(use_case))[:2]
    for band in range(len(use_case.policy.bands)) if slices == 1 else (0,):
        choice = Choice(band=band, columns=columns)
        whole = arm_rows(
            filled,
            use_case,
            [filled.acting_version(key)],
            window_of(use_case, choice, NOW),
            raw_columns(use_case, columns),
        )
        monkeypatch.setattr(log_groups, "SLICE_ROWS", len(whole.rows) // slices + 1)
        check(use_case, filled.scorer(key), read(filled, use_case, choice, NOW), whole, columns, band)


def check(use_case, scorer, seen, whole, columns, band):
    judged, times = whole.rows, seen.times
    assert times.sum() == len(judged) and seen.maturity() == judged.maturity()
    assert len(times) < len(judged) or seen.rows.entities is not None
    hits = positives(use_case, band, np.where(judged.counts, judged.outcome, np.nan))
    outcome = np.full(len(judged), np.nan)
    outcome[judged.counts] = outcome_values(use_case, judged.outcome[judged.counts])
    for place, name in enumerate(seen.arms):
        if name == RULES:
            flags = judged.rules_band == band
        else:
            flags = scorer.bands(name.partition(" of ")[0], judged.outputs[name], whole.scores[name]) == band
        mine = seen.rows.selected[place]
        for column in columns:
            codes, levels = group_codes(use_case, column, whole.raw)
            counted = groups_of(use_case, (column,), seen.raw, times)
            for code, level in enumerate(levels):
                rows = codes == code
                lines = counted.codes == (counted.names.index(level) if level in counted.names else -9)
                assert times[lines].sum() == rows.sum()
                assert times[lines & mine].sum() == (rows & flags).sum()
                for hit in (0, 1):
                    assert (
                        times[lines & mine & (seen.rows.outcome == hit)].sum() == (rows & flags & (hits == hit)).sum()
                    )
                if name != RULES:
                    known = rows & ~np.isnan(outcome)
                    sums, score = seen.sums[name], whole.scores[name][known]
                    assert sums.known[lines].sum() == known.sum()
                    assert sums.said[lines].sum() == pytest.approx(score.sum(), rel=1e-9)
                    assert sums.told[lines].sum() == pytest.approx(outcome[known].sum(), rel=1e-9)
                    assert sums.apart[lines].sum() == pytest.approx(((score - outcome[known]) ** 2).sum(), rel=1e-9)


def test_days_add_up(filled):
    use_case = filled.use_case("debt_repayment")
    alone, daily = (read(filled, use_case, Choice(), NOW, by_day=by_day) for by_day in (False, True))
    assert daily.times.sum() == alone.times.sum() and len(daily.times) > len(alone.times)
    assert daily.days("day") == daily.days("first") == daily.days("last")
    assert min(alone.days("first")) == min(daily.days("day"))


def test_repeated_entities_are_told_apart(filled):
    use_case = filled.use_case("collector_performance")
    seen = read(filled, use_case, Choice(columns=tuple(titles(use_case))[:1]), NOW)
    assert seen.rows.entities is not None and seen.rows.entities.max() + 1 < seen.times.sum()
    assert read(filled, filled.use_case("debt_repayment"), Choice(), NOW).rows.entities is None
