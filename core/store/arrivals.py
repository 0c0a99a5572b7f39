"""A version that comes from another desk, file by file: kept apart until every checksum holds, then moved in whole.

The card's checksum is told by whoever sends it, the files' checksums by the card. Nothing here opens a joblib file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.errors import BundleProblem
from core.ml.bundle import Bundle, Card
from core.ml.compiled import ObjectMember
from core.store.bundles import CARD, load_bundle, sha256_of

_AGAIN = "Nothing was registered. Send it again from the desk that trained it."


@contextmanager
def arrival(home: Path) -> Iterator[Path]:
    """A folder for files on their way, beside the versions of a use case; gone at the end, unless it was moved in."""
    part = home / f".arrival.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def arrived_card(part: Path, told_sha256: str, sender: str) -> Card:
    """The card that has arrived, after its checksum.

    Parameters
    ----------
    part : Path
        The folder of the arrival.
    told_sha256 : str
        What the card must hash to.
    sender : str
        Who told it, for the message.

    Raises
    ------
    BundleProblem
        It differs, cannot be read, or names a file that has no place in a folder.
    """
    path = part / CARD
    if sha256_of(path) != told_sha256:
        raise BundleProblem(f"{CARD} of {sender} differs from the checksum in its tag.", _AGAIN, file=CARD)
    try:
        card = Card.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise BundleProblem(f"{CARD} of {sender} cannot be read: {error}.", _AGAIN, file=CARD) from None
    for name in card.files:
        if Path(name).name != name or name.startswith(".") or name == CARD:
            raise BundleProblem(f"The card of {sender} names a file {name!r}.", _AGAIN, file=name)
    return card


def check_file(part: Path, card: Card, name: str, sender: str) -> None:
    """Raise BundleProblem unless a file that has arrived is the one that the card names."""
    if sha256_of(part / name) != card.files[name]:
        raise BundleProblem(f"{name} of {sender} differs from its checksum in the card.", _AGAIN, file=name)


def give_name(part: Path, card: Card, version: str, told_sha256: str) -> str:
    """Write the version's name at this desk into its card, if it is another one; returns the card's sha256.

    The same arrival under the same name gives the same card, byte for byte.
    """
    if card.version == version:
        return told_sha256
    came = {"version": card.version, "card_sha256": told_sha256}
    renamed = replace(card, version=version, lineage={**card.lineage, "pulled": came})
    (part / CARD).write_text(renamed.to_json(), encoding="utf-8")
    return sha256_of(part / CARD)


def open_arrived(part: Path, card_sha256: str, sender: str) -> Bundle:
    """What serves from the arrived files, all of them checked once more.

    Raises
    ------
    BundleProblem
        A model has no compiled form: serving it would open a joblib file, and that runs the code in it.
    """
    bundle = load_bundle(part, expected_card_sha256=card_sha256)
    opened = [member.name for member in bundle.compiled.members if isinstance(member, ObjectMember)]
    if opened:
        raise BundleProblem(
            f"{', '.join(opened)} of {sender} runs only by opening a joblib file, which runs the code in it.",
            "Bring it with `python -m core import`, where a person repeats the hashes of the files.",
            models=opened,
        )
    return bundle


def move_in(part: Path, folder: Path) -> None:
    """Move the arrived files to their place in one step; they are on disk before the folder has its name.

    Raises
    ------
    BundleProblem
        Something is there already.
    """
    for path in (*part.iterdir(), part):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    if folder.exists():
        raise BundleProblem(f"{folder.parent.name} {folder.name} exists already.", "Versions are never replaced.")
    part.rename(folder)
