"""Starting an experiment: who may be tried, why none may start here, and its terms, fixed before the first row."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from core.domain.compare.plan import ArmName
from core.domain.experiment.spec import CANARY_BAKE_HOURS, CANARY_SHARES, Kind, Metric, Spec
from core.domain.policy import Mode
from core.domain.usecase import UseCase
from core.errors import BundleProblem, InputError, UnknownName
from core.ml.bundle import Card
from core.services.access import Action, Actor, require
from core.services.comparison.experiment_sizes import SMALLEST, plan_size
from core.services.comparison.experiments import RUNNING, Experiment, write_down
from core.services.desk import Desk
from core.store.ledger_registry import ExperimentRecord


@dataclass(frozen=True)
class Wanted:
    """What a person asks for."""

    name: str
    kind: Kind
    challenger: ArmName
    metric: Metric = Metric.OUTCOME
    smallest: float = SMALLEST  # relative change worth seeing
    share: float = 0.5  # of the challenger; a canary has its own stages
    automatic: bool = False


def refusal(desk: Desk, use_case: UseCase) -> str:
    """Why no experiment may start here; "" where one may."""
    if use_case.policy.mode is Mode.SHADOW:
        return (
            "The rules decide here and the models run in their shadow: no model's decision is ever taken, so two arms "
            "would do the same. Compare the models on the same rows instead."
        )
    if use_case.entity is None:
        return f"A {use_case.noun} has no id here, so the same one could not always meet the same arm."
    if desk.acting_version(use_case.key) is None:
        return "Nothing is trained yet, so nobody decides."
    running = desk.ledger.experiments(use_case.key, RUNNING)
    if running:
        return f"'{running[0].spec['name']}' is running: one experiment at a time, or neither can be read."
    return ""


def challengers_of(desk: Desk, actor: Actor, key: str) -> list[ArmName]:
    """Models that may be tried: every model of every usable version but the one that acts."""
    require(actor, Action.SEE_MODELS)
    acting = desk.acting(key)
    features = desk.use_case(key).feature_names
    names = []
    for version in reversed(desk.versions(key)):
        card = _card(desk, key, version)
        if card is not None and card.feature_names == features:
            names += [ArmName(version, model) for model in card.models]
    return [name for name in names if name != acting]


def _card(desk: Desk, key: str, version: str) -> Card | None:
    """A version's card; None of one that the ledger does not know, or whose files fail their check."""
    try:
        return desk.card(key, version)
    except BundleProblem:
        return None


def start(desk: Desk, actor: Actor, key: str, wanted: Wanted, at: datetime | None = None) -> Experiment:
    """Begin an experiment: from the next row on its arms decide.

    Raises
    ------
    InputError
        It has no name, its share is none, the challenger acts already, or none may start here (`refusal`).
    UnknownName
        No such version or model.
    NotReady
        There is nothing to plan its length with.
    """
    require(actor, Action.EXPERIMENT)
    use_case, moment = desk.use_case(key), at or datetime.now(UTC)
    if why := refusal(desk, use_case):
        raise InputError(f"No experiment may start in {use_case.title}.", why)
    if not wanted.name.strip():
        raise InputError("The experiment has no name.", "Name what is tried, in a few words.")
    champion = desk.acting(key)
    _check_challenger(desk, key, wanted.challenger, champion)
    canary = wanted.kind is Kind.CANARY
    shares = CANARY_SHARES if canary else (wanted.share,)
    size = plan_size(desk, actor, key, wanted.metric, wanted.smallest, shares[0])
    spec = Spec(
        name=wanted.name.strip(),
        kind=wanted.kind,
        champion=champion or wanted.challenger,
        challenger=wanted.challenger,
        metric=wanted.metric,
        smallest=wanted.smallest,
        effect=size.effect,
        planned_n=size.size.at_every_look().n_rows,
        stages=tuple((round(1 - share, 6), share) for share in shares),
        bake_hours=CANARY_BAKE_HOURS if canary else (0,),
        began=(moment,),
        salt=secrets.token_hex(8),
        automatic=wanted.automatic and canary,
    )
    record = ExperimentRecord(
        uuid.uuid4().hex[:12], key, str(spec.kind), moment, actor.name, spec.as_json(), RUNNING, 0, moment
    )
    with desk.ledger.transaction():
        if desk.ledger.experiments(key, RUNNING):
            raise InputError("Another experiment has just begun here.", "One at a time, or neither can be read.")
        desk.ledger.add_experiment(record)
        write_down(desk, actor, "start experiment", record, moment, after={"experiment": record.id, **spec.as_json()})
    return Experiment(record, spec)


def _check_challenger(desk: Desk, key: str, challenger: ArmName, champion: ArmName | None) -> None:
    if challenger == champion:
        raise InputError(f"{challenger} acts already.", "Choose a model that does not.")
    models = desk.scorer(key, challenger.version).card.models
    if challenger.model not in models:
        raise UnknownName(f"model of {challenger.version}", challenger.model, models)
