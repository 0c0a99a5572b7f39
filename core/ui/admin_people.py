"""The admin page's people: how they come in, who they are, what each role may do; added and changed by an admin."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services.access import PERMISSIONS, Action, Role, may
from core.services.administration.doors import Doors, doors
from core.services.signing_in import people as service
from core.services.signing_in.people import LOCAL, Person
from core.ui import messages, state, words
from core.ui.admin_secret import once
from core.ui.tile import tile

HOW = {"local": "password of this desk", "oidc": "identity provider"}
_STATES = {"Active": "green", "Waits": "orange", "Deactivated": "gray"}
_ADDED = "admin:added"  # in the session: a new form after each person


def show() -> None:
    """The doors, everybody, one person's changes, another person, the roles."""
    desk, actor = state.desk(), state.actor()
    seen, known = doors(desk, actor), service.people(desk, actor)
    _doors(seen, known)
    manages = may(actor, Action.MANAGE_PEOPLE)
    _table(known, seen)
    if manages:
        if known:
            _change(known, seen)
        with st.expander("Add a person", icon=":material/person_add:", expanded=not known):
            led = any(person.active and person.role is Role.ADMIN for person in known)
            _add(seen, Role.ANALYST if led else Role.ADMIN)
    else:
        st.caption("An administrator adds people and gives them their roles.")
    _roles()


def _doors(seen: Doors, known: Sequence[Person]) -> None:
    st.subheader("How do people come in?", anchor=False)
    if seen.mode == "off":
        st.info(
            "It answers on this machine only, and whoever sits at it picks whom to act as. People who are added here "
            "can come in once it is started with RINGSIDE_SIGN_IN=local or oidc.",
            title="Sign-in is off",
            icon=":material/lock_open:",
        )
    else:
        way = "accounts of this desk" if seen.mode == LOCAL else "your identity provider"
        tls = " A proxy in front ends TLS." if seen.behind_proxy else ""
        st.markdown(
            f":green[:material/lock: Sign-in is on], by {way}. A session ends after "
            f"{words.count(round(seen.session_hours), 'hour')}, or {seen.idle_hours:g} hours in which nothing was "
            f"done.{tls}"
        )
    if known or seen.mode != "off":
        _figures(seen, known)


def _figures(seen: Doors, known: Sequence[Person]) -> None:
    active = [person for person in known if person.active]
    admins = sum(person.role is Role.ADMIN for person in active)
    if not admins:
        st.markdown(":orange[:material/warning: None of them is an administrator.] Nobody could manage people here.")
    with st.grid(4, min_column_width=170, gap="small"):
        tile("People", words.count(len(active)), f"{words.count(admins, 'administrator')} among them")
        n_open, n_people = sum(seen.open_of.values()), words.count(len(seen.open_of), "person", "people")
        tile("Signed in now", words.count(n_open, "session"), f"of {n_people}")
        tile("Failed sign-ins", words.count(seen.n_failed), "in the last 24 hours")
        waits = sum(person.locked_until is not None for person in known)
        tile("Made to wait", words.count(waits, "account"), f"now; {words.count(seen.n_locked, 'time')} in 24 hours")
    st.caption(f"As of {words.exact(seen.at)}.")


def _table(known: Sequence[Person], seen: Doors) -> None:
    st.subheader("Who may come in?", anchor=False)
    if not known:
        st.caption("Nobody yet.")
        return
    st.dataframe(
        [
            {
                "Name": person.name,
                "Role": person.role.value,
                "State": [_state(person)],
                "E-mail": person.email,
                "Signs in by": HOW[person.how],
                "Last seen": words.moment(person.last_seen_at, seen.at),
                "Sessions": seen.open_of.get(person.id, 0),
                "Since": words.exact(person.created_at),
            }
            for person in known
        ],
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "State": st.column_config.MultiselectColumn(options=list(_STATES), color=list(_STATES.values()), width=120)
        },
        alt="People who may sign in: role, state, address, when they were here last, open sessions",
    )


def _state(person: Person) -> str:
    if not person.active:
        return "Deactivated"
    return "Waits" if person.locked_until is not None else "Active"


