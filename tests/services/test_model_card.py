"""A model card says what card.json says, and adds ceiling, stability and which figure to believe."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv

from core.config import Settings
from core.errors import NotPermitted, NotReady
from core.services.access import LOCAL_PEOPLE, Role
from core.services.adoption import adopt
from core.services.adoption_report import AdoptOptions
from core.services.desk import Desk, open_desk
from core.services.measuring import ceiling_of
from core.services.model_card import ModelCard, model_card
from core.services.training import train_version
from core.ui.card_document import document
from core.ui.card_words import answers, forward
from core.usecases import builtin

ADMIN = LOCAL_PEOPLE[Role.ADMIN]
EVIL = "<script>alert('x')</script> & \"more\""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("cards")
    opened = open_desk(Settings(home=home))
    use_case = builtin()["lead_scoring"]
    assert use_case.synthesize is not None
    csv.write_csv(use_case.synthesize(3_000, 7), home / "leads.csv")
    train_version(opened, ADMIN, use_case, home / "leads.csv")
    _drifting(home / f"{EVIL.replace('/', '')}.csv")
    options = AdoptOptions("y", key="drifting", time="row-order")
    adopt(opened, ADMIN, home / f"{EVIL.replace('/', '')}.csv", options)
    yield opened
    opened.close()


def _drifting(path: Path, n_rows: int = 3_000) -> None:
    """The sign of what x says turns round half-way: random folds see both halves, forward ones only the first."""
    rng = np.random.default_rng(1)
    x, period = rng.normal(size=n_rows), np.linspace(0, 10, n_rows)
    sign = np.where(period < 6, 1, -1)
    y = (rng.random(n_rows) < 1 / (1 + np.exp(-2.5 * sign * x))).astype(int)
    lines = [f"{a:.4f},{b + rng.normal(0, 0.5):.3f},{c}" for a, b, c in zip(x, period, y, strict=True)]
    path.write_text("\n".join(["x,period,y", *lines]))


@pytest.fixture(scope="module")
def card(desk: Desk) -> ModelCard:
    return model_card(desk, ADMIN, "lead_scoring")


def test_figures_are_those_of_the_card_file(desk: Desk, card: ModelCard) -> None:
    on_disk = json.loads((desk.folder("lead_scoring") / "v1" / "card.json").read_text())
    main = on_disk["metrics"]["sets"][on_disk["metrics"]["main"]]
    assert card.main.n == main["n"]
    for model, found in main["models"].items():
        assert card.main.figure(model, "auc") == found["auc"]
    assert dict(card.files) == on_disk["files"]
    assert card.main.arms[0].name == card.champion
    assert [arm.kind for arm in card.main.arms[-2:]] == ["baseline", "rules"]


def test_every_part_of_a_card_is_there(card: ModelCard) -> None:
    assert list(card.split["parts"]) == ["train", "calibration", "test"]
    assert all({"rows", "from", "to", "classes"} <= set(part) for part in card.split["parts"].values())
    assert {"Fingerprint (SHA-256)", "Rows used", "Source"} <= dict(card.data).keys()
    assert {"numpy", "lightgbm", "scikit-learn", "python", "Code (SHA-256)"} <= dict(card.lineage).keys()
    assert card.params["lightgbm"]
    assert 0 <= card.compile_difference < 1e-6
    assert card.calibration["lightgbm"]["on_test"]["slope"] > 0
    json.dumps(card.as_json(), allow_nan=False)


def test_the_champion_stays_below_the_ceiling_and_above_the_baseline(card: ModelCard) -> None:
    mine, top = card.main.figure(card.champion, "auc"), card.ceiling["auc"]
    assert mine is not None
    assert 0.5 < mine["value"] < top["value"] + 2 * (mine["high"] - mine["value"])
    assert top["value"] == pytest.approx(0.88, abs=0.01)


@pytest.mark.parametrize("key", [key for key, case in builtin().items() if case.truth])
def test_a_ceiling_is_found_for_every_known_truth(key: str) -> None:
    use_case = builtin()[key]
    found = ceiling_of(use_case)
    assert found
    for measured in found.values():
        assert measured.low < measured.value < measured.high <= 1.001
        assert measured.high - measured.low < 0.02


def test_stability_is_a_small_share_with_its_interval(card: ModelCard) -> None:
    found = card.stability["champion"]
    assert found["n"] == card.split["parts"]["test"]["rows"]
    assert 0 <= found["low"] <= found["value"] <= found["high"] < 0.2


def test_the_forward_figure_is_called_the_honest_one(desk: Desk) -> None:
    card = model_card(desk, ADMIN, "drifting")
    assert card.forward is not None
    assert card.forward.random["value"] > card.forward.honest["value"] + 0.1
    assert forward(card).startswith("The honest figure is AUC ")
    assert "forward" in card.forward.honest_label
    assert "Random folds flatter" in card.forward.sentence
    assert [item.honest for item in card.sets].count(False) == 1
    assert "flatter" in " ".join(answers(card))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data) -> None:
        self.texts.append(data)


def test_the_document_is_whole_self_contained_and_escaped(desk: Desk, card: ModelCard) -> None:
    drifting = model_card(desk, ADMIN, "drifting")
    for each in (card, drifting):
        text = document(each)
        reader = Reader()
        reader.feed(text)
        assert not reader.links
        assert not {"script", "img", "link"} & set(reader.tags)
        assert "@media print" in text
        for name in each.files.values():
            assert name in text
    assert EVIL.replace("/", "") not in document(drifting)
    assert "&lt;script&gt;" in document(drifting)


def test_a_version_of_other_features_still_has_a_card(desk: Desk) -> None:
    path = desk.folder("drifting") / "use_case.toml"
    former = path.read_text()
    try:
        path.write_text(former.replace('name = "period"', 'name = "term"'))
        desk._scorers.clear()
        card = model_card(desk, ADMIN, "drifting", "v1")
        assert not card.stability
        assert "other features" in card.limits[0]
    finally:
        path.write_text(former)


def test_who_may_see_it_and_what_there_must_be(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        model_card(desk, LOCAL_PEOPLE[Role.SALES], "lead_scoring")
    with pytest.raises(NotReady):
        model_card(desk, ADMIN, "bnpl_default")
