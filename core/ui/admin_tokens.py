"""The admin page's tokens: programs' ways in, given with role, scopes and an end, shown once, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.services.access import PERMISSIONS, SCOPES, Action, Role, may
from core.services.signing_in import tokens as service
from core.services.signing_in.tokens import LONGEST_DAYS, Token
from core.ui import messages, state, words
from core.ui.admin_secret import once

USUAL_DAYS = 90
_STATES = {"Works": "green", "Expired": "gray", "Withdrawn": "red"}
_SOON_DAYS = 14
_GIVEN = "admin:given"  # in the session: new fields after each token


def show() -> None:
    """Every token, withdraw one, give one."""
    now = datetime.now(UTC)
    known = service.tokens(state.desk(), state.actor())
    st.subheader("Which programs may come in?", anchor=False)
    _table(known, now)
    if not may(state.actor(), Action.MANAGE_TOKENS):
        st.caption("An administrator gives out tokens and withdraws them.")
        return
    working = [token for token in known if token.works(now)]
    if working:
        _withdraw(working)
    with st.expander("Give a token", icon=":material/key:", expanded=not known):
        _give()


def _table(known: Sequence[Token], now: datetime) -> None:
    if not known:
        st.caption("None yet. A program sends its token with every request: `Authorization: Bearer rs_...`")
        return
    st.dataframe(
        [
            {
                "Program": token.name,
                "State": [_state(token, now)],
                "Role": token.role.value,
                "Scopes": list(token.scopes),
                "Ends": _ends(token, now),
                "Last used": words.moment(token.last_used_at, now),
                "Given": f"{words.exact(token.created_at)} by {token.created_by}",
            }
            for token in known
        ],
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "State": st.column_config.MultiselectColumn(options=list(_STATES), color=list(_STATES.values()), width=110)
        },
        alt="Tokens, newest first: program, state, role, scopes, when they end and were used last",
    )
    st.caption(f"{words.count(len(known), 'token')}, as of {words.exact(now)}. Their texts are kept nowhere.")


def _state(token: Token, now: datetime) -> str:
    if token.withdrawn_at is not None:
        return "Withdrawn"
    return "Works" if token.works(now) else "Expired"


def _ends(token: Token, now: datetime) -> str:
    left = (token.expires_at - now).days
    soon = f", in {words.count(left, 'day')}" if token.works(now) and left <= _SOON_DAYS else ""
    return f"{words.exact(token.expires_at)}{soon}"


def _withdraw(working: Sequence[Token]) -> None:
    by_id = {token.id: token for token in working}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Token", list(by_id), format_func=lambda key: by_id[key].name, key="admin:token", width=300
        )
        token = by_id[str(chosen)]
        with st.popover("Withdraw", icon=":material/key_off:"):
            st.caption(f"{messages.plain(token.name)} is turned away from its next request on. There is no way back.")
            if st.button("Withdraw this token", type="primary", key=f"admin:withdraw:{token.id}"):
                with messages.told():
                    service.withdraw(state.desk(), state.actor(), token.id)
                    st.rerun()


def _give() -> None:
    """No form: what the token could do is said while it is put together."""
    given = int(st.session_state.get(_GIVEN, 0))
    name = st.text_input("Program", max_chars=80, key=f"admin:program:{given}", help="Events say its name.")
    left, right = st.columns(2)
    role = Role(str(left.selectbox("Role", list(Role), key=f"admin:token role:{given}")))
    days = right.number_input("Days", 1, LONGEST_DAYS, USUAL_DAYS, key=f"admin:days:{given}")
    scopes = st.multiselect("Scopes", list(SCOPES), key=f"admin:scopes:{given}", placeholder="What it is for")
    _could(role, scopes)
    if st.button("Give this token", type="primary", icon=":material/key:", key="admin:give"):
        with messages.told():
            token, text = service.give(state.desk(), state.actor(), name=name, role=role, scopes=scopes, days=int(days))
            st.session_state[_GIVEN] = given + 1
            until = words.exact(token.expires_at)
            whose = f"The token of **{messages.plain(token.name)}**, until {until}"
            once(text, whose, "Put it where only that program reads it; it is sent as `Authorization: Bearer`.")


def _could(role: Role, scopes: Sequence[str]) -> None:
    """What a token may do; a scope whose actions its role does not have is said."""
    allowed = {action for scope in scopes for action in SCOPES[scope] if role in PERMISSIONS[action]}
    wanted = {action for scope in scopes for action in SCOPES[scope]}
    if allowed:
        st.caption(f"It could: {', '.join(sorted(action.value for action in allowed))}.")
    if wanted - allowed:
        lacks = ", ".join(sorted(action.value for action in wanted - allowed))
        st.caption(f":orange[:material/warning: The role {role.value} may not {lacks}]: nor could the token.")
