"""Promise against truth: a promised figure beside what this desk measures and what can be reached at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from core.domain.claim import Claim
from core.domain.metrics.catalogue import metric_of
from core.domain.metrics.intervals import z_value
from core.domain.metrics.measured import Measured
from core.domain.metrics.ratio import risk_ratio
from core.domain.usecase import Task, UseCase
from core.errors import BundleProblem
from core.ml.scorer import Scorer
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.governing.acting import acting_model
from core.services.measuring import ceiling_of, generated
from core.services.reference import typed_columns
from core.services.training import read_target

RATIO = "risk_ratio"
Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Promise:
    """One claim beside the truth. `measured` is None before the first training; `known` where no truth is known."""

    use_case: str
    title: str
    claim: Claim
    version: str | None
    rows: str  # which rows it was measured on
    measured: Plain | None
    known: Plain | None

    @property
    def verdict(self) -> str:
        """What the figures say of the claim: above the truth first, because then no measurement can help it."""
        claim, better = self.claim, metric_of(self.claim.metric).higher_is_better
        if claim.arm == "champion" and self.known and better and claim.value > self.known["high"]:
            return "beyond what can be reached"
        if self.measured is None:
            return "not measured yet"
        low, high = self.measured["low"], self.measured["high"]
        if low <= (claim.upto or claim.value) and claim.value <= high:
            return "within the interval of what is measured"
        missed = claim.value > high if better else (claim.upto or claim.value) < low
        return "not reached" if missed else "surpassed"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"verdict": self.verdict}


def promises(desk: Desk, actor: Actor, key: str) -> list[Promise]:
    """Every claim of a use case beside its acting version's figures; ceilings are computed here, seeded."""
    require(actor, Action.SEE_MODELS)
    use_case = desk.use_case(key)
    if not use_case.claims:
        return []
    ceiling = {name: measured.as_json() for name, measured in ceiling_of(use_case).items()}
    version = desk.acting_version(key)
    found = []
    for claim in use_case.claims:
        blank = Promise(key, use_case.title, claim, version, "", None, ceiling.get(claim.metric))
        found.append(_ratio(desk, use_case, blank) if claim.metric == RATIO else _figure(desk, blank))
    return found


def _figure(desk: Desk, promise: Promise) -> Promise:
    """The figure of the version's card, on the rows that the desk quotes."""
    if promise.version is None:
        return promise
    card = desk.card(promise.use_case, promise.version)
    main = card.metrics["sets"][card.metrics["main"]]
    champion = acting_model(desk, desk.use_case(promise.use_case))
    arm = main["models"].get(champion, {}) if promise.claim.arm == "champion" else main["rules"] or {}
    found = arm.get(promise.claim.metric)
    known = found if found and None not in (found["value"], found["low"], found["high"]) else None
    return replace(promise, rows=main["label"], measured=known)


def _ratio(desk: Desk, use_case: UseCase, promise: Promise) -> Promise:
    """The outcome's rate in the highest band over that in the lowest: on the reference rows, and in truth."""
    promise = replace(promise, known=_true_ratio(use_case, promise.claim.arm))
    if promise.version is None:
        return promise
    try:
        scorer = desk.scorer(promise.use_case, promise.version)
    except BundleProblem:
        return promise
    measured = _measured_ratio(scorer, promise.claim.arm)
    rows = "held-out reference rows"
    return replace(promise, rows=rows, measured=measured.as_json() if np.isfinite(measured.value) else None)


def _measured_ratio(scorer: Scorer, arm: str) -> Measured:
    case, reference = scorer.use_case, scorer.bundle.reference
    columns = typed_columns(case.schema, reference)
    band = scorer.score(columns, reference.num_rows).band
    if arm == "rules" and case.rules is not None:
        band = case.rules.apply(columns)[1]
    hit = read_target(case, reference[case.target.name].to_pylist()) == 1
    top, bottom = band == 0, band == len(case.policy.bands) - 1
    return risk_ratio(int(hit[top].sum()), int(top.sum()), int(hit[bottom].sum()), int(bottom.sum()))


def _true_ratio(use_case: UseCase, arm: str) -> Plain | None:
    """The same ratio of true rates on generated rows; of the rules only, since it needs no model."""
    rows = generated(use_case)
    if rows is None or use_case.rules is None or arm != "rules" or use_case.task is not Task.BINARY:
        return None
    band = use_case.rules.apply(rows.columns)[1]
    top, bottom = rows.truth[band == 0], rows.truth[band == len(use_case.policy.bands) - 1]
    if not len(top) or not len(bottom):
        return None
    value = float(top.mean() / bottom.mean())
    se = value * float(np.hypot(*(rate.std() / rate.mean() / len(rate) ** 0.5 for rate in (top, bottom))))
    half, n_rows = z_value() * se, len(top) + len(bottom)
    return Measured(RATIO, value, value - half, value + half, n_rows, None, "Monte-Carlo").as_json()
