"""Home's list of what waits: each item with its urgency and a link that opens the right page; the realised figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streamlit.testing.v1 import AppTest

from core.services.access import Role
from core.services.realised import NAME
from core.store.ledger_alert_tables import AlertRecord
from core.store.ledger_registry import PromotionRecord
from core.ui import frame, home_needs, places, state

from .conftest import OpenPage
from .test_every_page import incidents, texts

KEY = "lead_scoring"


def said(app: AppTest) -> str:
    return " ".join(texts(app))


def alert(name: str, severity: str) -> None:
    now = datetime.now(UTC)
    facts = (severity, "open", f"{name}: 12.0 % of *rows*.", 0.12, 0.05, 1204, now - timedelta(hours=1), now)
    state.desk().ledger.add_alert(AlertRecord(name, "rejects", KEY, name, *facts))


def test_an_alert_is_one_sentence_with_a_way_to_it(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", KEY)
    assert "Nothing. Every use case" in said(app) or "Loading models" in said(app)
    alert("Rejects", "critical")
    app.run()
    assert not incidents(app)
    item = next(text for text in texts(app) if "critical alert since" in text)
    assert item.startswith(":red-badge[:material/notifications_active: Now] **Lead scoring**: critical alert since")
    assert "12.0 % of \\*rows\\*" in item  # as text
    app.button(key="need:0:alert").click().run()
    assert not app.exception and not incidents(app)
    assert app.query_params["alert"] == "Rejects"
    assert app.session_state[state.USE_CASE] == KEY
    assert "12.0 % of" in said(app), "the alert itself is open"


def test_a_way_leads_to_the_view_and_the_use_case_in_question(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", KEY, Role.RISK)
    other = next(key for key in state.desk().use_cases() if key != KEY)
    facts = {"version": "v1", "model": "elastic", "plan": None, "reason": "better", "evidence": {"needs": ["risk"]}}
    asked = datetime.now(UTC)
    state.desk().ledger.add_promotion(PromotionRecord("one", other, **facts, requested_at=asked, requested_by="Ana"))
    app.run()
    place = next(button for button in app.button if button.key.endswith(":approval"))
    place.click().run()
    assert not app.exception
    assert app.session_state[state.USE_CASE] == other
    assert app.session_state[frame.VIEW] == "Promotions"
    assert app.session_state[state.ACT_AS] == Role.RISK


def test_more_than_ten_are_folded(open_page: OpenPage) -> None:
    open_page("empty", "home.py", KEY)
    now = datetime.now(UTC)
    ledger = state.desk().ledger
    for place in range(home_needs.MOST + 2):
        run = ledger.claim_run(f"task {place}", now, now, "schedule", "Ringside")
        assert run is not None
        ledger.end_run(run.number, now, "failed", "The disk is full.", None)
    app = open_page("empty", "home.py", KEY)
    assert [expander.label for expander in app.expander] == ["2 more"]


def test_the_realised_figure_is_that_of_who_acts(open_page: OpenPage) -> None:
    app = open_page("full", "home.py", KEY)
    assert not any(metric.label == "AUC" for metric in app.metric)
    desk = state.desk()
    champion = desk.scorer(KEY).card.champion
    value = {"metric": "auc", "champion": champion, "version": "v1", "known_on": "2026-03-02", "value": 0.718}
    value |= {"low": 0.7, "high": 0.73, "n": 900, "n_mature": 1000, "n_rows": 3000, "enough": True}
    desk.ledger.keep_figure(KEY, NAME, datetime.now(UTC), value)
    app.run()
    found = next(metric for metric in app.metric if metric.label == "AUC")
    assert (found.value, found.delta) == (".718", ".700 to .730")
    stands_on = "AUC on 900 rows with an outcome, 90% of those old enough (of 3,000 in all), known on 2 Mar 2026."
    assert stands_on in said(app)
    desk.ledger.keep_figure(KEY, NAME, datetime.now(UTC), value | {"champion": "another"})
    app.run()
    assert not any(metric.label == "AUC" for metric in app.metric)
    desk.ledger.keep_figure(KEY, NAME, datetime.now(UTC), value)
    app.session_state[state.ACT_AS] = Role.SALES
    app.run()
    assert not any(metric.label == "AUC" for metric in app.metric), "sales sees the acting score only"
    assert champion not in said(app) and "Version" not in said(app)


def test_drift_is_a_word_with_its_window(open_page: OpenPage) -> None:
    app = open_page("trained", "home.py", KEY)
    assert "No drift" not in said(app)
    first = datetime(2026, 3, 2, tzinfo=UTC)
    for weeks, levels in enumerate([("no change",) * 3, ("no change", "moderate change", "no change")] + [_MOVED] * 2):
        since = first + timedelta(weeks=weeks)
        facts = {"use_case": KEY, "window_from": since, "window_to": since + timedelta(weeks=1), "version": "v1"}
        facts |= {"measured_at": since + timedelta(weeks=1), "simulated": False, "n": 1_204}
        kinds = zip(("score", "raw column", "feature"), levels, strict=True)
        rows = [
            facts | {"against": "reference", "of": of, "name": of, "place": place, "level": level}
            for place, (of, level) in enumerate(kinds)
        ]
        state.desk().log.append_drift([facts | {"step": "week", "judged": True}], rows)
        app.run()
        assert not incidents(app)
        assert _WORDS[weeks] in said(app)
    app.session_state[state.ACT_AS] = Role.SALES
    assert "drifts" not in said(app.run())


_MOVED = ("significant change", "moderate change", "no change")
_WORDS = (
    ":green-badge[:material/check_circle: No drift, n = 1,204, to 8 Mar]",
    ":blue-badge[:material/info: Score quiet, 1 of 2 inputs moved, n = 1,204, to 15 Mar]",
    ":orange-badge[:material/trending_up: Score moved: significant change, n = 1,204, to 22 Mar]",
    ":red-badge[:material/trending_up: Score drifts: significant change, n = 1,204, to 29 Mar]",
)


def test_what_needs_you_leads_to_pages_that_exist() -> None:
    known = {place.url for place in places.PLACES}
    assert {"models", "cases", "performance", "challengers", "experiments", "service"} <= known
