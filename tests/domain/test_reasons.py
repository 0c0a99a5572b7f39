"""Reasons in words: every task, disagreement said, nothing a mail would mangle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.explained import Evidence, Reason
from core.domain.reasons import plain_text, reason_sentence, split_reasons
from core.domain.usecase import UseCase
from core.usecases import builtin
from tests.ui.explained import explanation_of

EVIDENCE = Evidence("Referral", 402, 0.31, 0.27, 0.36, 0.125, 8_000, True)
REASON = Reason("referral_source", "Referral source", "Referral", 0.08, True, EVIDENCE, False)
LEADS = builtin()["lead_scoring"]


def test_a_sentence_says_what_became_of_such_rows() -> None:
    said = "Referral source: Referral. 31.0% of 402 such leads converted, 12.5% overall."
    assert reason_sentence(LEADS, REASON) == said


def test_numbers_are_said_with_their_range() -> None:
    evidence = replace(EVIDENCE, group="between 12 and 25 pages")
    reason = replace(REASON, column="page_views", title="Page views", value="18 pages", evidence=evidence)
    said = "Page views: 18 pages. 31.0% of 402 leads with between 12 and 25 pages converted, 12.5% overall."
    assert reason_sentence(LEADS, reason) == said


def test_a_weekday_is_said_as_one() -> None:
    reason = replace(
        REASON, column="created_at", title="Created", value="Sat", evidence=replace(EVIDENCE, group="Saturday")
    )
    assert "402 leads on a Saturday converted" in reason_sentence(LEADS, reason)


@pytest.mark.parametrize(
    ("points", "rate", "words"),
    [
        (0.08, 0.05, "On its own this group converted less often than average; the model raises the score"),
        (-0.08, 0.31, "On its own this group converted more often than average; the model lowers the score"),
    ],
)
def test_disagreement_between_reason_and_evidence_is_said(points: float, rate: float, words: str) -> None:
    reason = replace(REASON, points=points, evidence=replace(EVIDENCE, rate=rate, agrees=False))
    assert words in reason_sentence(LEADS, reason)


def test_what_may_be_chance_is_called_so() -> None:
    assert reason_sentence(LEADS, replace(REASON, evidence=replace(EVIDENCE, agrees=None))).endswith("may be chance.")


def test_too_little_evidence_is_said() -> None:
    assert "No 30 earlier leads" in reason_sentence(LEADS, replace(REASON, evidence=None))


@pytest.mark.parametrize(
    ("key", "column", "words"),
    [
        ("bnpl_default", "product_category", "31.0% of 402 such purchases defaulted, 12.5% overall"),
        ("client_profitability", "industry", "402 such clients came out at 31.0% on average, 12.5% overall"),
        ("debt_repayment", "debt_type", "402 such debtors came out at 31.0% on average, 12.5% overall"),
    ],
)
def test_every_task_has_its_sentence(key: str, column: str, words: str) -> None:
    assert words in reason_sentence(builtin()[key], replace(REASON, column=column))


def test_the_largest_reasons_come_first_and_what_hardly_counts_is_left_out() -> None:
    reasons = tuple(
        replace(REASON, column=str(place), points=points, helps=points > 0)
        for place, points in enumerate((0.9, -0.5, 0.4, 0.3, 0.2, 0.1, 0.05, -0.008, 0.0))
    )
    helps, hurts = split_reasons(reasons)
    assert [reason.points for reason in helps] == [0.9, 0.4, 0.3, 0.2, 0.1]
    assert [reason.points for reason in hurts] == [-0.5]


@pytest.mark.parametrize("use_case", builtin().values(), ids=list(builtin()))
def test_the_answer_for_a_mail_has_grade_score_decision_date_version_and_no_markdown(use_case: UseCase) -> None:
    explanation = replace(explanation_of(use_case), decided_by="random")
    text = plain_text(use_case, explanation)
    for part in (explanation.band, explanation.decision, "drawn at random", "version v1", "2 Mar 2026 at 12:00 UTC"):
        assert part in text
    assert "What helps" in text and "What hurts" in text
    assert not set("*_#`|") & set(text.replace(explanation.entity, ""))
    assert not any(line.lstrip().startswith(("- ", "> ", "1.")) for line in text.splitlines())


def test_the_answer_says_that_an_upload_was_voided() -> None:
    explanation = explanation_of(LEADS)
    assert "voided" not in plain_text(LEADS, explanation)
    assert "voided" in plain_text(LEADS, replace(explanation, voided=True))
