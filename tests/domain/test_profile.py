"""The profile's bins: edges are data values, counts add up, missing has its own bin."""

import json

import numpy as np
import pytest

from core.domain.columns import MISSING, NO_SET, OTHER, Column, Kind, Unseen
from core.domain.features import Feature, raw
from core.domain.profile import bin_counts, count_bins, make_profile, quantile_edges, score_counts
from core.domain.schema import Schema


def _profile() -> tuple[dict, np.ndarray]:
    rng = np.random.default_rng(1)
    matrix = np.column_stack([rng.normal(size=500), rng.integers(0, 2, 500), rng.integers(0, 5, 500)])
    matrix[:20, 0] = np.nan
    schema = Schema(
        (
            Column("a", Kind.NUMBER),
            Column("c", Kind.CATEGORY, levels=("x", "y"), unseen=Unseen.OTHER),
        )
    )
    columns = {"a": matrix[:, 0], "c": np.array([MISSING, OTHER, 0, 1, 1] * 100, dtype=np.int16)}
    features = [raw("a"), raw("flag"), Feature("day", ("a",), lambda a: a, "day", calendar=True)]
    return make_profile(schema, features, columns, matrix, {"m": rng.random(500)}), matrix


def test_the_profile_survives_json() -> None:
    profile, _ = _profile()
    assert json.loads(json.dumps(profile)) == profile


def test_reference_counts_are_what_bin_counts_finds() -> None:
    profile, matrix = _profile()
    counts = bin_counts(profile, matrix)
    assert counts.tolist() == [item["counts"] for item in profile["features"]]
    assert (counts.sum(axis=1) == 500).all()
    assert counts[0, -1] == 20
    assert counts.shape == (3, profile["width"])


def test_counts_of_parts_add_up() -> None:
    profile, matrix = _profile()
    assert np.array_equal(
        bin_counts(profile, matrix[:123]) + bin_counts(profile, matrix[123:]), bin_counts(profile, matrix)
    )


def test_bins_agree_with_a_search_per_value() -> None:
    rng = np.random.default_rng(2)
    values = np.round(rng.normal(size=1000), 1)
    edges = quantile_edges(values)
    expected = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    assert count_bins(edges, values, len(edges) + 2)[:-1].tolist() == expected.tolist()
    assert set(edges) <= set(values.tolist())


def test_deciles_of_a_continuous_feature_hold_equal_shares() -> None:
    values = np.random.default_rng(3).normal(size=1000)
    assert count_bins(quantile_edges(values), values, 11).tolist() == [100] * 10 + [0]


@pytest.mark.parametrize(
    ("values", "edges"),
    [([0.0, 1.0, 1.0], (0.0,)), ([2.0, 2.0], ()), ([np.nan, np.nan], ()), ([3.0, 1.0, 2.0], (1.0, 2.0))],
)
def test_few_levels_get_a_bin_each(values: list[float], edges: tuple[float, ...]) -> None:
    assert quantile_edges(np.array(values)) == edges


def test_a_heavy_value_at_the_top_keeps_its_own_bin() -> None:
    values = np.concatenate([np.arange(100.0), np.full(900, 1000.0)])
    counts = count_bins(quantile_edges(values), values, 12)
    assert counts.max() == 900


def test_infinite_values_fall_into_the_outer_bins() -> None:
    assert count_bins((0.0, 1.0), np.array([-np.inf, np.inf, 0.5]), 4).tolist() == [1, 1, 1, 0]


def test_categories_and_shares() -> None:
    profile, _ = _profile()
    assert profile["categories"]["c"] == {"levels": {"x": 100, "y": 200}, "other": 100, "missing": 100}
    assert profile["missing"] == {"a": pytest.approx(0.04), "c": pytest.approx(0.2)}
    assert [item["calendar"] for item in profile["features"]] == [False, False, True]


def test_score_counts_follow_the_profile() -> None:
    profile, _ = _profile()
    assert score_counts(profile, {"m": np.full(7, 2.0)})[0].sum() == 7


def test_a_row_of_a_set_counts_at_each_of_its_levels() -> None:
    schema = Schema((Column("s", Kind.SET, levels=("x", "y", "z")), Column("l", Kind.NUMBERS, width=2)))
    columns = {"s": np.array([0b011, 0b010, NO_SET, 0b011]), "l": np.array([[np.nan, 1], [2, 3], *[[np.nan] * 2] * 2])}
    profile = make_profile(schema, [], columns, np.empty((4, 0)), {})
    assert profile["categories"] == {"s": {"levels": {"x": 2, "y": 3, "z": 0}, "other": 0, "missing": 1}}
    assert profile["missing"] == {"s": 0.25, "l": 0.5}
