"""The drift judgement: how often it errs, and how fast it is beside Evidently's on the same rows.

python -m benchmarks.drifting simulate        200 quiet periods, 200 shifts, and what a plain judgement makes of them
python -m benchmarks.drifting ours ROWS       36 columns: bins of the reference, counts of the window, every measure
python -m benchmarks.drifting evidently ROWS  `DataDriftPreset` on the same rows, as it comes

A million rows take Evidently minutes and gigabytes, so the routine run compares 100,000 (`python -m benchmarks
--drift-rows 1000000` compares them all).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.harness import peak_mb
from core.domain.columns import Array
from core.domain.compare.several import benjamini_hochberg
from core.domain.drift.bins import Bins, Counted, Of, count_levels, count_numbers, level_bins, number_bins
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Finding, Limits, judge
from core.domain.drift.measures import divergence

SEED, COLUMNS, RUNS = 20_261_121, 36, 200
REFERENCE, WINDOW, SHIFT = 10_000, 2_000, 0.3
CATEGORIES, ANSWERS, COUNTS = range(30, 36), range(26, 30), range(22, 26)
LEVELS = ("web", "shop", "phone", "partner", "fair", "letter", "event", "other")
THREADS = 2


def simulate(runs: int = RUNS) -> dict[str, Any]:
    """Shares of simulated periods, of 36 columns of N(0, 1) and 2,000 rows."""
    rng = np.random.default_rng(SEED)
    raised, uncorrected, corrected, named, at_once, others = 0, 0, 0, 0, 0, 0
    for _ in range(runs):
        bins = [number_bins(f"x{k}", Of.FEATURE, rng.normal(size=REFERENCE)) for k in range(COLUMNS)]
        quiet = window(rng, bins, 0.0)
        raised += any(item.level.raised for item in quiet)
        p = [item.chi2_p for item in quiet]
        uncorrected += min(p) < 0.05
        corrected += min(benjamini_hochberg(p)) < 0.05
        seen = [[item.level.raised for item in window(rng, bins, SHIFT)] for _ in range(2)]
        at_once += seen[0][0]
        named += seen[0][0] or seen[1][0]
        others += any(any(one[1:]) for one in seen)
    return {
        "runs": runs,
        "quiet_periods_raised": raised / runs,
        "any_of_36_tests_at_5_percent": uncorrected / runs,
        "the_same_after_benjamini_hochberg": corrected / runs,
        "shift_named_in_the_first_window": at_once / runs,
        "shift_named_within_two": named / runs,
        "another_column_named": others / runs,
        "psi_above_band_at_100_rows": small(rng, 2_000),
    }


def window(rng: np.random.Generator, bins: Sequence[Bins], shift: float) -> tuple[Finding, ...]:
    """Judge 2,000 new rows; the first column is shifted."""
    now = [count_numbers(item, rng.normal(shift if k == 0 else 0.0, 1.0, WINDOW)) for k, item in enumerate(bins)]
    return judge(bins, now, rows_of(None, WINDOW), Limits())


def small(rng: np.random.Generator, runs: int) -> float:
    """How often the PSI of 100 rows against 100 of the same kind, in ten bins, is above .1."""
    above = 0
    for _ in range(runs):
        reference, now = rng.normal(size=(2, 100))
        edges = np.quantile(reference, np.arange(1, 10) / 10)
        counts = [np.bincount(np.searchsorted(edges, side), minlength=10) for side in (now, reference)]
        above += divergence(counts[0], counts[1]).psi > 0.1
    return above / runs


def draw(rows: int, seed: int) -> list[Array]:
    """36 columns: amounts, counts, yes or no, and codes of eight levels; two of the amounts with missing values."""
    rng = np.random.default_rng(seed)
    columns: list[Array] = [rng.lognormal(3, 0.2 + k / 20, rows) for k in range(11)]
    columns += [rng.normal(k, 1 + k, rows) for k in range(11)]
    columns += [rng.poisson(2 + 4 * k, rows).astype(np.float64) for k in range(len(COUNTS))]
    columns += [(rng.random(rows) < 0.05 + k / 5).astype(np.float64) for k in range(len(ANSWERS))]
    shares = np.arange(1, len(LEVELS) + 1) / np.arange(1, len(LEVELS) + 1).sum()
    columns += [rng.choice(len(LEVELS), rows, p=shares).astype(np.int16) for _ in CATEGORIES]
    for place in (3, 14):
        columns[place][rng.random(rows) < 0.03] = np.nan
    return columns


def ours(rows: int) -> dict[str, Any]:
    """Seconds of everything, imports aside: bins of the reference, counts in two threads, and the judgement."""
    import scipy.special  # noqa: F401

    reference, now = draw(rows, SEED), draw(rows, SEED + 1)
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        bins = list(threads.map(_bins, range(COLUMNS), reference))
        binned = time.perf_counter()
        counted = list(threads.map(_counted, bins, now))
    counts = time.perf_counter()
    found = judge(bins, counted, rows_of(None, rows), Limits())
    ended = time.perf_counter()
    return {
        "rows": rows,
        "seconds": ended - began,
        "reference_seconds": binned - began,
        "counting_seconds": counts - binned,
        "judging_seconds": ended - counts,
        "raised": sum(item.level.raised for item in found),
        "peak_mb": peak_mb(),
    }


def _bins(place: int, values: Array) -> Bins:
    if place in CATEGORIES:
        return level_bins(f"x{place}", Of.RAW, LEVELS, values)
    return number_bins(f"x{place}", Of.FEATURE, values)


def _counted(bins: Bins, values: Array) -> Counted:
    return count_levels(bins, values) if bins.levels else count_numbers(bins, values)


def evidently(rows: int) -> dict[str, Any]:
    """Seconds of Evidently's preset over the same rows, imports and data frames aside."""
    os.environ["DO_NOT_TRACK"] = "1"
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def frame(seed: int) -> Any:
        columns = {f"x{k}": values for k, values in enumerate(draw(rows, seed))}
        named = {f"x{k}": pd.Categorical.from_codes(columns[f"x{k}"], list(LEVELS)) for k in CATEGORIES}
        return pd.DataFrame(columns | named)

    reference, now = frame(SEED), frame(SEED + 1)
    began = time.perf_counter()
    found = Report([DataDriftPreset()]).run(now, reference)
    facts = found.dict()
    return {"rows": rows, "seconds": time.perf_counter() - began, "n": len(facts["metrics"]), "peak_mb": peak_mb()}


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object."""
    if arguments[0] == "simulate":
        print(json.dumps(simulate(), indent=None))
    else:
        print(json.dumps({"ours": ours, "evidently": evidently}[arguments[0]](int(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
