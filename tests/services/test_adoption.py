"""Bring your own data, from a CSV to scored rows: what is understood, written, trained, and said."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.config import Settings
from core.errors import InputError, NotPermitted, UnknownName
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import AdoptOptions, adopt, confirm, inspect
from core.services.desk import Desk, open_desk
from core.services.scoring import score_one
from core.usecases.custom import load

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
N_ROWS = 1_200


@pytest.fixture
def empty_desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], **how: object) -> Path:
    encoding = str(how.pop("encoding", "utf-8"))
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, **how)  # type: ignore[arg-type]
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """Loans as a German office writes them: BOM, ';', decimal comma, day first, an id, a constant, a twin, a leak."""
    rng = np.random.default_rng(9)
    rows = []
    for number in range(N_ROWS):
        income = float(rng.gamma(4, 700))
        region = ("Süd", "Nord", "West")[int(rng.integers(3))]
        bad = rng.random() < 1 / (1 + np.exp((income - 2_000) / 900 + (region == "Süd")))
        day = np.datetime64("2024-03-01") + number // 4
        year, month, date = str(day).split("-")
        income_text = "?" if number % 97 == 0 else f"{income:.2f}".replace(".", ",")
        paid = "" if bad else "ja"
        rows.append(
            [
                f"K-{number:05d}",
                f"{date}.{month}.{year}",
                income_text,
                region,
                "EUR",
                region,
                paid,
                "ja" if bad else "nein",
            ]
        )
    header = ["Antrag", "Datum", "Einkommen", "Region", "Währung", "Gebiet", "paid", "Ausfall"]
    return write(tmp_path / "Kredite 2024.csv", header, rows, encoding="utf-8-sig", delimiter=";")


def test_from_a_german_csv_to_a_scored_row(empty_desk: Desk, german: Path) -> None:
    steps: list[float] = []
    report = adopt(
        empty_desk,
        ADMIN,
        german,
        AdoptOptions("Ausfall", positive="ja", after=("paid",)),
        progress=lambda message, fraction: steps.append(fraction),
    ).as_json()
    assert json.loads(json.dumps(report)) == report
    assert steps == sorted(steps) and steps[-1] <= 1.0
    assert (report["use_case"], report["version"], report["acts"]) == ("kredite_2024", "v1", True)
    assert (report["entity"], report["time"], report["split_by"]) == ("Antrag", "Datum", "time")
    said = {column["name"]: column for column in report["columns"]}
    assert said["Einkommen"]["decimal"] == ","
    assert "'?' (13 rows) read as missing" in said["Einkommen"]["why"]
    assert said["Datum"]["format"] == "%d.%m.%Y"
    left_out = {column["name"]: column["why"] for column in report["excluded"]}
    assert set(left_out) == {"Währung", "Gebiet", "paid"}
    assert "the same as Region" in left_out["Gebiet"]
    assert report["split"]["kind"] == "time"
    sets = report["metrics"]["sets"]
    assert {"held_out", "cross_validated", "random_cross_validated"} == set(sets)
    auc = sets["random_cross_validated"]["models"]["logistic"]["auc"]
    assert 0.65 < auc["low"] < auc["value"] < auc["high"] < 0.9
    assert report["verdict"]

    case = empty_desk.use_case("kredite_2024")
    assert load(Path(report["files"]["use_case"])).schema == case.schema
    scored = score_one(
        empty_desk,
        ADMIN,
        "kredite_2024",
        {"Antrag": "K-1", "Datum": "24.12.2025", "Einkommen": "850,50", "Region": "süd"},
    )
    richer = score_one(
        empty_desk,
        ADMIN,
        "kredite_2024",
        {"Antrag": "K-2", "Datum": "24.12.2025", "Einkommen": "6.850,50", "Region": "süd"},
    )
    assert scored.score > richer.score


def leads(path: Path, n_classes: int = 2, n_rows: int = 400) -> Path:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=n_rows), rng.integers(0, 4, n_rows)
    index = x + 0.5 * y + rng.normal(size=n_rows)
    target = (
        np.digitize(index, np.quantile(index, np.arange(1, n_classes) / n_classes)) if n_classes else index.round(3)
    )
    leak = (10 * target + rng.normal(0, 1, n_rows)).round(2)
    rows = zip(x.round(3), np.array(["a", "b", "c", "d"])[y], leak, target, strict=True)
    return write(path, ["x", "shop", "result note", "label"], [list(row) for row in rows])


def test_inspecting_writes_nothing_and_names_the_leak(empty_desk: Desk, tmp_path: Path) -> None:
    seen = inspect(empty_desk, ADMIN, leads(tmp_path / "f.csv"), AdoptOptions("label"))
    assert not list(empty_desk.settings.models_dir.iterdir())
    leak = seen.as_json()["leakage"]
    assert leak["flagged"] == ["result note"]
    assert leak["findings"][0]["column"] == "result note"
    assert leak["score_without_flagged"] < 0.9 < leak["score_with_all"]
    assert any("--after" in note and "result note" in note for note in seen.spec.notes)
    report = confirm(empty_desk, ADMIN, seen)
    assert "result note" in empty_desk.use_case("f").schema.names  # flagged, and kept
    card = empty_desk.scorer("f").card
    assert card.lineage["leakage"]["flagged"] == ["result note"]
    assert set(report.as_json()["notes"]) == set(card.notes)


@pytest.mark.parametrize(("n_classes", "task"), [(3, "multiclass"), (0, "regression")])
def test_classes_and_numbers(empty_desk: Desk, tmp_path: Path, n_classes: int, task: str) -> None:
    path = leads(tmp_path / "f.csv", n_classes)
    report = adopt(empty_desk, ADMIN, path, AdoptOptions("label", after=("result note",))).as_json()
    assert report["task"] == task
    metric = {"multiclass": "macro_auc", "regression": "r2"}[task]
    main = report["metrics"]["sets"][report["metrics"]["main"]]
    assert main["models"]["logistic" if n_classes else "ridge"][metric]["low"] > main["baseline"][metric]["value"]
    scored = score_one(empty_desk, ADMIN, "f", {"x": "1.5", "shop": "d"})
    assert scored.band in empty_desk.use_case("f").policy.band_names


def test_row_order_splits_by_time_without_a_time_column(empty_desk: Desk, tmp_path: Path) -> None:
    path = leads(tmp_path / "f.csv", n_rows=1_000)
    report = adopt(empty_desk, ADMIN, path, AdoptOptions("label", time="row-order", after=("result note",))).as_json()
    assert (report["time"], report["split"]["kind"]) == ("row-order", "time")
    assert "random_cross_validated" in report["metrics"]["sets"]


def test_numbers_can_order_the_rows_of_a_training(empty_desk: Desk, tmp_path: Path) -> None:
    path = leads(tmp_path / "f.csv", n_rows=1_000)
    lines = path.read_text().splitlines()
    numbered = [f"{line},{20_000 - place}" for place, line in enumerate(lines[1:])]
    path.write_text("\n".join([f"{lines[0]},day", *numbered]))
    report = adopt(empty_desk, ADMIN, path, AdoptOptions("label", time="day", after=("result note",))).as_json()
    parts = report["split"]["parts"]
    assert (report["time"], report["split"]["kind"]) == ("day", "time")
    assert "only orders the rows" in report["split"]["order"]
    assert parts["test"]["to"] == "20,000"
    ends = [(int(parts[name]["from"].replace(",", "")), int(parts[name]["to"].replace(",", ""))) for name in parts]
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert "day" not in empty_desk.use_case(report["use_case"]).model_columns


def test_adopting_again_replaces_the_use_case_and_keeps_the_former(empty_desk: Desk, tmp_path: Path) -> None:
    path = leads(tmp_path / "f.csv")
    adopt(empty_desk, ADMIN, path, AdoptOptions("label"))
    report = adopt(empty_desk, ADMIN, path, AdoptOptions("label", after=("result note",)))
    assert (report.trained["version"], report.trained["acts"]) == ("v2", True)
    assert report.kept_as is not None and "result note" in load(report.kept_as).schema.names
    assert "result note" not in empty_desk.use_case("f").schema.names
    assert score_one(empty_desk, ADMIN, "f", {"x": "1.5", "shop": "d"}).version == "v2"


def test_a_failed_training_leaves_no_trace(empty_desk: Desk, tmp_path: Path) -> None:
    path = leads(tmp_path / "f.csv", n_rows=100)  # enough to look at, too few to train on
    with pytest.raises(InputError, match="at least 200"):
        adopt(empty_desk, ADMIN, path, AdoptOptions("label"))
    assert "f" not in empty_desk.use_cases()


def test_an_edited_use_case_file_is_read_again(empty_desk: Desk, tmp_path: Path) -> None:
    report = adopt(empty_desk, ADMIN, leads(tmp_path / "f.csv"), AdoptOptions("label"))
    text = report.use_case_file.read_text()
    report.use_case_file.write_text(text.replace('decision = "act first"', 'decision = "call today"'))
    assert empty_desk.use_case("f").policy.decisions[0] == "call today"


def test_only_some_roles_may_adopt(empty_desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted):
        adopt(empty_desk, LOCAL_PEOPLE[Role.SALES], leads(tmp_path / "f.csv"), AdoptOptions("label"))


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"target": "lable"}, UnknownName, "Did you mean 'label'?"),
        ({"target": "label", "key": "lead_scoring"}, InputError, "built-in"),
        ({"target": "label", "key": "No Spaces"}, InputError, "small letters"),
        ({"target": "label", "task": "ranking"}, InputError, "binary, multiclass, regression"),
        ({"target": "label", "split": "sorted"}, InputError, "time, group, random"),
        ({"target": "label", "after": ("x", "shop", "result note")}, InputError, "No column is left"),
    ],
)
def test_what_cannot_be_meant_is_refused(empty_desk, tmp_path, options, error, said) -> None:
    with pytest.raises(error) as caught:
        inspect(empty_desk, ADMIN, leads(tmp_path / "f.csv"), AdoptOptions(**options))
    assert said in str(caught.value)


def test_a_slice_of_the_real_leads(empty_desk: Desk, real_data, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    with real_data("x_education_leads.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    write(path, lines[0], lines[1:2_001])
    after = ("Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity")
    after += tuple(name for name in lines[0] if name.startswith("Asymmetrique"))
    options = AdoptOptions("Converted", null_texts=("Select",), after=after)
    report = adopt(empty_desk, ADMIN, path, options).as_json()
    assert (report["entity"], report["rejected"]) == ("Prospect ID", 0)
    models = report["metrics"]["sets"]["cross_validated"]["models"]
    assert models["lightgbm"]["auc"]["value"] == pytest.approx(0.88, abs=0.03)
    assert models["logistic"]["auc"]["value"] == pytest.approx(0.88, abs=0.03)
    city = empty_desk.use_case("leads").schema["City"]
    assert "Select" not in city.levels and city.null_texts == ("Select",)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "models"),
    [
        (
            "x_education_leads.csv",
            AdoptOptions(
                "Converted",
                null_texts=("Select",),
                after=(
                    *("Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"),
                    *("Asymmetrique Activity Index", "Asymmetrique Profile Index"),
                    *("Asymmetrique Activity Score", "Asymmetrique Profile Score"),
                ),
            ),
            {"lightgbm": 0.872, "logistic": 0.865},
        ),
        (
            "uci_credit_card_default.csv",
            AdoptOptions("default.payment.next.month"),
            {"lightgbm": 0.780, "logistic": 0.723},
        ),
    ],
)
def test_the_figures_of_public_data_are_reached(empty_desk: Desk, real_data, name, options, models) -> None:
    report = adopt(empty_desk, ADMIN, real_data(name), options).as_json()
    found = report["metrics"]["sets"][report["metrics"]["main"]]["models"]
    for model, auc in models.items():
        assert found[model]["auc"]["value"] == pytest.approx(auc, abs=0.005)
