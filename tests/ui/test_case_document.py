"""The case file to take along: whole, escaped, without scripts, and no more than its reader may see."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from core.domain.diagnosis import Cause
from core.services.complaints.cases import Case
from core.store.ledger_tables import EventRecord, PreventionRecord
from core.ui import case_parts, case_words
from core.ui.case_document import bars, document

from .case_files import AT, EVIL, USE_CASE, a_case, a_file, due

EVENTS = [
    EventRecord(1, AT, EVIL, "sales", "page", "open case", "case abc123", None, {"text": EVIL}, EVIL, None, "", "")
]
ITEMS = [PreventionRecord("i", "abc123", USE_CASE.key, "alert", EVIL, EVIL, due(), "open", AT, EVIL)]
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "b", "blockquote", "div", "ul", "li", "table",
    "tr", "th", "td", "figure", "svg", "text", "line", "circle",
}  # fmt: skip
VOID = {"meta"}


class Reader(HTMLParser):
    """What tags and attributes a browser would see, and whether they nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def decided() -> Case:
    return a_case(
        state="answered", decided_cause=Cause.DATA.value, reason=EVIL, answer=EVIL, owner=EVIL, decided_at=AT,
        answered_at=AT + timedelta(hours=1), prediction_id="0123456789abcdef", period_from=None, period_to=None,
    )  # fmt: skip


def written(models: bool = True, case: Case | None = None) -> str:
    return document(USE_CASE, a_file(case or decided()), EVENTS, ITEMS, (f"Rita {EVIL}", models), AT)


def test_nothing_of_a_person_or_a_file_becomes_a_tag() -> None:
    html, reader = written(), Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert reader.tags <= ALLOWED
    assert not [name for name in reader.attributes if name.startswith("on") or name in ("src", "href")]
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 12  # the hostile text stands in every place, as text


def test_it_fetches_nothing() -> None:
    assert not re.search(r"https?://|url\(|@import", written())


def test_it_is_made_for_a4() -> None:
    html = written()
    assert "@page{size:A4" in html
    assert "break-inside:avoid" in html


def test_who_when_and_which_version() -> None:
    html = written()
    for text in ("Taken along by Rita", "2 Mar 2026, 12:00 UTC", "Scored by version v2", "Opened 2 Mar 2026"):
        assert text in html


def test_verdict_and_every_check_with_its_figures() -> None:
    html = written()
    assert "Decided, 2 Mar 2026, 12:00 UTC: The rows changed." in html
    assert "The checks propose: What reached the desk." in html
    for check in a_file().checks:
        assert check.name in html
        assert case_words.CHECK_LOOK[check.state][2] in html


def test_tables_have_headings() -> None:
    tables = re.findall(r"<table>(.*?)</table>", written(), re.DOTALL)
    assert len(tables) > 8
    assert all(table.startswith("<tr><th>") for table in tables)


def test_a_reader_without_models_gets_the_acting_score_only() -> None:
    html = written(models=False)
    for text in ("Champion and shadow", "Drift", "Calibration", "PSI", "auc", "AUC", "rules", "Slope"):
        assert text not in html, text
    assert "Champion and shadow" in written()


def test_the_answer_stands_only_where_there_is_one() -> None:
    assert "<h2>Answer</h2>" in written()
    assert "<h2>Answer</h2>" not in written(case=a_case())


def test_bars_leave_out_what_is_not_known() -> None:
    file = a_file()
    drawn = bars(USE_CASE, file)
    known = 2 * (len(file.conversion.bands) - 1)
    assert drawn.count("<line") == known
    assert drawn.count("<circle") == known + 2  # and the legend
    assert "nan" not in drawn


def test_bars_of_nothing_are_nothing() -> None:
    file = a_file()
    only = file.conversion.bands[-1:]
    empty = a_file(conversion=file.conversion.__class__(**(vars(file.conversion) | {"bands": only})))
    assert bars(USE_CASE, empty) == ""


@pytest.mark.parametrize("models", [True, False])
def test_sections_are_rectangular(models: bool) -> None:
    for section in case_parts.evidence(USE_CASE, a_file(), models):
        assert section.rows
        if section.header:
            assert {len(row) for row in section.rows} == {len(section.header)}, section.title


def test_missing_sections_are_left_out() -> None:
    bare = a_file(drift=None, shadow=None, calibration=None, similar=None, estimated=None, changes=())
    titles = [section.title for section in case_parts.evidence(USE_CASE, bare, models=True)]
    assert titles == ["Outcomes by band", "Service health", "Changes", "Recomputed"]
