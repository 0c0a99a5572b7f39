"""What waits because the desk itself noticed: alerts, runs that failed, a backup that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from core.domain.alert import Severity
from core.services.access import Action, Role, may
from core.services.waiting.need import LATELY, THE_DESK, Looked, Need, Urgency, counted, moment, of

BACKUP_AGE = timedelta(hours=24)
MOST_ALERTS = 5  # sentences; more are counted
_URGENCY = {Severity.CRITICAL: Urgency.NOW, Severity.WARNING: Urgency.TODAY, Severity.INFO: Urgency.NEWS}
_BECAME = {"failed": "failed", "interrupted": "was interrupted"}


def alerts(looked: Looked) -> Iterator[Need]:
    """Open alerts, the most severe first; more than a few are counted."""
    if not may(looked.actor, Action.SEE_MODELS) or not looked.desk.ledger.alerts(open_only=True):
        return
    from core.services.alerting.inbox import open_alerts

    found = list(open_alerts(looked.desk, looked.actor, looked.now))
    for alert in found[:MOST_ALERTS]:
        urgency = _URGENCY[Severity(alert.severity)]
        owner = f", {alert.owner} looks into it" if alert.owner else ""
        said = f"{alert.severity} alert since {moment(alert.opened_at)}{owner}. {alert.sentence}"
        query = {"alert": alert.id, **(of(alert.subject) if alert.subject in looked.use_cases else {})}
        yield Need("alert", urgency, looked.title(alert.subject), said, alert.opened_at, "alerts", query)
    if len(found) > MOST_ALERTS:
        rest = found[MOST_ALERTS:]
        said = f"{counted(len(rest), 'more alert')}, none more severe than these."
        yield Need("alert", Urgency.TODAY, THE_DESK, said, max(alert.opened_at for alert in rest), "alerts")


def deliveries(looked: Looked) -> Iterator[Need]:
    """Messages of this week that could not be sent and are tried no more, for those who set up channels."""
    if not may(looked.actor, Action.SET_ALERTS):
        return
    failed = [
        item
        for item in looked.desk.ledger.deliveries(states=("failed",), limit=100)
        if looked.now - item.created_at < LATELY
    ]
    if failed:
        names = {channel.id: channel.name for channel in looked.desk.ledger.channels(removed=True)}
        newest = failed[0]
        said = (
            f"{counted(len(failed), 'message')} of this week could not be sent, the last to "
            f"{names.get(newest.channel, newest.channel)} on {moment(newest.created_at)}. {newest.last_error or ''}"
        )
        yield Need(
            "delivery", Urgency.TODAY, THE_DESK, said.rstrip(), newest.created_at, "alerts", {"view": "Channels"}
        )


def runs(looked: Looked) -> Iterator[Need]:
    """Tasks whose last run failed."""
    if not may(looked.actor, Action.SEE_SERVICE):
        return
    for run in looked.desk.ledger.last_runs().values():
        if run.state in ("failed", "interrupted"):
            at = run.ended_at or run.started_at
            said = f"the scheduled task '{run.task}' {_BECAME[run.state]} {moment(at)}. {run.said}"
            yield Need("run", Urgency.TODAY, THE_DESK, said, at, "schedule")


def backup(looked: Looked) -> Iterator[Need]:
    """A backup that is missing or old, for who runs the desk."""
    known = looked.desk.ledger.alerts(open_only=True)
    if looked.actor.role is not Role.ADMIN or any(alert.rule == "backup_age" for alert in known):
        return  # an alert says it already
    from core.services.health_facts import last_backup

    found = last_backup(looked.desk.settings)
    if found is None:
        said = "no backup has been made: data/backups holds none."
        yield Need("backup", Urgency.SOON, THE_DESK, said, looked.now, "service")
    elif looked.now - found.made_at > BACKUP_AGE:
        said = f"the last backup is of {moment(found.made_at)}, older than a day."
        yield Need("backup", Urgency.TODAY, THE_DESK, said, found.made_at, "service")
