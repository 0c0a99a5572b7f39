"""No row on two sides, no time and no group cut in half."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.recipe import Split
from core.errors import InputError
from core.ml.split import Splitter, group_codes


def splitter(kind: Split, n_rows: int, seed: int = 1, n_times: int = 50, n_groups: int = 30) -> Splitter:
    rng = np.random.default_rng(seed)
    times = np.datetime64("2026-01-01", "us") + rng.integers(0, n_times, n_rows).astype("timedelta64[D]")
    return Splitter(kind, rng.integers(0, 2, n_rows), times, rng.integers(0, n_groups, n_rows), seed)


@given(st.sampled_from(list(Split)), st.integers(60, 500), st.integers(0, 1000))
def test_every_row_is_in_exactly_one_part(kind: Split, n_rows: int, seed: int) -> None:
    parts = splitter(kind, n_rows, seed).partition().parts()
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(n_rows))
    assert all(len(rows) for rows in parts.values())


@given(st.integers(60, 500), st.integers(0, 1000), st.integers(3, 400))
def test_by_time_no_part_reaches_into_the_next(n_rows: int, seed: int, n_times: int) -> None:
    made = splitter(Split.TIME, n_rows, seed, n_times=n_times)
    try:
        parts = made.partition()
    except InputError:
        assert len(np.unique(made.times)) < 3
        return
    assert made.times is not None
    assert made.times[parts.train].max() < made.times[parts.calibration].min()
    assert made.times[parts.calibration].max() < made.times[parts.test].min()


@given(st.integers(60, 500), st.integers(0, 1000))
def test_by_group_no_group_is_on_two_sides(n_rows: int, seed: int) -> None:
    made = splitter(Split.GROUP, n_rows, seed)
    assert made.groups is not None
    seen = [set(made.groups[rows].tolist()) for rows in made.partition().parts().values()]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_parts_have_about_their_shares() -> None:
    for kind in Split:
        parts = splitter(kind, 4000, n_times=4000, n_groups=400).partition()
        assert len(parts.test) == pytest.approx(800, abs=80)
        assert len(parts.calibration) == pytest.approx(600, abs=120)


def test_random_splits_keep_the_class_shares() -> None:
    strata = (np.arange(1000) < 40).astype(np.int64)
    parts = Splitter(Split.RANDOM, strata, None, None, 1).partition()
    assert [int(strata[rows].sum()) for rows in parts.parts().values()] == [26, 6, 8]


@given(st.sampled_from(list(Split)), st.integers(60, 300), st.integers(0, 1000))
def test_folds_never_test_a_row_twice_nor_train_on_it(kind: Split, n_rows: int, seed: int) -> None:
    made = splitter(kind, n_rows, seed)
    tested: list[int] = []
    for train, test in made.folds():
        assert not set(train.tolist()) & set(test.tolist())
        tested += test.tolist()
        if kind is Split.TIME:
            assert made.times is not None
            assert made.times[train].max() < made.times[test].min()
        if kind is Split.GROUP:
            assert made.groups is not None
            assert not set(made.groups[train].tolist()) & set(made.groups[test].tolist())
    assert len(tested) == len(set(tested))
    if kind is not Split.TIME:
        assert sorted(tested) == list(range(n_rows))


def test_rows_without_a_time_can_only_train() -> None:
    made = splitter(Split.TIME, 200)
    assert made.times is not None
    made.times[::10] = "NaT"
    parts = made.partition()
    assert np.isnat(made.times[parts.train]).sum() == 20


def test_one_single_time_cannot_be_split() -> None:
    made = splitter(Split.TIME, 200, n_times=1)
    with pytest.raises(InputError, match="fewer than two"):
        made.partition()


def test_a_split_by_what_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no time"):
        Splitter(Split.TIME, np.zeros(5, dtype=np.int64), None, None, 1)
    with pytest.raises(InputError, match="no group"):
        Splitter(Split.GROUP, np.zeros(5, dtype=np.int64), None, None, 1)


def test_groups_of_any_kind_become_codes() -> None:
    codes = group_codes(np.array(["b", "a", "b"], dtype=object))
    assert codes is not None
    assert codes.tolist() == [1, 0, 1]
    assert group_codes(None) is None


@pytest.mark.parametrize("kind", list(Split))
def test_conformal_rows_are_nobody_elses_and_leave_the_test_rows_alone(kind: Split) -> None:
    made = splitter(kind, 4000, n_times=4000, n_groups=400)
    plain, parts = made.partition(), made.partition(conformal=True)
    assert list(plain.parts()) == ["train", "calibration", "test"]
    assert list(parts.parts()) == ["train", "calibration", "conformal", "test"]
    assert np.array_equal(plain.test, parts.test)
    together = np.concatenate(list(parts.parts().values()))
    assert np.array_equal(np.sort(together), np.arange(4000))
    assert np.array_equal(np.sort(parts.known), np.sort(plain.known))
    shares = [len(rows) / 4000 for rows in parts.parts().values()]
    assert shares == pytest.approx([0.55, 0.15, 0.10, 0.20], abs=0.02)


def test_by_time_the_conformal_rows_are_the_last_before_the_test_rows() -> None:
    made = splitter(Split.TIME, 1000, n_times=1000)
    parts = made.partition(conformal=True)
    assert made.times is not None
    at = {name: made.times[rows] for name, rows in parts.parts().items()}
    assert at["calibration"].max() < at["conformal"].min() and at["conformal"].max() < at["test"].min()


def test_numbers_order_the_rows_like_the_times_they_stand_for() -> None:
    timed = splitter(Split.TIME, 500)
    assert timed.times is not None
    days = (timed.times - np.datetime64("1960-01-01", "us")) / np.timedelta64(1, "D")
    numbered = replace(timed, times=days)
    assert all(
        (a == b).all()
        for a, b in zip(timed.partition().parts().values(), numbered.partition().parts().values(), strict=True)
    )
    days[:30] = np.nan
    assert not np.isin(np.arange(30), replace(timed, times=days).partition().test).any()
