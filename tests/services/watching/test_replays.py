"""Public data replayed in time order: two worlds that moved, and one that did not.

Each file is adopted without what is known only afterwards and trained on its first part; the rest is scored, its
outcomes come in, and the desk is asked what has happened. The figures are printed: pytest -s.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.domain.alert import State
from core.domain.drift.bins import Of
from core.domain.drift.judgement import Finding, Level
from core.services import batches, outcomes
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import adopt
from core.services.adoption_report import AdoptOptions
from core.services.desk import open_desk
from core.services.watching.concept import ConceptState, concept_state, spells
from core.services.watching.drift import Drift, drift
from core.services.watching.drift_windows import Window

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
ID, DAY = "row_id", "happened_on"
RealData = Callable[[str], Path]
Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the desk says after the replay."""

    concept: ConceptState
    drift: Drift

    @property
    def columns(self) -> dict[str, Finding]:
        return {item.name: item for item in self.drift.against_reference if item.of is Of.RAW}

    @property
    def moved(self) -> set[str]:
        return {name for name, item in self.columns.items() if item.level.raised}


def replayed(rows: list[Row], n_first: int, options: AdoptOptions, folder: Path) -> Seen:
    """Adopt the first rows, score the others and bring their outcomes; rows carry ID and DAY, in the order of time."""

    def written(name: str, part: list[Row]) -> Path:
        path = folder / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            lines = csv.DictWriter(stream, list(part[0]))
            lines.writeheader()
            lines.writerows(part)
        return path

    key, later = str(options.key), rows[n_first:]
    desk = open_desk(Settings(home=folder / "home"))
    try:
        adopt(desk, ADMIN, written("first.csv", rows[:n_first]), options)
        path = written("later.csv", later)
        job = desk.jobs.wait(batches.submit(desk, ADMIN, key, path), 120)
        assert job.state == "done" and job.result["scored"] == len(later), job.result
        taken = outcomes.take_in(desk, ADMIN, key, path, outcomes.Named(entity=ID, outcome=options.target))
        assert taken.matched == len(later)
        first, last = (datetime.combine(later[place][DAY], time(), UTC) for place in (0, -1))
        window = Window(first, last + timedelta(days=1))
        seen = Seen(concept_state(desk, key), drift(desk, ADMIN, key, window))
    finally:
        desk.close()
    _print(key, seen)
    return seen


def _print(key: str, seen: Seen) -> None:
    print(f"\n{key}: {seen.drift.now.rows.n:,} rows, score PSI {seen.drift.score.psi:.3f} ({seen.drift.score.level})")
    for item in sorted(seen.columns.values(), key=lambda item: -item.psi):
        print(f"  {item.name}: PSI {item.psi:.3f} (limit {item.psi_limit:.3f}), {item.level}")
    for judgement in seen.concept.judgements:
        print(f"  {judgement.about}: {judgement.state}. {judgement.sentence}")
    print(f"  concept drift named: {[f'{first} to {end}' for first, end in spells(seen.concept)]}")


