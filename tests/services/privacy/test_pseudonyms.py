from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest

from core.domain.pseudonym import MARK, is_hash, personal_texts
from core.errors import DeskError, InputError, NotPermitted
from core.services import batches, outcomes, scoring
from core.services.access import LOCAL_PEOPLE, Actor, Role
from core.services.desk import Desk, open_desk
from core.services.privacy import settings
from core.services.reasons import explanation
from tests.services.privacy.debtors import KEY, scored

ADMIN = LOCAL_PEOPLE[Role.ADMIN]


def logged(desk: Desk) -> list[str]:
    return sorted(desk.log.scan(desk.use_case(KEY), ["entity"])["entity"].to_pylist())


def test_ids_are_plain_unless_somebody_says_otherwise(desk: Desk, analyst: Actor) -> None:
    rows = scored(desk, analyst, 5)
    assert logged(desk) == sorted(row["customer_id"] for row in rows)
    assert not (desk.settings.data_dir / "ids.key").exists()


def test_hashed_in_the_log_plain_in_the_file_and_found_by_the_plain_id(desk: Desk, analyst: Actor) -> None:
    settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review")
    rows = scored(desk, analyst)
    stored = logged(desk)
    assert all(is_hash(text) for text in stored) and len(set(stored)) == len(rows)
    assert all(not row["customer_id"].startswith(MARK) for row in rows)
    key = desk.settings.data_dir / "ids.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    found = explanation.find_predictions(desk, analyst, KEY, rows[0]["customer_id"])
    assert [point.prediction_id for point in found] == [rows[0]["prediction_id"]]


def test_one_row_and_a_file_agree_on_the_hash(desk: Desk, analyst: Actor) -> None:
    settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review")
    content = batches.sample_csv(desk, KEY, 3)
    assert content is not None
    row = next(csv.DictReader(io.StringIO(content.decode())))
    alone = scoring.score_one(desk, analyst, KEY, row)
    assert scored(desk, analyst, 3)[0]["prediction_id"] == alone.prediction_id
    assert len(logged(desk)) == 3  # the row that was scored alone is known in the file


def test_stored_ids_are_hashed_too_and_outcomes_still_meet_them(desk: Desk, analyst: Actor, tmp_path: Path) -> None:
    rows = scored(desk, analyst)
    file = tmp_path / "outcomes.csv"
    file.write_text("customer_id,payment_status\n" + "".join(f"{row['customer_id']},full\n" for row in rows[:4]))
    assert outcomes.take_in(desk, analyst, KEY, file).revisions == 4
    assert settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review") == len(rows)
    assert all(is_hash(text) for text in logged(desk))
    file.write_text("customer_id,payment_status\n" + "".join(f"{row['customer_id']},full\n" for row in rows[:6]))
    taken = outcomes.take_in(desk, analyst, KEY, file)
    assert (taken.matched, taken.revisions) == (6, 2)  # the four that were known are known by their hash
    with pytest.raises(InputError, match="already"):
        settings.switch_on_hashing(desk, ADMIN, KEY, "again")


def test_nobody_is_told_the_ids_of_others(desk: Desk, analyst: Actor) -> None:
    rows = scored(desk, analyst)
    with pytest.raises(InputError) as refused:
        explanation.find_predictions(desk, analyst, KEY, rows[0]["customer_id"][:-1] + "x")
    assert not any(row["customer_id"] in str(refused.value) for row in rows)


def test_only_an_admin_switches_it_on_and_the_ledger_says_who(desk: Desk, analyst: Actor) -> None:
    with pytest.raises(NotPermitted):
        settings.switch_on_hashing(desk, analyst, KEY, "privacy review")
    with pytest.raises(InputError, match="reason"):
        settings.switch_on_hashing(desk, ADMIN, KEY, " ")
    settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review")
    event = desk.ledger.events(KEY, 1)[0]
    assert (event.actor, event.after, event.reason) == (ADMIN.name, {"hash_ids": True}, "privacy review")


def test_personal_texts_are_ids_of_rows_and_groups(desk: Desk) -> None:
    assert personal_texts(desk.use_case("bnpl_default")) == ("transaction_id", "customer_id")
    assert personal_texts(desk.use_case(KEY)) == ("customer_id",)


def test_nothing_is_hashed_with_another_key(desk: Desk, analyst: Actor) -> None:
    settings.switch_on_hashing(desk, ADMIN, KEY, "privacy review")
    scored(desk, analyst, 3)
    before = logged(desk)
    home = desk.settings
    (home.data_dir / "ids.key").unlink()
    desk.close()
    lost = open_desk(home)
    with pytest.raises(DeskError, match="not the key that the ids of this desk were hashed with"):
        scoring.score_one(lost, analyst, KEY, scoring.sample_rows(lost, KEY)[0])
    assert logged(lost) == before
    lost.close()
