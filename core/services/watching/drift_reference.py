"""What a window is held against: everything that is watched of a version, in bins of its held-out reference rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.columns import Columns
from core.domain.drift.bins import Bins, Of, Rows
from core.domain.drift.entities import rows_of
from core.domain.drift.reference import reference_bins
from core.domain.features import feature_matrix
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.services.desk import Desk
from core.services.kept import kept
from core.services.reasons.explained_reference import dates_text
from core.services.reasons.explainers import reference_columns
from core.store.log_drift import DayRows


@dataclass(frozen=True, eq=False)
class DriftReference:
    """The reference of one version.

    Attributes
    ----------
    champion : str
        The model whose score acts.
    bins : tuple of Bins
        Scores first, the champion's before the others', then raw columns, then features.
    rows : Rows
        Of the reference.
    score : pair of float
        Mean and standard deviation of the champion's score.
    days : str
        The days between which its rows happened, in words; "" where nothing says.
    """

    version: str
    champion: str
    bins: tuple[Bins, ...]
    rows: Rows
    score: tuple[float, float]
    days: str

    def of(self, of: Of) -> tuple[Bins, ...]:
        """The items of one kind."""
        return tuple(item for item in self.bins if item.of is of)


def drift_reference(desk: Desk, use_case: UseCase, version: str | None = None) -> DriftReference:
    """The reference of a version, of the acting one by default; made once.

    Raises
    ------
    NotReady, BundleProblem
        As `Desk.scorer`.
    """
    scorer = desk.scorer(use_case.key, version)
    mark = ("drift reference", scorer.card.version, scorer.card.champion)
    return kept(desk, use_case, mark, lambda: _reference(desk, use_case, scorer.card.version))


def reference_rows(desk: Desk, use_case: UseCase, version: str) -> tuple[Columns, int]:
    """The held-out rows of a version as typed columns, read once, and how many there are."""
    columns, _, n = kept(
        desk, use_case, ("drift rows", version), lambda: reference_columns(desk, use_case.key, version)
    )
    return columns, n


def _reference(desk: Desk, use_case: UseCase, version: str) -> DriftReference:
    scorer = desk.scorer(use_case.key, version)
    columns, n = reference_rows(desk, use_case, version)
    rows = _rows(use_case, columns, n)
    champion, said = scorer.card.champion, scorer.score(columns, n).scores
    scores = {name: said[name] for name in sorted(said, key=lambda name: name != champion)}
    matrix = feature_matrix(use_case.features, columns, n)
    design = rows.n / rows.n_effective if rows.n else 1.0
    bins = reference_bins(use_case.schema, use_case.features, columns, matrix, scores, design)
    acted = float(said[champion].mean()), float(said[champion].std())
    return DriftReference(version, champion, bins, rows, acted, dates_text(use_case, columns))


def main_version(desk: Desk, key: str, rows: Sequence[DayRows]) -> str:
    """The version that scored most of a window's rows; the acting one where that cannot be read any more."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row.version] += row.n
    try:
        return desk.scorer(key, counted.most_common(1)[0][0] if counted else None).card.version
    except DeskError:
        return desk.scorer(key).card.version


def _rows(use_case: UseCase, columns: Columns, n: int) -> Rows:
    told = [rows_of(columns[name], n) for name in who_columns(use_case) if name in columns]
    return min(told, key=lambda rows: rows.n_effective, default=rows_of(None, n))


def who_columns(use_case: UseCase) -> Sequence[str]:
    """Columns that say whom a row is about: what is not to be split, what names a row, people."""
    named = [use_case.group, use_case.entity]
    people = [column.name for column in use_case.schema if column.kind.is_text and column.personal]
    return tuple(dict.fromkeys(name for name in (*named, *people) if name is not None))
