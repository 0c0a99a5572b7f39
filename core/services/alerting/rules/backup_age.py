"""Backup age: how much would be lost if the disk failed now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.usecase import UseCase
from core.services.alerting.rule import Rule, judged, not_applicable
from core.services.desk import Desk
from core.services.health_facts import last_backup


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """Hours since the newest backup; where none was ever made, since the first row that somebody brought."""
    first = desk.log.first_brought(now)
    if first is None:
        return [not_applicable("There is no row yet that could be lost.", 0)]
    found = last_backup(desk.settings)
    if found is None or found.made_at > now:
        says = f"No backup has been made at this desk. Its first rows came on {first:%Y-%m-%d %H:%M} UTC."
        hours = (now - first).total_seconds() / 3_600
        return [Reading(State.BREACH, says, hours, terms.limit, severity=Severity.WARNING)]
    hours = (now - found.made_at).total_seconds() / 3_600
    says = (
        f"The newest backup is {hours:,.1f} hours old (made {found.made_at:%Y-%m-%d %H:%M} UTC; "
        f"limit {terms.limit:g}): rows and decisions since then would be lost with the disk."
    )
    return [judged(terms, says, hours)]


RULE = Rule(
    key="backup_age",
    title="Age of the backup",
    over="desk",
    terms=Terms(
        limit=1.0,
        critical=4.0,
        minimum_n=1,
        persistence=(2, 2),  # one that is being made now is not missing
        clear_after=1,
        clear_share=1.0,
        every=timedelta(minutes=15),
    ),
    runbook="Make a backup now, then look why none was made: did the task run, is there room, may the desk write? "
    "The Schedule page has its runs, the Admin page makes one: docs/backup.md.",
    check=check,
    page="service",
    watches="The age of the newest backup's manifest against the hour that may be lost at most; once there "
    "are rows that somebody brought.",
    unit="hours",
)
