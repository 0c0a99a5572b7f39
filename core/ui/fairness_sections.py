"""A fair-lending report as sections of text."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.fairness.gaps import LEAST_GROUP
from core.domain.fairness.judgement import standing
from core.domain.judged import RULES
from core.domain.usecase import UseCase
from core.services.comparison.fairness import ArmGroups, ColumnGroups, Fairness
from core.services.comparison.protected import protected_columns
from core.ui import fairness_words as say
from core.ui import words
from core.ui.card_sections import Section
from core.ui.fairness_weighted import hidden_words
from core.ui.period_words import day


def sections(use_case: UseCase, seen: Fairness) -> list[Section]:
    """Every section that has something to say, in the order it is read."""
    found = [
        _scope(use_case, seen),
        _findings(seen),
        Section("What could not be judged", tuple((text,) for text in unjudged(use_case, seen))),
        *(_groups(use_case, seen, column, name) for column in seen.columns for name in _shown(seen)),
        *(_arms(seen, column) for column in seen.columns if len(column.arms) > 1),
        Section("Notes and limits", tuple((text,) for text in _notes(use_case, seen))),
        Section("What the figures mean", tuple(say.DEFINITIONS.items()), ("Figure", "Meaning")),
    ]
    return [section for section in found if section.rows]


def _shown(seen: Fairness) -> tuple[str, ...]:
    """The arms whose groups are told one by one: the champion, and the rules where they decide."""
    return tuple(dict.fromkeys((seen.acting, seen.champion)))


def _scope(use_case: UseCase, seen: Fairness) -> Section:
    first, last = seen.window.since.date(), seen.window.until.date()
    rows = f"{day(seen.first)} to {day(seen.last)}" if seen.first and seen.last else "none"
    facts = {
        "Use case": f"{use_case.title}: {use_case.question}",
        "Period asked": f"{day(first)} to {day(last)}, the last day not included",
        "Rows": f"{words.count(seen.n_rows)}, {rows}; {words.count(seen.maturity.n_known)} with an outcome",
        "Outcomes as known on": day(seen.window.known_on.date()),
        "Versions": ", ".join(seen.versions),
        "Champion": seen.champion,
        "Decided by": "the rules; models are in the shadow"
        if seen.acting == RULES
        else f"the champion, {seen.champion}",
        "Decision looked at": say.selected(use_case, seen),
        "Groups by": ", ".join(column.title for column in seen.columns),
    }
    return Section("What this covers", tuple(facts.items()), ("Subject", "Here"))


def _findings(seen: Fairness) -> Section:
    rows = []
    for column in seen.columns:
        for kind in say.kinds(seen):
            found = column.arm(seen.acting).gaps[kind]
            chance = f"{say.number(found.expected)}, up to {say.number(found.noise)}" if found else ""
            ends = f"{column.groups[found.highest]} / {column.groups[found.lowest]}" if found else ""
            ratios = say.ratios(seen, column.arm(seen.acting), kind)
            n = f"{found.n:,}" if found else ""
            facts = (say.gap(found), say.LIMIT, chance, *ratios.values(), ends, n)
            rows.append((column.title, say.KINDS[kind], *facts, standing(found).value))
    named = ("Ratio",) if seen.selection.favourable else ("Ratio", "Ratio spared")
    header = ("Groups by", "Gap", "Value [95 %]", "Limit", "By chance", *named, "Highest / lowest", "n", "Finding")
    caption = f"Of {'the rules, which decide' if seen.acting == RULES else seen.acting}. {say.source(seen)}"
    return Section("Gaps against their limit", tuple(rows), header, caption)


def unjudged(use_case: UseCase, seen: Fairness) -> Iterator[str]:
    """What the figures cannot say, a sentence each."""
    if seen.selection.outcome is None:
        yield "Odds gaps: outcomes are values, so there are no true or false positives."
    if not seen.maturity.n_known:
        yield "Error rates and calibration: no outcome counts yet."
    if text := hidden_words(seen):
        yield text
    for column in seen.columns:
        yield from _unjudged_groups(seen, column)


def _unjudged_groups(seen: Fairness, column: ColumnGroups) -> Iterator[str]:
    if column.n_unknown:
        yield f"{column.title}: the group of {words.count(column.n_unknown, 'row')} is not known."
    small = [name for name, size in zip(column.groups, column.sizes, strict=True) if size < LEAST_GROUP]
    if small:
        yield f"{column.title}: fewer than {LEAST_GROUP} rows of {', '.join(small)}; shown, and in no gap."
    for kind in say.kinds(seen):
        if column.arm(seen.acting).gaps[kind] is None:
            yield f"{column.title}: fewer than two groups have {LEAST_GROUP} rows for the {say.KINDS[kind].lower()}."


def _groups(use_case: UseCase, seen: Fairness, column: ColumnGroups, name: str) -> Section:
    arm = column.arm(name)
    calibrated = any(part.n for part in arm.calibration)
    rows = []
    for place, group in enumerate(column.groups):
        figures = [say.rate(found[place]) for found in arm.rates.values()]
        off = say.calibrated(use_case, arm.calibration[place]) if calibrated else ()
        rows.append((group, f"{column.sizes[place]:,}", *figures, *off))
    header = ("Group", "Rows", *(say.RATES[kind] for kind in arm.rates))
    header += ("Mean score", "Mean outcome", "Off by") if calibrated else ()
    return Section(f"{column.title}: {say.arm(seen, name)}", tuple(rows), header)


def _arms(seen: Fairness, column: ColumnGroups) -> Section:
    header = ["Arm"]
    for kind in say.kinds(seen):
        header += [say.KINDS[kind], f"{say.KINDS[kind].removesuffix(' gap')} gap, wider by"]
    rows = tuple(_arm(seen, arm) for arm in column.arms)
    caption = "Wider by: minus the champion's gap on the same rows, drawn together."
    return Section(f"{column.title}: champion, challengers and rules", rows, tuple(header), caption)


def _arm(seen: Fairness, arm: ArmGroups) -> tuple[str, ...]:
    line = [say.arm(seen, arm.arm)]
    for kind in say.kinds(seen):
        line += [f"{say.gap(arm.gaps[kind])}: {standing(arm.gaps[kind]).value}", say.wider(arm.wider.get(kind))]
    return tuple(line)


def _notes(use_case: UseCase, seen: Fairness) -> Iterator[str]:
    yield read_by_models(use_case)
    if use_case.adverse_codes:
        yield "Adverse actions: reasons are given in fixed codes; no sensitive column has one, so none is a reason."
    yield "A gap is a difference between groups as they are. It names no cause; equal rates are no proof of fairness."
    yield from use_case.policy.notes
    yield from use_case.notes


def read_by_models(use_case: UseCase) -> str:
    """Which sensitive columns a model reads."""
    read = [name for name in protected_columns(use_case) if name in use_case.model_columns]
    if not read:
        return "No model reads a sensitive column."
    return f"Models read {', '.join(use_case.schema[name].title.lower() for name in read)}."
