"""One table of a use case file, read key by key; whatever is not allowed is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from core.errors import InputError

Choice = TypeVar("Choice", bound=StrEnum)


class Section:
    """A TOML table with the file and the place it stands in.

    Parameters
    ----------
    file : str
    place : str
        "recipe.", "columns[3] (age).", or "" for the top of the file.
    values : mapping
    allowed : iterable of str
        The keys it may have.

    Raises
    ------
    InputError
        It has another key.
    """

    def __init__(self, file: str, place: str, values: Any, allowed: Iterable[str]) -> None:
        self.file, self.place = file, place
        if not isinstance(values, Mapping):
            raise InputError(f"{file}: {place.rstrip('.')} is {values!r}.", "It takes a table.")
        self.values = values
        keys = list(allowed)
        for key in values:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f"Did you mean '{near[0]}'?" if near else f"Allowed: {', '.join(keys)}."
                raise InputError(f"{file}: there is no key '{place}{key}'.", hint, key=f"{place}{key}")

    def refuse(self, key: str, takes: str) -> NoReturn:
        """Raise InputError for the value of a key."""
        value = self.values.get(key)
        said = "is missing" if key not in self.values else f"is {value!r}"
        raise InputError(f"{self.file}: {self.place}{key} {said}.", f"It takes {takes}.", key=f"{self.place}{key}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required, and not empty, where there is no default."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.refuse(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.text(key) if key in self.values else None

    def choice(
        self, key: str, kind: type[Choice], default: Choice | None = None, among: Iterable[Choice] | None = None
    ) -> Choice:
        """One of a few words, or of some of them."""
        value = self.values.get(key, default)
        if isinstance(value, kind):
            return value
        words = [str(item) for item in among or kind]
        if value not in words:
            self.refuse(key, "one of " + ", ".join(words))
        return kind(value)

    def number(self, key: str, least: float | None = None, most: float | None = None) -> float | None:
        """A finite number in [least, most], or None where the key is absent."""
        if key not in self.values:
            return None
        value = self.values[key]
        takes = "a number" + _limits(least, most)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or abs(value) == float("inf")
            or value != value
        ):
            self.refuse(key, takes)
        if (least is not None and value < least) or (most is not None and value > most):
            self.refuse(key, takes)
        return value

    def whole(self, key: str, default: int, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.refuse(key, f"a whole number of at least {least}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts; empty where the key is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(key, "a list of texts")
        if len(set(value)) < len(value):
            self.refuse(key, "texts that differ")
        return tuple(value)

    def numbers(self, key: str, length: int | None = None) -> tuple[float, ...]:
        """A list of numbers; empty where the key is absent."""
        value = self.values.get(key, [])
        fits = isinstance(value, list) and all(
            isinstance(item, int | float) and not isinstance(item, bool) for item in value
        )
        if not fits or (length is not None and key in self.values and len(value) != length):
            self.refuse(key, f"a list of {length} numbers" if length is not None else "a list of numbers")
        return tuple(float(item) for item in value)

    def tables(self, key: str) -> list[Any]:
        """A list of tables with at least one."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            self.refuse(key, f"at least one table, written [[{self.place}{key}]]")
        return value


def _limits(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:g} to {most:g}"
    return f" of at least {least:g}" if least is not None else f" of at most {most:g}" if most is not None else ""
