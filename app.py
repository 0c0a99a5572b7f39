"""The launcher: `streamlit run app.py` serves the desk's pages from one process.

It imports as little as it can: models load in a thread of their own while the first page is drawn.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from core import logs
from core.ui import messages, serving, state
from core.ui.report_route import ROUTES
from core.web.asgi import Lazy
from core.web.headers import SecurityHeaders
from core.web.http_counts import HttpMetrics
from core.web.request_ids import RequestIds


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Warm the desk up in the background; close it, and give its lock back, at the end."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    yield
    state.close()


def warm_up() -> None:
    """Load the models once the first page stands, then what programs will ask for."""
    state.warm_up()
    with messages.logged("warm-up of the API"):
        API.make()


API = Lazy("core.api.app:create", state.desk)
logs.start(os.environ.get("RINGSIDE_LOG_FORMAT", "text"))
threading.Thread(target=state.import_ahead, name="import", daemon=True).start()
app = st.App(
    "pages/desk.py",
    routes=[
        *ROUTES,
        Mount("/api/v1", API),
        Route("/metrics", Lazy("core.web.metrics_route:create", state.desk)),
    ],
    lifespan=lifespan,
    middleware=[Middleware(RequestIds), Middleware(HttpMetrics), Middleware(SecurityHeaders), serving.gate()],
    on_script_error=messages.incident,
)
