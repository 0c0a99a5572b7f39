"""The desk itself: settings, broken definitions, versions whose files were changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings
from core.errors import BundleProblem, InputError
from core.services.access import Actor
from core.services.desk import Desk, open_desk
from core.services.overview import overview
from core.services.verifying import verify


def test_a_setting_of_the_wrong_kind_is_named() -> None:
    with pytest.raises(InputError, match="RINGSIDE_THREADS is 'many'"):
        Settings.from_mapping({"RINGSIDE_THREADS": "many"})


def test_a_broken_definition_stops_only_its_own_use_case(desk: Desk, analyst: Actor) -> None:
    folder = desk.settings.models_dir / "mine"
    folder.mkdir()
    (folder / "use_case.toml").write_text("title = 3\n")
    assert "lead_scoring" in desk.use_cases()
    assert list(overview(desk, analyst).broken) == ["mine"]
    with pytest.raises(InputError, match=r"use_case\.toml"):
        desk.use_case("mine")


def test_a_changed_model_file_is_refused_by_name(desk_home: Path) -> None:
    path = desk_home / "models" / "bnpl_default" / "v1" / "linear.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    desk = open_desk(Settings(home=desk_home))
    with pytest.raises(BundleProblem, match=r"linear\.npz"):
        desk.scorer("bnpl_default")
    with pytest.raises(BundleProblem, match="bnpl_default v1"):
        verify(desk)
    desk.close()


def test_a_version_the_ledger_does_not_know_is_not_loaded(desk_home: Path, tmp_path: Path) -> None:
    (desk_home / "data" / "ledger.sqlite").unlink()
    desk = open_desk(Settings(home=desk_home))
    with pytest.raises(BundleProblem, match="does not know it"):
        desk.scorer("bnpl_default", "v1")
    desk.close()


def test_the_versions_verify(desk: Desk) -> None:
    checked = verify(desk)
    assert {check["use_case"] for check in checked["versions"]} >= {"lead_scoring", "bnpl_default"}
    assert all(check["difference"] <= 1e-12 for check in checked["versions"])
    assert checked["ledger_chain"] == "intact"


def test_scoring_linear_models_imports_neither_scikit_learn_nor_lightgbm(desk_home: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from core import open_desk\n"
        "desk = open_desk()\n"
        "from core.services.scoring import check_row, sample_rows\n"
        "scorer = desk.scorer('bnpl_default')\n"
        "row = check_row(scorer.use_case, sample_rows(desk, 'bnpl_default', 1)[0])\n"
        "scorer.score(row.columns, 1)\n"
        "print(sorted({'sklearn', 'lightgbm', 'joblib', 'scipy.stats'} & set(sys.modules)))\n"
    )
    env = {"RINGSIDE_HOME": str(desk_home), "PATH": "/usr/bin:/bin"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_desk_is_a_library_too(desk: Desk) -> None:
    synthesize = desk.use_case("bnpl_default").synthesize
    assert synthesize is not None
    table = synthesize(50, 3)
    scored = desk.score("bnpl_default", table)
    assert scored.num_rows == 50 and scored["why"].null_count == 50
    assert desk.log.counts(desk.use_case("bnpl_default")).total == 0
    broken = table.set_column(table.column_names.index("amount"), "amount", [["a lot"] + ["12"] * 49])
    refused = desk.score("bnpl_default", broken.to_pandas())
    assert refused["score"][0].as_py() is None and "amount is 'a lot'" in refused["why"][0].as_py()
    assert refused["score"][1].as_py() is not None


def test_a_table_without_a_required_column_is_refused_by_name(desk: Desk) -> None:
    synthesize = desk.use_case("lead_scoring").synthesize
    assert synthesize is not None
    with pytest.raises(InputError, match="industry"):
        desk.score("lead_scoring", synthesize(5, 3).drop(["industry"]))
