"""The model card of a version: everything that is known of it, assembled once, for a page, a document and a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.domain.metrics.catalogue import PRIMARY, metric_of
from core.errors import BundleProblem, NotReady
from core.ml.bundle import Card
from core.services import model_card_facts as facts
from core.services.access import Action, Actor, require
from core.services.desk import CHAMPION, Desk
from core.services.measuring import ceiling_of, stability_of
from core.services.model_card_facts import Lines

RANDOM = "random_cross_validated"
Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Arm:
    """A model, the baseline or the rules, with its figures by metric as plain values."""

    name: str
    kind: str  # champion | challenger | baseline | rules
    figures: Mapping[str, Plain]


@dataclass(frozen=True)
class FigureSet:
    """What was measured on one set of rows. `printed`: the set that the desk quotes; `honest`: not split at random."""

    name: str
    label: str
    n: int
    intervals: str
    printed: bool
    honest: bool
    arms: tuple[Arm, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some arm has, in the catalogue's words, in the order they were measured."""
        return tuple(dict.fromkeys(name for arm in self.arms for name in arm.figures))

    def figure(self, arm: str, metric: str) -> Plain | None:
        """One figure, or None where it was not measured."""
        found = next((item.figures.get(metric) for item in self.arms if item.name == arm), None)
        return found if found and found["value"] is not None else None


@dataclass(frozen=True)
class Forward:
    """The champion's primary metric on rows it could not look ahead of, beside the figure of random folds."""

    metric: str
    honest_label: str
    honest: Plain
    random_label: str
    random: Plain

    @property
    def sentence(self) -> str:
        """Which of the two to believe."""
        gap = self.random["value"] - self.honest["value"]
        better = metric_of(self.metric).higher_is_better
        flatters = (gap > 0) if better else (gap < 0)
        outside = not self.honest["low"] <= self.random["value"] <= self.honest["high"]
        if not flatters or not outside:
            return "Random folds show no more than the honest figure does, within its interval."
        return "Random folds flatter: rows to come will look like the honest figure, not like the other one."


@dataclass(frozen=True)
class ModelCard:
    """One version of one use case; every value is plain, so that it can be written as JSON."""

    use_case: str
    title: str
    question: str
    task: str
    version: str
    created_at: str
    origin: str
    acts: bool
    champion: str
    families: Mapping[str, str]
    purpose: Lines
    data: Lines
    split: Plain
    primary: str
    sets: tuple[FigureSet, ...]
    verdicts: Mapping[str, str]
    forward: Forward | None
    ceiling: Mapping[str, Plain]  # by metric; {} where no truth is known
    rules: str
    calibration: Mapping[str, Plain]
    interval: Plain
    stability: Mapping[str, Plain]  # whose decision -> share that changes
    compile_difference: float
    uncompiled: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    files: Mapping[str, str]
    lineage: Lines
    params: Mapping[str, Plain]
    card: Plain = field(repr=False)  # card.json as it lies beside the models

    @property
    def main(self) -> FigureSet:
        """The set of figures that the desk quotes."""
        return next(item for item in self.sets if item.printed)

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


def model_card(desk: Desk, actor: Actor, key: str, version: str | None = None) -> ModelCard:
    """Assemble the card of a version, the acting one by default.

    Ceiling and stability are computed here, seeded: callers keep what they get.

    Raises
    ------
    NotPermitted
        The role sees no models.
    NotReady
        Nothing is trained yet.
    """
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    acting = desk.acting_version(key)
    version = version or acting
    if version is None:
        raise NotReady(f"{use_case.title} has no trained version yet.", f"Run: python -m core train {key}")
    card = _led(desk, desk.card(key, version), version == acting)
    primary = use_case.policy.primary_metric
    sets = tuple(_sets(card))
    main = next(item for item in sets if item.printed)
    if main.figure(card.champion, primary) is None:
        primary = PRIMARY[card.task]
    stability, changed = _stability(desk, card)
    return ModelCard(
        use_case=key,
        title=use_case.title,
        question=use_case.question,
        version=version,
        acts=version == acting,
        purpose=facts.purpose(use_case),
        data=facts.data(card),
        split=facts.split(card),
        primary=primary,
        sets=sets,
        forward=_forward(sets, card.champion, primary),
        ceiling={name: measured.as_json() for name, measured in ceiling_of(use_case).items()},
        rules=f"{use_case.rules.name}: {use_case.rules.formula}" if use_case.rules else "",
        stability=stability,
        limits=(*changed, *facts.limits(use_case, card)),
        notes=tuple(dict.fromkeys((*use_case.notes, *use_case.policy.notes, *card.notes))),
        lineage=facts.lineage(card),
        **_as_written(card),
    )


def _led(desk: Desk, card: Card, acts: bool) -> Card:
    """The card as the version acts: led by another of its models where that was promoted."""
    model = desk.ledger.alias_model(card.use_case, CHAMPION) if acts else None
    if model is None or model == card.champion:
        return card
    return replace(card, champion=model, interval={})  # the interval was made for the champion of the training


def _as_written(card: Card) -> dict[str, Any]:
    """What goes over as it stands in card.json."""
    return {
        "task": card.task,
        "created_at": card.created_at,
        "origin": card.origin,
        "champion": card.champion,
        "families": dict(card.families),
        "verdicts": dict(card.metrics.get("verdicts", {})),
        "calibration": dict(card.calibration),
        "interval": dict(card.interval),
        "compile_difference": card.compile_difference,
        "uncompiled": card.uncompiled,
        "files": dict(card.files),
        "params": dict(card.lineage.get("params", {})),
        "card": asdict(card),
    }


def _sets(card: Card) -> Iterator[FigureSet]:
    """The sets of figures, the printed one first."""
    main = card.metrics["main"]
    for name, found in sorted(card.metrics["sets"].items(), key=lambda item: item[0] != main):
        arms = [
            Arm(model, "champion" if model == card.champion else "challenger", figures)
            for model in (card.champion, *(name for name in card.models if name != card.champion))
            if (figures := found["models"].get(model))
        ]
        arms.append(Arm("baseline", "baseline", found["baseline"]))
        if found["rules"]:
            arms.append(Arm("rules", "rules", found["rules"]))
        honest = name != RANDOM and card.split.get("kind") != "random"
        said = str(found["facts"].get("intervals", ""))
        yield FigureSet(name, found["label"], found["n"], said, name == main, honest, tuple(arms))


def _forward(sets: tuple[FigureSet, ...], champion: str, metric: str) -> Forward | None:
    main = next(item for item in sets if item.printed)
    beside = next((item for item in sets if item.name == RANDOM), None)
    honest = main.figure(champion, metric) if main.honest else None
    random = beside.figure(champion, metric) if beside else None
    if beside is None or honest is None or random is None:
        return None
    return Forward(metric, main.label, honest, beside.label, random)


def _stability(desk: Desk, card: Card) -> tuple[dict[str, Plain], tuple[str, ...]]:
    try:
        scorer = desk.scorer(card.use_case, card.version)
    except BundleProblem as problem:
        return {}, (f"{problem.message} It cannot score any more, so its stability is not known.",)
    return {who: measured.as_json() for who, measured in stability_of(scorer).items()}, ()
