"""The fair-lending report: whole, escaped, without scripts; what could not be judged is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from core.domain.fairness.calibration import Sums, calibration_by_group
from core.domain.fairness.cells import Rows, cells_of
from core.domain.fairness.gaps import RATES, drawn_rates, gap_of, group_rates, wider_by
from core.domain.fairness.selection import selection_of
from core.domain.judged import RULES
from core.domain.maturity import Maturity
from core.services.comparison.arms import Window
from core.services.comparison.fairness import GAPS, ArmGroups, ColumnGroups, Fairness
from core.ui import fairness_sections, fairness_words
from core.ui.fairness_charts import tick
from core.ui.fairness_document import document
from core.usecases.bnpl_default import USE_CASE as BNPL
from core.usecases.client_profitability import USE_CASE as PROFIT
from core.usecases.debt_repayment import USE_CASE as DEBT

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)>"
GROUPS = ("north", EVIL, "few")
SIZES = (400, 400, 12)
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "b", "div", "ul", "li", "table", "tr", "th",
    "td",
}  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]


def made(use_case=DEBT, rates=(0.1, 0.4, 0.5), known=None) -> Fairness:
    """Three groups: one with a name that is a tag, one of twelve rows."""
    rng = np.random.default_rng(3)
    groups = np.repeat([0, 1, 2], SIZES)
    flags = np.stack([rng.random(len(groups)) < np.array(rates)[groups], rng.random(len(groups)) < 0.2])
    selection = selection_of(use_case)
    hits = (rng.random(len(groups)) < 0.4).astype(float) if selection.outcome else np.full(len(groups), np.nan)
    cells = cells_of(groups, 3, Rows(flags, hits))
    drawn = drawn_rates(cells, 1)
    mature, told = (~np.isnan(hits)).astype(float), np.nan_to_num(hits)
    sums = Sums(mature, 0.5 * mature, told, (0.5 - told) ** 2 * mature)
    kinds = RATES if selection.outcome else RATES[:1]
    arms = tuple(
        ArmGroups(
            name,
            {kind: group_rates(cells, place, kind) for kind in kinds},
            calibration_by_group(groups, 3, sums) if place == 0 else (),
            {kind: gap_of(cells, drawn, place, kind, 1) for kind in GAPS},
            {kind: wider_by(drawn, 0, place, kind) for kind in GAPS} if place else {},
        )
        for place, name in enumerate(("lightgbm of v1", RULES))
    )
    column = ColumnGroups(("region",), f"Region {EVIL}", GROUPS, SIZES, 7, arms)
    return Fairness(
        use_case.key, selection, "lightgbm of v1", "lightgbm of v1", ("lightgbm of v1", RULES), ("v1",),
        Window(datetime(2026, 5, 1, tzinfo=UTC), AT, AT), sum(SIZES), Maturity(812, 600, 590, 0), date(2026, 5, 2),
        date(2026, 11, 20), known or {}, (column,),
    )  # fmt: skip


def written(use_case=DEBT, seen=None) -> str:
    return document(use_case, seen or made(use_case), (f"Rita {EVIL}", "risk"), AT, (41, "a" * 64))


@pytest.mark.parametrize("use_case", [DEBT, BNPL, PROFIT], ids=lambda case: case.key)
def test_no_name_becomes_a_tag(use_case):
    html, tags = written(use_case), Tags()
    tags.feed(html)
    assert tags.found <= ALLOWED
    assert EVIL not in html and html.count(escape(EVIL)) > 5
    assert "http" not in html and "url(" not in html


def test_it_says_who_when_what_and_how_much():
    html, seen = written(), made()
    gap = seen.columns[0].arms[0].gaps["parity"]
    for text in (
        "21 Nov 2026, 09:30 UTC", "event 41 of the ledger", "v1", fairness_words.gap(gap), "remind, then wait",
        "1 May 2026", "n = 400", "By chance", "wider by", "Selection rate", "No model reads a sensitive column",
    ):  # fmt: skip
        assert escape(text) in html, text
    assert "Parity gap by region" in html and "above the limit of .10" in html
    assert "far above the limit" in html


def test_what_could_not_be_judged_is_said():
    said = " ".join(fairness_sections.unjudged(DEBT, made(known={"escalate": 0.1, "remind": 0.9})))
    assert "fewer than 30 rows of few" in said and "the group of 7 rows is not known" in said
    assert "10.0% of 'escalate'" in said and "carry that selection" in said
    values = " ".join(fairness_sections.unjudged(PROFIT, made(PROFIT)))
    assert "Odds gaps: outcomes are values" in values
    young = replace(made(), maturity=Maturity(812, 0, 0, 0))
    assert "no outcome counts yet" in " ".join(fairness_sections.unjudged(DEBT, young))
    assert not list(fairness_sections.unjudged(DEBT, replace(made(), columns=())))


def test_the_first_sentence():
    assert "above the limit" in fairness_words.headline(made(), "lightgbm of v1")
    quiet = fairness_words.headline(made(), RULES)
    assert quiet.startswith("No gap by region") and quiet.endswith("beyond chance")
    few = replace(made(), columns=())
    assert fairness_words.headline(few, RULES) == "No two groups have enough rows to be compared"


def test_bad_news_has_the_ratio_of_those_who_are_spared():
    good, bad = made(DEBT), made(BNPL)
    rates = [part.value for part in bad.columns[0].arms[0].rates["selection"][:2]]
    assert fairness_words.ratios(bad, bad.columns[0].arms[0], "parity") == {
        "Ratio": fairness_words.number(min(rates) / max(rates)),
        "Ratio spared": fairness_words.number((1 - max(rates)) / (1 - min(rates))),
    }
    assert list(fairness_words.ratios(good, good.columns[0].arms[0], "parity")) == ["Ratio"]
    assert fairness_words.ratios(bad, bad.columns[0].arms[0], "odds") == {"Ratio": "", "Ratio spared": ""}
    assert "Ratio spared" in written(BNPL) and "<th>Ratio spared</th>" not in written(DEBT)


def test_selected_in_words():
    assert "good news" in fairness_words.selected(DEBT, made(DEBT))
    assert "bad news" in fairness_words.selected(BNPL, made(BNPL))
    assert "no odds gap" in fairness_words.selected(PROFIT, made(PROFIT))
    assert "will_default = 1" in fairness_words.selected(BNPL, made(BNPL))


def test_models_that_read_a_sensitive_column_are_named():
    assert fairness_sections.read_by_models(DEBT) == "No model reads a sensitive column."
    assert fairness_sections.read_by_models(BNPL).startswith("Models read ")


def test_a_chart_shows_names_as_they_are():
    assert "<" not in tick(EVIL)