def _change(known: Sequence[Person], seen: Doors) -> None:
    by_id = {person.id: person for person in known}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Person", list(by_id), format_func=lambda key: by_id[key].name, key="admin:person", width=300
        )
        person = by_id[str(chosen)]
        with st.popover("Change role", icon=":material/badge:"):
            _role(person)
        if person.how == LOCAL:
            with st.popover("New password", icon=":material/key:"):
                _password(person)
        if seen.open_of.get(person.id):
            with st.popover("Sign out everywhere", icon=":material/logout:"):
                _sign_out(person, seen.open_of[person.id])
        label, icon = ("Deactivate", "person_off") if person.active else ("Let in again", "person_check")
        with st.popover(label, icon=f":material/{icon}:"):
            _active(person)
    if person.locked_until is not None:
        name, until = messages.plain(person.name), words.exact(person.locked_until)
        st.caption(f"{name} waits until {until}, after too many failed tries. A new password ends that.")


def _role(person: Person) -> None:
    with st.form(f"admin:role:{person.id}", border=False):
        role = st.selectbox("Role", list(Role), list(Role).index(person.role), key=f"admin:role:{person.id}:to")
        st.caption("It holds with the next thing they do.")
        if st.form_submit_button("Give this role", type="primary"):
            with messages.told():
                service.set_role(state.desk(), state.actor(), person.id, Role(str(role)))
                st.rerun()


def _password(person: Person) -> None:
    st.caption("Their old password opens nothing any more, what they have open ends, and they choose their own at "
               "the next sign-in.")  # fmt: skip
    if st.button("Make a one-time password", type="primary", key=f"admin:password:{person.id}"):
        with messages.told():
            _tell(person, service.set_password(state.desk(), state.actor(), person.id))


def _tell(person: Person, text: str) -> None:
    name = messages.plain(person.name)
    days = words.count(service.ONE_TIME_DAYS, "day")
    how = f"Hand it over in person. It works for {days}; they choose their own with it."
    once(text, f"The one-time password of **{name}**", how)


def _sign_out(person: Person, n_open: int) -> None:
    st.caption(f"{words.count(n_open, 'session')} of theirs ends at once, wherever it is open.")
    if st.button("Sign them out", type="primary", key=f"admin:out:{person.id}"):
        with messages.told():
            service.sign_out(state.desk(), state.actor(), person.id)
            st.rerun()


def _active(person: Person) -> None:
    if person.active:
        st.caption("They come in no more, and what they have open ends. What they did stays on record.")
        change, label = service.deactivate, "Let them in no more"
    else:
        st.caption(f"With the role they had: {person.role.value}.")
        change, label = service.reactivate, "Let them in again"
    if st.button(label, type="primary", key=f"admin:active:{person.id}"):
        with messages.told():
            change(state.desk(), state.actor(), person.id)
            st.rerun()


def _add(seen: Doors, usual: Role) -> None:
    added = int(st.session_state.get(_ADDED, 0))
    with st.form(f"admin:add:{added}", border=False):
        name = st.text_input("Name", max_chars=80, key=f"admin:name:{added}", help="Events go by it: one person each.")
        email = st.text_input("E-mail", max_chars=254, key=f"admin:email:{added}")
        role = st.selectbox("Role", list(Role), list(Role).index(usual), key=f"admin:as:{added}")
        if seen.mode != "oidc":
            st.caption("The desk makes a one-time password and shows it once; they choose their own with it.")
        if st.form_submit_button("Add", icon=":material/person_add:", type="primary"):
            with messages.told():
                found = service.add(state.desk(), state.actor(), name=name, email=email, role=Role(str(role)))
                st.session_state[_ADDED] = added + 1
                _added(*found)


def _added(person: Person, password: str) -> None:
    if password:
        _tell(person, password)
    else:
        st.rerun()


def _roles() -> None:
    with st.expander("What each role may do", icon=":material/rule:"):
        st.dataframe(
            [
                {"What": words.capitalised(action.value)} | {role.value: role in PERMISSIONS[action] for role in Role}
                for action in Action
            ],
            hide_index=True,
            width="stretch",
            column_config={"What": st.column_config.TextColumn(width=330)}
            | {role.value: st.column_config.CheckboxColumn(width=70) for role in Role},
            alt="Every action of the desk, and the roles that may do it",
        )
        st.caption("Checked by every service, on every face. A token may do what both its role and its scopes allow.")
