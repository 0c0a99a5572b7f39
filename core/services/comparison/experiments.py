"""Experiments that run: watched by the desk, moved by a person, concluded in writing; none ever promotes by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.domain.experiment.guards import GuardState
from core.domain.experiment.spec import Kind, Metric, Spec
from core.domain.policy import Mode
from core.domain.usecase import UseCase
from core.errors import InputError, NotReady, UnknownName
from core.services.access import Action, Actor, Role, require
from core.services.comparison.experiment_readout import ReadOut, read_out
from core.services.desk import Desk
from core.services.kept import kept
from core.store.ledger_registry import ExperimentRecord

RUNNING, ROLLED_BACK, CONCLUDED = "running", "rolled back", "concluded"
DESK = Actor("Ringside", Role.ADMIN, "schedule")  # what the desk does by itself


@dataclass(frozen=True)
class Experiment:
    """An experiment with its terms."""

    record: ExperimentRecord
    spec: Spec

    @property
    def id(self) -> str:
        """In the ledger, and in the log's arms."""
        return self.record.id

    @property
    def last_stage(self) -> bool:
        """Whether no stage follows."""
        return self.record.stage == len(self.spec.stages) - 1


def experiments(desk: Desk, actor: Actor, key: str) -> list[Experiment]:
    """Experiments of a use case, newest first."""
    require(actor, Action.SEE_MODELS)
    return [Experiment(record, Spec.from_json(record.spec)) for record in desk.ledger.experiments(key)]


