"""Rows that programs send meet their arms, one by one, together and as an upload: as rows of pages and files do."""

from __future__ import annotations

import numpy as np

from core.domain.experiment.assignment import assign
from core.services import scoring
from core.services.access import LOCAL_PEOPLE, Role
from core.services.row_batches import RowBatch
from core.services.scoring_requests import score_for

from .conftest import KEY, RISK, leads

ANALYST = LOCAL_PEOPLE[Role.ANALYST]


def test_every_way_of_a_program_honours_the_arms(desk, begin):
    experiment = begin()
    rows = leads(desk, 60, "program", seed=9).drop([desk.use_case(KEY).target.name]).to_pylist()
    names = [row["lead_id"] for row in rows]
    shares = experiment.spec.stages[0]
    arms = [experiment.spec.arms[arm] for arm in assign(experiment.id, experiment.spec.salt, names, shares)]
    assert len(set(arms)) == 2
    batch = RowBatch(desk, RISK, KEY)
    together = batch.score(rows)
    batch.close()
    for said in (
        [score_for(desk, ANALYST, KEY, row) for row in rows[:20]],
        scoring.score_together(desk, ANALYST, KEY, rows),
        together,
        [scoring.score_one(desk, ANALYST, KEY, row) for row in rows[:20]],
    ):
        assert [answer.arm for answer in said] == arms[: len(said)]
        deciders = ["challenger" if arm == experiment.spec.arms[1] else "champion" for arm in arms]
        assert [answer.decided_by for answer in said] == deciders[: len(said)]
    logged = desk.log.scan(desk.use_case(KEY), ["entity", "arm"]).to_pylist()
    told = {row["entity"]: row["arm"] for row in logged if row["entity"] in set(names)}
    assert told == {name: f"{experiment.id}:{arm}" for name, arm in zip(names, arms, strict=True)}
    counts = desk.log.arm_counts(desk.use_case(KEY), experiment.id, experiment.record.stage_since)
    assert sum(counts.values()) == 60 and np.array_equal(sorted(counts), sorted(set(arms)))


def test_a_version_chosen_by_name_is_outside_of_it(desk, begin):
    begin()
    row = leads(desk, 1, "chosen", seed=10).drop([desk.use_case(KEY).target.name]).to_pylist()[0]
    said = score_for(desk, RISK, KEY, row, desk.versions(KEY)[0])
    assert said.arm == "" and said.version == desk.versions(KEY)[0]
