"""Model files from elsewhere: opening one runs code, so each is opened only from bytes a person vouched for."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import BundleProblem


def fingerprints(folder: Path) -> dict[str, str]:
    """File name -> sha256 of every joblib file in a folder, by name.

    Raises
    ------
    BundleProblem
        The folder does not exist or holds no joblib file.
    """
    files = sorted(folder.glob("*.joblib")) if folder.is_dir() else []
    if not files:
        raise BundleProblem(
            f"{folder} holds no .joblib files.", "Give the folder with the preprocessor's and the models' files."
        )
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def open_trusted(folder: Path, trusted: Mapping[str, str]) -> dict[str, Any]:
    """Unpickle files whose content has the given hashes, from the very bytes that were hashed.

    Parameters
    ----------
    folder : Path
    trusted : mapping of str to str
        File name -> sha256.

    Raises
    ------
    BundleProblem
        A file changed since it was hashed, or cannot be opened with the installed libraries.
    """
    import joblib

    objects: dict[str, Any] = {}
    for name, sha256 in trusted.items():
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BundleProblem(f"{name} changed while it was being imported.", "Look who writes to this folder.")
        try:
            objects[name] = joblib.load(io.BytesIO(content))
        except Exception as error:
            raise BundleProblem(
                f"{name} cannot be opened: {type(error).__name__}: {error}",
                "It must be written with library versions that the installed ones can read.",
            ) from error
    return objects
