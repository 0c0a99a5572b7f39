"""The admin page: what each role may see and change, each action on a real desk."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.services.access import LOCAL_PEOPLE, Role
from core.services.administration import work
from core.services.backing_up import backups
from core.services.jobs import JobRun
from core.services.signing_in import people, tokens
from core.ui import admin, state

from .conftest import OpenPage

SCRIPT, KEY = "govern/admin.py", "lead_scoring"
ADAM, AUDE = LOCAL_PEOPLE[Role.ADMIN], LOCAL_PEOPLE[Role.AUDITOR]


def said(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning", "success", "subheader")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    titles = [element.proto.title for kind in ("info", "error", "warning") for element in getattr(app, kind)]
    return "\n".join(texts + titles).replace("\\", "")


def button(app: AppTest, label: str) -> Button:
    return next(found for found in app.button if found.label == label)


def labels(app: AppTest) -> set[str]:
    return {found.label for found in app.button}


def kept(app: AppTest) -> str:
    """Everything that the session remembers, as text."""
    return str(app.session_state._state.filtered_state)


def looked_at(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="view").set_value(view).run()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
@pytest.mark.parametrize("home", ["fresh", "full"])
def test_every_view_opens(open_page: OpenPage, home: str, role: Role) -> None:
    app = open_page(home, SCRIPT, KEY, role)
    for view in admin.VIEWS:
        looked_at(app, view)
        assert not app.exception and not app.error, view


def test_a_link_leads_to_a_view(open_page: OpenPage) -> None:
    app = open_page("fresh", "home.py", KEY, Role.ADMIN)
    app.query_params["view"] = "Storage"
    app.switch_page(SCRIPT).run()
    assert "What takes it up?" in said(app)


def test_a_running_job_is_seen_and_cancelled_with_a_reason(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    desk, stop = state.desk(), threading.Event()

    def until_stopped(run: JobRun) -> dict[str, int]:
        while not stop.wait(0.01):
            run.report(1_200, 0.4, "scoring")
        return {}

    desk.jobs.register("slow", until_stopped)
    sam = LOCAL_PEOPLE[Role.SALES]
    job_id = desk.jobs.submit("slow", "", sam, {"filename": "march_*.csv", "actor": {"via": "inbox"}})
    try:
        looked_at(app, "Jobs")
        assert "**Slow**: march_*.csv" in said(app) and f"Asked for by {sam.name}, by inbox" in said(app)
        app.text_input(key=f"admin:why:{job_id}").set_value("The wrong month")
        button(app, "Cancel this job").click().run()
        assert not app.exception and not app.error
        assert desk.jobs.wait(job_id, 10).state == "cancelled"
        assert desk.ledger.events()[0].reason == "The wrong month"
        app.run()
        assert "Nothing runs, nothing waits." in said(app)
        assert list(app.dataframe[0].value["About"]) == ["march_*.csv"]
    finally:
        stop.set()


def test_an_auditor_sees_what_runs_and_cancels_nothing(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.AUDITOR)
    desk, stop = state.desk(), threading.Event()
    desk.jobs.register("slow", lambda run: {"done": stop.wait(10)})
    desk.jobs.submit("slow", "", LOCAL_PEOPLE[Role.SALES], {"title": "a file"})
    try:
        looked_at(app, "Jobs")
        assert "**Slow**: a file" in said(app) and "Cancel this job" not in labels(app)
        assert work.at_work(desk, LOCAL_PEOPLE[Role.AUDITOR]).jobs
    finally:
        stop.set()


def test_storage_says_what_lies_where(open_page: OpenPage) -> None:
    app = looked_at(open_page("full", SCRIPT, KEY, Role.AUDITOR), "Storage")
    kinds = list(app.dataframe[0].value["What"])
    assert {"Prediction log", "Ledger", "Uploaded files"} <= set(kinds)
    assert [metric.label for metric in app.metric] == ["Disk free", "Log and ledger grow", "Taken up in all"]
    assert "Backups lie on the disk they are made of." in said(app)


def test_what_is_in_force_leads_to_its_pages(open_page: OpenPage) -> None:
    app = looked_at(open_page("full", SCRIPT, KEY, Role.ADMIN), "In force")
    assert set(app.dataframe[0].value["Policy"]) == {"its own"}
    app.selectbox(key="admin:policy").set_value("bnpl_default").run()
    app.button(key="admin:policy:open").click().run()
    assert not app.exception and "lines" in app.title[0].value
    assert app.selectbox(key="use_case").value == "bnpl_default"


def actions() -> list[str]:
    return [event.action for event in state.desk().ledger.events()]


def test_the_first_person_is_added_with_a_password_that_is_shown_once(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    assert "Sign-in is off" in said(app) and "Nobody yet." in said(app)
    app.text_input(key="admin:name:0").set_value("Ada Lovelace")
    app.text_input(key="admin:email:0").set_value("ada@example.com")
    button(app, "Add").click().run()
    assert not app.exception and not app.error
    (ada,) = people.people(state.desk(), ADAM)
    assert (ada.name, ada.role) == ("Ada Lovelace", Role.ADMIN), "the first one can manage people"
    (password,) = [code.value for code in app.code]
    assert len(password) > 20
    button(app, "I have copied it").click().run()
    app.run()
    assert not app.code and password not in kept(app)
    assert list(app.dataframe[0].value["Name"]) == ["Ada Lovelace"]
    assert password not in str(state.desk().ledger.events())


def test_a_person_gets_another_role_and_password_and_is_let_in_no_more(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    desk = state.desk()
    people.add(desk, ADAM, name="Ada", email="ada@example.com", role=Role.ADMIN)
    bob, _ = people.add(desk, ADAM, name="Bob", email="bob@example.com", role=Role.SALES)
    app.run()
    app.selectbox(key="admin:person").set_value(bob.id).run()
    app.selectbox(key=f"admin:role:{bob.id}:to").set_value(Role.RISK)
    button(app, "Give this role").click().run()
    event = desk.ledger.events()[0]
    assert (event.before, event.after) == ({"role": "sales"}, {"role": "risk"})
    app.button(key=f"admin:password:{bob.id}").click().run()
    assert app.code and actions()[0] == "set password"
    app.run()
    app.button(key=f"admin:active:{bob.id}").click().run()
    assert not app.exception and not app.error
    assert {person.name: person.active for person in people.people(desk, ADAM)} == {"Ada": True, "Bob": False}
    app.button(key=f"admin:active:{bob.id}").click().run()
    assert actions()[:2] == ["reactivate person", "deactivate person"]


def test_the_last_administrator_stays(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.ADMIN)
    ada, _ = people.add(state.desk(), ADAM, name="Ada", email="ada@example.com", role=Role.ADMIN)
    app.run()
    app.button(key=f"admin:active:{ada.id}").click().run()
    assert "is the only administrator left" in said(app)
    assert people.people(state.desk(), ADAM)[0].active


def test_a_token_is_given_shown_once_and_withdrawn(open_page: OpenPage) -> None:
    app = looked_at(open_page("fresh", SCRIPT, KEY, Role.ADMIN), "Tokens")
    app.text_input(key="admin:program:0").set_value("CRM")
    app.multiselect(key="admin:scopes:0").set_value(["score", "versions"]).run()
    assert "It could: cancel a job, download results" in said(app)
    assert "The role sales may not score with another version" in said(app)
    app.number_input(key="admin:days:0").set_value(7)
    button(app, "Give this token").click().run()
    (text,) = [code.value for code in app.code]
    (token,) = tokens.tokens(state.desk(), ADAM)
    assert (token.name, token.scopes, (token.expires_at - token.created_at).days) == ("CRM", ("score", "versions"), 7)
    assert tokens.holder(state.desk(), text) is not None
    button(app, "I have copied it").click().run()
    app.run()
    assert not app.code and text not in kept(app)
    app.button(key=f"admin:withdraw:{token.id}").click().run()
    assert not app.exception and not app.error
    assert tokens.holder(state.desk(), text) is None
    assert actions()[:2] == ["withdraw token", "give token"]
    assert list(app.dataframe[0].value["State"]) == [["Withdrawn"]]


def test_a_backup_is_made_read_again_and_tried_out(open_page: OpenPage) -> None:
    app = looked_at(open_page("full", SCRIPT, KEY, Role.ADMIN), "Backups")
    assert "A lost disk costs everything." in said(app) and "Try the newest out" not in labels(app)
    button(app, "Back up now").click().run(timeout=60)
    assert not app.exception and not app.error
    (made,) = backups.backups(state.desk(), ADAM)
    assert made.verified and "by hand" in said(app)
    button(app, "Read it again").click().run(timeout=60)
    button(app, "Try the newest out").click().run(timeout=120)
    assert not app.exception and not app.error
    drill = backups.last_drill(state.desk(), AUDE)
    assert drill is not None and drill.ok and "rows scored the same again" in said(app)
    assert {"Back in (RTO)", "Lost with the disk (RPO)"} <= {metric.label for metric in app.metric}


def test_an_auditor_sees_people_tokens_and_backups_and_changes_nothing(open_page: OpenPage) -> None:
    app = open_page("fresh", SCRIPT, KEY, Role.AUDITOR)
    desk = state.desk()
    people.add(desk, ADAM, name="Ada", email="ada@example.com", role=Role.ADMIN)
    tokens.give(desk, ADAM, name="CRM", role=Role.SALES, scopes=["score"], days=7)
    backups.back_up(desk, ADAM)
    for view, shown in (("People", "Ada"), ("Tokens", "CRM"), ("Backups", "by hand")):
        looked_at(app, view)
        assert shown in app.dataframe[0].value.to_string()
        assert not labels(app), f"{view} offers an auditor {labels(app)}"
