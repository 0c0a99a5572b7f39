"""How the desk is served: read from the settings and Streamlit's options, refused where strangers could come in."""

from __future__ import annotations

import os
import sys
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from core.config import Settings
from core.errors import DeskError
from core.ui import state
from core.web.bounded_head import bound_heads
from core.web.gate import Gate
from core.web.listening import OIDC, Listening


def listening() -> Listening:
    """How this process is to be reached.

    Raises
    ------
    InputError
        A setting cannot be read.
    """
    certificate = bool(st.get_option("server.sslCertFile"))
    return Listening.of(Settings.from_mapping(os.environ), st.get_option("server.address"), certificate)


def gate() -> Middleware:
    """The gate; the process ends, in words, where the desk may not serve as it is told to."""
    try:
        how = listening()
        how.check()
        bound_heads()
        return Middleware(Gate, desk=state.desk, listening=how, provider=_provider(how))
    except DeskError as error:
        sys.exit(f"The desk does not start. {error}")


def _provider(how: Listening) -> Any:
    """What knows the identity provider; only where one signs people in."""
    if how.sign_in != OIDC:
        return None
    from core.ui.provider import Provider

    return Provider.configured(how)
