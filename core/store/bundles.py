"""Versions on disk: models/<use case>/<version>/, complete or absent, and checked before they serve.

    card.json            what is known about the version, with the sha256 of every other file
    linear.npz           the compiled preprocessor and linear models: numbers only
    <model>.txt          a tree model as LightGBM's own text
    profile.json         quantile edges and counts of the reference rows
    reference.parquet    held-out rows
    preprocessor.joblib, <model>.joblib    the fitted scikit-learn objects, for export and comparison

Serving reads numbers, text and Parquet. The joblib files are hashed, never opened, save one case: an
imported estimator that has no compiled form is opened when its first row arrives, after its hash matched.
The ledger holds the card's own sha256, so that a folder exchanged as a whole is found out too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.errors import BundleProblem
from core.ml.bundle import Bundle, Card
from core.ml.compiled import Compiled, TreeMember
from core.store.compiled_file import pack, unpack

CARD, LINEAR, PROFILE, REFERENCE = "card.json", "linear.npz", "profile.json", "reference.parquet"
_VERSION = re.compile(r"v(0|[1-9][0-9]*)")  # v0: the former version of a simulated history
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. +-]*")


def list_versions(folder: Path) -> list[str]:
    """Versions in a use case's folder, oldest first; a folder without a card is none."""
    found = [path.name for path in folder.glob("v*") if _VERSION.fullmatch(path.name) and (path / CARD).is_file()]
    return sorted(found, key=lambda name: int(name[1:]))


def next_version(folder: Path, taken: Iterable[str] = ()) -> str:
    """The name for the next version, above all folders there and all names in `taken`.

    >>> next_version(Path("/nowhere"), ["v1", "v2"])
    'v3'
    """
    names = [*(path.name for path in folder.glob("v*")), *taken]
    numbers = [int(match[1]) for name in names if (match := _VERSION.fullmatch(name))]
    return f"v{max(numbers, default=0) + 1}"


def save_bundle(
    folder: Path,
    *,
    preprocessor: Any,
    models: Mapping[str, Any],
    compiled: Compiled,
    card: Card,
    profile: Mapping[str, Any],
    reference: pa.Table,
) -> str:
    """Write a version beside its place, then move it there in one step.

    Parameters
    ----------
    folder : Path
        models/<use case>/<version>; must not exist.
    preprocessor : object
        The fitted scikit-learn preprocessor.
    models : mapping of str to object
        The fitted estimators by name.

    Returns
    -------
    str
        The sha256 of card.json, for the ledger.

    Raises
    ------
    BundleProblem
        The version exists, or a model's name cannot be a file's name.
    """
    if folder.exists():
        raise BundleProblem(f"{folder.parent.name} {folder.name} exists already.", "Versions are never replaced.")
    for name in models:
        if not _FILE_NAME.fullmatch(name) or name == "preprocessor":
            raise BundleProblem(f"The model name {name!r} cannot be a file's name.", "Use letters, digits, _ and -.")
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _write_objects(part, preprocessor, models)
        _write_serving(part, compiled, profile, reference)
        files = {path.name: sha256_of(path) for path in sorted(part.iterdir())}
        (part / CARD).write_text(card.with_files(files).to_json(), encoding="utf-8")
        card_sha256 = sha256_of(part / CARD)
        _sync(part)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return card_sha256


def discard_bundle(folder: Path) -> None:
    """Take away a version that was saved and could not be registered; nobody has served from it."""
    shutil.rmtree(folder, ignore_errors=True)


def _write_objects(folder: Path, preprocessor: Any, models: Mapping[str, Any]) -> None:
    import joblib

    joblib.dump(preprocessor, folder / "preprocessor.joblib", compress=3)
    for name, model in models.items():
        joblib.dump(model, folder / f"{name}.joblib", compress=3)


