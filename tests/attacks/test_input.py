"""What is sent to the desk stays data: no path, no program, no formula, no page."""

from __future__ import annotations

import io
import json
import pickle
import socket
import zipfile
from pathlib import Path

import pytest

from core.services.access import Role

from .conftest import Served, finished

FILES = "/api/v1/use-cases/lead_scoring/files"
SCORE = "/api/v1/use-cases/lead_scoring/score"
PARQUET = "application/vnd.apache.parquet"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TRAVERSALS = (
    "/report-files/lead_scoring/..%2f..%2fledger.sqlite",
    "/report-files/..%2f..%2fdata/ledger.sqlite",
    "/report-files/lead_scoring/../../data/ledger.sqlite",
    "/media/..%2f..%2fdata%2fledger.sqlite",
    "/media/../../data/ledger.sqlite",
    "/static/..%2f..%2f..%2fcore%2fconfig.py",
    "/static/../../../etc/passwd",
    "/app/static/../../data/secrets.toml",
    "/component/..%2f..%2fetc/passwd",
    "/api/v1/jobs/..%2f..%2fdata%2fledger.sqlite",
    "/api/v1/jobs/..%2f..%2fledger/result",
    "/api/v1/use-cases/..%2f..%2fdata/schema",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..;/data/ledger.sqlite",
)


@pytest.mark.parametrize("path", TRAVERSALS)
def test_path_traversal(served: Served, path: str) -> None:
    answer = served.ask("GET", path, cookies=served.session(Role.ADMIN))
    assert not any(mark in answer.body for mark in (b"SQLite format", b"root:x:", b"class Settings", b"[auth]"))
    assert answer.status in (400, 401, 403, 404, 405, 422) or answer.headers["content-type"].startswith("text/html")


class Planted:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, (f"open({str(self.path)!r}, 'w').write('ran')",))


@pytest.mark.parametrize("kind", ["text/csv", PARQUET, EXCEL, "application/octet-stream"])
@pytest.mark.parametrize("name", ["model.joblib", "..%2f..%2fmodels%2flead_scoring%2fv1%2flinear.npz", "rows.csv"])
def test_a_pickle_is_never_loaded(served: Served, tmp_path: Path, kind: str, name: str) -> None:
    planted = tmp_path / "ran"
    sent = pickle.dumps(Planted(planted))
    answer = served.ask("POST", f"{FILES}?filename={name}", sent, Content_Type=kind, **bearer(served))
    if answer.status == 202:  # taken as a table, then found to be none
        job = json.loads(answer.body)["links"]["self"]
        assert finished(served, job, bearer(served))["state"] == "failed"
    else:
        assert answer.status in (415, 422)
    assert not planted.exists()


def bearer(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.tokens['score']}"}


def test_a_zip_bomb_in_an_excel_file(served: Served) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 40_000_000)
        book.writestr("[Content_Types].xml", "<Types/>")
    answer = served.ask("POST", FILES, content.getvalue(), Content_Type=EXCEL, **bearer(served))
    if answer.status == 202:
        assert finished(served, json.loads(answer.body)["links"]["self"], bearer(served))["state"] == "failed"
    else:
        assert answer.status in (413, 422), answer.text


def test_an_oversized_body(served: Served) -> None:
    """The desk of these tests takes 1 MB."""
    big = b"x" * 2_000_000
    assert served.ask("POST", FILES, big, Content_Type="text/csv", **bearer(served)).status == 413
    assert served.ask("POST", SCORE, b" " * 9_000_000, Content_Type="application/json", **bearer(served)).status == 413
    said = {"Content_Type": "application/json", "Content_Length": str(10**12)}
    assert served.ask("POST", SCORE, b"{}", **said, **bearer(served)).status == 413


def test_an_oversized_body_that_does_not_say_so(served: Served) -> None:
    chunks = b"".join(b"10000\r\n" + b"x" * 0x10000 + b"\r\n" for _ in range(40)) + b"0\r\n\r\n"
    sent = {"Content_Type": "text/csv", "Transfer_Encoding": "chunked"}
    assert served.ask("POST", FILES, chunks, **sent, **bearer(served)).status == 413


@pytest.mark.parametrize("begun", [b"GET /sign-in?", b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_head_without_end(served: Served, begun: bytes) -> None:
    """Nobody has signed in, and the server would keep all of it before the gate is asked."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(begun)
        with pytest.raises(OSError):  # closed
            for _ in range(300):
                connection.sendall(b"a" * 100_000)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b"NaN", b'{"x": 1e999}', b"\x00", b'{"a":1,"a":2}', b""]
)
def test_json_that_is_none(served: Served, body: bytes) -> None:
    sent = {"Content_Type": "application/json"}
    answer = served.ask("POST", SCORE, body, **sent, **bearer(served))
    assert answer.status in (400, 413, 422), answer.text
    assert "Traceback" not in answer.text


def test_the_desk_still_stands(served: Served) -> None:
    assert served.ask("GET", "/api/v1/ready").status == 200
    assert "Traceback" not in served.log.read_text()
