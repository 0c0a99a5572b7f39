"""The admin page's views, one at a time; the link names it (`?view=Storage`)."""

from __future__ import annotations

from collections.abc import Callable

from core.ui import admin_backups, admin_people, admin_rules, admin_storage, admin_tokens, admin_work

VIEWS: dict[str, Callable[[], None]] = {
    "People": admin_people.show,
    "Tokens": admin_tokens.show,
    "Jobs": admin_work.show,
    "Backups": admin_backups.show,
    "Storage": admin_storage.show,
    "In force": admin_rules.show,
}
