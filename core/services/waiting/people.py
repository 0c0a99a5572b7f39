"""What waits because people asked: complaints with their clocks, answers, promotions to approve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from core.services.access import Action, may
from core.services.waiting.need import LATELY, Looked, Need, Urgency, counted, day, moment, of


def clocks(looked: Looked) -> Iterator[Need]:
    """Open complaints with the clock that ends next, for those who work on them."""
    from core.services.complaints.cases import CLOCKS

    if not may(looked.actor, Action.WORK_CASE):
        return
    for key in looked.use_cases:
        waiting = [case for case in looked.desk.ledger.cases(key) if case.state in ("open", "proposed", "decided")]
        running = [
            (case.opened_at + timedelta(hours=hours), name, case)
            for case in waiting
            for name, hours, stamp in CLOCKS
            if getattr(case, stamp) is None
        ]
        late = {case.id for due, _, case in running if due < looked.now}
        if not waiting:
            continue
        said = f"has {counted(len(waiting), 'open complaint')}"
        if late:
            due, name, _ = min((item for item in running if item[0] < looked.now), key=lambda item: item[0])
            said += f", {len(late)} past the clock; {name} was due {moment(due)}."
        elif running:
            due, name, _ = min(running, key=lambda item: item[0])
            said += f", clocks running; {name} is due {moment(due)}."
        else:
            said += ", decided and not answered yet."
        at = max(case.opened_at for case in waiting)
        urgency = Urgency.NOW if late else Urgency.TODAY
        yield Need("clock", urgency, looked.title(key), said, at, "cases", of(key))


def answered(looked: Looked) -> Iterator[Need]:
    """What became of a person's own complaints, for those who do not work on cases."""
    if may(looked.actor, Action.WORK_CASE):
        return
    for key in looked.use_cases:
        for case in looked.desk.ledger.cases(key):
            mine = case.opened_by == looked.actor.name and case.state == "answered"
            if mine and case.answered_at is not None and looked.now - case.answered_at < LATELY:
                said = f"your complaint of {day(case.opened_at)} was answered on {day(case.answered_at)}."
                query = of(key, case=case.id)
                yield Need("answered", Urgency.TODAY, looked.title(key), said, case.answered_at, "cases", query)


def approvals(looked: Looked) -> Iterator[Need]:
    """Promotions that wait for the approval of the person who looks."""
    if not may(looked.actor, Action.APPROVE):
        return
    for key in looked.use_cases:
        if not looked.desk.ledger.promotions(key, "open"):
            continue
        from core.services.governing.registry import promotions  # with all it needs; it rarely waits

        waiting = [item for item in promotions(looked.desk, looked.actor, key, "open") if not item.hindrance]
        if waiting:
            oldest = min(item.record.requested_at for item in waiting)
            said = f"has {counted(len(waiting), 'promotion')} to approve or refuse, asked for {moment(oldest)}."
            query = of(key, view="Promotions")
            yield Need("approval", Urgency.TODAY, looked.title(key), said, oldest, "models", query)
