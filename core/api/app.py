"""The API's application: routers put together."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI

from core import __version__
from core.api import health
from core.services.desk import Desk


def create(desk: Callable[[], Desk]) -> FastAPI:
    """The API of a desk, to be mounted under /api/v1.

    Parameters
    ----------
    desk : callable
        Gives the desk of this process; opens it where it is not open yet.
    """
    app = FastAPI(title="Ringside", version=__version__)
    app.state.desk = desk
    app.include_router(health.router)
    return app
