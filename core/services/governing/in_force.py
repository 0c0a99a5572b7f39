"""Which policy is in force: a published one laid over the use case's own, the same object while nothing changes."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from core.domain.policy import Policy
from core.domain.policy_draft import policy_from_json, policy_problems
from core.domain.usecase import UseCase
from core.store.ledger import Ledger
from core.store.ledger_registry import PolicyRecord
from core.store.ledger_stamp import Stamp

PUBLISHED, REPLACED = "published", "replaced"
OWN = 0  # the number of the policy that the use case itself brings


@dataclass(frozen=True)
class Standing:
    """A use case as it is run now.

    Attributes
    ----------
    own : UseCase
        As the plug-in or the file defines it.
    laid : UseCase
        With the policy in force; `own` itself while none is published.
    number : int
        Of the policy in force, `OWN` for the use case's own.
    unfit : str
        Why a published policy is left out; "" where none is.
    """

    own: UseCase
    laid: UseCase
    number: int = OWN
    unfit: str = ""


class InForce:
    """Lays published policies over use cases.

    The ledger is read again when it has changed, by this process or another one; a row costs two file times,
    or on a server a query twice a second at most.
    """

    def __init__(self, ledger: Ledger, stamp: Stamp) -> None:
        self._ledger = ledger
        self._stamp = stamp
        self._kept: dict[str, tuple[Standing, Hashable, Hashable]] = {}
        self._guard = threading.Lock()

    def over(self, use_cases: dict[str, UseCase]) -> dict[str, UseCase]:
        """The use cases with the policies in force, in the same order."""
        stamp = self._stamp.read()
        return {key: self._standing(use_case, stamp).laid for key, use_case in use_cases.items()}

    def standing(self, key: str) -> Standing:
        """How a use case stands that `over` was asked for."""
        return self._kept[key][0]

    def _standing(self, use_case: UseCase, stamp: Hashable | None) -> Standing:
        kept = self._kept.get(use_case.key)
        if kept is not None and kept[0].own is use_case and stamp is not None and kept[1] == stamp:
            return kept[0]
        with self._guard:
            records = self._ledger.policies(use_case.key)
            mark = tuple((record.number, record.state) for record in records if record.state in (PUBLISHED, REPLACED))
            kept = self._kept.get(use_case.key)
            if kept is not None and kept[0].own is use_case and kept[2] == mark:
                standing = kept[0]
            else:
                standing = laid_over(use_case, records)
            self._kept[use_case.key] = (standing, stamp, mark)
            return standing


def laid_over(use_case: UseCase, records: Sequence[PolicyRecord]) -> Standing:
    """A use case with the published one of its policies; one that no longer fits its definition is left out.

    Parameters
    ----------
    use_case : UseCase
        As it is defined.
    records : sequence of PolicyRecord
    """
    former = [use_case.policy]
    former += [policy_from_json(record.policy) for record in reversed(records) if record.state == REPLACED]
    published = [record for record in records if record.state == PUBLISHED]
    if not published:
        return Standing(use_case, _known(use_case, use_case.policy, former), OWN)
    policy = policy_from_json(published[0].policy)
    problems = policy_problems(use_case, policy)
    if problems:
        number = published[0].number
        said = f"Policy {number} was published for another definition of {use_case.title}: {problems[0]}"
        return Standing(use_case, _known(use_case, use_case.policy, former), OWN, said)
    return Standing(use_case, _known(use_case, policy, former), published[0].number)


def _known(use_case: UseCase, policy: Policy, former: Sequence[Policy]) -> UseCase:
    """The use case with a policy that knows what former ones called its bands; itself where nothing differs."""
    alike = [other for other in former if len(other.bands) == len(policy.bands)]
    words = dict.fromkeys((other.band_names, other.decisions) for other in alike)
    words.pop((policy.band_names, policy.decisions), None)
    if policy == use_case.policy and not words:
        return use_case
    return replace(use_case, policy=replace(policy, formerly=tuple(words)))
