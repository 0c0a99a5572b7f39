"""What rows were refused for, counted: by column and rule, and by the level that a closed list does not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from core.domain.schema import Checked

Refusal = tuple[str, str, str]  # column, rule, level ("" where the rule is not about a level)

REQUIRED, TYPE = "required", "type"
SHARED_BY = 5  # rows: a text that fewer share is a slip of somebody's hand, or somebody's name, and is not kept
MOST_LEVELS = 20  # kept of one column
MOST_LETTERS = 60  # of a level; longer texts are no levels


def refusals(checked: Checked) -> Counter[Refusal]:
    """Rows by what they were refused for; a row may be refused for several things."""
    found: Counter[Refusal] = Counter()
    for item in checked.violations:
        column, rule = item.column, item.rule
        if rule == TYPE and column.kind.is_coded and not column.personal:
            found.update((column.name, rule, text if len(text) <= MOST_LETTERS else "") for text in item.values)
        else:
            found[column.name, rule, ""] += len(item.rows)
    return found


def worth_keeping(found: Mapping[Refusal, int]) -> dict[Refusal, int]:
    """The same with every level that few rows share, or that is not among the commonest, counted without its name.

    >>> worth_keeping({("Source", "type", "Fair"): 40, ("Source", "type", "Jo Smith"): 1, ("Age", "range", ""): 3})
    {('Source', 'type', 'Fair'): 40, ('Age', 'range', ''): 3, ('Source', 'type', ''): 1}
    """
    kept: Counter[Refusal] = Counter()
    named: Counter[str] = Counter()
    for (column, rule, level), n in sorted(found.items(), key=lambda item: -item[1]):
        named[column] += bool(level)
        name = level if n >= SHARED_BY and named[column] <= MOST_LEVELS else ""
        kept[column, rule, name] += n
    return dict(kept)
