"""A hand-made explanation: seven columns of any use case that add up to the score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.domain.explained import Evidence, Explanation, ModelReasons, Reason, Recomputed, TrendPoint
from core.domain.usecase import UseCase

BASE = 0.125
STEPS = (0.20, -0.08, 0.05, -0.03, 0.02, 0.01, -0.005, 0.004, 0.003)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def reasons_of(use_case: UseCase, factor: float = 1.0) -> tuple[Reason, ...]:
    """One reason per column that a model reads, the largest first; every third has no evidence."""
    columns = [use_case.schema[name] for name in use_case.model_columns]
    found = []
    for place, (column, value) in enumerate(zip(columns, STEPS, strict=False)):
        evidence = Evidence(f"{column.title} like it", 402, 0.31, 0.27, 0.35, 0.125, 4_000, place % 2 == 0)
        helps = (value * factor >= 0) == use_case.higher_is_better
        shown = f"value <{place}>"
        found.append(
            Reason(column.name, column.title, shown, factor * value, helps, None if place % 3 == 2 else evidence, False)
        )
    return tuple(found)


def explanation_of(use_case: UseCase, factor: float = 1.0, prediction: int = 3) -> Explanation:
    """The whole answer; its entity had four scores."""
    reasons = reasons_of(use_case, factor)
    score = BASE + sum(reason.points for reason in reasons)
    band = use_case.policy.bands[0]
    points = {reason.column: reason.points for reason in reasons}
    one = ModelReasons(
        use_case.recipe.model_names[0], BASE, score, points, points, points, points, "linear, closed form",
        "4,000 rows", None, 0.0,
    )  # fmt: skip
    others = use_case.recipe.model_names[1:]
    models = {one.model: one} | {name: replace(one, model=name, rank_agreement=0.5) for name in others}
    times = [NOON - timedelta(days=30 * (3 - place)) for place in range(4)]
    trend = tuple(
        TrendPoint(f"{place:032x}", time, time, 0.1 * place, band.name, "v1") for place, time in enumerate(times)
    )
    return Explanation(
        use_case.key, "v1", one.model, f"{prediction:032x}", "L-1 <b>", NOON, NOON, {}, score, band.name,
        band.decision, band.tone, "champion", BASE, reasons, tuple(r for r in reasons if r.helps)[:5],
        tuple(r for r in reasons if not r.helps)[:5], models, Recomputed(score, score, True, "v1"), trend, 4_000,
        "1 Jan to 1 Mar 2026",
    )  # fmt: skip