@pytest.fixture(scope="module")
def bank(real_data: RealData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A bank's calls, May 2008 to November 2010. They have an order and no dates: 46 rows make a day here."""
    with real_data("bank_marketing_additional_full.csv").open(encoding="utf-8", newline="") as stream:
        calls = list(csv.DictReader(stream, delimiter=";"))
    start = date(2008, 5, 26)
    rows = [{ID: n, DAY: start + timedelta(days=n // 46)} | call for n, call in enumerate(calls)]
    for row in rows:
        row["previous"] += " times"  # nearly all 0 or 1 at first, which reads as yes or no
    options = AdoptOptions(
        "y", key="bank_calls", positive="yes", id=ID, time=DAY, exclude=("duration",), split="random"
    )  # fmt: skip
    yield replayed(rows, int(len(rows) * 0.6), options, tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def loans(real_data: RealData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Small-business loans approved 1988 to 2011: trained on those before February 2006, replayed through 2008."""
    known_then = [
        "Zip", "NAICS", "NoEmp", "NewExist", "CreateJob", "RetainedJob", "FranchiseCode", "UrbanRural", "RevLineCr",
        "LowDoc", "DisbursementGross", "GrAppv", "SBA_Appv", "New", "Portion", "Default",
    ]  # fmt: skip
    with real_data("sba_case.csv").open(encoding="utf-8-sig", newline="") as stream:
        loans = sorted(csv.DictReader(stream), key=lambda loan: int(loan["ApprovalDate"]))
    epoch = date(1960, 1, 1)
    rows = [
        {ID: loan["LoanNr_ChkDgt"], DAY: epoch + timedelta(days=int(loan["ApprovalDate"]))}
        | {name: loan[name] for name in known_then}
        for loan in loans
    ]
    options = AdoptOptions("Default", key="sba_loans", positive="1", id=ID, time=DAY)
    yield replayed(rows, int(len(rows) * 0.6), options, tmp_path_factory.mktemp("loans"))


@pytest.fixture(scope="module")
def shop(real_data: RealData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A shop's lines, trained on the first half by date, replayed with the second: nothing happened to it."""
    with real_data("superstore.csv").open(encoding="latin1", newline="") as stream:
        lines = list(csv.DictReader(stream))
    used = ("Ship Mode", "Segment", "Region", "Category", "Sub-Category", "Sales", "Quantity", "Discount", "Profit")
    rows = [
        {ID: line["Row ID"], DAY: datetime.strptime(line["Order Date"], "%m/%d/%Y").date()}
        | {name: line[name] for name in used}
        for line in lines
    ]
    rows.sort(key=lambda row: row[DAY])
    options = AdoptOptions("Profit", key="shop_lines", id=ID, time=DAY)
    yield replayed(rows, len(rows) // 2, options, tmp_path_factory.mktemp("shop"))


def test_the_economy_moves_under_a_bank(bank: Seen) -> None:
    economy = {"emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"}
    assert economy <= bank.moved
    assert all(bank.columns[name].level is Level.SIGNIFICANT and bank.columns[name].psi > 2 for name in economy)
    largest = sorted(bank.columns.values(), key=lambda item: -item.psi)[:5]
    assert {item.name for item in largest} == economy
    assert bank.drift.score.level is Level.SIGNIFICANT
    assert {"housing", "loan", "day_of_week"} & bank.moved == set(), "what did not move is not named"


def test_a_banks_model_ranks_no_longer(bank: Seen) -> None:
    """AUC .60 at random held-out rows of the time before, about .5 on the rows that follow."""
    state = bank.concept
    assert state.concept.state is State.BREACH and spells(state)
    assert state.drop.state is State.BREACH and (state.drop.value or 0) > 0.5
    assert state.calibration.state is State.BREACH
    realised = [item.realised.value for item in state.judged if item.realised]
    assert len(realised) >= 10 and sum(value < 0.56 for value in realised) / len(realised) > 0.7


def test_loans_of_the_crisis_default_more_than_their_scores_say(loans: Seen) -> None:
    state = loans.concept
    assert {"FranchiseCode", "RevLineCr", "Portion"} <= loans.moved
    assert state.drop.state is State.BREACH and "0.7" in state.drop.sentence
    assert state.calibration.state is State.BREACH and "intercept" in state.calibration.sentence
    assert all(item.joined and item.n_known >= 170 for item in state.judged), "months of few loans are put together"
    assert len(state.judged) >= 4


def test_a_shop_to_which_nothing_happened_is_quiet(shop: Seen) -> None:
    assert shop.moved == set() and shop.drift.score.level is Level.QUIET
    assert {item.state for item in shop.concept.judgements} == {State.OK}
    assert len(shop.concept.judged) >= 20 and spells(shop.concept) == [] and shop.concept.moves == ()
