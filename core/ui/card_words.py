"""The sentences that stand above a model card's tables."""

from __future__ import annotations

from core.domain.metrics.catalogue import metric_of
from core.services.model_card import ModelCard
from core.ui import figures, words


def answers(card: ModelCard) -> list[str]:
    """Is it worth having, how near is it to the best possible, and which figure to believe."""
    return [text for text in (verdict(card), ceiling(card), forward(card)) if text]


def verdict(card: ModelCard) -> str:
    """The champion against the baseline on the printed rows."""
    metric, main = card.primary, card.main
    mine = main.figure(card.champion, metric)
    if mine is None:
        return ""
    word = card.verdicts.get(card.champion, "")
    plain = main.figure("baseline", metric)
    beside = f"; the baseline has {figures.number(metric, plain['value'])}" if plain else ""
    champion, label = words.capitalised(card.champion), metric_of(metric).label
    reached = f"{champion} reaches {label} {figures.measured(mine)} on {main.n:,} rows"
    return f"{reached}{beside}: {word}." if word else f"{reached}{beside}."


def ceiling(card: ModelCard) -> str:
    """What the best possible model would reach, where the truth is known."""
    if not card.ceiling:
        return ""
    metric = card.primary if card.primary in card.ceiling else next(iter(card.ceiling))
    mine, top = card.main.figure(card.champion, metric), card.ceiling[metric]
    if mine is None:
        return ""
    most, label = figures.measured(top), metric_of(metric).label
    said = f"The truth behind the generator's rows is known: no model can reach more than {label} {most}"
    if mine["value"] <= top["value"]:
        missing = figures.number(metric, top["value"] - mine["value"])
        return (
            f"{said}. {words.capitalised(card.champion)} has {figures.number(metric, mine['value'])}: {missing} less."
        )
    if mine["low"] <= top["high"]:
        return f"{said}. The figure above it is luck: its interval reaches below."
    return f"{said}. The figure lies above it, so it is a mistake, or its rows are others than the generator's."


def forward(card: ModelCard) -> str:
    """The honest figure and the one most people would quote."""
    if card.forward is None:
        if card.split.get("kind") == "random":
            return "Held out at random, for want of a time or a group: no forward figure stands beside."
        return ""
    metric, found = metric_of(card.forward.metric).label, card.forward
    honest, random = figures.measured(found.honest), figures.measured(found.random)
    return (
        f"The honest figure is {metric} {honest} ({found.honest_label}); beside it {random} ({found.random_label}). "
        f"{found.sentence}"
    )
