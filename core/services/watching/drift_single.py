"""Features of rows that were scored singly, counted after the event: files and jobs count theirs as they are scored."""

from __future__ import annotations

from datetime import datetime

from core.domain.features import feature_matrix
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.services.desk import Desk
from core.services.feature_counts import feature_counts
from core.services.reasons.logged_row import logged_columns
from core.store.log_uncounted import Uncounted

AT_ONCE = 20_000


def count_single_rows(desk: Desk, key: str, now: datetime) -> int:
    """Count the features of rows that no batch counted, and append the counts once.

    Parameters
    ----------
    now : datetime
        Rows scored later are left for the next time.

    Returns
    -------
    int
        Rows counted.
    """
    use_case = desk.use_case(key)
    return sum(_count(desk, use_case, batch) for batch in desk.log.uncounted(use_case, now))


def _count(desk: Desk, use_case: UseCase, batch: Uncounted) -> int:
    try:
        scorer = desk.scorer(use_case.key, batch.version)
    except DeskError:  # its files are gone, and with them the bins of its profile
        return 0
    counted = batch.n_counted
    while counted < batch.n:
        rows = desk.log.rows_of_batch(use_case, batch.batch, counted, min(AT_ONCE, batch.n - counted))
        if not len(rows):
            break
        matrix = feature_matrix(use_case.features, logged_columns(use_case, rows), len(rows))
        counts = feature_counts(scorer.bundle.profile, matrix, rows["as_of"].to_numpy())
        if not desk.log.append_counts(use_case, batch, counted, counts):
            break  # somebody else counted them meanwhile
        counted += len(rows)
    return counted - batch.n_counted
