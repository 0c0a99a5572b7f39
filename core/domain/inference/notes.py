"""What a person should know or decide before a file is trusted: said, never silently acted upon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain.columns import Kind
from core.domain.inference.columns import Inferred, Role
from core.domain.inference.texts import Texts
from core.domain.inference.words import PLACEHOLDERS


def notes_on(columns: Mapping[str, Texts], items: Sequence[Inferred], grouped_by: str | None) -> list[str]:
    """Sentences about the columns of a file, with a way out in each."""
    notes = placeholder_notes(columns, items)
    for item in items:
        name = item.column.name
        if item.facts.get("ambiguous") and item.role is not Role.EXCLUDED:
            notes.append(f"{name}: {item.why}. If that is wrong, edit its time_format in the use case file.")
        if item.column.kind.is_numeric and {"date", "datetime"} & columns[name].words:
            notes.append(f"{name} is named like a date but holds numbers; it is read as a number.")
    return notes + _repeat_notes(items, grouped_by)


def _repeat_notes(items: Sequence[Inferred], grouped_by: str | None) -> list[str]:
    repeated = [item for item in items if item.role is Role.ID and not item.facts["unique"]]
    if not repeated or grouped_by is not None:
        return []
    names = ", ".join(f"{item.column.name} ({item.facts['distinct']:,} different)" for item in repeated)
    return [f"These ids repeat: {names}. If rows of one id belong together, name it with --group."]


def placeholder_notes(columns: Mapping[str, Texts], items: Sequence[Inferred]) -> list[str]:
    """Words like "Select" that stand in many places and may mean missing.

    Parameters
    ----------
    columns : mapping of str to Texts
    items : sequence of Inferred
    """
    where: dict[str, list[str]] = {}
    rows: dict[str, int] = {}
    for item in items:
        texts = columns[item.column.name]
        if item.role is not Role.FEATURE or item.column.kind is not Kind.CATEGORY:
            continue
        for text, count in zip(texts.values, texts.counts.tolist(), strict=True):
            if text.lower() in PLACEHOLDERS and count >= max(20, 0.002 * texts.n_rows):
                where.setdefault(text, []).append(item.column.name)
                rows[text] = rows.get(text, 0) + count
    return [
        f"'{text}' stands in {rows[text]:,} places ({', '.join(names)}) and is read as a level; "
        f'if it means missing, use --null "{text}".'
        for text, names in where.items()
    ]
