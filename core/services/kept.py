"""Answers that are kept until what they depend on changes: the use case, its versions, the log."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from core.domain.usecase import UseCase
from core.services.desk import Desk

T = TypeVar("T")
MOST = 96

_answers: WeakKeyDictionary[Desk, OrderedDict[Hashable, tuple[UseCase, Any]]] = WeakKeyDictionary()
_guard = threading.Lock()


def kept(desk: Desk, use_case: UseCase, mark: tuple[Hashable, ...], compute: Callable[[], T]) -> T:
    """What `compute` returns, or what it returned when it was asked for with the same mark.

    Parameters
    ----------
    desk : Desk
    use_case : UseCase
        An edited definition is another use case, and its answers are computed anew.
    mark : tuple
        Everything else that the answer depends on: its own name, the version, the log's high-water mark, choices.
    compute : callable
    """
    whole = (use_case.key, *mark)
    with _guard:
        mine = _answers.setdefault(desk, OrderedDict())
        found = mine.get(whole)
        if found is not None and found[0] is use_case:
            mine.move_to_end(whole)
            answer: T = found[1]
            return answer
    computed = compute()
    with _guard:
        mine[whole] = (use_case, computed)
        mine.move_to_end(whole)
        while len(mine) > MOST:
            mine.popitem(last=False)
    return computed
