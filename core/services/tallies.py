"""What is counted of the desk's work since its process began, for the metrics; nothing of it is written down."""

from __future__ import annotations

import threading
from collections import Counter

TASK_RUNS = "task runs"  # by task and how they ended
FILE_ROWS = "file rows"  # by use case: accepted | rejected


class Tallies:
    """Counts by name and labels; may be shared by threads. They only grow."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: dict[str, Counter[tuple[str, ...]]] = {}

    def add(self, name: str, *labels: str, n: int = 1) -> None:
        """Count n more.

        >>> tallies = Tallies()
        >>> tallies.add(FILE_ROWS, "bnpl_default", "accepted")
        >>> tallies.add(FILE_ROWS, "bnpl_default", "accepted", n=2)
        >>> tallies.read(FILE_ROWS), tallies.read(TASK_RUNS)
        ({('bnpl_default', 'accepted'): 3}, {})
        """
        with self._guard:
            self._counts.setdefault(name, Counter())[labels] += n

    def read(self, name: str) -> dict[tuple[str, ...], int]:
        """Labels -> how many so far."""
        with self._guard:
            return dict(self._counts.get(name, {}))
