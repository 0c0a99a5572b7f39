"""Groups of people that no column names: a number cut into bands, such as age bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.columns import MISSING, Array


@dataclass(frozen=True)
class Grouping:
    """A numeric column cut into named bands, to compare groups by; never a feature.

    Attributes
    ----------
    name : str
        What `UseCase.sensitive` may name, beside columns.
    column : str
        The numeric column that is cut.
    edges : tuple of float, ascending
        A value equal to an edge belongs to the band above it.
    levels : tuple of str, length len(edges) + 1
        Names of the bands, from low to high.
    label : str
        For people.
    """

    name: str
    column: str
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    label: str = ""

    def codes(self, values: Array) -> NDArray[np.int16]:
        """Band of each value, MISSING where there is none; shape (n_rows,).

        >>> Grouping("band", "age", (30, 50), ("young", "middle", "old")).codes(np.array([29.0, 30.0, 80.0, np.nan]))
        array([ 0,  1,  2, -2], dtype=int16)
        """
        found = np.searchsorted(self.edges, values, side="right")
        return np.where(np.isnan(values), MISSING, found).astype(np.int16)
