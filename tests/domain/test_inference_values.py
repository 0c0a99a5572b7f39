"""How a column's texts are read: numbers, times, levels, yes and no. Once per column, never per row."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.columns import Column, Kind, Missing
from core.domain.inference.levels import as_levels, as_yesno, rare_rows
from core.domain.inference.numeric import as_numbers, decide_decimal, read_numbers
from core.domain.inference.texts import Texts, texts_of
from core.domain.inference.times import as_times, day_first_elsewhere
from core.domain.parsing import parse_row
from core.domain.schema import Schema


def texts(values: list[str | None], name: str = "x", nulls: tuple[str, ...] = ()) -> Texts:
    return texts_of(name, pa.chunked_array([pa.array(values, pa.string())]), nulls)


def test_missing_texts_are_the_usual_ones_and_those_of_the_file():
    column = texts(["a", " A ", "", "NaN", "n/a", None, "Select"], nulls=("select",))
    assert column.values == ("a", "A")
    assert column.codes.tolist() == [0, 1, -1, -1, -1, -1, -1]
    assert column.n_missing == 5


def test_a_column_of_no_rows_has_no_values():
    column = texts_of("x", pa.chunked_array([], pa.string()))
    assert (column.values, column.n_rows) == ((), 0)


@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=False).map(repr),
            st.integers().map(str),
            st.sampled_from(
                ["1,5", "1.234,5", "-3", "+2", "1e5", " 7", "1_000", "infinity", "nan", "abc", "1,234", "."]
            ),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([".", ","]),
)
def test_numbers_are_read_as_one_row_is_read(values: list[str], decimal: str):
    column = Column("x", Kind.NUMBER, missing=Missing.ALLOW, decimal=decimal)
    for text, number in zip(values, read_numbers([value.strip() for value in values], decimal), strict=True):
        alone = float(parse_row(Schema((column,)), {"x": text})["x"].values[0])
        assert (math.isnan(alone) and math.isnan(number)) or alone == number


@pytest.mark.parametrize(
    ("values", "semicolons", "elsewhere", "decimal"),
    [
        (["1.5", "2"], False, False, "."),
        (["1,5", "2"], False, False, ","),
        (["1.234,50", "7,1"], False, False, ","),
        (["1,234", "5,678"], False, False, "."),  # thousands as likely as decimals
        (["1,234", "5,678"], True, False, ","),  # a file with ';' leaves the comma to numbers
        (["1,234", "5,678"], False, True, ","),
        (["1.234", "5.678"], False, True, ","),  # beside a decimal comma dots in threes are thousands
        (["1.234", "5.67"], False, True, "."),
    ],
)
def test_the_decimal_sign_is_decided_once_per_column(values, semicolons, elsewhere, decimal):
    assert decide_decimal(values, semicolons=semicolons, elsewhere=elsewhere)[0] == decimal


def test_a_question_mark_among_numbers_is_missing_and_said():
    reading = as_numbers(texts(["1", "2", "?", "?", "3"]))
    assert reading is not None
    assert reading.nulls == ("?",)
    assert "'?' (2 rows) read as missing" in reading.why


def test_a_few_strays_leave_a_column_numeric_and_are_said():
    reading = as_numbers(texts([str(number) for number in range(300)] + ["oops"]))
    assert reading is not None
    assert reading.strays == ("oops",)
    assert "oops" in reading.why
    assert as_numbers(texts([str(number) for number in range(30)] + ["oops"])) is None


def test_codes_with_leading_zeros_are_no_numbers():
    assert as_numbers(texts(["02134", "90210", "10001"])) is None
    assert as_numbers(texts(["0", "1", "2"])) is not None


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("%Y-%m-%d", None),
        ("%Y-%m-%dT%H:%M:%S+02:00", None),
        ("%d.%m.%Y", "%d.%m.%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M"),
        ("%d %b %Y", "%d %b %Y"),
        ("%B %d, %Y", "%B %d, %Y"),
        ("%m/%d/%y %I:%M %p", "%m/%d/%y %I:%M %p"),
        ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
    ],
)
def test_a_date_format_is_found_and_reads_every_value(pattern: str, wanted: str | None):
    days = [date(2025, 1, 1) + timedelta(days=9 * step) for step in range(40)]
    reading = as_times(texts([day.strftime(pattern) for day in days]))
    assert reading is not None
    assert reading.time_format == wanted
    assert reading.other_order is None
    assert not np.isnat(reading.values).any()
    if "%H" not in pattern:
        assert reading.values.astype("datetime64[D]").tolist() == days


def test_one_late_value_settles_the_order_of_day_and_month_for_the_whole_column():
    assert as_times(texts(["01/02/2025", "03/04/2025", "25/04/2025"])).time_format == "%d/%m/%Y"
    assert as_times(texts(["01/02/2025", "03/04/2025", "04/25/2025"])).time_format == "%m/%d/%Y"


def test_an_undecided_order_follows_the_rule_and_says_so():
    unclear = texts(["01/02/2025", "03/04/2025"])
    by_rule, by_file = as_times(unclear), as_times(unclear, day_first=False)
    assert (by_rule.time_format, by_rule.other_order) == ("%d/%m/%Y", "%m/%d/%Y")
    assert "by rule" in by_rule.why
    assert (by_file.time_format, by_file.other_order) == ("%m/%d/%Y", "%d/%m/%Y")
    assert "other date columns" in by_file.why


def test_the_clear_columns_of_a_file_settle_the_unclear_ones():
    clear = as_times(texts(["01/25/2025", "02/26/2025"]))
    unclear = as_times(texts(["01/02/2025"]))
    assert day_first_elsewhere([clear, unclear]) is False
    assert day_first_elsewhere([unclear]) is None


def test_eight_digits_are_dates_only_under_a_name_that_says_so():
    values = ["20250131", "20250228"]
    assert as_times(texts(values, "order_date")).time_format == "%Y%m%d"
    assert as_times(texts(values, "amount")) is None


def test_words_and_plain_numbers_are_no_times():
    assert as_times(texts(["red", "blue"])) is None
    assert as_times(texts(["12.5", "13"])) is None


def test_rare_levels_are_pooled_and_case_makes_no_level():
    column = texts(["Google"] * 30 + ["google"] * 10 + ["bing"] * 3 + ["direct"] * 60 + [None] * 400)
    reading = as_levels(column)
    assert reading.levels == ("direct", "Google")
    assert (reading.n_pooled, reading.pooled_rows) == (1, 3)
    assert reading.codes.tolist() == [1, 1, -1, 0]


def test_too_many_thin_levels_are_no_category_but_a_long_tail_is():
    many = [f"v{number}" for number in range(200) for _ in range(20)]
    assert as_levels(texts(many)) is None
    tail = ["a"] * 5_000 + ["b"] * 4_000 + [f"t{number}" for number in range(60)]
    assert as_levels(texts(tail)).levels == ("a", "b")


def test_what_is_rare_depends_on_the_file():
    assert (rare_rows(60), rare_rows(9_000), rare_rows(200_000)) == (5, 20, 200)


def test_yes_and_no_must_be_a_pair():
    assert as_yesno(texts(["Yes", "no", "NO"])).tolist() == [1.0, 0.0, 0.0]
    assert as_yesno(texts(["1", "0"])).tolist() == [1.0, 0.0]
    assert as_yesno(texts(["Y", "N", "T", "0"])) is None
    assert as_yesno(texts(["yes", "maybe"])) is None
