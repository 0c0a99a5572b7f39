"""Drift over the measured windows of a use case: what the heat map draws, and what each window was a case of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.domain.drift.bins import Of
from core.domain.drift.judgement import Level
from core.services.access import Action, Actor, require
from core.services.desk import Desk
from core.services.watching.drift_results import LIMITS, DriftState, latest, results
from core.services.watching.drift_windows import Window

MOST_WINDOWS = 26

Item = tuple[Of, str]
Kinds = Mapping[str, Sequence[Item]]  # kind of episode -> the items that show it

SCORES, BESIDE, INPUTS = "score drift", "drift of a challenger's score", "feature drift"
FEED, VERSION = "broken feed", "new version"


@dataclass(frozen=True)
class DriftHistory:
    """The latest measured windows, against the reference of the version that scored each.

    Attributes
    ----------
    items : mapping of item to mapping of a window's start to its result
        In the order of the newest window.
    kinds : tuple of mappings, one per window
        Score drift (the champion's), of challengers, feature drift, broken feed, new version; empty where it was quiet.
    switches : tuple of pairs
        Place of the first window of another version than the one before, and that version.
    latest : DriftState or None
    """

    windows: tuple[Window, ...]
    items: Mapping[Item, Mapping[datetime, Mapping[str, Any]]]
    kinds: tuple[Kinds, ...]
    switches: tuple[tuple[int, str], ...]
    latest: DriftState | None
    n: int
    measured_at: datetime | None
    persistence: tuple[int, int]


def history(desk: Desk, actor: Actor, key: str, most: int = MOST_WINDOWS) -> DriftHistory:
    """The latest windows that hold rows."""
    require(actor, Action.SEE_MODELS)
    known = desk.log.drift_windows(key)[-most:]
    windows = tuple(Window(row["window_from"], row["window_to"]) for row in known)
    found = results(desk, key, windows[0].since, windows[-1].until) if windows else []
    items: dict[Item, dict[datetime, Mapping[str, Any]]] = {}
    for row in sorted(found, key=lambda row: (-row["window_from"].timestamp(), row["place"])):
        items.setdefault((Of(row["of"]), row["name"]), {})[row["window_from"]] = row
    switches = [
        (place, row["version"])
        for place, row in enumerate(known)
        if place and row["version"] != known[place - 1]["version"]
    ]
    return DriftHistory(
        windows=windows,
        items=items,
        kinds=tuple(_kinds(row, place in dict(switches), items) for place, row in enumerate(known)),
        switches=tuple(switches),
        latest=latest(desk, key),
        n=sum(row["n"] for row in known),
        measured_at=max((row["measured_at"] for row in known), default=None),
        persistence=LIMITS.persistence,
    )


def _kinds(
    window: Mapping[str, Any], switched: bool, items: Mapping[Item, Mapping[datetime, Mapping[str, Any]]]
) -> Kinds:
    """What a window was a case of; a feed that stood still explains the drift of what is made of its column."""
    start = window["window_from"]
    raised = [item for item, rows in items.items() if start in rows and Level(rows[start]["level"]).raised]
    scores = [item for item in raised if item[0] is Of.SCORE]
    acting = [item for item in scores if items[item][start]["place"] == 0]
    inputs = [item for item in raised if item[0] is Of.RAW] or [item for item in raised if item[0] is Of.FEATURE]
    kinds: dict[str, Sequence[Item]] = {}
    if switched:
        kinds[f"{VERSION} {window['version']}"] = ()
    if acting:
        kinds[SCORES] = acting
    elif scores:
        kinds[BESIDE] = scores
    if window["stuck"]:
        kinds[FEED] = [(Of.RAW, window["stuck"])]
        inputs = [item for item in inputs if item != (Of.RAW, window["stuck"])]
    if inputs:
        kinds[INPUTS] = inputs
    return kinds
