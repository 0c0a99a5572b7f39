"""The risk of letting a model act: five factors from 0 (good) to 1 (bad), each measured, and their mean."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

import pyarrow.compute as pc

from core.domain.compare.plan import ArmName
from core.domain.metrics.catalogue import PRIMARY, metric_of
from core.domain.metrics.proportion import proportion
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.ml.bundle import Card
from core.services.access import Role
from core.services.comparison.group_gaps import Gap, Span, arm_scorer
from core.services.desk import Desk
from core.services.measuring import ceiling_of, stability_of
from core.store.bundles import load_bundle

DATA_SCALE, GAP_SCALE, STABILITY_SCALE = 0.20, 0.20, 0.10  # the share or gap at which a factor is as bad as can be
LOW, HIGH = 0.4, 0.7
DAYS = 90
COMPILED = 1e-12
_BATCHES = 100_000


@dataclass(frozen=True)
class Factor:
    """One factor: 0 good, 1 bad; None where it does not apply, and then it is left out of the mean."""

    name: str
    value: float | None
    sentence: str


@dataclass(frozen=True)
class Risk:
    """The factors and what follows from their mean."""

    factors: tuple[Factor, ...]
    score: float

    @property
    def needs(self) -> tuple[Role, ...]:
        """Whose approval it takes."""
        return needed_roles(self.score)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the ledger."""
        return {"score": self.score, "factors": [asdict(factor) for factor in self.factors]}


def needed_roles(score: float) -> tuple[Role, ...]:
    """Below .4 the risk manager; up to .7 the auditor as well; above it the administrator too.

    >>> [len(needed_roles(score)) for score in (0.39, 0.4, 0.7, 0.71)]
    [1, 2, 2, 3]
    """
    if score < LOW:
        return (Role.RISK,)
    return (Role.RISK, Role.AUDITOR) if score <= HIGH else (Role.RISK, Role.AUDITOR, Role.ADMIN)


def assess(desk: Desk, use_case: UseCase, arm: ArmName, gaps: Sequence[Gap], span: Span | None = None) -> Risk:
    """Measure the five factors of a model.

    What cannot be measured for want of rows counts as bad as can be: a risk nobody has looked at is none that is low.

    Parameters
    ----------
    gaps : sequence of Gap
        Of the model, from `core.services.comparison.group_gaps`.
    span : pair of datetime, optional
        The time whose scored rows tell of the data's quality; the last 90 days by default.
    """
    card = desk.card(use_case.key, arm.version)
    factors = (
        _data_quality(desk, use_case, span),
        _performance(desk, use_case, card, arm),
        _bias(use_case, gaps),
        _stability(desk, use_case, arm),
        _security(desk, card),
    )
    applying = [factor.value for factor in factors if factor.value is not None]
    return Risk(factors, sum(applying) / len(applying))


def _data_quality(desk: Desk, use_case: UseCase, span: Span | None) -> Factor:
    """Share of the rows that came in which were rejected or had a value filled in."""
    now = datetime.now(UTC)
    since, until = span or (now - timedelta(days=DAYS), now)
    first, last = since.replace(tzinfo=None), until.replace(tzinfo=None)
    batches = [
        batch
        for batch in desk.log.latest_batches(use_case, _BATCHES)
        if not batch["voided"] and first <= batch["created_at"] <= last
    ]
    table = desk.log.scan(use_case, ["imputed"], since=since, until=until)
    filled = int(pc.sum(pc.not_equal(pc.fill_null(table["imputed"].cast("string"), ""), "")).as_py() or 0)
    rejected = sum(batch["n_rejected"] or 0 for batch in batches)
    n_rows = len(table) + rejected
    days = f"{since:%Y-%m-%d} to {until:%Y-%m-%d}"
    if not n_rows:
        return Factor("data quality", 1.0, f"No row came in from {days}: nothing is known, which counts as bad.")
    share = proportion("rejected or filled in", rejected + filled, n_rows)
    said = (
        f"{rejected:,} rejected and {filled:,} with a value filled in of {n_rows:,} rows from {days}: "
        f"{share.value:.2%} [{share.low:.2%}, {share.high:.2%}]; {DATA_SCALE:.0%} is as bad as can be."
    )
    return Factor("data quality", min(share.value / DATA_SCALE, 1.0), said)


def _performance(desk: Desk, use_case: UseCase, card: Card, arm: ArmName) -> Factor:
    """How much of the way from the baseline to what can be reached, or to the best known, is missing."""
    main = card.metrics["sets"][card.metrics["main"]]
    wanted = (use_case.policy.primary_metric, PRIMARY[card.task])
    figures = main["models"].get(arm.model, {})
    metric = next((name for name in wanted if figure_value(figures, name) is not None), None)
    if metric is None:
        return Factor("performance", 1.0, f"{arm} has no measured {wanted[0]}, which counts as bad.")
    found, value = figures[metric], float(figures[metric]["value"])
    baseline = figure_value(main["baseline"], metric) or 0.0
    top, what = _reachable(desk, use_case, metric, value)
    value_of = 1.0 if top <= baseline else min(max(1 - (value - baseline) / (top - baseline), 0.0), 1.0)
    said = (
        f"{metric_of(metric).label} {value:.3f} [{found['low']:.3f}, {found['high']:.3f}], n = {found['n']:,} held-out "
        f"rows; the baseline has {baseline:.3f}, {what} {top:.3f}."
    )
    return Factor("performance", value_of, said)


