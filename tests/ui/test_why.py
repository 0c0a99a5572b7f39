"""What the Why page draws and says of a hand-made explanation adds up, hides what it should, and reads right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.explained import Comparison, Gap
from core.domain.reasons import points_text
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
def test_a_comparison_is_told_per_column(use_case: UseCase) -> None:
    one, two = explanation_of(use_case), explanation_of(use_case, 0.5)
    gaps = tuple(
        Gap(a.column, a.title, a.value, b.value, a.points, b.points, False)
        for a, b in zip(one.reasons, two.reasons, strict=True)
    )
    rows = why_compare.table(use_case, Comparison(one, two, gaps, True))
    assert rows[0]["Difference"] == "+10.0 points"
    assert rows[0]["Points of this"] == "+20.0 points"
    assert rows[0]["Points of the other"] == "+10.0 points"
    assert [row["Column"] for row in rows] == [reason.title for reason in one.reasons]


def test_points_have_their_sign_and_unit() -> None:
    use_case = builtin()["lead_scoring"]
    assert points_text(use_case, 0.0421) == "+4.2 points"
    assert points_text(use_case, -0.0421) == "-4.2 points"
    assert points_text(use_case, -0.0000421) == "0.0 points"
    assert not why_words.counts(use_case, -0.0000421)
    assert why_words.counts(use_case, -0.0421)
    number = replace(use_case, policy=replace(use_case.policy, score_format="number"),
                     target=replace(use_case.target, unit="EUR"))  # fmt: skip
    assert points_text(number, -31.49) == "-31.5 EUR"
    assert points_text(number, 12345.0) == "+12,345 EUR"


def test_evidence_does_not_repeat_the_column_above_it() -> None:
    use_case = builtin()["lead_scoring"]
    first, _, third, *_ = reasons_of(use_case)
    assert why_words.evidence(use_case, first).startswith("31.0% of 402 ")
    assert why_words.evidence(use_case, replace(first, value="")).startswith("31.0% of 402 ")
    assert why_words.evidence(use_case, third) == ""
