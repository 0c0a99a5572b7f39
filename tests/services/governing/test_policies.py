"""Policies: a draft's preview, its effect at once and on new rows only, who may publish, the way back, the record."""

from __future__ import annotations

import io
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.config import Settings
from core.domain.policy import Band, Mode, Policy, Tone
from core.errors import InputError, NotPermitted, UnknownName
from core.services import batches
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import Desk, open_desk
from core.services.governing import policies, policy_preview
from core.services.governing.cutoffs import BOUNDS, cutoffs_under, reference_scores
from core.services.governing.in_force import OWN
from core.services.reasons.explainers import explainer
from core.services.reference import with_zone
from core.services.scoring import score_one
from core.store.log_schema import score_names
from core.usecases import builtin

ANALYST, RISK, ADMIN = (LOCAL_PEOPLE[role] for role in (Role.ANALYST, Role.RISK, Role.ADMIN))
N_ROWS, EVER = 600, 20_000
LEADS, PURCHASES = "lead_scoring", "bnpl_default"


@pytest.fixture(scope="module")
def scored_home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained, with a sample of leads and of purchases scored."""
    home = tmp_path_factory.mktemp("policies") / "home"
    shutil.copytree(trained_home, home)
    desk = open_desk(Settings(home=home))
    for key in (LEADS, PURCHASES, "client_profitability", "debt_repayment"):
        content = batches.sample_csv(desk, key, N_ROWS)
        assert content is not None
        path = batches.keep_upload(desk, ANALYST, "sample.csv", io.BytesIO(content))
        assert desk.jobs.wait(batches.submit(desk, ANALYST, key, path, filename="sample.csv"), 60).state == "done"
    desk.close()
    return home


@pytest.fixture
def home(scored_home: Path, tmp_path: Path) -> Path:
    shutil.copytree(scored_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def bands(policy: Policy, place: int, **changes: Any) -> Policy:
    changed = list(policy.bands)
    changed[place] = replace(changed[place], **changes)
    return replace(policy, bands=tuple(changed))


def published(desk: Desk, key: str, policy: Policy, reason: str = "agreed") -> int:
    draft = policies.save_draft(desk, ANALYST, key, policy, reason)
    over = policies.drawn(desk, RISK, key).in_force.number
    policies.publish(desk, RISK, key, draft.number, reason, over)
    return draft.number


def lower_a(desk: Desk) -> Policy:
    return bands(desk.use_case(LEADS).policy, 0, at_least=0.55)


CHANGES = [
    (LEADS, lambda p: bands(bands(p, 0, at_least=0.4), 1, at_least=0.35)),
    (LEADS, lambda p: replace(p, mode=Mode.SHADOW)),
    (PURCHASES, lambda p: replace(bands(bands(p, 0, share=0.1), 1, share=0.3), mode=Mode.LIVE)),
    (PURCHASES, lambda p: bands(p, 0, share=0.2)),
    ("client_profitability", lambda p: bands(p, 1, at_least=0.55)),
    ("debt_repayment", lambda p: bands(p, 1, decision="call them")),
]


@pytest.mark.parametrize(("key", "change"), CHANGES)
def test_the_preview_is_what_publishing_then_does(desk: Desk, key: str, change: Any) -> None:
    """Every logged row scored again, after publishing, is decided as the preview said."""
    use_case = desk.use_case(key)
    policy = change(use_case.policy)
    seen = policy_preview.preview(desk, ANALYST, key, policy, days=EVER).recent.effect
    raw = with_zone(desk.log.latest(use_case, N_ROWS * 2))
    now = Counter(raw["decision"].to_pylist())
    assert {band.decision: band.n_now for band in seen.bands if band.decision in now} == {
        name: n for name, n in now.items() if name in [band.decision for band in seen.bands]
    }
    assert seen.n_rows == raw.num_rows and sum(band.n for band in seen.bands) == raw.num_rows
    published(desk, key, policy)
    table = pa.table({name: raw[name] for name in use_case.schema.names if name in raw.column_names})
    found = Counter(desk.score(key, table)["decision"].to_pylist())
    assert {band.decision: band.n for band in seen.bands if band.n} == dict(found)


def test_shares_are_cut_on_the_reference_rows_of_every_model(desk: Desk) -> None:
    policy = bands(bands(desk.use_case(PURCHASES).policy, 0, share=0.1), 1, share=0.3)
    trained = desk.scorer(PURCHASES).card.cutoffs
    published(desk, PURCHASES, policy)
    scorer = desk.scorer(PURCHASES)
    for model, scores in reference_scores(scorer.use_case, scorer.bundle).items():
        high, medium = scorer.card.cutoffs[model]
        assert (scores >= high).mean() == pytest.approx(0.1, abs=1e-3)
        assert ((scores >= medium) & (scores < high)).mean() == pytest.approx(0.3, abs=1e-3)
    assert scorer.bundle.card.cutoffs == trained == desk.card(PURCHASES, scorer.card.version).cutoffs
    assert set(scorer.card.cutoffs) == set(trained)


def test_trained_cutoffs_come_back_when_they_are_taken_anew(desk: Desk) -> None:
    """On the same shares the reference rows give what training gave: nothing jumps when a policy is rolled back."""
    scorer = desk.scorer(PURCHASES)
    policy, own = scorer.use_case.policy, bands(scorer.use_case.policy, 0, share=0.5)
    lineage = {name: value for name, value in scorer.bundle.card.lineage.items() if name != BOUNDS}
    unknown = replace(scorer.bundle, card=replace(scorer.bundle.card, lineage=lineage))
    again = cutoffs_under(scorer.use_case, unknown, policy, own)
    assert again is not unknown.card.cutoffs
    for model, cuts in unknown.card.cutoffs.items():
        assert again[model] == pytest.approx(cuts, rel=1e-9)


def test_it_takes_effect_at_once_on_every_face_and_on_no_logged_row(desk: Desk, tmp_path: Path) -> None:
    use_case = desk.use_case(LEADS)
    raw = with_zone(desk.log.latest(use_case, N_ROWS))
    before = raw.select(["prediction_id", "band", "decision"]).to_pylist()
    place = next(i for i, score in enumerate(raw[score_names(use_case)["lightgbm"]].to_pylist()) if 0.55 < score < 0.7)
    row = {name: raw[name][place].as_py() for name in use_case.schema.names if name in raw.column_names}
    row["created_at"] = row["created_at"].isoformat()
    table = pa.table({name: [value] for name, value in row.items()})
    assert desk.score(LEADS, table)["band"].to_pylist() == ["B"]
    published(desk, LEADS, lower_a(desk))
    assert desk.score(LEADS, table)["band"].to_pylist() == ["A"]
    fresh = row | {"lead_id": "fresh-1"}
    assert score_one(desk, ANALYST, LEADS, fresh).band == "A"
    content = "\n".join([",".join(row), ",".join(str(value) for value in (row | {"lead_id": "fresh-2"}).values())])
    path = batches.keep_upload(desk, ANALYST, "one.csv", io.BytesIO(content.encode()))
    assert desk.jobs.wait(batches.submit(desk, ANALYST, LEADS, path, filename="one.csv"), 60).state == "done"
    logged = desk.log.latest(desk.use_case(LEADS), N_ROWS + 10).to_pylist()
    assert {item["lead_id"]: item["band"] for item in logged if item["lead_id"].startswith("fresh")} == {
        "fresh-1": "A",
        "fresh-2": "A",
    }
    kept = {item["prediction_id"]: item for item in logged}
    for item in before:
        assert (kept[item["prediction_id"]]["band"], kept[item["prediction_id"]]["decision"]) == (
            item["band"],
            item["decision"],
        )


def test_nothing_is_built_anew_while_nothing_changes(desk: Desk) -> None:
    use_case, scorer, explaining = desk.use_case(LEADS), desk.scorer(LEADS), explainer(desk, LEADS)
    assert use_case is builtin()[LEADS]
    policies.save_draft(desk, ANALYST, LEADS, lower_a(desk), "for later")
    assert desk.use_case(LEADS) is use_case and desk.scorer(LEADS) is scorer
    published(desk, LEADS, lower_a(desk))
    laid, again = desk.use_case(LEADS), desk.scorer(LEADS)
    assert laid is not use_case and again is not scorer and again.use_case is laid
    assert again.bundle is scorer.bundle  # no model is read again
    assert desk.use_case(LEADS) is laid and desk.scorer(LEADS) is again
    assert explainer(desk, LEADS) is not explaining and explainer(desk, LEADS) is explainer(desk, LEADS)
    assert desk.use_case(PURCHASES) is builtin()[PURCHASES]


def test_a_row_asks_the_ledger_nothing_about_policies(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.use_case(LEADS)
    time.sleep(0.15)  # the ledger's file has settled
    desk.use_case(LEADS)
    asked: list[str] = []
    monkeypatch.setattr(desk.ledger, "policies", lambda key: asked.append(key) or [])
    for _ in range(20):
        desk.use_case(LEADS)
    assert asked == []


def test_two_desks_on_one_home_see_a_publication(desk: Desk, home: Path) -> None:
    other = Desk(Settings(home=home))
    assert other.scorer(LEADS).card.cutoffs["lightgbm"][0] == 0.7
    number = published(desk, LEADS, lower_a(desk))
    assert other.use_case(LEADS).policy.bands[0].at_least == 0.55
    assert other.scorer(LEADS).card.cutoffs["lightgbm"][0] == 0.55
    policies.roll_back(other, ADMIN, LEADS, OWN, "too many calls", number)
    assert desk.use_case(LEADS).policy.bands[0].at_least == 0.7
    assert desk.scorer(LEADS).card.cutoffs["lightgbm"][0] == 0.7
    other.close()


def test_a_published_policy_outlives_the_desk(desk: Desk, home: Path) -> None:
    published(desk, LEADS, lower_a(desk))
    desk.close()
    again = Desk(Settings(home=home))
    assert again.use_case(LEADS).policy.bands[0].at_least == 0.55
    again.close()


ROLES_THAT_MAY = {
    "draft": {Role.ANALYST, Role.RISK, Role.ADMIN},
    "publish": {Role.RISK, Role.ADMIN},
    "roll back": {Role.RISK, Role.ADMIN},
    "see": {Role.ANALYST, Role.RISK, Role.AUDITOR, Role.ADMIN},
}


@pytest.mark.parametrize("role", Role)
def test_who_may_do_what(desk: Desk, role: Role) -> None:
    actor, policy = LOCAL_PEOPLE[role], lower_a(desk)
    draft = policies.save_draft(desk, ADMIN, LEADS, policy, "to be tried").number
    acts = {
        "see": lambda: policies.drawn(desk, actor, LEADS),
        "draft": lambda: policies.save_draft(desk, actor, LEADS, policy, "mine"),
        "publish": lambda: policies.publish(desk, actor, LEADS, draft, "agreed", OWN),
        "roll back": lambda: policies.roll_back(desk, actor, LEADS, OWN, "back", draft),
    }
    for name, act in acts.items():
        if role in ROLES_THAT_MAY[name]:
            act()
        else:
            with pytest.raises(NotPermitted):
                act()
    for read in (
        lambda: policies.history(desk, actor, LEADS),
        lambda: policy_preview.preview(desk, actor, LEADS, policy),
        lambda: policy_preview.problems(desk, actor, LEADS, policy),
    ):
        if role in ROLES_THAT_MAY["see"]:
            read()
        else:
            with pytest.raises(NotPermitted):
                read()


def test_what_is_refused(desk: Desk) -> None:
    now, policy = desk.use_case(LEADS).policy, lower_a(desk)
    with pytest.raises(InputError, match="bounds must fall"):
        policies.save_draft(desk, ANALYST, LEADS, bands(now, 0, at_least=0.4), "lower")
    with pytest.raises(InputError, match="says what the policy in force says"):
        policies.save_draft(desk, ANALYST, LEADS, now, "the same")
    with pytest.raises(InputError, match="reason is needed"):
        policies.save_draft(desk, ANALYST, LEADS, policy, "  ")
    with pytest.raises(UnknownName):
        policies.publish(desk, RISK, LEADS, 7, "agreed", OWN)
    draft = policies.save_draft(desk, ANALYST, LEADS, policy, "lower").number
    with pytest.raises(InputError, match="reason is needed"):
        policies.publish(desk, RISK, LEADS, draft, "", OWN)
    with pytest.raises(InputError, match="never in force"):
        policies.roll_back(desk, RISK, LEADS, draft, "back", OWN)
    second = policies.save_draft(desk, ANALYST, LEADS, bands(now, 0, at_least=0.6), "less").number
    policies.publish(desk, RISK, LEADS, draft, "agreed", OWN)
    with pytest.raises(InputError, match="Policy 1 came into force meanwhile"):
        policies.publish(desk, RISK, LEADS, second, "agreed", OWN)
    with pytest.raises(InputError, match="is published"):
        policies.publish(desk, RISK, LEADS, draft, "again", draft)
    policies.drop_draft(desk, ANALYST, LEADS, second, "not needed")
    with pytest.raises(InputError, match="is dropped"):
        policies.publish(desk, RISK, LEADS, second, "after all", draft)
    assert desk.use_case(LEADS).policy == policy
    with pytest.raises(InputError, match="scores lie between"):
        profit = desk.use_case("client_profitability").policy
        policies.save_draft(desk, ANALYST, "client_profitability", bands(profit, 0, at_least=5.0), "higher")


def test_a_draft_is_changed_in_place_and_decides_nothing(desk: Desk) -> None:
    draft = policies.save_draft(desk, ANALYST, LEADS, lower_a(desk), "lower")
    changed = bands(draft.policy, 0, at_least=0.65)
    again = policies.save_draft(desk, RISK, LEADS, changed, "a little lower", draft.number)
    found = policies.drawn(desk, ANALYST, LEADS)
    assert again.number == draft.number and [item.policy for item in found.drafts] == [changed]
    assert found.in_force.number == OWN and desk.use_case(LEADS) is builtin()[LEADS]


def test_back_and_forth_with_the_whole_record(desk: Desk) -> None:
    own = desk.use_case(LEADS).policy
    first = published(desk, LEADS, lower_a(desk), "spring")
    second = published(desk, LEADS, bands(own, 0, at_least=0.8), "summer")
    found = policies.drawn(desk, RISK, LEADS)
    assert (found.in_force.number, [item.number for item in found.former]) == (second, [first, OWN])
    policies.roll_back(desk, RISK, LEADS, first, "too few calls", second)
    assert desk.use_case(LEADS).policy.bands[0].at_least == 0.55
    policies.roll_back(desk, ADMIN, LEADS, OWN, "audit", first)
    assert desk.use_case(LEADS).policy == own
    events = policies.history(desk, RISK, LEADS)
    assert [event.action for event in events] == [
        policies.ROLL_BACK,
        policies.ROLL_BACK,
        policies.PUBLISH,
        policies.DRAFTED,
        policies.PUBLISH,
        policies.DRAFTED,
    ]
    last = events[0]
    assert (last.actor, last.reason, last.before["number"], last.after["number"]) == (ADMIN.name, "audit", first, OWN)
    assert last.after["differences"] == ["A begins at 70% instead of 55%."]
    assert all(event.subject.split(" ")[0] == LEADS for event in events)
    assert {event.action for event in events if "policy" in event.action} == {policies.PUBLISH, policies.ROLL_BACK}
    assert desk.ledger.verify_chain() is None


def test_an_author_who_publishes_is_marked(desk: Desk) -> None:
    draft = policies.save_draft(desk, RISK, LEADS, lower_a(desk), "lower").number
    policies.publish(desk, RISK, LEADS, draft, "agreed", OWN)
    after = policies.history(desk, RISK, LEADS)[0].after
    assert after is not None and after["own_draft"] is True and after["drafted_by"] == RISK.name


def test_rows_logged_under_former_words_keep_their_place(desk: Desk) -> None:
    """Renaming a band or a decision takes no logged row out of any figure."""
    before = policy_preview.preview(desk, ANALYST, PURCHASES, bands(_policy(desk), 0, share=0.02), EVER)
    renamed = bands(bands(_policy(desk), 0, name="Stop"), 1, decision="approve a little")
    published(desk, PURCHASES, renamed)
    after = policy_preview.preview(desk, ANALYST, PURCHASES, bands(_policy(desk), 0, share=0.02), EVER)
    assert [band.n for band in after.recent.effect.bands] == [band.n for band in before.recent.effect.bands]
    assert sum(band.n for band in after.recent.effect.bands) == after.recent.effect.n_rows > 0
    judged = desk.log.judged(desk.use_case(PURCHASES), datetime.now(UTC))
    for name in ("band", "rules_band", "decision"):
        assert min(judged[name].to_pylist()) >= 0, name


def _policy(desk: Desk) -> Policy:
    return desk.use_case(PURCHASES).policy


def test_lines_move_to_other_units_and_stay_where_they_are(desk: Desk) -> None:
    policy = desk.use_case(LEADS).policy
    shares = policy_preview.in_other_units(desk, ANALYST, LEADS, policy)
    assert all(band.share is not None and band.at_least is None for band in shares.bands[:-1])
    back = policy_preview.in_other_units(desk, ANALYST, LEADS, shares)
    found = [band.at_least for band in back.bands[:-1]]
    assert found == pytest.approx([0.7, 0.5, 0.3], abs=0.02)
    with pytest.raises(InputError, match="classes"):
        policy_preview.in_other_units(desk, ANALYST, "debt_repayment", desk.use_case("debt_repayment").policy)


ADOPTED = """
key = "loans"
task = "binary"
[target]
name = "bad"
classes = ["no", "yes"]
[recipe]
champion = "logistic"
[[recipe.models]]
name = "logistic"
family = "logistic"
[policy]
minimum_gain = 0.01
[[policy.bands]]
name = "A"
decision = "act"
tone = "bad"
share = 0.1
[[policy.bands]]
name = "B"
decision = "leave"
tone = "good"
[[columns]]
name = "income"
kind = "number"
features = ["value"]
"""


def test_adopted_use_cases_are_governed_alike_and_an_unfit_policy_is_left_out(desk: Desk, home: Path) -> None:
    file = home / "models" / "loans" / "use_case.toml"
    file.parent.mkdir()
    file.write_text(ADOPTED)
    use_case = desk.use_case("loans")
    policy = replace(
        use_case.policy,
        bands=(Band("S", "act now", Tone.BAD, share=0.05), *use_case.policy.bands),
    )
    number = published(desk, "loans", policy)
    assert desk.use_case("loans").policy.band_names == ("S", "A", "B")
    with pytest.raises(InputError, match="no rules"):
        policies.save_draft(desk, ANALYST, "loans", replace(policy, mode=Mode.SHADOW), "rules")
    turned = ADOPTED.replace('tone = "bad"', 'tone = "x"').replace('tone = "good"', 'tone = "bad"')
    file.write_text(turned.replace('tone = "x"', 'tone = "good"'))
    found = policies.drawn(desk, RISK, "loans")
    assert found.in_force.number == OWN and f"Policy {number} was published for another definition" in found.unfit
    assert desk.use_case("loans").policy.band_names == ("A", "B")
