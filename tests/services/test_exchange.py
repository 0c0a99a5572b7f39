"""A version to an MLflow server and back: the same to the last bit, checked, never acting, never twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pytest

from core import cli
from core.config import Settings
from core.errors import BundleProblem, InputError, NotPermitted, NotReady, UnknownName
from core.ml.bundle import Card
from core.ml.compiled import ObjectMember
from core.services import exchange
from core.services.access import LOCAL_PEOPLE, Role
from core.services.desk import CHALLENGER, CHAMPION, Desk, open_desk
from core.services.exchange_facts import CARD_SHA256, sent
from core.services.reference import typed_columns
from core.services.verifying import verify
from core.store.bundles import CARD, LINEAR, load_bundle, sha256_of
from core.store.compiled_file import pack
from tests.services.shelves import FolderShelf, Place, database, free_port, needs, server

KEY = "lead_scoring"
RISK, ANALYST, SALES = (LOCAL_PEOPLE[role] for role in (Role.RISK, Role.ANALYST, Role.SALES))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUIET = "ignore:The ``noload`` loader strategy"  # MLflow's own code on the database, read by SQLAlchemy 2.1

pytestmark = [pytest.mark.filterwarnings(QUIET), pytest.mark.filterwarnings("ignore::ResourceWarning")]
KINDS = ["folder", *(pytest.param(name, marks=pytest.mark.mlflow) for name in ("database", "server"))]


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(request.param)
    made = {"folder": lambda it: nullcontext(Place("folder", it)), "database": database, "server": server}
    with made[request.param](folder) as found:
        yield found


@pytest.fixture
def shelf(place: Place, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The shelf, with a model of its own for this test."""
    marked = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    monkeypatch.setattr(exchange, "model_name", lambda key: f"ringside-{key}-{marked}")
    if place.uri == "folder":
        files = place.files / marked
        files.mkdir()
        only = FolderShelf(files)
        monkeypatch.setattr(exchange, "MlflowShelf", lambda uri: only)
    return place


