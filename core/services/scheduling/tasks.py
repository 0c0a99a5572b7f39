"""What the desk does by itself: every task, in the order in which they are done when several are due.

The parts are imported when they are run, so that a page that lists the tasks loads none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.services.desk import Desk
from core.services.scheduling.task import DESK, Task

KEPT = timedelta(days=400)  # of runs


def tasks(desk: Desk) -> list[Task]:
    """The desk's own tasks, then one for every scoring job."""
    from core.services.scheduling.scoring_jobs import task_of

    return [*_own(), *(task_of(job) for job in desk.ledger.scoring_jobs())]


def _experiments(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.comparison import experiments

    changed = experiments.tick(desk, now)
    if not changed:
        return {"said": "Every running experiment was looked at; none was moved."}
    said = "; ".join(f"{item.spec.name}: {item.record.state}, stage {item.record.stage + 1}" for item in changed)
    return {"said": f"{said}.", "found": len(changed), "experiments": [item.id for item in changed]}


def _retraining(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.scheduling.retraining_task import start_what_is_due

    return start_what_is_due(desk, now)


def _drift(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.watching.drift_measuring import measure_all

    return measure_all(desk, now)


def _single_rows(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.watching.drift_measuring import count_all

    return count_all(desk, now)


def _weekly_report(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.watching.weekly_report import write_reports

    desk.ledger.forget_runs(now - KEPT)
    return write_reports(desk, now)


def _chain(desk: Desk, now: datetime) -> Mapping[str, Any]:
    from core.services.auditing.verifying import verify

    checked = verify(desk, DESK, now=now)
    if checked.broken is not None:
        said = f"The chain of events is {checked.result}; the Audit page shows it."
        return {"said": said, "failed": said, "found": 1}
    against = f"held against {len(checked.kept)} heads of backups"
    return {"said": f"{checked.n:,} events hold, up to number {checked.head.seq}, {against}.", "events": checked.n}


def _own() -> list[Task]:
    """What parts of the desk ask for themselves, and what is asked for here."""
    from core.services.alerting.delivery_task import RETRY
    from core.services.alerting.task import EVALUATE
    from core.services.backing_up.task import CHANGE_TASK, HOURLY_TASK
    from core.services.health_task import HEARTBEAT
    from core.services.privacy.retention import CLEAN_UP

    return [
        replace(HEARTBEAT, lane="counts", served=True, own=True),
        replace(RETRY, lane="counts"),
        Task("single rows", "Count the features of rows scored singly", "10 * * * *", _single_rows, quiet=True),
        Task("drift", "Measure the drift of whole weeks and months", "20 1 * * *", _drift),
        EVALUATE,
        Task("experiments", "Look at running experiments", "*/5 * * * *", _experiments, quiet=True),
        Task("retraining", "Start the retrainings that are due", "30 3 * * *", _retraining),
        replace(CLEAN_UP, own=True),
        HOURLY_TASK,
        CHANGE_TASK,
        Task("chain", "Check the chain of events", "40 4 * * *", _chain),
        Task("weekly report", "Write the weekly reports", "0 5 * * mon", _weekly_report),
    ]
