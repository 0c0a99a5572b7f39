"""The approximate line around a score: refused to sales, the same every time, honest about how well it fits."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.explained import Explanation, Reason, Recomputed
from core.domain.policy import Tone
from core.errors import NotPermitted
from core.services import scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk
from core.services.reasons.surrogate import LocalLine, local_line
from core.usecases import builtin


def explained(desk: Desk, key: str, place: int = 2) -> Explanation:
    """A row with made-up exact points: the first column's the largest."""
    scorer = desk.scorer(key)
    names = scorer.use_case.model_columns
    reasons = tuple(Reason(name, name, "", 0.1 / (n + 1), True, None, False) for n, name in enumerate(names))
    row, version = scoring.sample_rows(desk, key)[place], scorer.card.version
    return Explanation(
        use_case=key,
        version=version,
        model=scorer.card.champion,
        prediction_id=None,
        entity="",
        as_of=None,
        scored_at=None,
        row=row,
        score=0.0,
        band="",
        decision="",
        tone=Tone.FAIR,
        decided_by="champion",
        base=0.0,
        reasons=reasons,
        helps=(),
        hurts=(),
        models={},
        recomputed=Recomputed(None, 0.0, True, version),
        trend=(),
        n_reference=0,
        reference_dates="",
    )


def test_sales_are_refused(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        local_line(desk, LOCAL_PEOPLE[Role.SALES], "lead_scoring", explained(desk, "lead_scoring"))


def test_every_use_case_has_a_line_that_adds_up_and_says_how_well_it_fits(desk: Desk, analyst: Actor) -> None:
    for key in builtin():
        line = local_line(desk, analyst, key, explained(desk, key))
        assert {item.column.name for item in line.columns} == set(desk.use_case(key).model_columns)
        assert 0 < line.r2 <= 1
        assert 100 < line.n_effective <= line.n <= 2_000
        assert -1 <= line.agreement <= 1
        total = line.base + sum(item.approximate for item in line.columns)
        assert total == pytest.approx(line.fitted, abs=1e-9)
        assert [item.exact for item in line.columns] == sorted((item.exact for item in line.columns), reverse=True)
        said = desk.scorer(key)
        row = scoring.check_row(said.use_case, explained(desk, key).row).columns
        assert line.score == said.score(row, 1).scores[said.card.champion][0]


def test_the_same_row_gets_the_same_line(desk: Desk, analyst: Actor) -> None:
    def slopes(line: LocalLine) -> list[float]:
        return [item.coefficient for item in line.columns]

    first, again = (local_line(desk, analyst, "lead_scoring", explained(desk, "lead_scoring")) for _ in range(2))
    assert slopes(first) == slopes(again)
    other = local_line(desk, analyst, "lead_scoring", explained(desk, "lead_scoring", 3))
    assert not np.allclose(slopes(first), slopes(other))


def test_only_rows_that_the_schema_accepts_are_counted(desk: Desk, analyst: Actor) -> None:
    line = local_line(desk, analyst, "collector_performance", explained(desk, "collector_performance"))
    assert line.n < 2_000
