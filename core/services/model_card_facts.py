"""The parts of a model card that are facts in words: purpose, data, split, lineage, limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.domain.usecase import Task, UseCase
from core.ml.bundle import Card

Lines = tuple[tuple[str, str], ...]


def split(card: Card) -> dict[str, Any]:
    """How the rows were split, the parts in the order rows flow through them."""
    parts = card.split.get("parts", {})
    ordered = [name for name in ("train", "calibration", "conformal", "test") if name in parts]
    return dict(card.split) | {"parts": {name: parts[name] for name in ordered}}


def purpose(use_case: UseCase) -> Lines:
    """What is asked, of what, and what the answer leads to."""
    target, policy = use_case.target, use_case.policy
    outcome = f"{target.name}" + (f": {', '.join(target.classes)}" if target.classes else "")
    decisions = "; ".join(f"{band.name}: {band.decision}" for band in policy.bands)
    said = {
        "Question": use_case.question,
        "One row": f"one {use_case.noun}",
        "Outcome": outcome + (f", in {target.unit}" if target.unit else ""),
        "Means": target.meaning,
        "Known after": f"{target.horizon_days} days",
        "Leads to": decisions,
        "Who decides": "the rules; the models are logged and never act" if policy.mode == "shadow" else "the champion",
        "Money": policy.money.note if policy.money else "",
    }
    return tuple((name, text) for name, text in said.items() if text)


def data(card: Card) -> Lines:
    """Where the rows came from and how many were used."""
    facts = card.lineage
    said = {
        "Source": facts.get("data", ""),
        "Rows read": _whole(facts.get("rows_read")),
        "Rows rejected": _whole(facts.get("rows_rejected")),
        "Rows without an outcome": _whole(facts.get("rows_without_outcome")),
        "Rows used": _whole(card.split.get("rows")),
        "Fingerprint (SHA-256)": facts.get("data_sha256", ""),
    }
    return tuple((name, str(text)) for name, text in said.items() if text != "")


def _whole(number: Any) -> str:
    return "" if number is None else f"{number:,}"


def lineage(card: Card) -> Lines:
    """Who made the version, when, from which seed and libraries."""
    facts = card.lineage
    lines = [("Made by", card.origin), ("Made at", card.created_at), ("Seed", str(facts.get("seed", "not known")))]
    if "seconds" in facts:
        lines.append(("Training took", f"{facts['seconds']:.1f} s"))
    if "code_sha256" in facts:
        lines.append(("Code (SHA-256)", facts["code_sha256"]))
    return (*lines, *((name, str(version)) for name, version in sorted(facts.get("versions", {}).items())))


def limits(use_case: UseCase, card: Card) -> Iterator[str]:
    """What the version must not be taken for, from its facts."""
    test = card.split.get("parts", {}).get("test", {})
    if "from" in test:
        known = card.split["parts"]["train"]
        ends = [str(end).replace("T", " ") for end in (known.get("from"), known.get("to"), test["from"], test["to"])]
        by = f", by {card.split['order']}" if card.split.get("order") else ""
        yield "Trained on {} to {}, judged on {} to {}{}.".format(*ends, by)
    if card.split.get("kind") == "random":
        yield "Held out at random: nothing here says how it does on rows of a later time."
    if card.lineage.get("data") == "generator":
        yield "Trained on generated rows: the figures hold for rows like those, not for anybody's real ones."
    yield f"An outcome counts once the row is older than {use_case.target.horizon_days} days."
    if use_case.sensitive:
        yield f"Groups to compare for fairness: {', '.join(use_case.sensitive)}."
    if card.task != Task.REGRESSION and not any(line.get("on_test") for line in card.calibration.values()):
        yield "Calibration could not be measured on the test rows."
