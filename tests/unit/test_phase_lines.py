"""The lines of a test that passes, also where an interrupt comes while they are put together."""

from __future__ import annotations

import json
import sys
from itertools import count
from types import FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from pytest_debugloop.journal.step_lines import step_suffix
from pytest_debugloop.recording.phase_lines import PhaseLines


class Written:
    """What is written of one test, by the functions of `PhaseLines`."""

    def __init__(self) -> None:
        self.text = ""
        self.counted = 0
        self.recorder = SimpleNamespace(buffer="")
        writer = SimpleNamespace(next_n=count(1).__next__, write_soon=self.take, guarded=lambda write: write())
        self.lines = PhaseLines(cast("Any", self.recorder), cast("Any", writer))
        self.lines._identity = step_suffix("test_it.py::test_it", 1, "test_it.py::test_it")
        self.lines._n, self.lines._started, self.lines._phase = f"{writer.next_n()}", "100", "setup"
        self.lines._is_unwritten = True

    def take(self, text: str, lines: int) -> None:
        self.text += text
        self.counted += lines

    @property
    def steps(self) -> list[tuple[str, int, int, int | None]]:
        """Of each line the phase, its number, when it began and when it ended."""
        found = [json.loads(line) for line in (self.text + self.recorder.buffer).splitlines()]
        assert self.counted == self.text.count("\n")
        return [(line["phase"], line["n"], line["started"], line.get("ended")) for line in found]


SETUP, BEGUN, CALL = ("setup", 1, 100, 200), ("call", 2, 200, None), ("call", 2, 200, 300)
LINES_FILE = sys.modules[PhaseLines.__module__].__file__
TEXTS_FILE = sys.modules[step_suffix.__module__].__file__


def interrupted(function: Any, *given: str, at: int) -> bool:
    """Call a function, and interrupt it as the function of ours with this number is entered."""
    entered = count()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename in (LINES_FILE, TEXTS_FILE) and next(entered) == at:
            sys.setprofile(None)
            raise KeyboardInterrupt

    before = sys.getprofile()
    try:
        sys.setprofile(look)
        function(*given)
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


def test_a_test_that_passes_has_its_lines_in_order() -> None:
    test = Written()
    for phase, ended in (("setup", "200"), ("call", "300"), ("teardown", "400")):
        test.lines._end_bare_phase(phase, ended)
    assert test.steps == [SETUP, BEGUN, CALL, ("teardown", 3, 300, 400)]


@pytest.mark.parametrize("at", range(8))
def test_an_interrupt_while_a_teardown_is_written_loses_nothing(at: int) -> None:
    test = Written()
    test.lines._end_bare_phase("setup", "200")
    test.lines._end_bare_phase("call", "300")
    if interrupted(test.lines._end_bare_phase, "teardown", "400", at=at):
        assert test.lines._phase == "teardown"
        test.lines._write_start()  # what is recorded of an interrupt begins with that
        phase, n, started, ended = test.steps[-1]
        assert (phase, started, ended, test.steps[:-1]) == ("teardown", 300, None, [SETUP, BEGUN, CALL])
        assert n > 2
    else:
        assert test.steps[-1] == ("teardown", 3, 300, 400)


@pytest.mark.parametrize("at", range(8))
def test_an_interrupt_while_the_start_of_a_teardown_is_written_loses_nothing(at: int) -> None:
    test = Written()
    test.lines._end_bare_phase("setup", "200")
    test.lines._end_bare_phase("call", "300")
    if interrupted(test.lines.write_waiting, at=at):
        test.lines.write_waiting()
    phase, n, started, ended = test.steps[-1]
    assert (phase, started, ended, test.steps[:-1]) == ("teardown", 300, None, [SETUP, BEGUN, CALL])
    assert n > 2


def test_a_teardown_that_another_thread_has_written_meanwhile_has_all_of_its_line() -> None:
    test = Written()
    test.lines._end_bare_phase("setup", "200")
    test.lines._end_bare_phase("call", "300")
    test.lines._write_start()
    test.lines._end_bare_phase("teardown", "400")
    assert test.steps == [SETUP, BEGUN, CALL, ("teardown", 3, 300, None), ("teardown", 3, 300, 400)]