def _write_serving(folder: Path, compiled: Compiled, profile: Mapping[str, Any], reference: pa.Table) -> None:
    from pyarrow import parquet

    (folder / LINEAR).write_bytes(pack(compiled))
    for member in compiled.members:
        if isinstance(member, TreeMember):
            (folder / f"{member.name}.txt").write_text(member.booster_text, encoding="utf-8", newline="\n")
    (folder / PROFILE).write_text(json.dumps(profile, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    parquet.write_table(reference, folder / REFERENCE, compression="zstd")


def _sync(folder: Path) -> None:
    """Have the files on disk before the folder gets its name."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def load_bundle(folder: Path, expected_card_sha256: str | None = None) -> Bundle:
    """Check a version's files and build what serves from it; imports no scikit-learn, LightGBM or joblib.

    Parameters
    ----------
    folder : Path
        models/<use case>/<version>.
    expected_card_sha256 : str, optional
        What the ledger says the card must hash to.

    Raises
    ------
    BundleProblem
        A file is missing or differs; `data["file"]` names it.
    """
    from pyarrow import parquet

    content = _content(folder, CARD)
    if expected_card_sha256 is not None and hashlib.sha256(content).hexdigest() != expected_card_sha256:
        raise _differs(folder, CARD, "what the ledger holds of it")
    card = _read_card(folder, content)
    served = {name: _content(folder, name) for name in card.files if not name.endswith(".joblib")}
    for name, expected in card.files.items():
        found = hashlib.sha256(served[name]).hexdigest() if name in served else sha256_of(_present(folder, name))
        if found != expected:
            raise _differs(folder, name, "its checksum in the card")
    for name in (LINEAR, PROFILE, REFERENCE):
        if name not in served:
            raise BundleProblem(f"The card of {_named(folder)} does not list {name}.", _RESTORE, file=name)
    texts = {name.removesuffix(".txt"): text.decode() for name, text in served.items() if name.endswith(".txt")}
    compiled = unpack(served[LINEAR], texts, lambda name: folder / f"{name}.joblib")
    reference = parquet.ParquetFile(pa.BufferReader(served[REFERENCE])).read()
    return Bundle(card, compiled, json.loads(served[PROFILE]), reference)


@dataclass(frozen=True)
class Fitted:
    """The scikit-learn objects of a version: what `compiled` was made from."""

    preprocessor: Any
    models: Mapping[str, Any]


def load_fitted(folder: Path, card: Card) -> Fitted:
    """Open a version's joblib files, each after its checksum; for `core verify`, never for serving.

    Joblib files run code when they are opened: `card` must come from `load_bundle` with the ledger's sha256.

    Raises
    ------
    BundleProblem
        A file is missing or differs; `data["file"]` names it.
    """
    import joblib

    objects: dict[str, Any] = {}
    for name in ("preprocessor", *card.models):
        path = _present(folder, f"{name}.joblib")
        if sha256_of(path) != card.files.get(path.name):
            raise _differs(folder, path.name, "its checksum in the card")
        objects[name] = joblib.load(path)
    return Fitted(objects.pop("preprocessor"), objects)


_RESTORE = "Restore the folder from a backup, or train a new version."


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_card(folder: Path, content: bytes) -> Card:
    try:
        return Card.from_json(content.decode())
    except (ValueError, KeyError, TypeError) as error:
        raise BundleProblem(f"{CARD} of {_named(folder)} cannot be read: {error}.", _RESTORE, file=CARD) from None


def _present(folder: Path, name: str) -> Path:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise BundleProblem(f"{name} of {_named(folder)} is missing.", _RESTORE, file=name)
    return path


def _content(folder: Path, name: str) -> bytes:
    return _present(folder, name).read_bytes()


def _differs(folder: Path, name: str, what: str) -> BundleProblem:
    return BundleProblem(f"{name} of {_named(folder)} differs from {what}.", _RESTORE, file=name)


def _named(folder: Path) -> str:
    return f"{folder.parent.name} {folder.name}"
