"""Feature drift: columns and features that moved and stay so; information as long as no score moved with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.alert import Reading, Severity, State, Terms
from core.domain.drift.judgement import Level
from core.domain.usecase import UseCase
from core.services.alerting.drifted import SCORE, Drifted, Item, drifted
from core.services.alerting.rule import Rule, not_applicable
from core.services.desk import Desk

STUCK = "a column that stands still"
_NAMED = 3


def check(desk: Desk, use_case: UseCase | None, now: datetime, terms: Terms) -> Sequence[Reading]:
    """One reading for all that moved, strongest first, and one for a column that stands still."""
    assert use_case is not None
    found = drifted(desk, use_case, now, terms.persistence[1])
    if found is None:
        return [not_applicable("No window with enough rows has been measured yet.")]
    items = [item for item in found.items if item.of != SCORE]
    judged = _once([item for item in items if Level(item.newest["level"]) not in (Level.TOO_FEW, Level.SHOWN)])
    if not judged:
        return [not_applicable(f"No column could be judged in {found.when}.", found.window["n"])]
    return [_moved(use_case, found, judged, terms), _stuck(found)]


def _once(items: Sequence[Item]) -> list[Item]:
    """A column that is a feature as it came in stands for both."""
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(item.name, item)
    return list(first.values())


def _moved(use_case: UseCase, found: Drifted, judged: Sequence[Item], terms: Terms) -> Reading:
    needed, of = terms.persistence
    moved = [item for item in judged if item.raised and item.hits >= needed]
    moved.sort(key=lambda item: -item.newest["psi"])
    step, n, score_moved = found.window["step"], found.window["n"], found.score.raised
    facts = {"limit": 0.0, "n": n, "evidence": found.evidence, "settled": True}
    if not moved:
        once = sum(item.raised for item in judged)
        says = f"{once} of {len(judged)} columns and features moved in {found.when}, none in {needed} of the last {of}."
        return Reading(State.OK, says, 0.0, **facts)
    names = ", ".join(item.says(_title(use_case, item)) for item in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    with_score = (
        "The champion's scores moved as well." if score_moved else "The champion's scores did not move with them."
    )
    says = f"{names}{more} of {len(judged)} moved, judged {step}s to {found.when}, n = {n:,}. {with_score}"
    worst = max((item.severity(terms) for item in moved), key=lambda severity: severity.rank)
    severity = worst if score_moved else Severity.INFO
    return Reading(State.BREACH, says, float(len(moved)), severity=severity, **facts)


def _title(use_case: UseCase, item: Item) -> str:
    return use_case.schema[item.name].title if item.name in use_case.schema else item.name


def _stuck(found: Drifted) -> Reading:
    """A feed that repeats one value is a fault of what reaches the desk, whatever the scores do."""
    facts = {"n": found.window["n"], "about": STUCK, "evidence": found.evidence, "settled": True}
    if found.window["stuck"]:
        return Reading(State.BREACH, str(found.window["stuck_says"]), severity=Severity.CRITICAL, **facts)
    return Reading(State.OK, f"No column stood still in {found.when}.", **facts)


RULE = Rule(
    key="feature_drift",
    title="Feature drift",
    over="use case",
    terms=Terms(minimum_n=1, persistence=(2, 3), every=timedelta(hours=6)),
    runbook="Open the drift page: is it one column or many, did its share of missing values or its unit change, does "
    "the model rely on it? A broken feed is repaired; a changed world is a case for retraining.",
    check=check,
    page="drift",
    watches="Every column and feature in the newest whole week (or month) against held-out rows, held together by "
    "Benjamini and Hochberg; the number of those that moved and stay so. While no score moves it is information.",
    unit="items",
    counts="windows",
    fixed=("minimum_n",),
)
