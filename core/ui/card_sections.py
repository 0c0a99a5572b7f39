"""A model card as sections of text: the page and the document to download draw the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.metrics.catalogue import metric_of
from core.services.model_card import FigureSet, ModelCard
from core.ui import figures, words

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A titled table of texts; without a header its rows are names with values, or single sentences."""

    title: str
    rows: Rows
    header: tuple[str, ...] = ()
    caption: str = ""
    printed: bool = False  # the figures that the desk quotes


def sections(card: ModelCard) -> list[Section]:
    """Every section that has something to say, in the order it is read."""
    return [section for section in _all(card) if section.rows]


def _all(card: ModelCard) -> Iterator[Section]:
    yield Section("Limits and notes", tuple((text,) for text in (*card.limits, *card.notes)))
    yield from (_figures(card, item) for item in card.sets)
    yield Section("Purpose", card.purpose)
    yield _split(card)
    yield Section("Data", card.data)
    yield _calibration(card)
    yield _interval(card.interval)
    yield _stability(card)
    yield Section("Rules", ((card.rules,),) if card.rules else ())
    yield _compiled(card)
    yield Section("Lineage", card.lineage)
    yield Section(
        "Hyper-parameters",
        tuple((name, card.families.get(name, ""), _pairs(params)) for name, params in card.params.items()),
        ("Model", "Family", "Parameters"),
    )
    yield Section("Files", tuple(sorted(card.files.items())), ("File", "SHA-256"))


def _pairs(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in params.items())


def _split(card: ModelCard) -> Section:
    split = card.split
    rows = tuple(
        (
            words.capitalised(name),
            f"{part['rows']:,}",
            str(part.get("from", "")).replace("T", " "),
            str(part.get("to", "")).replace("T", " "),
            _outcomes(part),
            f"{part['groups']:,}" if "groups" in part else "",
        )
        for name, part in split.get("parts", {}).items()
    )
    said = [f"Split by {split['kind']}" if split.get("kind") != "random" else "Split at random by class"]
    said += [f"ordered by {split['order']}"] if split.get("order") and split["kind"] == "time" else []
    if "groups_on_both_sides" in split:
        said.append(f"{split['groups_on_both_sides']} groups on both sides")
    header = ("Part", "Rows", "From", "To", "Outcomes", "Groups")
    kept = [place for place in range(len(header)) if any(row[place] for row in rows)]
    narrow = tuple(tuple(row[place] for place in kept) for row in rows)
    return Section("Split", narrow, tuple(header[place] for place in kept), ", ".join(said) + ".")


def _outcomes(part: Mapping[str, Any]) -> str:
    if "classes" not in part:
        return f"mean {part['mean']:,.4g}"
    shares = (f"{name}: {words.percent(n / max(part['rows'], 1))}" for name, n in part["classes"].items())
    return ", ".join(shares)


def _figures(card: ModelCard, item: FigureSet) -> Section:
    arms = [arm.name for arm in item.arms]
    header = ("Metric", *(f"{name} (champion)" if name == card.champion else name for name in arms))
    ceiling = card.ceiling
    rows = []
    for metric in figures.in_order(item.metrics, card.primary):
        cells = [figures.measured(item.figure(arm, metric)) for arm in arms]
        best = figures.number(metric, ceiling[metric]["value"]) if metric in ceiling else ""
        rows.append((metric_of(metric).label, *cells, *([best] if ceiling else [])))
    kind = "the honest figure" if item.honest else "held out at random"
    caption = f"n = {item.n:,}; {kind}; intervals {item.intervals}."
    top = ("ceiling",) if ceiling else ()
    return Section(f"Figures: {item.label}", tuple(rows), (*header, *top), caption, item.printed)


def _calibration(card: ModelCard) -> Section:
    rows = []
    for name, facts in card.calibration.items():
        line = facts.get("on_test") or {}
        rows.append((name, str(facts.get("method", "")), _map(facts), _line(line, "slope"), _line(line, "intercept")))
    measured = any(row[3] for row in rows)
    caption = "On the test rows a perfect model has slope 1 and intercept 0; one standard error behind ±."
    header = ("Model", "Map", "Map's slope and intercept", "Slope on test rows", "Intercept on test rows")
    return Section("Calibration", tuple(rows) if measured else (), header, caption)


def _map(facts: Mapping[str, Any]) -> str:
    if facts.get("slope") is None:
        return ""
    intercepts = ", ".join(f"{value:.3f}" for value in facts.get("intercept") or ())
    return f"{facts['slope']:.3f}; {intercepts}"


def _line(line: Mapping[str, float], name: str) -> str:
    return f"{line[name]:.3f} ± {line[f'{name}_se']:.3f}" if name in line else ""


def _interval(facts: Mapping[str, Any]) -> Section:
    if not facts:
        return Section("Prediction interval", ())
    rows = [(str(facts["note"]),)] if facts.get("note") else []
    if "coverage" in facts:
        covered = figures.share(facts["coverage"])
        n_rows = f"{facts['coverage']['n']:,}"
        rows.insert(0, (f"{words.capitalised(facts['method'])}: covers {covered} of {n_rows} test rows.",))
    return Section("Prediction interval", tuple(rows))


def _stability(card: ModelCard) -> Section:
    rows = tuple(
        (f"Decisions of the {who}", figures.share(found), f"{found['n']:,}") for who, found in card.stability.items()
    )
    caption = "Every number of a reference row is moved by up to 1 %, once; yes or no, levels and times stay."
    return Section("Stability", rows, ("Whose", "Share that changes", "Rows"), caption)


def _compiled(card: ModelCard) -> Section:
    gap = f"{card.compile_difference:.2g}" if card.compile_difference else "none"
    left = ", ".join(card.uncompiled) or "none"
    return Section(
        "Serving form",
        (
            ("Largest gap to scikit-learn on the reference rows", gap),
            ("Models without a compiled form", left),
        ),
    )
