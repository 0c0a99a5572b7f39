"""Bins of everything that is watched, and their agreement with the version's profile."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.columns import Column, Columns, Kind
from core.domain.drift.bins import Bins, Counted, Of
from core.domain.drift.entities import rows_of
from core.domain.drift.judgement import Level, Limits, judge
from core.domain.drift.reference import count_window, reference_bins
from core.domain.features import Feature, feature_matrix, month, raw
from core.domain.profile import bin_counts, make_profile
from core.domain.schema import Schema

SCHEMA = Schema(
    (
        Column("id", Kind.ID),
        Column("at", Kind.TIME),
        Column("income", Kind.NUMBER),
        Column("visits", Kind.COUNT),
        Column("member", Kind.YESNO),
        Column("channel", Kind.CATEGORY, levels=("web", "shop")),
        Column("services", Kind.SET, levels=("audit", "tax")),
        Column("payments", Kind.NUMBERS, width=2),
    )
)
FEATURES = (
    raw("income"),
    Feature("month", ("at",), month, "month", calendar=True),
    Feature("rate", ("income", "visits"), lambda income, visits: income / (1 + visits), "income per visit"),
)


def drawn(n: int, seed: int) -> tuple[Columns, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    income = rng.lognormal(3, 1, n)
    income[rng.random(n) < 0.02] = np.nan
    columns: Columns = {
        "id": np.array([f"c{k}" for k in range(n)], dtype=object),
        "at": np.datetime64("2026-01-01", "us") + rng.integers(0, 300, n) * np.timedelta64(1, "D"),
        "income": income,
        "visits": rng.poisson(3, n).astype(float),
        "member": (rng.random(n) < 0.3).astype(float),
        "channel": rng.integers(-1, 2, n).astype(np.int16),
        "services": rng.integers(-1, 4, n),
        "payments": rng.normal(size=(n, 2)),
    }
    return columns, feature_matrix(FEATURES, columns, n), {"logistic": rng.random(n), "trees": rng.random(n)}


@pytest.fixture(scope="module")
def both() -> tuple[tuple[Bins, ...], tuple[Counted, ...]]:
    columns, matrix, scores = drawn(4_000, 1)
    bins = reference_bins(SCHEMA, FEATURES, columns, matrix, scores)
    columns, matrix, scores = drawn(1_500, 2)
    return bins, count_window(bins, columns, FEATURES, matrix, scores)


def test_what_is_watched(both: tuple[tuple[Bins, ...], tuple[Counted, ...]]) -> None:
    found = [(item.of, item.name) for item in both[0]]
    assert found == [
        (Of.SCORE, "logistic"),
        (Of.SCORE, "trees"),
        (Of.RAW, "income"),
        (Of.RAW, "visits"),
        (Of.RAW, "member"),
        (Of.RAW, "channel"),
        (Of.RAW, "services: audit"),
        (Of.RAW, "services: tax"),
        (Of.FEATURE, "income"),
        (Of.FEATURE, "month"),
        (Of.FEATURE, "rate"),
    ]
    by_name = {item.name: item for item in both[0] if item.of is Of.RAW}
    assert (by_name["services: tax"].column, by_name["services: tax"].member) == ("services", 1)
    assert by_name["channel"].other > 1_000, "levels that are not in the schema"
    assert all(int(item.counts.sum()) + item.missing + item.other == 4_000 for item in both[0])


def test_coarse_bins_are_the_profiles(both: tuple[tuple[Bins, ...], tuple[Counted, ...]]) -> None:
    columns, matrix, scores = drawn(4_000, 1)
    profile = make_profile(SCHEMA, FEATURES, columns, matrix, scores)
    now = bin_counts(profile, drawn(1_500, 2)[1])
    watched = [pair for pair in zip(*both, strict=True) if pair[0].of is Of.FEATURE]
    for (bins, counted), item, logged in zip(watched, profile["features"], now, strict=True):
        assert bins.coarse_edges == tuple(item["edges"]) and bins.calendar == item["calendar"]
        n = bins.n_coarse
        assert bins.in_coarse(bins.counts).tolist() == item["counts"][:n] and bins.missing == item["counts"][-1]
        assert bins.in_coarse(counted.counts).tolist() == logged[:n].tolist() and counted.missing == logged[-1]


def test_counts_of_batches_are_judged_as_rows_are(both: tuple[tuple[Bins, ...], tuple[Counted, ...]]) -> None:
    bins, now = both
    few = [
        Counted(
            item.name, side.counts if item.levels else item.in_coarse(side.counts), side.missing, side.unseen, False
        )
        for item, side in zip(bins, now, strict=True)
    ]
    rows = rows_of(None, 1_500)
    for fine, coarse in zip(judge(bins, now, rows, Limits()), judge(bins, few, rows, Limits()), strict=True):
        assert fine.level is coarse.level is (Level.SHOWN if fine.name == "month" else Level.QUIET)
        assert (fine.psi, fine.psi_limit, fine.missing_now) == (coarse.psi, coarse.psi_limit, coarse.missing_now)
        if fine.ks is not None and coarse.ks is not None and coarse.ks_error is not None:
            assert coarse.ks <= fine.ks + 1e-12 <= coarse.ks + coarse.ks_error + 2e-12


def test_against_another_window(both: tuple[tuple[Bins, ...], tuple[Counted, ...]]) -> None:
    bins, now = both
    columns, matrix, scores = drawn(1_200, 3)
    columns["income"] = columns["income"] * 1.6
    matrix = feature_matrix(FEATURES, columns, 1_200)
    later = count_window(bins, columns, FEATURES, matrix, scores)
    found = judge(bins, later, rows_of(None, 1_200), Limits(), against=now, against_rows=rows_of(None, 1_500))
    assert {item.name for item in found if item.level.raised} == {"income", "rate"}
    same = judge(bins, now, rows_of(None, 1_500), Limits(), against=now, against_rows=rows_of(None, 1_500))
    assert all(item.psi == 0 and item.ks in (0, None) for item in same)
    judged = judge(bins, later, rows_of(None, 1_200), Limits(), against=now, against_rows=rows_of(None, 80))
    assert judged[0].why[0].startswith("Not enough rows to compare with: 80 of ")
