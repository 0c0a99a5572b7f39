"""A secret that is shown once: a one-time password, a token."""

from __future__ import annotations

import streamlit as st


@st.dialog("Copy it now", on_dismiss="rerun")
def once(text: str, whose: str, how: str) -> None:
    """Show a secret in a dialog; it is in nothing that outlives the dialog.

    Parameters
    ----------
    whose : str
        Markdown: what it is.
    how : str
        Markdown: what to do with it.
    """
    st.markdown(whose)
    st.code(text, language=None, wrap_lines=True)
    st.caption(f"{how} It is shown this once: the desk keeps only its hash.")
    if st.button("I have copied it", type="primary", key="admin:copied"):
        st.rerun()
