"""The compliance gate: what every model must meet before it may act, whatever it gains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.domain.compare.plan import ArmName
from core.domain.compare.verdict import Check, State
from core.domain.fairness.judgement import GAP_LIMIT
from core.domain.usecase import Task, UseCase
from core.ml.bundle import Card
from core.services import model_card_facts as facts
from core.services.comparison.group_gaps import Gap
from core.services.desk import Desk
from core.services.governing.risk import figure_value
from core.services.measuring import ceiling_of

LEAST_AUC = 0.75
AREAS = {Task.BINARY: "auc", Task.MULTICLASS: "macro_auc"}


def gate(desk: Desk, use_case: UseCase, arm: ArmName, gaps: Sequence[Gap]) -> tuple[Check, ...]:
    """Every check of the gate for a model, with its figures.

    Parameters
    ----------
    gaps : sequence of Gap
        Of the model, from `core.services.comparison.group_gaps`.
    """
    card = desk.card(use_case.key, arm.version)
    return _area(use_case, card, arm), *_gaps(use_case, gaps), _documented(use_case, card, arm)


def _area(use_case: UseCase, card: Card, arm: ArmName) -> Check:
    name, metric = f"AUC of {LEAST_AUC:.2f}", AREAS.get(use_case.task)
    if metric is None:
        return Check(name, State.NOT_ASKED, "A predicted value has no AUC: the verdict's rule alone applies.")
    ceiling = ceiling_of(use_case).get(metric)
    if ceiling is not None and ceiling.value < LEAST_AUC:
        said = (
            f"No model of this use case can reach {LEAST_AUC:.2f}: its truth allows {ceiling.value:.3f}, "
            "so the verdict's rule alone applies."
        )
        return Check(name, State.NOT_ASKED, said)
    main = card.metrics["sets"][card.metrics["main"]]
    figures = main["models"].get(arm.model, {})
    value = figure_value(figures, metric)
    if value is None:
        return Check(name, State.OPEN, f"{metric} of {arm} was not measured on {main['label']}.")
    found = figures[metric]
    said = f"{metric} {value:.3f} [{found['low']:.3f}, {found['high']:.3f}], n = {found['n']:,}, {main['label']}."
    return Check(name, State.MET if value >= LEAST_AUC else State.BROKEN, said)


def _gaps(use_case: UseCase, gaps: Sequence[Gap]) -> Iterator[Check]:
    if not use_case.sensitive:
        yield Check("gaps between groups", State.NOT_ASKED, "No column of this use case is sensitive.")
    elif not gaps:
        said = f"Fewer than two groups of {', '.join(use_case.sensitive)} have 30 rows."
        yield Check("gaps between groups", State.OPEN, said)
    for gap in gaps:
        state = State.MET if gap.value <= GAP_LIMIT else State.BROKEN
        said = f"{gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}], n = {gap.n:,} {gap.where}; at most {GAP_LIMIT:.2f}."
        yield Check(gap.name, state, said)


def _documented(use_case: UseCase, card: Card, arm: ArmName) -> Check:
    """Whether the model card has its sections."""
    main = card.metrics["sets"][card.metrics["main"]]
    sections = {
        "purpose": facts.purpose(use_case),
        "data": facts.data(card),
        "split": facts.split(card)["parts"],
        "figures": main["models"].get(arm.model),
        "baseline": main["baseline"],
        "calibration": card.calibration or card.interval or use_case.task is Task.REGRESSION,
        "limits": tuple(facts.limits(use_case, card)),
        "lineage": card.lineage.get("versions"),
        "files": card.files,
    }
    missing = [name for name, content in sections.items() if not content]
    if missing:
        return Check("documentation", State.BROKEN, f"The model card lacks {', '.join(missing)}.")
    said = f"The model card has its {len(sections)} sections: {', '.join(sections)}."
    return Check("documentation", State.MET, said)
