"""One column of texts, seen as its distinct values: every decision is taken on those, once per column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.domain.columns import Column, Kind

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Texts:
    """A text column, trimmed, as distinct values and codes.

    Attributes
    ----------
    name : str
    values : tuple of str
        Distinct texts that mean a value, in order of first appearance.
    counts : array of int64, shape (n_distinct,)
    codes : array of int32, shape (n_rows,)
        Position in `values`, -1 where missing.
    """

    name: str
    values: tuple[str, ...]
    counts: NDArray[np.int64]
    codes: NDArray[np.int32]

    @property
    def n_rows(self) -> int:
        return len(self.codes)

    @cached_property
    def n_missing(self) -> int:
        return self.n_rows - int(self.counts.sum())

    @property
    def n_distinct(self) -> int:
        return len(self.values)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the column's name."""
        return frozenset(words_of(self.name))

    def without(self, gone: Iterable[str]) -> Texts:
        """The same column with these texts (in any case) counted as missing.

        >>> texts_of("x", pa.chunked_array([["1", "?", "2"]])).without(["?"]).values
        ('1', '2')
        """
        lower = {text.strip().lower() for text in gone}
        keep = np.array([value.lower() not in lower for value in self.values], dtype=bool)
        if keep.all():
            return self
        codes = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1).astype(np.int32)[self.codes]
        values = tuple(value for value, kept in zip(self.values, keep, strict=True) if kept)
        return Texts(self.name, values, self.counts[keep], codes)

    def spread(self, per_value: NDArray[np.generic], missing: object) -> NDArray[np.generic]:
        """One entry per row from one entry per distinct value."""
        return np.append(per_value, np.array([missing], dtype=per_value.dtype))[self.codes]


def texts_of(name: str, column: pa.ChunkedArray, null_texts: Iterable[str] = ()) -> Texts:
    """Trim, encode and count one text column.

    Parameters
    ----------
    column : ChunkedArray of string, shape (n_rows,)
    null_texts : iterable of str
        Texts that mean "no value", beside the usual ones.
    """
    column = column.cast(pa.string())
    encoded = pc.utf8_trim_whitespace(column).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # a column of no chunks stays chunked
        encoded = encoded.combine_chunks()
    codes = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int32)
    values = tuple(encoded.dictionary.to_pylist())
    counts = np.bincount(codes[codes >= 0], minlength=len(values)).astype(np.int64)
    whole = Texts(name, values, counts, codes)
    return whole.without(Column(name, Kind.TEXT, null_texts=tuple(null_texts)).nulls)


def words_of(name: str) -> list[str]:
    """The words of a column's name, lower case.

    >>> words_of("LoanNr_ChkDgt"), words_of("MIS_Status"), words_of("default.payment.next.month")
    (['loan', 'nr', 'chk', 'dgt'], ['mis', 'status'], ['default', 'payment', 'next', 'month'])
    """
    return [word.lower() for word in _WORD.findall(name)]


def quoted(values: Iterable[str], most: int = 3) -> str:
    """A few values, in quotes, for a sentence."""
    values = list(values)
    return ", ".join(f"'{value[:40]}'" for value in values[:most]) + (", ..." if len(values) > most else "")
