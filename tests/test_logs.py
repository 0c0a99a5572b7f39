from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import pytest

from core.logs import discreet, discreet_trace, logger, without_secrets


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


SECRETS = {
    "authorization": "sent Authorization: Bearer rs_0123456789abcdef",
    "cookie": "headers: Cookie: ringside_session=0123456789abcdef; theme=dark",
    "set-cookie": "Set-Cookie: ringside_session=0123456789abcdef; HttpOnly",
    "a mapping": "{'password': '0123456789abcdef', 'user': 'ada'}",
    "a form": "password=0123456789abcdef&user=ada",
    "an address": "cannot reach postgresql://desk:0123456789abcdef@db:5432/ringside",
    "a token alone": "no such token rs_0123456789abcdef",
    "a hash": "$argon2id$v=19$m=65536,t=3,p=4$0123456789abcdef$0123456789abcdef",
    "an identity": "bad id eyJhbGciOiJSUzI1NiJ9.0123456789abcdef.0123456789abcdef",
    "a statement": "locked\n[SQL: INSERT INTO t VALUES (?)]\n[parameters: ('0123456789abcdef', 5)]\n(Background)",
    "a client": "client_secret: 0123456789abcdef",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS.keys())
def test_no_secret_is_logged(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert "0123456789abcdef" not in without_secrets(text)
    assert "0123456789abcdef" not in discreet(text)
    logger("test").error("refused: %s", text)
    assert "0123456789abcdef" not in caplog.text and "refused" in caplog.text


@pytest.mark.parametrize("text", ["3 tokens were made", "the session has ended", "12:30: a password was set"])
def test_words_about_secrets_stay(text: str) -> None:
    assert without_secrets(text) == text


PROGRAM = """
import logging, sys, threading, warnings
from core import logs
logs.start("json")
theirs = logging.getLogger("server")      # as a web server does: a handler and a formatter of its own, set up later
theirs.propagate = False
theirs.setLevel("INFO")
handler = logging.StreamHandler()
handler.setFormatter(logging.Formatter("%(message)s"))
theirs.addHandler(handler)
theirs.info("started on port %d", 8501)
theirs.error("could not convert 'Ada Lovelace'")
logs.REQUEST.set(lambda: {"request_id": "abcdefgh", "role": "risk"})
logs.logger("test").info("read %d rows", 5, extra={"facts": {"path": "/score", "status": 200}})
try:
    float("Grace Hopper")
except ValueError:
    logs.logger("test").exception("incident %s", "ab12")
    theirs.exception("request failed")
warnings.warn("something is old")
thread = threading.Thread(target=lambda: float("Ada Byron"))
thread.start()
thread.join()
raise RuntimeError("lost 'Ada Lovelace'")
"""


def test_as_json_every_line_is_an_object_whoever_writes_it() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert all(line["time"].endswith("Z") for line in lines)
    for name in ("Lovelace", "Hopper", "Byron"):
        assert name not in ran.stderr.replace(PROGRAM, "")
    by_logger = [line["logger"] for line in lines]
    assert by_logger == ["server", "server", *["ringside.test"] * 2, "server", "py.warnings", "ringside", "ringside"]
    own = lines[2]
    assert (own["message"], own["request_id"], own["role"], own["path"]) == (
        "read 5 rows",
        "abcdefgh",
        "risk",
        "/score",
    )
    for line in (lines[3], lines[4]):
        assert line["exception"]["type"] == "ValueError" and "…" in line["exception"]["message"]
    assert "ab12" in lines[3]["message"] and lines[-1]["exception"]["type"] == "RuntimeError"


def test_as_text_nothing_changes() -> None:
    program = "import logging; from core import logs; logs.start('text'); logs.logger('x').warning('as ever')"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr == "as ever\n"
