"""Ringside, the scoring desk. Also a library: `from core import open_desk`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.config import Settings
    from core.services.desk import Desk


__version__ = "0.6.0"


def open_desk(settings: Settings | None = None) -> Desk:
    """Open the desk of a home folder; by default the one that the environment names.

    See `core.services.desk.open_desk`; imported here late, because importing `core` should cost nothing.
    """
    from core.services.desk import open_desk as opened

    return opened(settings)
