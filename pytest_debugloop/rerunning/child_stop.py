"""Stops the target of a rerun in the user's own debugger, at the frame that was recorded (``debug --live``)."""

from __future__ import annotations

import pdb
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

from pytest_debugloop.capture.frames import frame_at
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.rerunning.outcome import errors_of, read_lines
from pytest_debugloop.rerunning.script import Report, Script, Stop, frame_key
from pytest_debugloop.writing.facts import PROJECT
from pytest_debugloop.writing.failure import root_of
from pytest_debugloop.writing.node_ids import OutsideFiles

_RECORDED_LINES = 20


class Stopper:
    """The hook that sees failures while their frames are alive.

    Args:
        script: what is run.
        stop: where to stop.
        report: called with whether it stopped.

    Attributes:
        target: the test to stop in, once it is known.
    """

    def __init__(self, script: Script, stop: Stop, report: Report) -> None:
        self._script = script
        self._stop = stop
        self._report = report
        self.target: pytest.Item | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: pytest.TestReport
    ) -> None:
        """Stop, where this is the failure that was recorded; the recorder has just written down what it is."""
        if call.excinfo is None or self._report.stopped or not self._is_target(node) or not self._is_recorded():
            return
        error = root_of(call.excinfo.value)
        frame = frame_to_stop_at(error.__traceback__, node.config.stash[PROJECT], self._stop)
        if frame is None:
            return
        # Said first: who is in the debugger may end all of it there.
        self._report.stopped = True
        self._report.write(self._script.folder, "")
        vars(report)["_pdbshown"] = True  # pytest shows it no second time
        recorded = RecordedLocals(self._stop, node.config.stash[PROJECT])
        debug(node.config, error, frame, report, recorded)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep the recorder from telling where this rerun is recorded: that folder is gone in a moment."""
        manager = session.config.pluginmanager
        if manager.hasplugin("debugloop-session"):
            manager.unregister(name="debugloop-session")

    def _is_target(self, node: pytest.Item | pytest.Collector) -> bool:
        if self._script.is_collection:
            places = OutsideFiles(node.config.stash[PROJECT], node.config.rootpath)
            return places.node_id_of(node, node.nodeid) == self._script.target.name
        return node is self.target

    def _is_recorded(self) -> bool:
        node_id = self._script.target.name if self._script.is_collection else self._report.target
        errors = errors_of(list(read_lines(Path(self._script.folder))), str(node_id), first_attempts=False)
        if not errors:
            return False
        found: dict[str, Any] = errors[-1]
        if found["metadata"].get("fingerprint") == self._stop.fingerprint:
            return True
        return self._stop.is_forced and found["code"] == self._stop.error_code


def frame_to_stop_at(traceback: TracebackType | None, project: ProjectCode, stop: Stop) -> FrameType | None:
    """Find a recorded frame in a traceback.

    Args:
        traceback: of the exception.
        project: tells which code is its own.
        stop: file and function of the frame.

    Returns:
        The innermost frame of that function; where none was recorded, the innermost of the project, or of all.
    """
    wanted: FrameType | None = None
    last: FrameType | None = None
    while traceback is not None:
        frame = traceback.tb_frame
        if stop.file:
            seen = frame_at(frame, traceback.tb_lineno, project)
            if (seen.file, seen.function) == (stop.file, stop.function):
                wanted = frame
        elif project.has(frame):
            wanted = frame
        last = frame
        traceback = traceback.tb_next
    return wanted if stop.file else wanted or last


class RecordedLocals:
    """The values that were recorded of frames, beside those that live.

    Args:
        stop: has them.
        project: tells which code is its own.
    """

    def __init__(self, stop: Stop, project: ProjectCode) -> None:
        self._stop = stop
        self._project = project

    def of(self, frame: FrameType) -> list[str]:
        """Give the recorded locals of a frame as lines; none where the record has none.

        Args:
            frame: a live one.
        """
        seen = frame_at(frame, frame.f_lineno, self._project)
        return self._stop.recorded.get(frame_key(seen.file, seen.function), [])

    def is_own(self, frame: FrameType) -> bool:
        """Tell whether a frame is of the project.

        Args:
            frame: a live one.
        """
        return self._project.has(frame)


def debug(
    config: pytest.Config,
    error: BaseException,
    frame: FrameType,
    report: pytest.TestReport,
    recorded: RecordedLocals,
) -> None:
    """Enter the debugger that ``--pdbcls`` names, with capture suspended as pytest's own ``--pdb`` has it.

    Args:
        config: of the run.
        error: the failure.
        frame: the one of its frames to begin at.
        report: of the phase that failed.
        recorded: what the record has of the frames.
    """
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
        for stream, text in zip((sys.stdout, sys.stderr), capture.read_global_capture(), strict=True):
            stream.write(text)
    writer = config.get_terminal_writer()
    writer.line()
    report.toterminal(writer)
    writer.sep(">", "debugloop: stopped at the recorded failure, live")
    if lines := recorded.of(frame):
        writer.line("Values recorded in this frame (type `recorded` to see those of any frame):")
        for line in lines[:_RECORDED_LINES]:
            writer.line(line)
        if len(lines) > _RECORDED_LINES:
            writer.line(f"    ... {len(lines) - _RECORDED_LINES} more lines")
    debugger = _at(_chosen(config), frame, recorded)()
    config.hook.pytest_enter_pdb(config=config, pdb=debugger)
    debugger.reset()
    debugger.interaction(None, error if sys.version_info >= (3, 13) else error.__traceback__)
    config.hook.pytest_leave_pdb(config=config, pdb=debugger)


def _chosen(config: pytest.Config) -> type[Any]:
    """Give the class of the debugger that this run is configured for, else the standard one."""
    chosen: tuple[str, str] | None = config.getoption("usepdb_cls", None)
    if chosen is None:
        return pdb.Pdb
    found: Any = import_module(chosen[0])
    for name in chosen[1].split("."):
        found = getattr(found, name)
    return found  # type: ignore[no-any-return]


def _at(cls: Any, wanted: FrameType, recorded: RecordedLocals) -> Any:
    """Derive a debugger that begins at a frame, with the stack from the project's first frame on to go up and down."""

    class AtFrame(cls):  # type: ignore[misc]
        def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[list[tuple[FrameType, int]], int]:
            stack, place = super().get_stack(f, t)
            places = [number for number, (frame, _) in enumerate(stack) if frame is wanted]
            if not places:
                return stack, place
            # pytest's own frames, which called the test, are never the question.
            first = next((number for number, (frame, _) in enumerate(stack) if recorded.is_own(frame)), 0)
            first = min(first, places[-1])
            return stack[first:], places[-1] - first

        def do_recorded(self, _arg: str) -> None:
            """recorded: show the values that were recorded in this frame."""
            lines = recorded.of(self.curframe)
            for line in lines or ["Nothing was recorded in this frame."]:
                self.message(line)

    AtFrame.__name__ = AtFrame.__qualname__ = cls.__name__
    return AtFrame
