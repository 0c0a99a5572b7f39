"""The five factors are measured, each answers to what it measures; the gate says which check is not passed."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.domain.compare.plan import ArmName
from core.domain.compare.verdict import State
from core.domain.metrics.measured import Measured
from core.errors import BundleProblem
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison.group_gaps import Gap, group_gaps
from core.services.desk import Desk, open_desk
from core.services.governing import compliance, risk
from core.services.model_card import model_card

ANA = LOCAL_PEOPLE[Role.ANALYST]
BNPL, LEADS = "bnpl_default", "lead_scoring"
RIDGE = ArmName("v1", "ridge")


@pytest.fixture(scope="module")
def desk(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("risk") / "home"
    shutil.copytree(trained_home, home)
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def factor(desk: Desk, name: str, key: str = BNPL, arm: ArmName = RIDGE, gaps: tuple[Gap, ...] = ()) -> risk.Factor:
    found = risk.assess(desk, desk.use_case(key), arm, gaps)
    return next(item for item in found.factors if item.name == name)


def test_the_score_is_the_mean_of_the_factors_that_apply(desk):
    leads = risk.assess(desk, desk.use_case(LEADS), ArmName("v1", "lightgbm"), ())
    applying = [item.value for item in leads.factors if item.value is not None]
    assert [item.name for item in leads.factors] == ["data quality", "performance", "bias", "stability", "security"]
    assert len(applying) == 4 and leads.score == pytest.approx(np.mean(applying))
    assert all(item.sentence and (item.value is None or 0 <= item.value <= 1) for item in leads.factors)
    assert leads.as_json()["score"] == leads.score


def test_data_quality_is_the_share_rejected_or_filled_in(desk, tmp_path):
    assert factor(desk, "data quality").value == 1.0  # no row: not known
    rows = list(csv.reader(io.StringIO((batches.sample_csv(desk, BNPL, 100) or b"").decode("utf-8-sig"))))
    for row in rows[1:6]:  # 5 of 100 rows break the schema
        row[rows[0].index("amount")] = "much"
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert desk.jobs.wait(batches.submit(desk, ANA, BNPL, path)).state == "done"
    span = datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
    found = risk.assess(desk, desk.use_case(BNPL), RIDGE, (), span).factors[0]
    assert found.value == pytest.approx(0.05 / 0.20)
    assert "5 rejected and 0 with a value filled in of 100 rows" in found.sentence


def test_performance_is_what_is_missing_to_the_ceiling(desk, monkeypatch):
    auc = desk.card(BNPL, "v1").metrics["sets"]["held_out"]["models"]["ridge"]["auc"]["value"]
    top = Measured("auc", 0.9, 0.89, 0.91, 1_000, 100, "")
    monkeypatch.setattr(risk, "ceiling_of", lambda _: {"auc": top})
    assert factor(desk, "performance").value == pytest.approx(1 - (auc - 0.5) / 0.4)
    monkeypatch.setattr(risk, "ceiling_of", lambda _: {})
    best = max(
        item["auc"]["value"] for item in desk.card(BNPL, "v1").metrics["sets"]["held_out"]["models"].values()
    )  # fmt: skip
    assert factor(desk, "performance").value == pytest.approx(1 - (auc - 0.5) / (best - 0.5))


def test_bias_is_the_largest_upper_bound(desk):
    gaps = Gap("parity gap by age", 0.02, 0.0, 0.05, 500, "rows"), Gap("by income", 0.01, 0.0, 0.12, 400, "rows")
    found = factor(desk, "bias", gaps=gaps)
    assert found.value == pytest.approx(0.12 / 0.20) and "by income" in found.sentence
    assert factor(desk, "bias").value == 1.0  # groups, and none large enough
    assert factor(desk, "bias", LEADS, ArmName("v1", "lightgbm")).value is None


def test_stability_is_that_of_the_model_and_not_of_who_acts(desk, monkeypatch):
    asked = []
    flips = Measured("changed", 0.03, 0.02, 0.04, 1_000, None, "Wilson")
    monkeypatch.setattr(risk, "stability_of", lambda scorer: asked.append(scorer.card.champion) or {"champion": flips})
    assert factor(desk, "stability", arm=ArmName("v1", "elastic")).value == pytest.approx(0.3)
    assert asked == ["elastic"]


def test_security_counts_the_checks_that_fail(desk, tmp_path, monkeypatch):
    assert factor(desk, "security").value == 0.0
    card = desk.card(BNPL, "v1")
    other = replace(card, lineage={"versions": {"numpy": "1.2.3"}}, compile_difference=1e-3)
    failed = {name for name, ok, _ in risk.security_checks(desk, other) if not ok}
    assert failed == {"compiled as trained", "library versions"}
    profile = desk.folder(BNPL) / "v1" / "profile.json"
    whole = profile.read_bytes()
    profile.write_bytes(whole + b" ")
    try:
        assert {name for name, ok, _ in risk.security_checks(desk, card) if not ok} == {"checksums"}
    finally:
        profile.write_bytes(whole)
    monkeypatch.setattr(desk.ledger, "verify_chain", lambda: 3)
    found = factor(desk, "security")
    assert found.value == pytest.approx(1 / 5) and "event 3 was changed" in found.sentence
    monkeypatch.setattr(desk.ledger, "events", lambda *_: [])
    assert factor(desk, "security").value == pytest.approx(2 / 5)


def test_gaps_agree_with_rates_by_group(desk):
    """Against a plain count over the held-out rows."""
    use_case, scorer = desk.use_case(BNPL), desk.scorer(BNPL)
    found = {gap.name: gap for gap in group_gaps(desk, use_case, RIDGE)}
    assert len(found) == 6
    table = desk.score(BNPL, scorer.bundle.reference)
    flagged = np.array(table["band"].to_pylist()) == use_case.policy.band_names[0]
    groups = np.array(scorer.bundle.reference["customer_income_bracket"].to_pylist())
    rates = [flagged[groups == name].mean() for name in set(groups)]
    gap = found["parity gap by customer_income_bracket"]
    assert gap.value == pytest.approx(max(rates) - min(rates), abs=1e-12)
    assert gap.low <= gap.value <= gap.high and gap.n == len(groups)
    defaulted = np.array([str(text) for text in scorer.bundle.reference[use_case.target.name].to_pylist()]) == "1"
    sizes = {name: (defaulted & (groups == name)).sum() for name in set(groups)}
    rates = [flagged[defaulted & (groups == name)].mean() for name, n in sizes.items() if n >= 30]
    assert found["gap in true positive rates by customer_income_bracket"].value == pytest.approx(
        max(rates) - min(rates), abs=1e-12
    )
    assert group_gaps(desk, desk.use_case(LEADS), ArmName("v1", "lightgbm")) == ()
    with pytest.raises(BundleProblem):
        group_gaps(desk, use_case, ArmName("v1", "oracle"))


def test_the_gate(desk, monkeypatch):
    def states(key: str, model: str, gaps: tuple[Gap, ...] = ()) -> dict[str, State]:
        return {item.name: item.state for item in compliance.gate(desk, desk.use_case(key), ArmName("v1", model), gaps)}

    assert states(LEADS, "lightgbm") == {
        "AUC of 0.75": State.MET, "gaps between groups": State.NOT_ASKED, "documentation": State.MET,
    }  # fmt: skip
    wide, narrow = (Gap("a gap", value, 0.0, 0.3, 900, "rows") for value in (0.101, 0.1))
    assert states(BNPL, "ridge", (wide,))["a gap"] is State.BROKEN
    assert states(BNPL, "ridge", (narrow,))["a gap"] is State.MET
    assert states(BNPL, "ridge")["gaps between groups"] is State.OPEN
    area = next(iter(compliance.gate(desk, desk.use_case(BNPL), RIDGE, ())))
    assert area.state is State.NOT_ASKED and "the verdict's rule alone" in area.sentence and "0.60" in area.sentence
    monkeypatch.setattr(compliance, "ceiling_of", lambda _: {})
    assert states(BNPL, "ridge")["AUC of 0.75"] is State.BROKEN
    assert states("client_profitability", "ridge")["AUC of 0.75"] is State.NOT_ASKED
    bare = replace(desk.card(BNPL, "v1"), lineage={}, split={})
    monkeypatch.setattr(desk, "card", lambda *_: bare)
    papers = next(
        item for item in compliance.gate(desk, desk.use_case(BNPL), RIDGE, ()) if item.name == "documentation"
    )
    assert papers.state is State.BROKEN and papers.sentence == "The model card lacks data, split, lineage."


def test_the_card_of_the_acting_version_names_the_model_that_acts(desk):
    desk.ledger.set_alias("client_profitability", "champion", "v1", datetime.now(UTC), model="lightgbm")
    card = model_card(desk, ANA, "client_profitability")
    assert card.acts and card.champion == "lightgbm"
    assert [arm.name for arm in card.main.arms if arm.kind == "champion"] == ["lightgbm"]
    desk.ledger.set_alias("client_profitability", "champion", "v1", datetime.now(UTC))
    assert model_card(desk, ANA, "client_profitability").champion == "ridge"
