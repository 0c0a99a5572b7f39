"""Who decides a row while an experiment runs: the same arm on every face, logged with how likely it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.experiment.spec import Kind
from core.services import results, scoring
from core.services.access import LOCAL_PEOPLE, Role
from core.services.comparison import experiments
from core.services.desk import CHALLENGER, CHAMPION, Desk
from core.services.history.versions import FORMER

from .conftest import KEY, OTHER, RISK, SAME, Begin, leads, score_file


def texts(desk: Desk, table: pa.Table, row: int) -> dict[str, str]:
    """A row as a form sends it."""
    columns = table.drop([desk.use_case(KEY).target.name])
    return {name: str(columns[name][row].as_py()) for name in columns.column_names}


def arms_of(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["lead_id"].to_pylist(), table["arm"].to_pylist(), strict=True))


def logged(desk: Desk, *names: str) -> pa.Table:
    return desk.log.scan(desk.use_case(KEY), ["entity", *names])


@pytest.mark.parametrize("challenger", [SAME, OTHER], ids=str)
def test_a_lead_meets_the_same_arm_alone_in_a_file_and_in_a_program(desk, begin: Begin, tmp_path, challenger):
    experiment = begin(challenger=challenger)
    table = leads(desk, 120, "new", seed=6)
    written = score_file(desk, table, tmp_path)
    arms = arms_of(written)
    assert set(arms.values()) == set(experiment.spec.arms)
    answer = desk.score(KEY, table.drop([desk.use_case(KEY).target.name]))
    assert answer["arm"].to_pylist() == [arms[name] for name in table["lead_id"].to_pylist()]
    assert answer["decision"].to_pylist() == written["decision"].to_pylist()
    for row in range(12):
        said = scoring.score_one(desk, RISK, KEY, texts(desk, table, row) | {"lead_id": f"new-{row}"})
        place = written["lead_id"].to_pylist().index(f"new-{row}")
        assert (said.arm, said.decided_by) == (arms[f"new-{row}"], written["decided_by"][place].as_py())
        assert (said.band, said.decision) == (written["band"][place].as_py(), written["decision"][place].as_py())
        assert said.score == said.scores[desk.scorer(KEY).card.champion]
        bands = [_bands(desk, np.array([value]), desk.scorer(KEY), name)[0] for name, value in said.scores.items()]
        assert said.agreement == np.mean([band == said.band for band in bands])


@pytest.mark.parametrize("challenger", [SAME, OTHER], ids=str)
def test_the_arm_decides_and_how_likely_that_was_is_logged(desk, begin: Begin, tmp_path, challenger):
    experiment = begin(challenger=challenger, share=0.2)
    written = score_file(desk, leads(desk, 600, "new", seed=6), tmp_path)
    theirs = desk.scorer(KEY, challenger.version)
    arm = np.array(written["arm"].to_pylist())
    second = arm == str(challenger)
    assert 0.12 < second.mean() < 0.28
    by_champion = _bands(desk, written["score"].to_numpy(), desk.scorer(KEY))
    assert (np.array(written["band"].to_pylist())[~second] == by_champion[~second]).all()
    scored = desk.log.judged_arms(desk.use_case(KEY), _now(), sorted({"v1", challenger.version}))
    mine = [text is not None and text.startswith(experiment.id) for text in scored["arm"].to_pylist()]
    scored = scored.filter(pa.array(mine))
    their_scores = scored[f"{challenger.version}:{challenger.model}"].to_numpy()
    their_bands = _bands(desk, their_scores, theirs, challenger.model)
    my_bands = _bands(desk, scored[f"v1:{desk.scorer(KEY).card.champion}"].to_numpy(), desk.scorer(KEY))
    met = np.array([text.split(":", 1)[1] == str(challenger) for text in scored["arm"].to_pylist()])
    assert (np.array(scored["band"].to_pylist()) == np.where(met, their_bands, my_bands)).all()
    assert scored["decided_by"].to_pylist() == [CHALLENGER if met_it else CHAMPION for met_it in met]
    wanted = np.where(my_bands == their_bands, 1.0, np.where(met, 0.2, 0.8))
    assert scored["propensity"].to_numpy() == pytest.approx(wanted)
    assert (wanted < 1).any()
    roles = desk.log.scored_versions(desk.use_case(KEY))
    assert roles.get(FORMER) == ({"shadow": 600} if challenger == OTHER else None)


def _bands(desk, scores, scorer, model=None):
    from core.domain.policy import band_codes

    codes = band_codes(scores, scorer.card.cutoffs[model or scorer.card.champion])
    return np.array(desk.use_case(KEY).policy.band_names)[codes]


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_a_growing_canary_moves_nobody_back(desk, begin: Begin, tmp_path):
    experiment = begin(Kind.CANARY, hours=100)
    first = arms_of(score_file(desk, leads(desk, 400, "a", seed=6), tmp_path))
    experiments.advance(desk, RISK, KEY, experiment.id)
    table = leads(desk, 400, "a", seed=6).append_column("extra", pa.array(range(400)))
    again = desk.score(KEY, table.drop([desk.use_case(KEY).target.name, "extra"]))
    second = dict(zip(table["lead_id"].to_pylist(), again["arm"].to_pylist(), strict=True))
    new = str(SAME)
    met = {name for name, arm in first.items() if arm == new}
    grown = {name for name, arm in second.items() if arm == new}
    assert 20 < len(met) < 65
    assert met < grown
    assert 160 < len(grown) < 240


def test_a_challenger_that_fails_stops_no_row(desk, begin: Begin, tmp_path, monkeypatch):
    begin(challenger=OTHER)
    monkeypatch.setattr(desk.scorer(KEY, FORMER), "score", lambda *_: 1 / 0)
    written = score_file(desk, leads(desk, 60, "new", seed=6), tmp_path)
    assert set(written["decided_by"].to_pylist()) == {CHAMPION}
    assert len(set(written["arm"].to_pylist())) == 2  # who was to decide stays known
    assert set(logged(desk, "arm", "propensity").filter(_some_arm(desk))["propensity"].to_pylist()) == {1.0}


def _some_arm(desk):
    return pa.array([arm is not None for arm in logged(desk, "arm")["arm"].to_pylist()])


def test_a_challenger_in_the_shadow_as_well_is_scored_once(desk, begin: Begin, tmp_path):
    desk.ledger.set_alias(KEY, CHALLENGER, FORMER, _now())
    begin(challenger=OTHER)
    score_file(desk, leads(desk, 60, "new", seed=6), tmp_path)
    scoring.score_one(desk, RISK, KEY, texts(desk, leads(desk, 1, "one", seed=7), 0))
    assert desk.log.scored_versions(desk.use_case(KEY))[FORMER] == {"shadow": 61}


def test_another_version_than_the_champions_is_not_touched(desk, begin: Begin):
    begin(challenger=OTHER)
    table = leads(desk, 20, "new", seed=6).drop([desk.use_case(KEY).target.name])
    assert "arm" not in desk.score(KEY, table, version=FORMER).column_names
    assert "arm" in desk.score(KEY, table).column_names


def test_once_it_has_ended_the_champion_decides_and_files_have_no_arm(desk, begin: Begin, tmp_path):
    experiment = begin(challenger=OTHER)
    experiments.roll_back(desk, RISK, KEY, experiment.id, "enough")
    written = score_file(desk, leads(desk, 60, "new", seed=6), tmp_path)
    assert "arm" not in written.column_names
    assert set(written["decided_by"].to_pylist()) == {CHAMPION}


def test_an_experiment_that_ends_while_a_file_is_scored_gives_its_rows_back(desk, begin: Begin, tmp_path, monkeypatch):
    from core.services.comparison import assigning

    experiment = begin()
    seen = []
    whole = assigning.Assigning.__call__

    def ended(self, accepted, *rest):
        if seen:
            experiments.roll_back(desk, RISK, KEY, experiment.id, "enough") if len(seen) == 1 else None
        seen.append(accepted.n_rows)
        return whole(self, accepted, *rest)

    monkeypatch.setattr(assigning.Assigning, "__call__", ended)
    written = score_file(desk, leads(desk, 1_200, "new", seed=6), tmp_path)
    assert seen == [500, 500, 200]
    arms = written["arm"].to_pylist()
    assert set(arms[:500]) == set(experiment.spec.arms)
    assert set(arms[500:]) == {""}


def test_sales_see_no_arm_in_a_file(desk, begin: Begin, tmp_path: Path):
    begin()
    score_file(desk, leads(desk, 60, "new", seed=6), tmp_path)
    (job,) = results.recent(desk, RISK, KEY, 1)
    sales = LOCAL_PEOPLE[Role.SALES]
    assert "arm" in results.page_of(desk, RISK, job, 0, 5).column_names
    assert "arm" not in results.page_of(desk, sales, job, 0, 5).column_names
    from pyarrow import parquet

    assert "arm" not in parquet.read_schema(results.file_of(desk, sales, job, "parquet")).names


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(1, 40))
def test_without_an_experiment_nothing_is_different(shared_desk, seed, n_rows):
    """Property: the answer is that of the scorer alone, column by column, and no column is new."""
    from core.services.comparison.assigning import assigning
    from core.services.table_scoring import score_table

    table = leads(shared_desk, n_rows, "any", seed).drop([shared_desk.use_case(KEY).target.name])
    scorer = shared_desk.scorer(KEY)
    assert assigning(shared_desk, scorer) is None
    assert shared_desk.score(KEY, table).equals(score_table(scorer, table, lambda accepted: accepted))
    assert "arm" not in shared_desk.score(KEY, table).column_names


@pytest.fixture(scope="module")
def shared_desk(two_versions_home, tmp_path_factory):
    import shutil

    from core.config import Settings
    from core.services.desk import open_desk

    home = tmp_path_factory.mktemp("quiet") / "home"
    shutil.copytree(two_versions_home / "data", home / "data")
    (home / "models").symlink_to(two_versions_home / "models")
    opened = open_desk(Settings(home=home))
    yield opened
    opened.close()


def test_without_an_experiment_a_row_and_a_file_are_logged_as_ever(desk, tmp_path):
    score_file(desk, leads(desk, 30, "new", seed=6), tmp_path)
    said = scoring.score_one(desk, RISK, KEY, texts(desk, leads(desk, 1, "one", seed=7), 0))
    assert (said.arm, said.decided_by) == ("", CHAMPION)
    rows = logged(desk, "arm", "propensity", "decided_by")
    assert rows["arm"].null_count == rows["propensity"].null_count == rows.num_rows