@pytest.fixture(scope="module")
def one_case(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained home with the files of one use case."""
    home = tmp_path_factory.mktemp("one")
    shutil.copytree(trained_home / "data", home / "data", ignore=shutil.ignore_patterns("*.duckdb*", "samples"))
    shutil.copytree(trained_home / "models" / KEY, home / "models" / KEY)
    return home


@pytest.fixture
def here(one_case: Path, tmp_path: Path) -> Iterator[Desk]:
    shutil.copytree(one_case, tmp_path / "here")
    opened = open_desk(Settings(home=tmp_path / "here"))
    yield opened
    opened.close()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Desk]:
    """A desk on which nothing was ever trained."""
    opened = open_desk(Settings(home=tmp_path / "there"))
    yield opened
    opened.close()


def variant(desk: Desk, version: str, change: Callable[[Path, Card], Card]) -> str:
    """A further version of the desk, made from its first: files and card changed, checksums made to fit."""
    folder = desk.folder(KEY) / version
    shutil.copytree(desk.folder(KEY) / "v1", folder)
    card = change(folder, replace(desk.card(KEY, "v1"), version=version))
    files = {name: sha256_of(folder / name) for name in card.files}
    (folder / CARD).write_text(card.with_files(files).to_json(), encoding="utf-8")
    desk.ledger.register_version(KEY, version, NOW, sha256_of(folder / CARD), "train")
    return version


def noted(folder: Path, card: Card) -> Card:
    return replace(card, notes=("another",))


def empty(desk: Desk) -> bool:
    """Whether nothing of the use case is here: no version, no record, no folder on its way."""
    folder = desk.folder(KEY)
    return not desk.ledger.versions(KEY) and not (folder.is_dir() and list(folder.iterdir()))


def scores(desk: Desk, version: str, rows: pa.Table) -> dict[str, Any]:
    scorer = desk.scorer(KEY, version)
    return dict(scorer.score(typed_columns(scorer.use_case.schema, rows), rows.num_rows).scores)


def tamper(shelf: Place, run_id: str, name: str) -> None:
    found = [path for path in shelf.files.rglob(name) if run_id in path.parts]
    assert len(found) == 1
    found[0].write_bytes(found[0].read_bytes() + b" ")


def test_round_trip(here: Desk, there: Desk, shelf: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = exchange.push(here, ANALYST, KEY, shelf.uri)
    assert pushed["new"] and pushed["version"] == "v1" and pushed["aliases"] == {"champion": pushed["number"]}
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    pulled = exchange.pull(there, RISK, KEY, shelf.uri)
    assert pulled["new"] and pulled["version"] == "v1"
    assert there.versions(KEY) == ["v1"] and there.acting_version(KEY) is None and there.challenger_version(KEY) is None
    names = {path.name for path in (here.folder(KEY) / "v1").iterdir()}
    assert {path.name for path in (there.folder(KEY) / "v1").iterdir()} == names
    rows = here.scorer(KEY).bundle.reference
    ours, theirs = scores(here, "v1", rows), scores(there, "v1", rows)
    assert ours.keys() == theirs.keys() and len(ours) == 4
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    (event,) = there.ledger.events(f"{KEY} v1")
    assert (event.action, event.actor) == ("pull version", RISK.name)
    assert event.after is not None and event.after["uri"] and event.after["run_id"] == pulled["run_id"]
    assert here.ledger.events(f"{KEY} v1")[0].action == "push version"
    assert there.ledger.verify_chain() is None


def test_repeating_changes_nothing_and_says_so(here: Desk, there: Desk, shelf: Place) -> None:
    first = exchange.push(here, ANALYST, KEY, shelf.uri)
    exchange.pull(there, RISK, KEY, shelf.uri)
    before = here.ledger.head(), there.ledger.head()
    again, pulled = exchange.push(here, ANALYST, KEY, shelf.uri), exchange.pull(there, RISK, KEY, shelf.uri)
    assert not again["new"] and again["number"] == first["number"] and "nothing was changed" in again["answer"]
    assert not pulled["new"] and "nothing was changed" in pulled["answer"]
    assert (here.ledger.head(), there.ledger.head()) == before and there.versions(KEY) == ["v1"]
    own = exchange.pull(here, RISK, KEY, shelf.uri)  # back to where it came from
    assert not own["new"] and own["version"] == "v1"


def test_aliases_go_where_they_point_here(here: Desk, there: Desk, shelf: Place) -> None:
    variant(here, "v2", noted)
    one = exchange.push(here, ANALYST, KEY, shelf.uri)["number"]
    here.ledger.set_alias(KEY, CHALLENGER, "v2", NOW)
    two = exchange.push(here, ANALYST, KEY, shelf.uri, "v2")
    assert two["aliases"] == {"challenger": two["number"]}
    assert exchange.pull(there, RISK, KEY, shelf.uri, "challenger")["version"] == "v2"
    here.ledger.set_alias(KEY, CHAMPION, "v2", NOW, model="logistic")
    moved = exchange.push(here, ANALYST, KEY, shelf.uri, "v2")
    expected = {"champion": two["number"], "champion acts with": "logistic", "challenger": "taken away"}
    assert not moved["new"] and moved["aliases"] == expected and "only aliases" in moved["answer"]
    with pytest.raises(UnknownName):
        exchange.pull(there, RISK, KEY, shelf.uri, "challenger")
    by_number = exchange.pull(there, RISK, KEY, shelf.uri, one)
    assert by_number["version"] == "v1" and exchange.pull(there, RISK, KEY, shelf.uri, "v1")["number"] == one


def test_an_alias_of_another_desk_stays(here: Desk, there: Desk, shelf: Place) -> None:
    exchange.push(here, ANALYST, KEY, shelf.uri)
    exchange.pull(there, RISK, KEY, shelf.uri)
    assert exchange.push(there, ANALYST, KEY, shelf.uri, "v1")["aliases"] == {}
    assert exchange.pull(here, RISK, KEY, shelf.uri, "champion")["version"] == "v1"


@pytest.mark.parametrize("name", ["lightgbm.txt", "ensemble.joblib", CARD])
def test_a_file_that_differs_is_refused(here: Desk, there: Desk, shelf: Place, name: str) -> None:
    tamper(shelf, exchange.push(here, ANALYST, KEY, shelf.uri)["run_id"], name)
    with pytest.raises(BundleProblem, match=f"{name} of ringside-.* differs from") as refused:
        exchange.pull(there, RISK, KEY, shelf.uri)
    assert refused.value.data["file"] == name
    assert empty(there)


def test_names_that_do_not_exist(here: Desk, there: Desk, shelf: Place) -> None:
    with pytest.raises(UnknownName, match=r"no model at .* named 'ringside-lead_scoring"):
        exchange.pull(there, RISK, KEY, shelf.uri)
    exchange.push(here, ANALYST, KEY, shelf.uri)
    with pytest.raises(UnknownName, match=r"no version of ringside-.* named 'v7'") as unknown:
        exchange.pull(there, RISK, KEY, shelf.uri, "v7")
    assert {"champion", "v1"} <= set(unknown.value.data["known"])
    assert empty(there)


def test_a_name_that_is_taken_here_becomes_the_next(here: Desk, there: Desk, shelf: Place) -> None:
    variant(here, "v2", noted)
    exchange.push(here, ANALYST, KEY, shelf.uri, "v1")
    exchange.pull(there, RISK, KEY, shelf.uri, "v1")
    with pytest.raises(UnknownName):
        exchange.push(there, ANALYST, KEY, shelf.uri, "v2")
    variant(there, "v2", lambda folder, card: replace(card, notes=("made there",)))
    exchange.push(here, ANALYST, KEY, shelf.uri, "v2")
    came = exchange.pull(there, RISK, KEY, shelf.uri, "v2")
    assert came["version"] == "v3" and "Its name there is v2." in came["answer"]
    card = there.card(KEY, "v3")
    record = here.ledger.version(KEY, "v2")
    assert record is not None and card.lineage["pulled"] == {"version": "v2", "card_sha256": record.card_sha256}
    assert not exchange.pull(there, RISK, KEY, shelf.uri, "v2")["new"]
    shutil.rmtree(there.folder(KEY) / "v3")
    assert exchange.pull(there, RISK, KEY, shelf.uri, "v2")["version"] == "v3" and there.card(KEY, "v3") == card
    exchange.push(there, ANALYST, KEY, shelf.uri, "v2")
    with pytest.raises(InputError, match="several desks pushed one of that name"):
        exchange.pull(there, RISK, KEY, shelf.uri, "v2")


def test_lost_files_come_back(here: Desk, shelf: Place) -> None:
    exchange.push(here, ANALYST, KEY, shelf.uri)
    before = here.ledger.version(KEY, "v1")
    (here.folder(KEY) / "v1" / LINEAR).write_bytes(b"")
    here._scorers.clear()
    with pytest.raises(BundleProblem, match=r"linear\.npz .* differs") as broken:
        exchange.pull(here, RISK, KEY, shelf.uri)
    assert "pull again" in broken.value.hint
    shutil.rmtree(here.folder(KEY) / "v1")
    assert exchange.pull(here, RISK, KEY, shelf.uri)["new"]
    assert here.ledger.version(KEY, "v1") == before and here.acting_version(KEY) == "v1"
    assert load_bundle(here.folder(KEY) / "v1", before and before.card_sha256).card.version == "v1"


def test_a_model_that_would_be_unpickled_is_refused(here: Desk, there: Desk, shelf: Place) -> None:
    def opened(folder: Path, card: Card) -> Card:
        compiled = load_bundle(folder).compiled
        members = [ObjectMember("elastic", len) if it.name == "elastic" else it for it in compiled.members]
        (folder / LINEAR).write_bytes(pack(replace(compiled, members=tuple(members))))
        return card

    variant(here, "v2", opened)
    exchange.push(here, ANALYST, KEY, shelf.uri, "v2")
    with pytest.raises(BundleProblem, match=r"elastic of ringside-.* runs only by opening a joblib file"):
        exchange.pull(there, RISK, KEY, shelf.uri, "v2")
    assert empty(there)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"feature_names": ("age", "visits")}, "other features: with age, visits and without"),
        ({"use_case": "bnpl_default"}, "the use case bnpl_default, not lead_scoring"),
        ({"files": {"../../loose.txt": ""}}, "names a file '../../loose.txt'"),
    ],
)
def test_a_version_that_does_not_fit_is_refused(
    here: Desk, there: Desk, change: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    shelf = FolderShelf(tmp_path / "files")
    monkeypatch.setattr(exchange, "MlflowShelf", lambda uri: shelf)
    folder = here.folder(KEY) / "v1"
    card = here.card(KEY, "v1")
    path = tmp_path / CARD
    path.write_text(replace(card, **change).to_json(), encoding="utf-8")
    files = (path, *(item for item in folder.iterdir() if item.name != CARD))
    shelf.put(exchange.model_name(KEY), replace(sent(folder, card, sha256_of(path)), files=files))
    with pytest.raises(BundleProblem, match=told):
        exchange.pull(there, RISK, KEY, "folder", "v1")
    assert empty(there)


def test_verify_opens_nothing_that_was_pulled(
    here: Desk, there: Desk, shelf: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.push(here, ANALYST, KEY, shelf.uri)
    exchange.pull(there, RISK, KEY, shelf.uri)
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    (check,) = verify(there, KEY)["versions"]
    assert check["difference"] is None and "never opened" in check["note"] and not check["problem"]


def test_a_damaged_version_is_not_pushed(here: Desk, shelf: Place) -> None:
    (here.folder(KEY) / "v1" / "elastic.joblib").write_bytes(b"")
    with pytest.raises(BundleProblem, match=r"elastic\.joblib"):
        exchange.push(here, ANALYST, KEY, shelf.uri)


def test_who_may(here: Desk) -> None:
    with pytest.raises(NotPermitted):
        exchange.push(here, SALES, KEY, "folder")
    with pytest.raises(NotPermitted):
        exchange.pull(here, ANALYST, KEY, "folder")


def test_no_server_no_version_no_library(here: Desk, there: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match="No MLflow server was named"):
        exchange.push(here, ANALYST, KEY, None)
    with pytest.raises(NotReady, match="no acting version"):
        exchange.push(there, ANALYST, KEY, "http://127.0.0.1:9")
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    with pytest.raises(NotReady, match="mlflow is not installed here") as missing:
        exchange.pull(there, RISK, KEY, "http://127.0.0.1:9")
    assert "requirements-mlflow.txt" in missing.value.hint


def test_what_is_sent(here: Desk) -> None:
    card = here.card(KEY, "v1")
    main = card.metrics["sets"]["held_out"]
    main["models"]["elastic"]["auc"] |= {"enough": False}
    told = sent(here.folder(KEY) / "v1", card, "abc")
    auc = main["models"]["lightgbm"]["auc"]
    name = "held_out/lightgbm/auc"
    assert [told.metrics[f"{name}{end}"] for end in ("", "/low", "/high")] == [auc["value"], auc["low"], auc["high"]]
    assert told.params["n/held_out"] == str(main["n"]) and f"n/{name}" not in told.params
    share = main["models"]["lightgbm"]["precision"]
    assert told.params["n/held_out/lightgbm/precision"] == str(share["n"]) != str(main["n"])
    assert "held_out/elastic/auc" not in told.metrics and told.tags["ringside.too_few_rows"] == "held_out/elastic/auc"
    assert told.params["lightgbm/num_leaves"] == "31" and told.tags[CARD_SHA256] == "abc"
    assert {path.name for path in told.files} == {CARD, *card.files}


@pytest.mark.mlflow
@pytest.mark.parametrize("place", ["database", "server"], indirect=True)
def test_figures_are_at_the_server(here: Desk, shelf: Place) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=shelf.uri, registry_uri=shelf.uri)
    pushed = exchange.push(here, ANALYST, KEY, shelf.uri)
    run = client.get_run(pushed["run_id"])
    folder = here.folder(KEY) / "v1"
    told = sent(folder, here.card(KEY, "v1"), sha256_of(folder / CARD))
    assert run.data.metrics == pytest.approx(dict(told.metrics), rel=1e-12)
    assert run.data.params == dict(told.params) and run.info.status == "FINISHED"
    kept = client.get_model_version(pushed["model"], pushed["number"])
    assert kept.run_id == pushed["run_id"] and kept.tags == dict(told.tags) and kept.description == told.description


@pytest.mark.mlflow
@pytest.mark.parametrize("place", ["database", "server"], indirect=True)
def test_a_push_that_breaks_off_leaves_no_version(here: Desk, shelf: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=shelf.uri, registry_uri=shelf.uri)
    before = here.ledger.head()
    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, "create_registered_model", lambda *_: (_ for _ in ()).throw(OSError("line cut")))
        with pytest.raises(InputError, match="refused: OSError: line cut"):
            exchange.push(here, ANALYST, KEY, shelf.uri)
    name = exchange.model_name(KEY)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED" and not client.search_model_versions(f"name='{name}'")
    assert here.ledger.head() == before
    assert exchange.push(here, ANALYST, KEY, shelf.uri)["new"]


class Answer(BaseHTTPRequestHandler):
    """Something on a port that is no MLflow server, or one that wants to know who asks."""

    status = 404

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.mlflow
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "is not an MLflow server"),
        (401, "wants to know who asks"),
        (403, "does not allow this"),
        (None, "does not answer"),
    ],
)
def test_servers_that_do_not_help(there: Desk, status: int | None, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    port = free_port()
    helper = HTTPServer(("127.0.0.1", port), type("Status", (Answer,), {"status": status})) if status else None
    if helper is not None:
        Thread(target=helper.serve_forever, daemon=True).start()
    try:
        with pytest.raises((InputError, NotReady), match=f"127.0.0.1:{port} {told}|at http.* {told}") as refused:
            exchange.pull(there, RISK, KEY, f"http://ada:secret@127.0.0.1:{port}")
    finally:
        if helper is not None:
            helper.shutdown()
            helper.server_close()
    assert "secret" not in str(refused.value) and empty(there)


@pytest.mark.mlflow
@pytest.mark.parametrize("uri", ["not an address", "ftp://models.example"])
def test_addresses_that_are_none(there: Desk, uri: str) -> None:
    needs("mlflow")
    with pytest.raises(InputError, match="MLflow at "):
        exchange.pull(there, RISK, KEY, uri)


def test_the_command(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert cli.main(["mlflow", "pull", KEY, "--json"]) == 2
    told = capsys.readouterr()
    assert "No MLflow server was named." in told.err and json.loads(told.out)["hint"].startswith("Name it with --uri")