def seen(desk: Desk, actor: Actor, experiment: Experiment) -> ReadOut:
    """What it shows now, kept for a few minutes while nothing new is logged."""
    require(actor, Action.SEE_MODELS)
    use_case, record = desk.use_case(experiment.record.use_case), experiment.record
    minutes = int(datetime.now(UTC).timestamp() // 300)
    mark = ("experiment", record.id, record.state, record.stage, desk.log.water_mark(use_case), minutes)
    return kept(desk, use_case, mark, lambda: read_out(desk, actor, record))


def held_back(experiment: Experiment, found: ReadOut, now: datetime | None = None) -> str:
    """Why the next stage may not begin; "" when it may."""
    spec, stage = experiment.spec, experiment.record.stage
    if experiment.last_stage:
        return "This is the last stage: conclude it."
    if not found.split_held:
        return "The split is broken: what the arms do cannot be compared."
    if (now or datetime.now(UTC)) < spec.baked_at(stage):
        return f"This stage bakes until {spec.baked_at(stage):%Y-%m-%d %H:%M} UTC."
    return _not_holding(found)


def _not_holding(found: ReadOut) -> str:
    for guard in found.guards:
        if guard.holds_up:
            return f"{guard.name}: {guard.state}. {guard.sentence}"
    return ""


def advance(desk: Desk, actor: Actor, key: str, experiment_id: str, at: datetime | None = None) -> Experiment:
    """Go to the next stage.

    Raises
    ------
    InputError
        The stage is not baked, a guardrail does not hold, or there is no further stage.
    """
    require(actor, Action.EXPERIMENT)
    moment = at or datetime.now(UTC)
    experiment = one(desk, key, experiment_id, only_running=True)
    if why := held_back(experiment, read_out(desk, actor, experiment.record, moment), moment):
        raise InputError("The next stage cannot begin.", why)
    stage = experiment.record.stage + 1
    spec = replace(experiment.spec, began=(*experiment.spec.began, moment))
    shares = [list(experiment.spec.stages[place]) for place in (stage - 1, stage)]
    with desk.ledger.transaction():
        _unchanged(desk, experiment)
        desk.ledger.change_experiment(experiment_id, stage=stage, stage_since=moment, spec=spec.as_json())
        facts = {"before": {"shares": shares[0]}, "after": {"shares": shares[1], "stage": stage}}
        write_down(desk, actor, "advance experiment", experiment.record, moment, **facts)
    return one(desk, key, experiment_id)


def roll_back(
    desk: Desk, actor: Actor, key: str, experiment_id: str, reason: str, at: datetime | None = None
) -> Experiment:
    """Give every row back to the champion at once."""
    require(actor, Action.EXPERIMENT)
    if not reason.strip():
        raise InputError("It takes a reason.", "Say in a sentence what went wrong.")
    moment = at or datetime.now(UTC)
    experiment = one(desk, key, experiment_id, only_running=True)
    found = read_out(desk, actor, experiment.record, moment)
    return _end(desk, actor, experiment, ROLLED_BACK, moment, _conclusion(found, "rolled back", reason))


def conclude(
    desk: Desk, actor: Actor, key: str, experiment_id: str, words: str, at: datetime | None = None
) -> Experiment:
    """End an experiment with its figures and a person's words; the champion decides every row again.

    What it came to is computed, not chosen: a winner where the always-valid interval excludes no difference; no
    difference where the planned rows are in, or where the interval leaves none worth seeing; else stopped. Nothing is
    promoted: that is the registry's business.
    """
    require(actor, Action.EXPERIMENT)
    if not words.strip():
        raise InputError("The conclusion has no words.", "Say in a sentence or two what was learnt and what follows.")
    moment = at or datetime.now(UTC)
    experiment = one(desk, key, experiment_id, only_running=True)
    found = read_out(desk, actor, experiment.record, moment)
    result = came_to(desk.use_case(key), experiment, found, moment)
    return _end(desk, actor, experiment, CONCLUDED, moment, _conclusion(found, result, words))


def came_to(use_case: UseCase, experiment: Experiment, found: ReadOut, now: datetime) -> str:
    """What ending it now would write down."""
    seen = found.contrast
    if not found.split_held:
        return "invalid: the split is broken"
    if seen is not None and (seen.low > 0 or seen.high < 0):
        better = seen.low > 0
        if found.spec.metric is Metric.OUTCOME and not use_case.higher_is_better:
            better = not better
        return f"winner: {found.spec.arms[int(better)]}"
    if seen is not None and (seen.n >= found.spec.planned_n or max(-seen.low, seen.high) < found.spec.effect):
        return "no difference"
    baked = experiment.last_stage and now >= experiment.spec.baked_at(experiment.record.stage)
    if experiment.spec.kind is Kind.CANARY and baked and not _not_holding(found):
        return "held: no harm seen in any stage"
    return "stopped before it could tell"


def tick(desk: Desk, now: datetime | None = None) -> list[Experiment]:
    """Look at every running experiment: turn back what does harm, go on where that was asked for.

    Returns
    -------
    list of Experiment
        Those that changed.
    """
    moment, changed = now or datetime.now(UTC), []
    for key in desk.use_cases():
        for record in desk.ledger.experiments(key, RUNNING):
            done = _look(desk, Experiment(record, Spec.from_json(record.spec)), moment)
            changed += [done] if done is not None else []
    return changed


def _look(desk: Desk, experiment: Experiment, now: datetime) -> Experiment | None:
    key, spec = experiment.record.use_case, experiment.spec
    found = read_out(desk, DESK, experiment.record, now)
    breached = [guard for guard in found.guards if guard.turns_back and guard.state is GuardState.BREACHED]
    if breached:
        reason = " ".join(f"{guard.name}: {guard.sentence}" for guard in breached)
        return roll_back(desk, DESK, key, experiment.id, reason, now)
    if desk.acting(key) != spec.champion or desk.use_case(key).policy.mode is Mode.SHADOW:
        reason = f"{spec.champion} no longer decides here, so there is nothing left to compare with."
        return _end(desk, DESK, experiment, CONCLUDED, now, _conclusion(found, "stopped", reason))
    if spec.automatic and not experiment.last_stage and not held_back(experiment, found, now):
        return advance(desk, DESK, key, experiment.id, now)
    return None


def one(desk: Desk, key: str, experiment_id: str, only_running: bool = False) -> Experiment:
    """An experiment by its id; UnknownName, or InputError where it has ended."""
    known = {record.id: record for record in desk.ledger.experiments(key)}
    if experiment_id not in known:
        raise UnknownName("experiment", experiment_id, known)
    record = known[experiment_id]
    if only_running and record.state != RUNNING:
        raise InputError(f"'{record.spec['name']}' has ended: {record.state}.", "Start another one.")
    return Experiment(record, Spec.from_json(record.spec))


def _end(
    desk: Desk, actor: Actor, experiment: Experiment, state: str, at: datetime, conclusion: dict[str, Any]
) -> Experiment:
    with desk.ledger.transaction():
        _unchanged(desk, experiment)
        desk.ledger.change_experiment(experiment.id, state=state, ended_at=at, conclusion=conclusion)
        action = "roll back experiment" if state == ROLLED_BACK else "conclude experiment"
        write_down(desk, actor, action, experiment.record, at, after=conclusion, reason=conclusion["words"])
    return one(desk, experiment.record.use_case, experiment.id)


def _unchanged(desk: Desk, experiment: Experiment) -> None:
    """Inside a transaction: nobody else has moved it since it was read."""
    now = one(desk, experiment.record.use_case, experiment.id).record
    if (now.state, now.stage) != (experiment.record.state, experiment.record.stage):
        raise NotReady("Somebody else has just moved this experiment.", "Look at it again.")


def _conclusion(found: ReadOut, result: str, words: str) -> dict[str, Any]:
    seen = found.contrast
    figures = {} if seen is None else {"difference": seen.difference, "low": seen.low, "high": seen.high, "p": found.p}
    return {
        "result": result,
        "words": words.strip(),
        "metric": str(found.spec.metric),
        "arms": [arm.as_json() for arm in found.arms],
        "n_rows": found.n_rows,
        "n_known": found.n_known,
        "planned_n": found.spec.planned_n,
        "sample_ratio_p": [ratio.p for ratio in found.ratios],
        "guards": _guard_facts(found.guards),
        **figures,
    }


def _guard_facts(guards: Sequence[Any]) -> dict[str, str]:
    return {guard.name: f"{guard.state}. {guard.sentence}" for guard in guards}


def write_down(desk: Desk, actor: Actor, action: str, record: ExperimentRecord, at: datetime, **facts: Any) -> None:
    """The event of a step, inside the transaction of what it changes."""
    who = {"actor": actor.name, "role": actor.role.value, "via": actor.via}
    subject = f"{record.use_case} experiment {record.id}"
    desk.ledger.record(at=at, **who, action=action, subject=subject, **facts)
