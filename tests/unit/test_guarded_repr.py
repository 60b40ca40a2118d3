"""Where a user wants an object's own ``__repr__``, it runs under a guard."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
import warnings
from typing import Any

import pytest

from pytest_debugloop.capture.guarded_repr import GuardedRepr


class Asked:
    """Does in its repr what a test wants."""

    def __init__(self, do: Any) -> None:
        self.do = do

    def __repr__(self) -> str:
        return self.do()  # type: ignore[no-any-return]


def asked(do: Any, milliseconds: float = 60_000) -> str | None:
    guard = GuardedRepr(["*"], milliseconds)
    guard.start()
    return guard(Asked(do), Asked)


def fails(error: BaseException) -> Any:
    def do() -> str:
        raise error

    return do


def recurses() -> str:
    return repr(Asked(recurses))


def loops() -> str:
    while True:
        pass


def test_a_repr_is_given() -> None:
    assert asked(lambda: "<me>") == "<me>"


def test_only_the_types_that_are_named_are_asked() -> None:
    guard = GuardedRepr(["*.Asked", "shop.*"], 60_000)
    guard.start()
    assert guard(Asked(lambda: "x"), Asked) == "x"
    assert guard(object(), object) is None
    derived = type("Derived", (Asked,), {})
    assert guard(derived(lambda: "y"), derived) == "y"
    assert not GuardedRepr([], 100)


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (lambda: 42, "<its __repr__ raised TypeError>"),
        (fails(ValueError()), "<its __repr__ raised ValueError>"),
        (fails(SystemExit()), "<its __repr__ raised SystemExit>"),
        (fails(GeneratorExit()), "<its __repr__ raised GeneratorExit>"),
        (recurses, "<its __repr__ raised RecursionError>"),
    ],
    ids=["no text", "error", "exit", "base exception", "recursion"],
)
def test_what_goes_wrong_is_told(do: Any, told: str) -> None:
    assert asked(do) == told


@pytest.mark.parametrize("do", [loops, lambda: time.sleep(60)], ids=["loop", "sleep"])
def test_what_takes_too_long_is_told(do: Any) -> None:
    assert asked(do, 200) == "<its __repr__ took too long>"


def test_an_interrupt_of_its_own_is_told() -> None:
    def do() -> str:
        raise KeyboardInterrupt

    assert asked(do) == "<its __repr__ raised KeyboardInterrupt>"


def test_a_real_interrupt_goes_on() -> None:
    def do() -> str:
        signal.raise_signal(signal.SIGINT)
        return "x"

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            asked(do)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_huge_text_is_cut() -> None:
    assert len(asked(lambda: "x" * 10_000_000) or "") == 10_000


def test_nothing_of_the_process_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    def do() -> str:
        sys.stdout.write("out")
        sys.stderr.write("err")
        warnings.warn("loud", stacklevel=1)
        random.random()
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        return "x"

    random.seed(3)
    first = random.random()
    random.seed(3)
    limit, filters, handler = sys.getrecursionlimit(), list(warnings.filters), signal.getsignal(signal.SIGALRM)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asked(do) == "x"
    assert caught == []
    assert random.random() == first
    assert (sys.getrecursionlimit(), list(warnings.filters), signal.getsignal(signal.SIGALRM)) == (
        limit,
        filters,
        handler,
    )
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert capsys.readouterr() == ("", "")


def test_the_budget_is_one_for_a_whole_snapshot() -> None:
    guard = GuardedRepr(["*"], 300)
    guard.start()
    assert guard(Asked(loops), Asked) == "<its __repr__ took too long>"
    assert guard(Asked(lambda: "x"), Asked) == "<not asked: no time left>"
    guard.start()
    assert guard(Asked(lambda: "x"), Asked) == "x"


def test_a_timer_of_somebody_else_is_left_alone() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000)
    before = sys.gettrace()
    sys.settrace(None)
    try:
        assert asked(loops, 50) == "<its __repr__ took too long>"  # by a trace function
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
        sys.settrace(lambda *_: None)
        assert asked(loops, 50) == "<not asked: another timer and another trace function are in use>"
    finally:
        sys.settrace(before)
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_in_another_thread_there_is_no_timer() -> None:
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(asked(loops, 50)))
    thread.start()
    thread.join()
    assert found == ["<its __repr__ took too long>"]
