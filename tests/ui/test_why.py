"""What the Why page draws and says of a hand-made explanation adds up, hides what it should, and reads right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.usecase import UseCase
from core.ui import why_charts, why_compare, why_words
from core.usecases import builtin

from .explained import BASE, explanation_of, reasons_of

CASES = pytest.mark.parametrize("use_case", builtin().values(), ids=builtin())


@CASES
def test_steps_add_up_to_the_score_however_few_are_shown(use_case: UseCase) -> None:
    said = explanation_of(use_case)
    for shown in range(1, len(said.reasons) + 1):
        listed = why_charts.steps(said.reasons, shown)
        assert BASE + sum(value for _, value in listed) == pytest.approx(said.score, abs=1e-12)
        assert len(listed) <= shown + 1


def test_the_rest_is_summed_into_one_step_that_says_how_many() -> None:
    reasons = reasons_of(builtin()["lead_scoring"])
    assert why_charts.steps(reasons, 2)[-1][0] == f"{len(reasons) - 2} other columns"
    assert len(why_charts.steps(reasons, len(reasons) - 1)) == len(reasons)


@CASES
def test_waterfall_floats_from_the_base_to_the_score(use_case: UseCase) -> None:
    said = explanation_of(use_case)
    drawn = why_charts.waterfall(use_case, said)
    bars = [trace for trace in drawn.data if trace.type == "bar"]
    at = said.base
    for bar in bars:
        assert bar.base[0] == pytest.approx(at)
        at += bar.x[0]
    assert at == pytest.approx(said.score)
    marks = [trace.x[0] for trace in drawn.data if trace.type == "scatter"]
    assert marks == [said.base, said.score]


@CASES
def test_what_helps_is_painted_by_the_use_case_s_polarity(use_case: UseCase) -> None:
    said = explanation_of(use_case)
    drawn = why_charts.waterfall(use_case, said)
    first = next(trace for trace in drawn.data if trace.type == "bar")
    assert first.x[0] > 0
    assert first.marker.color == why_charts.hue(use_case.higher_is_better)


@CASES
def test_the_table_behind_the_waterfall_ends_at_the_score(use_case: UseCase) -> None:
    said = explanation_of(use_case)
    rows = why_charts.waterfall_table(use_case, said)
    assert len(rows) == len(said.reasons) + 1
    assert rows[-1]["Score"] == f"{100 * said.score:.1f}%"


@CASES
def test_differences_between_two_records_add_up_to_the_gap(use_case: UseCase) -> None:
    one, two = explanation_of(use_case), explanation_of(use_case, 0.5)
    gaps = why_compare.by_column(one, two)
    assert sum(gap[1] for gap in gaps) == pytest.approx(one.score - two.score)
    sizes = [abs(gap[1]) for gap in gaps]
    assert sizes == sorted(sizes, reverse=True)


def test_a_column_of_one_record_only_counts_whole() -> None:
    one = explanation_of(builtin()["lead_scoring"])
    two = replace(one, reasons=one.reasons[1:])
    title, value, _, other = why_compare.by_column(one, two)[0]
    assert (title, value, other) == (one.reasons[0].title, one.reasons[0].points, None)


def test_points_have_their_sign_and_unit() -> None:
    use_case = builtin()["lead_scoring"]
    assert why_words.points(use_case, 0.0421) == "+4.2 points"
    assert why_words.points(use_case, -0.0421) == "-4.2 points"
    assert why_words.points(use_case, -0.0000421) == "0.0 points"
    assert not why_words.counts(use_case, -0.0000421)
    assert why_words.counts(use_case, -0.0421)
    number = replace(use_case, policy=replace(use_case.policy, score_format="number"),
                     target=replace(use_case.target, unit="EUR"))  # fmt: skip
    assert why_words.points(number, -31.49) == "-31.5 EUR"
    assert why_words.points(number, 12345.0) == "+12,345 EUR"
