"""What another registry is told of a version: figures with n, training parameters, where it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.bridges.mlflow import Sent, plain_name
from core.ml.bundle import Card
from core.store.bundles import CARD

VERSION, CARD_SHA256, ACTS_WITH = "ringside.version", "ringside.card_sha256", "ringside.acts_with"
_LONGEST_TAG = 4_000


def sent(folder: Path, card: Card, card_sha256: str) -> Sent:
    """Everything that is written of a version: its files, and its card's figures where they can be searched."""
    metrics, counts, too_few = _figures(card.metrics)
    return Sent(
        run_name=f"{card.use_case} {card.version}",
        files=(folder / CARD, *(folder / name for name in sorted(card.files))),
        metrics=metrics,
        params=counts | _params(card),
        tags=_tags(card, card_sha256, too_few),
        description=card.verdict,
    )


def _measured(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Set of rows, `arm/metric` within it, and the figure."""
    for name, figures in metrics.get("sets", {}).items():
        for arm, items in {**figures["models"], "baseline": figures["baseline"], "rules": figures["rules"]}.items():
            for metric, figure in (items or {}).items():
                yield name, f"{arm}/{metric}", figure


def _figures(metrics: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str], list[str]]:
    """Figures with both ends of their intervals; n of each set, and of a figure that has its own; those left out.

    A figure that rests on too few rows is no figure here either: it is named, not sent.
    """
    values: dict[str, float] = {}
    counts = {plain_name(f"n/{name}"): str(facts["n"]) for name, facts in metrics.get("sets", {}).items()}
    too_few = []
    for name, place, figure in _measured(metrics):
        key = plain_name(f"{name}/{place}")
        if not figure.get("enough", True) or not _is_number(figure["value"]):
            too_few.append(key)
            continue
        ends = {"": figure["value"], "/low": figure.get("low"), "/high": figure.get("high")}
        values |= {f"{key}{end}": float(value) for end, value in ends.items() if _is_number(value)}
        if figure["n"] != metrics["sets"][name]["n"]:
            counts[f"n/{key}"] = str(figure["n"])
    return values, counts, too_few


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _params(card: Card) -> dict[str, str]:
    """How each model was trained, and on how many rows."""
    facts = {
        f"{model}/{name}": str(value)
        for model, items in card.lineage.get("params", {}).items()
        for name, value in items.items()
    }
    facts |= {f"family/{model}": family for model, family in card.families.items()}
    told = ("seed", "rows_read", "rows_rejected", "rows_without_outcome", "data")
    facts |= {name: str(card.lineage[name]) for name in told if name in card.lineage}
    return {plain_name(name): value for name, value in facts.items()}


def _tags(card: Card, card_sha256: str, too_few: list[str]) -> dict[str, str]:
    sets = card.metrics.get("sets", {})
    main = str(card.metrics.get("main", ""))
    tags = {
        "ringside.use_case": card.use_case,
        VERSION: card.version,
        CARD_SHA256: card_sha256,
        "ringside.origin": card.origin,
        "ringside.made_at": card.created_at,
        "ringside.task": card.task,
        ACTS_WITH: card.champion,
        "ringside.verdict": card.verdict,
        "ringside.quote": main,
        "ringside.intervals": str(sets.get(main, {}).get("facts", {}).get("intervals", "")),
        "ringside.too_few_rows": ", ".join(too_few),
        "ringside.data_sha256": str(card.lineage.get("data_sha256", "")),
        "ringside.code_sha256": str(card.lineage.get("code_sha256", "")),
    }
    tags |= {plain_name(f"ringside.rows.{name}"): figures["label"] for name, figures in sets.items()}
    return {name: value[:_LONGEST_TAG] for name, value in tags.items() if value}
