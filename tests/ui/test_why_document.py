"""The page to print and the models side by side: who sees what, what is escaped, what is said in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.usecase import UseCase
from core.ui import why_charts, why_document, why_models
from core.usecases import builtin

from .explained import explanation_of

CASES = pytest.mark.parametrize("use_case", builtin().values(), ids=builtin())


@CASES
def test_the_printed_page_shows_models_only_to_those_who_may_see_them(use_case: UseCase) -> None:
    said = explanation_of(use_case)
    sales, risk = (why_document.document(use_case, said, "Repeat me", shows) for shows in (False, True))
    for name in use_case.recipe.model_names:
        assert f">{name}<" not in sales
        assert f">{name}<" in risk
    assert "Repeat me" in sales


@CASES
def test_the_printed_page_escapes_and_fetches_nothing(use_case: UseCase) -> None:
    html = why_document.document(use_case, explanation_of(use_case), "<script>alert(1)</script>", True)
    assert "<script" not in html
    assert "L-1 <b>" not in html
    assert "L-1 &lt;b&gt;" in html
    assert "http" not in html
    assert html.count("<rect") == len(why_charts.steps(explanation_of(use_case).reasons))


def test_a_score_that_is_not_the_logged_one_is_printed_as_such() -> None:
    use_case = builtin()["lead_scoring"]
    said = explanation_of(use_case)
    broken = replace(said, recomputed=replace(said.recomputed, logged=0.5, equal=False))
    assert "NOT equal" in why_document.document(use_case, broken, "", True)
    assert "NOT equal" not in why_document.document(use_case, said, "", True)


@pytest.mark.parametrize(("tau", "degree"), [(0.9, "nearly the same"), (0.5, "similar in part"), (0.0, "different")])
def test_rank_agreement_in_words(tau: float, degree: str) -> None:
    use_case = builtin()["lead_scoring"]
    said = explanation_of(use_case)
    models = {name: replace(part, rank_agreement=tau if name != said.model else None)
              for name, part in said.models.items()}  # fmt: skip
    sentence = why_models.agreement(replace(said, models=models))
    assert sentence.count(degree) == len(models) - 1
    assert "Only" in why_models.agreement(replace(said, models={said.model: said.models[said.model]}))
