"""Every use case keeps its contract, and the checks notice when one does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.advice import Advice, Gauge
from core.domain.columns import Column, Columns, Kind
from core.domain.features import Feature
from core.domain.policy import Mode
from core.domain.recipe import ModelSpec
from core.domain.row_rules import at_most
from core.domain.schema import Schema
from core.domain.usecase import UseCase
from core.services.contract import CHECKS, SAMPLE_ROWS, check_use_case
from core.usecases import builtin

CASES = builtin()


@pytest.mark.parametrize("key", CASES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_use_case_holds_every_check(key: str, check: object) -> None:
    results = {result.name: result for result in check_use_case(CASES[key])}
    assert results[check.__name__.replace("_", " ")].problem == ""  # type: ignore[attr-defined]


def _batch_rank(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort()


LEADS = CASES["lead_scoring"]
BROKEN: dict[str, UseCase] = {
    "names are unique": replace(LEADS, features=LEADS.features + LEADS.features[:1]),
    "columns that are named exist": replace(LEADS, sensitive=("gender",)),
    "features read only what is known": replace(LEADS, features=(Feature("x", ("converted",), np.sqrt, "leak"),)),
    "lists and sets can be written": replace(LEADS, schema=Schema((Column("x", Kind.SET, levels=("a;b",)),))),
    "features say what they are": replace(LEADS, features=(Feature("x", ("page_views",), np.sqrt, ""),)),
    "four models one champion": replace(LEADS, recipe=replace(LEADS.recipe, models=(ModelSpec("a", "ridge"),))),
    "bands cover every score": replace(LEADS, policy=replace(LEADS.policy, bands=LEADS.policy.bands[::-1])),
    "classes fit the task": replace(LEADS, target=replace(LEADS.target, classes=("0", "1", "2"))),
    "shadow mode has rules": replace(LEADS, policy=replace(LEADS.policy, mode=Mode.SHADOW), rules=None),
    "the result page reads features": replace(LEADS, gauges=(Gauge("pages", "Pages", 10, 20),)),
    "advice is about one row": replace(LEADS, advice=lambda columns, outputs: (Advice("Pages", ""),)),
    "the truth has the shape of an answer": replace(LEADS, truth=lambda columns: np.zeros((SAMPLE_ROWS, 2))),
    "a row scores the same alone": replace(
        LEADS, features=(Feature("rank", ("page_views",), _batch_rank, "rank in the file"),)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_contract_is_noticed(name: str) -> None:
    results = {result.name: result for result in check_use_case(BROKEN[name])}
    assert results[name].problem


def test_rules_outside_the_bands_are_noticed() -> None:
    def band(columns: Columns) -> np.ndarray:
        return np.full(len(columns["page_views"]), 9)

    assert LEADS.rules is not None
    broken = replace(LEADS, rules=replace(LEADS.rules, band=band))
    assert {r.name: r for r in check_use_case(broken)}["rules use the bands"].problem


def test_a_row_rule_over_a_column_that_is_not_there_is_noticed() -> None:
    schema = replace(LEADS.schema, rules=(at_most("page_views", "pages"),))
    results = {result.name: result for result in check_use_case(replace(LEADS, schema=schema))}
    assert "pages" in results["columns that are named exist"].problem


def test_gauge_zones_off_their_scale_are_noticed() -> None:
    broken = replace(LEADS, gauges=(Gauge("page_views", "Pages", 10, 200),))
    assert {r.name: r for r in check_use_case(broken)}["the result page reads features"].problem
