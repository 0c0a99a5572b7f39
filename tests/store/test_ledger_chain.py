"""The chain of events: filtered and paged, and every way of tampering with it found at the first link it breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnknownName
from core.store.ledger import Ledger
from core.store.ledger_chain import Criteria, Head, digest
from tests.store.ledgers import unguarded

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
N = 12
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.integers(0, 20), inner, max_size=4),
    max_leaves=6,
)
FACTS = st.none() | st.dictionaries(TEXTS | st.integers(0, 20), VALUES, max_size=4) | st.lists(VALUES, max_size=3)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    for number in range(N):
        who = {"actor": f"Person {number % 3}", "role": ("risk", "sales")[number % 2], "via": "page"}
        facts: dict[str, Any] = {}
        if number % 4 == 0:
            facts = {"before": {"cutoff": number}, "after": {"cutoff": number + 1}}
        ledger.record(
            at=START + timedelta(days=number), **who, action=("publish policy", "open record")[number % 2],
            subject=f"bnpl_default {number:04x} Müller", reason="why",
            result="refused" if number == 5 else None, **facts,
        )  # fmt: skip
    return ledger


def tamper(place: Path | str, *statements: str) -> None:
    """Change events behind the desk's back, as who owns the disk or the server's password can."""
    with unguarded(place) as run:
        for statement in statements:
            run(statement)


def test_an_intact_chain_tells_its_head(filled: Ledger) -> None:
    found = filled.check_chain()
    assert found.broken is None and found.n == N
    assert (found.head.seq, found.head.hash) == filled.head()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2020-01-01 00:00:00.000000'"),
        ("actor", "'Somebody else'"),
        ("role", "'admin'"),
        ("via", "'cli'"),
        ("action", "'nothing'"),
        ("subject", "'another'"),
        ("before", "'{\"cutoff\": 9}'"),
        ("after", "NULL"),
        ("reason", "NULL"),
        ("result", "'done'"),
        ("hash", "'" + "f" * 64 + "'"),
    ],
)
def test_a_changed_field_is_found_at_its_event(filled: Ledger, place: Path | str, column: str, value: str) -> None:
    quote = "`" if str(place).startswith("mariadb") else '"'
    tamper(place, f"UPDATE events SET {quote}{column}{quote} = {value} WHERE seq = 5")
    broken = filled.check_chain().broken
    assert broken is not None and (broken.seq, broken.kind) == (5, "content")
    assert broken.expected != broken.found and filled.verify_chain() == 5


def test_a_changed_event_with_a_new_hash_breaks_the_next_link(filled: Ledger, place: Path | str) -> None:
    event = filled.event(5)
    content = {name: value for name, value in vars(replace(event, actor="Nobody")).items() if name != "hash"}
    tamper(place, f"UPDATE events SET actor = 'Nobody', hash = '{digest(content)}' WHERE seq = 5")
    broken = filled.check_chain().broken
    assert broken is not None and (broken.seq, broken.kind) == (6, "link")
    assert (broken.expected, broken.found) == (digest(content), event.hash)


def test_a_deleted_event_is_missed(filled: Ledger, place: Path | str) -> None:
    tamper(place, "DELETE FROM events WHERE seq = 7")
    broken = filled.check_chain().broken
    assert broken is not None and broken.kind == "missing"
    assert (broken.expected, broken.found) == ("event 7", "event 8")
    tamper(place, "DELETE FROM events WHERE seq = 1")
    found = filled.check_chain()
    assert found.broken is not None and (found.broken.seq, found.n) == (1, 0)


def test_swapped_events_are_out_of_place(filled: Ledger, place: Path | str) -> None:
    tamper(place, *(f"UPDATE events SET seq = {new} WHERE seq = {old}" for old, new in ((4, 99), (5, 4), (99, 5))))
    broken = filled.check_chain().broken
    assert broken is not None and (broken.seq, broken.kind) == (4, "link")


def test_a_chain_that_was_cut_short_is_found_by_a_head_kept_elsewhere(filled: Ledger, place: Path | str) -> None:
    kept = Head(*filled.head(), where="a backup")
    tamper(place, f"DELETE FROM events WHERE seq > {N - 3}")
    assert filled.check_chain().broken is None, "by itself it looks whole"
    broken = filled.check_chain([kept]).broken
    assert broken is not None and (broken.seq, broken.kind) == (N - 2, "missing")
    assert broken.expected == f"events up to {N} (a backup)" and broken.found == f"nothing after event {N - 3}"
    tamper(place, "DELETE FROM events")
    assert filled.check_chain().broken is None and filled.check_chain([kept]).broken is not None


def test_a_chain_written_anew_is_found_by_a_head_kept_elsewhere(filled: Ledger, place: Path | str) -> None:
    kept = [Head(*filled.head(), where="a backup"), Head(4, filled.event(4).hash, "a note")]
    rows = [filled.event(seq) for seq in range(1, N + 1)]
    previous, statements = "0" * 64, []
    for event in rows:
        content = {name: value for name, value in vars(event).items() if name != "hash"}
        content |= {"prev_hash": previous} | ({"actor": "Nobody"} if event.seq == 3 else {})
        changed = (content["actor"], previous, digest(content), event.seq)
        statements.append(
            "UPDATE events SET actor = '{}', prev_hash = '{}', hash = '{}' WHERE seq = {}".format(*changed)
        )
        previous = digest(content)
    tamper(place, *statements)
    assert filled.check_chain().broken is None
    broken = filled.check_chain(kept).broken
    assert broken is not None and (broken.seq, broken.kind) == (4, "head")
    assert broken.expected == f"{rows[3].hash} (a note)" and broken.found == filled.event(4).hash


def test_a_chain_may_go_on_from_a_sealed_archive(filled: Ledger, place: Path | str) -> None:
    sealed = Head(4, filled.event(4).hash)
    assert filled.check_chain(start=sealed).broken is None, "what is sealed may still be there"
    tamper(place, "DELETE FROM events WHERE seq <= 4")
    assert filled.check_chain().broken is not None
    assert filled.check_chain(start=sealed).broken is None
    assert filled.check_chain(start=Head(4, "e" * 64)).broken is not None


@pytest.mark.parametrize(
    ("criteria", "numbers"),
    [
        (Criteria(), range(N, 0, -1)),
        (Criteria(since=START + timedelta(days=9)), (12, 11, 10)),
        (Criteria(until=START + timedelta(days=2)), (2, 1)),
        (Criteria(actor="Person 1"), (11, 8, 5, 2)),
        (Criteria(role="sales", actor="Person 1"), (8, 2)),
        (Criteria(action="publish policy", since=START + timedelta(days=9)), (11,)),
        (Criteria(actions=("publish policy", "other")), (11, 9, 7, 5, 3, 1)),
        (Criteria(words="000A mül"), (11,)),
        (Criteria(words="100%"), ()),
        (Criteria(result="refused"), (6,)),
        (Criteria(via="api"), ()),
    ],
)
def test_events_are_filtered(filled: Ledger, criteria: Criteria, numbers: Any) -> None:
    assert [event.seq for event in filled.find_events(criteria)] == list(numbers)
    assert filled.count_events(criteria) == len(list(numbers))


def test_events_come_page_by_page(filled: Ledger) -> None:
    pages = [[event.seq for event in filled.find_events(Criteria(), 5, offset)] for offset in (0, 5, 10, 15)]
    assert pages == [[12, 11, 10, 9, 8], [7, 6, 5, 4, 3], [2, 1], []]
    assert filled.event_words("actor") == ["Person 0", "Person 1", "Person 2"]
    assert filled.event_words("result") == ["refused"]
    with pytest.raises(UnknownName, match="event '99'"):
        filled.event(99)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    made = Ledger(tmp_path_factory.mktemp("chain") / "ledger.sqlite")
    yield made
    made.close()


@settings(max_examples=25)  # each is a commit
@given(TEXTS, FACTS, FACTS, st.none() | TEXTS, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_whatever_is_recorded_holds(
    shared: Ledger, text: str, before: Any, after: Any, reason: str | None, at: datetime
) -> None:
    shared.record(
        at=at.replace(tzinfo=UTC), actor=text, role="risk", via="page", action="x", subject=text, before=before,
        after=after, reason=reason,
    )  # fmt: skip
    assert shared.check_chain().broken is None
    newest = shared.find_events(Criteria(), 1)[0]
    assert newest.after == json.loads(json.dumps(after))


def test_what_says_nothing_new_is_remembered_rightly(ledger: Ledger) -> None:
    """Texts that are equal as values, yet were stored differently, have one hash: the one of the value."""
    record: Callable[[Any], object] = lambda after: ledger.record(  # noqa: E731
        at=START, actor="A", role="risk", via="page", action="x", subject="y", after=after
    )
    record({"b": 1, "a": 2})
    record({"a": 2, "b": 1})
    assert ledger.check_chain().broken is None
