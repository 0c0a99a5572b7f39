"""Which use cases store ids as keyed hashes, and what an id that somebody types is called in their log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.domain.pseudonym import is_hash, keyed_hashes, personal_texts
from core.domain.usecase import UseCase
from core.errors import DeskError
from core.store.ledger import Ledger
from core.store.ledger_stamp import Stamp

if TYPE_CHECKING:  # the first page waits for this module, and scores nothing
    from core.services.records import Accepted

KEY_FILE = "ids.key"
_FINGERPRINT = "key of the ids"


class Pseudonyms:
    """The ids of one desk. The key lies in `data/ids.key`: without it no hash can be told from another.

    The ledger keeps the key's fingerprint, so that nothing is hashed with another one.

    Equal ids are equal hashes on every face, so outcomes still meet their predictions, entities their arms, and
    whoever types an id finds its scores; a scored file keeps the ids that came with it.
    """

    def __init__(self, ledger: Ledger, stamp: Stamp, folder: Path) -> None:
        self._ledger, self._stamp, self._path = ledger, stamp, folder / KEY_FILE
        self._set: dict[str, tuple[Any, bool]] = {}
        self._secret: bytes | None = None

    def on(self, use_case: UseCase) -> bool:
        """Whether a use case stores ids as keyed hashes: its definition says so, or somebody switched it on."""
        if use_case.hash_ids:
            return True
        stamp, kept = self._stamp.read(), self._set.get(use_case.key)
        if kept is None or stamp is None or kept[0] != stamp:
            record = self._ledger.privacy(use_case.key)
            kept = self._set[use_case.key] = (stamp, record is not None and record.hash_ids)
        return kept[1]

    def over(self, use_case: UseCase, accepted: Accepted) -> Accepted:
        """Checked rows as they are logged: ids and personal texts hashed where the use case stores them so."""
        if not self.on(use_case):
            return accepted
        hashed = {name: self.hashes(use_case, accepted.columns[name]) for name in personal_texts(use_case)}
        return replace(accepted, columns={**accepted.columns, **hashed})

    def hashes(self, use_case: UseCase, texts: Any) -> Any:
        """Keyed hashes of texts, shape (n,), whether the use case stores them or not."""
        return keyed_hashes(self._key(), use_case.key, texts)

    def stored(self, use_case: UseCase, entity: pa.ChunkedArray) -> pa.Array:
        """Entities of a file as the log calls them."""
        if not self.on(use_case):
            return entity
        return pa.array(self.hashes(use_case, entity.to_pylist()), pa.string())

    def called(self, use_case: UseCase, text: str) -> tuple[str, ...]:
        """What an id that somebody types may be called in the log: as it is, and hashed where that is done."""
        if not self.on(use_case) or is_hash(text):
            return (text,)
        return (text, str(self.hashes(use_case, [text])[0]))

    def _key(self) -> bytes:
        if self._secret is None:
            from core.store.secret_file import read_or_make  # with what makes secrets; few desks ever hash an id

            secret = read_or_make(self._path)
            self._refuse_another(secret)
            self._secret = secret
        return self._secret

    def _refuse_another(self, secret: bytes) -> None:
        """One person must not become two: by a key that was lost and made anew, or a second desk that has its own."""
        import hmac

        print_of = hmac.digest(secret, b"the key of this ledger's ids", "sha256").hex()[:32]
        with self._ledger.transaction():
            known = self._ledger.kept_figures(_FINGERPRINT).get("")
            if known is None:
                self._ledger.keep_figure("", _FINGERPRINT, datetime.now(UTC), {"sha256": print_of})
            elif known["sha256"] != print_of:
                raise DeskError(
                    f"data/{KEY_FILE} is not the key that the ids of this desk were hashed with.",
                    "Bring the file back from a backup, or copy it from another desk on the same database.",
                )
