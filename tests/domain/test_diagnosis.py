"""The table: the first cause with a breached check, and every check told."""

from __future__ import annotations

from itertools import product

import pytest

from core.domain.diagnosis import MEANING, Cause, Check, State, diagnose

ORDER = [Cause.MODEL, Cause.INTEGRATION, Cause.DATA, Cause.CONCEPT]


def check(cause: Cause, state: State) -> Check:
    return Check(f"{cause} check", cause, state, f"What was seen of {cause}.", 500)


@pytest.mark.parametrize("states", list(product([State.OK, State.BREACH, State.FEW], repeat=4)))
def test_first_breach_in_the_tables_order_wins(states: tuple[State, ...]) -> None:
    checks = [check(cause, state) for cause, state in zip(ORDER, states, strict=True)]
    found = diagnose(checks[::-1])  # in whatever order they were made
    breached = [cause for cause, state in zip(ORDER, states, strict=True) if state is State.BREACH]
    assert found.cause is (breached[0] if breached else Cause.EXPECTED)
    assert {item.name for item in found.checks} == {item.name for item in checks}, "also those after the first match"
    assert [item.cause for item in found.checks] == ORDER
    assert len(found.untold) == states.count(State.FEW)
    assert all(item.says in found.says for item in found.deciding)


def test_too_few_rows_are_said_and_never_a_cause() -> None:
    found = diagnose([check(cause, State.FEW) for cause in ORDER])
    assert found.cause is Cause.EXPECTED
    assert "4 of 4 checks had too few rows" in found.says


def test_every_cause_has_a_meaning_and_plain_values() -> None:
    assert set(MEANING) == set(Cause)
    undefined = Check("x", Cause.DATA, State.FEW, "Nothing.", 0, value=float("nan"))
    found = diagnose([undefined]).as_json()
    assert found["checks"][0]["value"] is None and found["checks"][0]["state"] == "not enough rows"