def figure_value(figures: Mapping[str, Any], metric: str) -> float | None:
    """A figure of a card, or None where it was not measured."""
    found = figures.get(metric)
    return None if found is None or found["value"] is None else float(found["value"])


def _reachable(desk: Desk, use_case: UseCase, metric: str, own: float) -> tuple[float, str]:
    ceiling = ceiling_of(use_case).get(metric)
    if ceiling is not None:
        return max(ceiling.value, own), "its generator's truth allows"
    best = own
    for record in desk.ledger.versions(use_case.key):
        try:
            sets = desk.card(use_case.key, record.version).metrics
        except DeskError:  # its files are gone
            continue
        for figures in sets["sets"][sets["main"]]["models"].values():
            best = max(best, figure_value(figures, metric) or best)
    return best, "the best known model"


def _bias(use_case: UseCase, gaps: Sequence[Gap]) -> Factor:
    """The upper bound of the largest gap between groups."""
    if not use_case.sensitive:
        return Factor("bias", None, "No column of this use case is sensitive, so there are no groups to compare.")
    if not gaps:
        said = f"Fewer than two groups of {', '.join(use_case.sensitive)} have 30 rows: not known, which counts as bad."
        return Factor("bias", 1.0, said)
    worst = max(gaps, key=lambda gap: gap.high)
    said = (
        f"Largest upper bound: {worst.name} {worst.value:.3f} [{worst.low:.3f}, {worst.high:.3f}], n = {worst.n:,} "
        f"{worst.where}; {GAP_SCALE:.2f} is as bad as can be."
    )
    return Factor("bias", min(worst.high / GAP_SCALE, 1.0), said)


def _stability(desk: Desk, use_case: UseCase, arm: ArmName) -> Factor:
    """Share of decisions that one per cent of noise flips."""
    found = stability_of(arm_scorer(desk, use_case.key, arm))["champion"]
    if not found.n or not math.isfinite(found.value):
        return Factor("stability", 1.0, f"{arm.version} has no held-out rows to shake, which counts as bad.")
    said = (
        f"{found.value:.2%} [{found.low:.2%}, {found.high:.2%}] of {found.n:,} held-out rows are decided otherwise "
        f"when every number moves by up to 1 %; {STABILITY_SCALE:.0%} is as bad as can be."
    )
    return Factor("stability", min(found.value / STABILITY_SCALE, 1.0), said)


def _security(desk: Desk, card: Card) -> Factor:
    """Share of the named checks that fail."""
    found = list(security_checks(desk, card))
    failed = [f"{name} ({why})" for name, ok, why in found if not ok]
    passed = ", ".join(name for name, ok, _ in found if ok)
    said = f"{len(failed)} of {len(found)} checks fail"
    said += f": {'; '.join(failed)}" if failed else f"; passed: {passed}"
    return Factor("security", len(failed) / len(found), said + ".")


def security_checks(desk: Desk, card: Card) -> Iterator[tuple[str, bool, str]]:
    """Each check by name: whether it holds, and what is wrong where it does not."""
    record = desk.ledger.version(card.use_case, card.version)
    try:
        load_bundle(desk.folder(card.use_case) / card.version, record.card_sha256 if record else "unknown")
        yield "checksums", True, ""
    except DeskError as error:
        yield "checksums", False, error.message
    agrees = card.compile_difference <= COMPILED or bool(card.uncompiled)
    yield "compiled as trained", agrees, f"they differ by {card.compile_difference:.1e}"
    moved = list(_other_versions(card))
    yield "library versions", not moved, "; ".join(moved)
    made = [
        event
        for event in desk.ledger.events(f"{card.use_case} {card.version}", 1_000)
        if record is not None and event.actor and (event.after or {}).get("card_sha256") == record.card_sha256
    ]
    yield "signed by its maker", bool(made), "no event names who made it"
    broken = desk.ledger.verify_chain()
    yield "audit trail", broken is None, f"event {broken} was changed"


def _other_versions(card: Card) -> Iterator[str]:
    """Libraries that are installed in another version than the one that trained; the last part may differ."""
    trained: Mapping[str, str] = card.lineage.get("versions", {})
    if not trained:
        yield "not known"
    for name, then in sorted(trained.items()):
        try:
            now = python_version() if name == "python" else version(name)
        except PackageNotFoundError:
            now = "missing"
        if now.split(".")[:2] != str(then).split(".")[:2]:
            yield f"{name} {then}, now {now}"
