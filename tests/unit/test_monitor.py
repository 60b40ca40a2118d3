"""What is told of the functions and lines that are run, and that nobody else notices it."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.tracing import monitor
from pytest_debugloop.tracing.monitor import CodeMonitor, ExecutedCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

monitoring: Any = getattr(sys, "monitoring", None)
needs_monitoring = pytest.mark.skipif(monitoring is None, reason="from Python 3.12 on")
needs_profile = pytest.mark.skipif(monitoring is not None, reason="before Python 3.12")


def is_here(file: str) -> bool:
    return file == __file__


def even(number: int) -> str:
    if number % 2:  # noqa: SIM108 - lines are the subject
        kind = "odd"
    else:
        kind = "even"
    return kind


def deep(number: int) -> int:
    return deep(number - 1) + 1 if number else 0


FIRST = even.__code__.co_firstlineno


def watched(call: Callable[[], object], watch: CodeMonitor | None = None) -> ExecutedCode:
    watch = watch or CodeMonitor(is_here)
    assert watch.begin() == ""
    try:
        call()
    finally:
        found = watch.end()
    assert found is not None
    return found


def names(found: ExecutedCode) -> set[str]:
    return {code.co_name for code in found.codes.values()} - {"watched", "<lambda>"}


def lines(found: ExecutedCode) -> set[int]:
    return {line - FIRST for code, run in found.lines.items() if found.codes[code] is even.__code__ for line in run}


def test_functions_are_told_each_time_that_they_are_watched() -> None:
    watch = CodeMonitor(is_here)
    for _ in range(3):
        assert names(watched(lambda: even(1), watch)) == {"even"}
        even(2)
        assert names(watched(lambda: deep(2), watch)) == {"deep"}


@needs_monitoring
def test_lines_are_told_once_and_only_those_that_were_run() -> None:
    watch = CodeMonitor(is_here)
    assert lines(watched(lambda: even(1), watch)) == {1, 2, 5}
    assert lines(watched(lambda: even(2), watch)) == {1, 4, 5}
    assert lines(watched(lambda: [even(n) for n in (1, 2, 1)], watch)) == {1, 2, 4, 5}


def test_nothing_is_left_behind() -> None:
    before = sys.gettrace(), sys.getprofile(), tools()

    def gone() -> None:
        pass

    there = weakref.ref(gone)
    watch = CodeMonitor(is_here)
    watched(gone, watch)
    del gone
    assert there() is None
    assert (sys.gettrace(), sys.getprofile(), tools()) == before
    assert watch.end() is None


def tools() -> list[str | None]:
    return [monitoring.get_tool(number) for number in range(6)] if monitoring is not None else []


@needs_monitoring
def test_without_a_free_tool_nothing_is_watched_and_that_is_said() -> None:
    free = [number for number in range(6) if monitoring.get_tool(number) is None]
    for number in free:
        monitoring.use_tool_id(number, "another")
    try:
        watch = CodeMonitor(is_here)
        assert watch.begin() == "all tools of sys.monitoring are in use"
        assert watch.end() is None
    finally:
        for number in free:
            monitoring.free_tool_id(number)


@needs_monitoring
def test_what_another_tool_has_switched_off_stays_so() -> None:
    heard: list[str] = []

    def hear(code: Any, _offset: int) -> object:
        heard.append(code.co_name)
        return monitoring.DISABLE

    event = monitoring.events.PY_START
    number = next(n for n in range(6) if monitoring.get_tool(n) is None and n not in monitor._TOOL_IDS)
    monitoring.use_tool_id(number, "another")
    try:
        monitoring.register_callback(number, event, hear)
        monitoring.set_events(number, event)
        even(1)
        watched(lambda: even(1))
        even(1)
    finally:
        monitoring.set_events(number, 0)
        monitoring.register_callback(number, event, None)
        monitoring.free_tool_id(number)
    assert heard.count("even") == 1


@needs_monitoring
def test_a_tool_that_the_test_took_away_is_its_own_now() -> None:
    def take() -> None:
        number = tools().index("pytest-debugloop")
        monitoring.free_tool_id(number)
        monitoring.use_tool_id(number, "the test's")

    found = watched(take)
    number = tools().index("the test's")
    monitoring.free_tool_id(number)
    assert found.cut == "the test took our tool of sys.monitoring"


@needs_monitoring
def test_too_much_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "MAX_FUNCTIONS", 1)
    found = watched(lambda: even(1))
    assert (len(found.codes), found.cut) == (1, "it entered too many functions")
    monkeypatch.undo()
    assert "even" in names(watched(lambda: even(1)))  # the next test is told again


@needs_monitoring
def test_a_stack_that_is_used_up_is_as_deep_as_ever() -> None:
    def fall(number: int) -> int:
        try:
            return fall(number + 1)
        except RecursionError:
            return number

    def unwatched(call: Callable[[], object]) -> None:
        call()

    found: list[int] = []
    watched(lambda: found.append(fall(0)))
    unwatched(lambda: found.append(fall(0)))
    assert found[0] == found[1]


@pytest.fixture
def profile() -> Iterator[Callable[..., None]]:
    def function(*_: object) -> None:
        pass

    yield function
    sys.setprofile(None)


@needs_profile
def test_who_asks_for_the_profile_function_finds_none() -> None:
    asked: list[object] = []
    found = watched(lambda: asked.extend((even(1), sys.getprofile(), deep(1))))
    assert (asked, names(found)) == (["odd", None, 1], {"even"})
    assert found.cut


@needs_profile
def test_a_profile_function_of_somebody_else_stays(profile: Callable[..., None]) -> None:
    found = watched(lambda: sys.setprofile(profile))
    assert (found.cut != "", sys.getprofile()) == (True, profile)
    assert CodeMonitor(is_here).begin() == "a profile function is set"
    assert sys.getprofile() is profile


@needs_profile
def test_a_deep_stack_is_left_to_the_test() -> None:
    reached: list[int] = []

    def fall(number: int) -> None:
        reached.append(number)
        fall(number + 1)

    def to_the_end() -> None:
        reached.clear()
        with pytest.raises(RecursionError):
            fall(0)

    to_the_end()
    room = max(reached)
    found = watched(to_the_end)
    assert (found.cut, max(reached)) == ("it called too deep or too often", room - 1)


@needs_monitoring
@pytest.mark.parametrize("is_own", [True, False])
def test_returns_of_one_function_are_told_by_the_same_tool_and_its_lines_too(is_own: bool) -> None:
    watch, frames = CodeMonitor(is_here if is_own else lambda _: False), []
    tools = [monitoring.get_tool(number) for number in range(6)]

    def another() -> None:  # its own: what is foreign once is never reported again
        pass

    def call() -> None:
        during = [monitoring.get_tool(number) for number in range(6)]
        even(1)  # not yet
        with watch.on_return(even.__code__, lambda frame: frames.append(dict(frame.f_locals))):
            even(2)
            assert [monitoring.get_tool(number) for number in range(6)] == during
            another()
        even(3)  # no more

    found = watched(call, watch)
    assert frames == [{"number": 2, "kind": "even"}]
    assert lines(found) == ({1, 2, 4, 5} if is_own else set())
    assert [monitoring.get_tool(number) for number in range(6)] == tools
    with watch.on_return(even.__code__, lambda _: frames.append({})):  # nothing is watched
        even(4)
    assert len(frames) == 1
