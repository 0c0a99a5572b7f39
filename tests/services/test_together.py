"""Calls that come together are done together, each with its own answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.services.together import Together


def test_everybody_gets_their_own_answer_in_few_goes() -> None:
    goes: list[int] = []

    def work(given: Sequence[int]) -> list[int | Exception]:
        goes.append(len(given))
        time.sleep(0.005)
        return [item * 2 if item % 10 else ValueError(str(item)) for item in given]

    together: Together[int, int] = Together(most=16)

    def ask(item: int) -> int | str:
        try:
            return together(item, work)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(ask, range(400)))
    assert answers == [item * 2 if item % 10 else str(item) for item in range(400)]
    assert sum(goes) == 400 and len(goes) < 200 and max(goes) <= 16


def test_a_call_that_comes_alone_waits_for_nobody() -> None:
    together: Together[str, str] = Together()
    assert [together(text, lambda given: [item.upper() for item in given]) for text in "ab"] == ["A", "B"]


def test_work_that_fails_fails_for_all_of_them_and_the_next_go_on() -> None:
    together: Together[int, int] = Together()
    failing = threading.Event()
    failing.set()

    def work(given: Sequence[int]) -> list[int | Exception]:
        if failing.is_set():
            raise OSError("no space")
        return list(given)

    with pytest.raises(OSError, match="no space"):
        together(1, work)
    failing.clear()
    assert together(2, work) == 2
