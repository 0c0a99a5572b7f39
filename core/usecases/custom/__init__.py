"""Use cases without code: one TOML file in `models/<key>/`, read here into the same contract as a plug-in."""

from __future__ import annotations

from pathlib import Path

from core.domain.usecase import UseCase
from core.errors import InputError
from core.usecases.custom.adopted import adopted_spec, key_of
from core.usecases.custom.build import build
from core.usecases.custom.reading import parse
from core.usecases.custom.spec import CustomColumn, CustomSpec
from core.usecases.custom.writing import dump

FILE_NAME = "use_case.toml"

__all__ = [
    "FILE_NAME",
    "CustomColumn",
    "CustomSpec",
    "adopted_spec",
    "build",
    "dump",
    "key_of",
    "load",
    "parse",
    "save",
]


def load(path: Path) -> UseCase:
    """The use case that a TOML file describes.

    Raises
    ------
    InputError
        The file says something that is not allowed; the message names the file, the key, the value and
        what the key takes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "It takes a TOML file in UTF-8.") from error
    return build(parse(text, str(path)), str(path))


def save(spec: CustomSpec, path: Path) -> None:
    """Write a use case file in one step, so that no reader ever meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(dump(spec), encoding="utf-8")
    draft.replace(path)
