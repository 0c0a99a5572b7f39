"""What the metrics say of the ledger: alerts, what acts, what the desk did by itself, the chain of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.domain.exposition import Family, counter, gauge, info
from core.services.desk import Desk
from core.services.health_facts import LoadedModel, models
from core.services.metrics_kept import read_anew

HEAD_DIGITS = 12  # of the chain's last hash: 48 bits, which a number of 64 bits holds exactly
MOST_ALERTS = 10_000


def families(desk: Desk, _at: datetime) -> Iterator[Family]:
    """Everything that the ledger knows and a monitoring system may ask for."""
    n_events, last = desk.ledger.head()
    yield counter("ringside_ledger_events", "Events in the ledger's chain.", [], {(): float(n_events)})
    said = "First 48 bits of the last event's hash as a number: kept outside, it shows a chain that was cut short."
    yield gauge("ringside_ledger_chain_head", said, [], {(): float(int(last[:HEAD_DIGITS], 16))})
    yield from _alerts(desk)
    yield from _tasks(desk)
    in_memory = desk.in_memory()
    mark = (n_events, tuple((key, *versions) for key, versions in in_memory.items()))  # who acts changes by an event
    yield from _acting(read_anew(desk, "acting", mark, lambda: _who_serves(desk)))


def _alerts(desk: Desk) -> Iterator[Family]:
    """Alerts that are not closed; what was found beside simulated rows is told to nobody."""
    standing = [alert for alert in desk.ledger.alerts(open_only=True, limit=MOST_ALERTS) if not alert.simulated]
    count = Counter((alert.rule, alert.severity, alert.subject) for alert in standing)
    said = "Alerts that are not closed, by rule, severity and what they are about (a use case, or desk)."
    n_open = {labels: float(n) for labels, n in count.items()}
    yield gauge("ringside_alerts_open", said, ["rule", "severity", "subject"], n_open)


def _tasks(desk: Desk) -> Iterator[Family]:
    """The last run of every task, of whichever process."""
    runs = desk.ledger.last_runs()
    began = {(task,): run.started_at.timestamp() for task, run in runs.items()}
    said = "When the last run of a task began, in seconds since 1970."
    yield gauge("ringside_task_last_run_timestamp_seconds", said, ["task"], began)
    failed = {(task,): float(run.state in ("failed", "interrupted")) for task, run in runs.items()}
    yield gauge("ringside_task_last_run_failed", "1 where the last run of a task failed.", ["task"], failed)


@dataclass(frozen=True)
class Serves:
    """What scores a use case: version and model, and the version that should. `model` is "" until it is loaded."""

    use_case: str
    version: str
    model: str
    should: str
    loaded: bool


def _who_serves(desk: Desk) -> list[Serves]:
    return [_serves(desk, model) for model in models(desk) if model.acting is not None]


def _serves(desk: Desk, model: LoadedModel) -> Serves:
    key, should, loaded = model.use_case, str(model.acting), desk.loaded(model.use_case)
    if model.stand_in is not None:
        serving = model.stand_in.serving
        return Serves(key, serving.version, serving.model, should, loaded)
    named = desk.acting(key) if loaded else None  # before it is loaded, only its card knows, and reading that is long
    return Serves(key, should, named.model if named is not None else "", should, loaded)


def _acting(serving: list[Serves]) -> Iterator[Family]:
    said = "The version and the model that score, and the version that should."
    known = [(one.use_case, one.version, one.model, one.should) for one in serving]
    yield info("ringside_acting", said, ["use_case", "version", "model", "should"], known)
    said = "1 where the acting version failed and another one scores."
    standing_in = {(one.use_case,): float(one.version != one.should) for one in serving}
    yield gauge("ringside_stand_in", said, ["use_case"], standing_in)
    loaded = {(one.use_case,): float(one.loaded) for one in serving}
    yield gauge("ringside_model_loaded", "1 where what scores is in memory.", ["use_case"], loaded)
