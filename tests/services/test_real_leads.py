"""Reasons for real leads: a file is adopted, scored, explained by record id, varied, ranked, complained of."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.domain.columns import Kind
from core.domain.diagnosis import Cause
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import AdoptOptions, adopt
from core.services.complaints import cases
from core.services.complaints.case_file import case_file
from core.services.desk import Desk, open_desk
from core.services.reasons import whatif
from core.services.reasons.drivers import drivers
from core.services.reasons.explanation import explain, find_predictions, plain_text

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

KEY = "leads"
EVERY = 23  # rows all over the file: its first hundreds leave more fields empty than the others
ANALYST, SALES, RISK = (LOCAL_PEOPLE[role] for role in (Role.ANALYST, Role.SALES, Role.RISK))
AFTER = ("Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity")  # filled in after contact

Scored = tuple[Desk, list[str]]


@pytest.fixture(scope="module")
def scored(real_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scored]:
    """The whole file adopted without what is known only afterwards, some rows scored; their prospect ids."""
    source = real_data("x_education_leads.csv")
    with source.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    home = tmp_path_factory.mktemp("leads")
    desk = open_desk(Settings(home=home / "home"))
    after = (*AFTER, *(name for name in header if name.startswith("Asymmetrique")))
    options = AdoptOptions("Converted", key=KEY, null_texts=("Select",), after=after, split="random")
    adopt(desk, LOCAL_PEOPLE[Role.ADMIN], source, options)
    week = home / "week.csv"
    with week.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([header, *rows[::EVERY]])
    done = desk.jobs.wait(batches.submit(desk, ANALYST, KEY, week, filename="week.csv"), 120)
    assert (done.state, done.result["scored"]) == ("done", len(rows[::EVERY])), done.message
    yield desk, [row[header.index("Prospect ID")] for row in rows[::EVERY]]
    desk.close()


def test_every_record_is_found_by_its_id_and_its_reasons_add_up(scored: Scored) -> None:
    desk, records = scored
    for record in records[::40]:
        (point,) = find_predictions(desk, SALES, KEY, record)
        said = explain(desk, ANALYST, KEY, point.prediction_id)
        assert said.entity == record and said.recomputed.equal
        assert said.helps or said.hurts
        assert len(said.models) == 4
        for part in said.models.values():
            assert part.base + sum(part.points.values()) == pytest.approx(part.score, abs=1e-9)
        assert not set(AFTER) & {reason.column for reason in said.reasons}
        assert list(explain(desk, SALES, KEY, point.prediction_id).models) == [said.model]
        text = plain_text(desk.use_case(KEY), said)
        assert record in text and (said.helps or said.hurts)[0].title in text


def test_evidence_counts_real_leads(scored: Scored) -> None:
    desk, records = scored
    reference = desk.scorer(KEY).bundle.reference
    told = [
        (reason, reason.evidence)
        for record in records[:20]
        for reason in explain(desk, ANALYST, KEY, find_predictions(desk, ANALYST, KEY, record)[0].prediction_id).reasons
        if reason.evidence is not None
    ]
    reason, evidence = next(item for item in told if item[0].column == "Lead Origin")
    rows = [row for row in reference.select(["Lead Origin", "Converted"]).to_pylist() if row["Lead Origin"]]
    like = [str(row["Converted"]) in ("1", "1.0", "True") for row in rows if row["Lead Origin"] == reason.value]
    assert (evidence.n, evidence.rate) == (len(like), pytest.approx(np.mean(like)))


def test_another_value_moves_the_score_and_nothing_is_logged(scored: Scored) -> None:
    desk, records = scored
    said = explain(desk, SALES, KEY, find_predictions(desk, SALES, KEY, records[0])[0].prediction_id)
    before = desk.log.water_mark(desk.use_case(KEY))
    controls = {control.column.name: control for control in whatif.controls(desk, SALES, KEY)}
    asked = (controls[reason.column].column for reason in said.reasons)
    column = next(c for c in asked if c.kind is Kind.CATEGORY and len(c.levels) > 2 and said.row[c.name] in c.levels)
    scores = {
        level: whatif.rescore(desk, SALES, KEY, dict(said.row) | {column.name: level}).score for level in column.levels
    }
    assert scores[said.row[column.name]] == said.score
    assert max(scores.values()) - min(scores.values()) > 0.01
    assert desk.log.water_mark(desk.use_case(KEY)) == before
    nothing = whatif.counterfactuals(desk, SALES, KEY, said.row)
    assert nothing.columns == () and nothing.found == ()  # nobody said what can be acted on


def test_columns_are_ranked_with_intervals_for_every_model(scored: Scored) -> None:
    desk, _ = scored
    found = drivers(desk, ANALYST, KEY)
    assert len(found.models) == 4
    for size in found.by_model.values():
        assert (size.low <= size.value).all() and (size.value <= size.high).all()
        largest = size.columns[int(np.argmax(size.value))]
        assert largest in ("Total Time Spent on Website", "Lead Origin", "What is your current occupation")


def test_a_complaint_about_a_real_lead_answers_itself(scored: Scored) -> None:
    desk, records = scored
    prediction_id = find_predictions(desk, SALES, KEY, records[5])[0].prediction_id
    opened = cases.open_case(desk, SALES, KEY, "Nobody answers there.", prediction_id)
    file = case_file(desk, RISK, opened.id)
    assert len(file.checks) == 9
    assert file.recomputed.n > 0 and file.recomputed.n_differing == 0
    assert file.diagnosis.cause is Cause.EXPECTED
    assert cases.propose(desk, RISK, opened.id).proposed_cause == Cause.EXPECTED.value
