from __future__ import annotations

import logging
import re

import pytest

from core.logs import discreet, discreet_trace, logger


def test_a_value_in_an_exception_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    first, second = (" ".join(parts) for parts in (("Ada", "Lovelace"), ("Grace", "Hopper")))  # not in the source line
    try:
        int(first)
    except ValueError as cause:
        try:
            raise RuntimeError(f"row '{second}' has no 'customer_age'") from cause
        except RuntimeError:
            logger("test").exception("incident %s", "ab12")
    record = caplog.records[0]
    said = logging.Formatter("%(message)s").format(record)
    assert "incident ab12" in said and "RuntimeError" in said and "ValueError" in said
    assert "customer_age" in said and "test_logs.py" in said
    assert first not in said and second not in said


def test_every_logger_of_the_desk_is_discreet() -> None:
    from pathlib import Path

    for path in Path("core").rglob("*.py"):
        if path.name != "logs.py":
            own = re.search(r"getLogger\((\"ringside|__name__)", path.read_text())
            assert own is None, f"{path} makes a logger of its own; see core/logs.py"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("no column 'debt_amount'", "no column 'debt_amount'"),
        ('"Müller, Anna" is no date', "'…' is no date"),
        ("account 4929123456781234 is closed", "account … is closed"),
        ("took 12 of 40 rows", "took 12 of 40 rows"),
    ],
)
def test_discreet(text: str, kept: str) -> None:
    assert discreet(text) == kept


def test_the_cause_that_is_left_out_on_purpose_stays_out() -> None:
    try:
        try:
            raise KeyError("Bob")
        except KeyError:
            raise ValueError("bad") from None
    except ValueError as error:
        assert discreet_trace(error).count("Traceback") == 1
