"""Which functions of the project are entered, and which of their lines are run, for as long as somebody asks.

Python 3.12 and newer tell it through ``sys.monitoring`` (PEP 669): the first entry of each function, and the first run
of each line of those that are the project's. An event that was delivered is switched off there. It is switched on
again by taking our events from the code of the functions that were entered, and not by ``restart_events``, which would
wake what coverage and debuggers have switched off too.

Before, a profile function is called at each call, and no lines. It gives way: where somebody else has set one, and as
soon as the test asks for the profile function, or calls deep or often, it is gone.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from types import CodeType, FrameType
from typing import Any

MAX_FUNCTIONS = 2_000
"""How many functions are recorded of one test."""

_NAME = "pytest-debugloop"
# 5 is meant for optimizers, of which there are none: what we switch off in libraries stays so for whoever has the
# number next.
_TOOL_IDS = (5, 4, 3)
_TAKEN = "the test took our tool of sys.monitoring"
_MAX_CALLS = 100_000
_DEEPEST = 150
_monitoring: Any = getattr(sys, "monitoring", None)
_getframe = sys._getframe
_getprofile, _setprofile, _setrecursionlimit = sys.getprofile, sys.setprofile, sys.setrecursionlimit


class ExecutedCode:
    """What was entered since the beginning of a test.

    Attributes:
        codes: of the project's functions, by their identity: two may be equal.
        lines: those that were run, by the identity of their function's code.
        has_lines: whether lines are recorded at all.
        cut: why not all is recorded; empty where it is.
    """

    __slots__ = ("codes", "cut", "has_lines", "lines")

    def __init__(self, *, has_lines: bool) -> None:
        self.codes: dict[int, CodeType] = {}
        self.lines: dict[int, set[int]] = {}
        self.has_lines = has_lines
        self.cut = ""


class CodeMonitor:
    """Tells what is entered, from :meth:`begin` to :meth:`end`.

    Args:
        is_own: tells whether a file, as code objects name it, is the project's.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own
        self._known: dict[str, bool] = {}
        self._found: ExecutedCode | None = None
        self._tool: int | None = None
        self._callbacks: dict[int, Callable[..., Any]] = {}
        self._returning: list[CodeType | None] = [None]
        self._lines: Any = None
        self._profile: Any = None

    def begin(self) -> str:
        """Begin to watch.

        Returns:
            Why nothing can be watched; empty where it can.
        """
        return self._monitor() if _monitoring is not None else self._set_profile()

    def end(self) -> ExecutedCode | None:
        """End watching, and give what was entered; None where nothing was watched."""
        found, self._found = self._found, None
        if found is not None:
            if _monitoring is not None:
                self._stop_monitoring(found)
            elif _getprofile() is self._profile:
                _setprofile(None)
            elif not found.cut:
                found.cut = "the test set a profile function"
            self._profile = None
        return found

    @contextmanager
    def on_return(self, code: CodeType, callback: Callable[[FrameType], None]) -> Iterator[None]:
        """Be called when a function returns, too, by the tool that we have already: a test may want the others.

        Args:
            code: of the function.
            callback: is given the frame, still alive; it must not raise. It is not called where nothing is watched by
                ``sys.monitoring``.
        """
        tool, found = self._tool, self._found
        if _monitoring is None or found is None or tool is None or _monitoring.get_tool(tool) != _NAME:
            yield
            return

        def returned(_code: CodeType, _offset: int, _value: object) -> None:
            callback(_getframe(1))

        event, line = _monitoring.events.PY_RETURN, _monitoring.events.LINE
        _monitoring.register_callback(tool, event, returned)
        _monitoring.set_local_events(tool, code, event | line if id(code) in found.codes else event)
        self._returning[0] = code  # entered from now on, it is not to lose the event
        try:
            yield
        finally:
            self._returning[0] = None
            other = _monitoring.register_callback(tool, event, None)
            if other is not returned:  # the test has taken our tool
                _monitoring.register_callback(tool, event, other)
            elif _monitoring.get_tool(tool) == _NAME:
                _monitoring.set_local_events(tool, code, line if id(code) in found.codes else 0)

    # -- from Python 3.12 on ----------------------------------------------------------------------------------------

    def _monitor(self) -> str:
        tool = self._tool = _free_tool_id()
        if tool is None:
            return "all tools of sys.monitoring are in use"
        found = self._found = ExecutedCode(has_lines=True)
        codes, known, is_own = found.codes, self._known, self._is_own
        disable, watch, watch_lines = _monitoring.DISABLE, _monitoring.set_events, _monitoring.set_local_events
        line_event, returning = _monitoring.events.LINE, self._returning
        line_and_return = line_event | _monitoring.events.PY_RETURN
        identity, count = id, len  # tests patch built-in functions

        # It is a frame of the test's stack, for a moment; what a signal's handler raises there is the test's.
        def started(code: CodeType, _offset: int) -> Any:
            own = known.get(code.co_filename)
            if own is None:
                try:
                    own = known[code.co_filename] = is_own(code.co_filename)
                except RecursionError:  # the test has next to no room left
                    return None
            if own:
                if count(codes) >= MAX_FUNCTIONS:
                    found.cut = "it entered too many functions"
                    with suppress(ValueError):  # the test has freed it
                        watch(tool, 0)  # of all code: what is switched off and not in `codes` would stay so
                    return None
                codes[identity(code)] = code
                try:
                    watch_lines(tool, code, line_and_return if code is returning[0] else line_event)
                except ValueError:
                    found.cut = _TAKEN
            return disable

        run = _caching_callback(disable)
        self._lines = run
        self._callbacks = {_monitoring.events.PY_START: started, line_event: run}
        for event, callback in self._callbacks.items():
            _monitoring.register_callback(tool, event, callback)
        _monitoring.set_events(tool, _monitoring.events.PY_START)
        return ""

    def _stop_monitoring(self, found: ExecutedCode) -> None:
        tool, owner = self._tool, _monitoring.get_tool(self._tool)
        callbacks, self._callbacks = self._callbacks, {}
        if owner is None:  # the test has freed it
            _monitoring.use_tool_id(tool, _NAME)
        if owner in (None, _NAME):
            _monitoring.set_events(tool, 0)
        if owner != _NAME:
            found.cut = _TAKEN
        for event, callback in callbacks.items():
            other = _monitoring.register_callback(tool, event, None)
            if other is not callback:
                _monitoring.register_callback(tool, event, other)
        for code in list(found.codes.values()):
            _monitoring.set_local_events(tool, code, 0)
        if owner in (None, _NAME):
            _monitoring.free_tool_id(tool)
        lines, self._lines = _cached_lines(self._lines), None
        found.has_lines = lines is not None
        for identity, code in found.codes.items():
            found.lines[identity] = (lines or {}).get(code, set())

    # -- before -----------------------------------------------------------------------------------------------------

    def _set_profile(self) -> str:
        if _getprofile() is not None:
            return "a profile function is set"
        found = self._found = ExecutedCode(has_lines=False)
        codes, known, is_own = found.codes, self._known, self._is_own
        asks = (_getprofile, _setprofile, _setrecursionlimit)
        depth = calls = 0
        identity, count = id, len

        def profile(frame: FrameType, event: str, argument: object) -> None:
            nonlocal depth, calls
            calls += 1
            if event == "call":
                depth += 1
                code = frame.f_code
                own = known.get(code.co_filename)
                if own is None:
                    own = known[code.co_filename] = is_own(code.co_filename)
                if own:
                    codes[identity(code)] = code
                if depth <= _DEEPEST and calls <= _MAX_CALLS and count(codes) <= MAX_FUNCTIONS:
                    return
                found.cut = "it called too deep or too often"
            elif event == "return":
                depth -= 1
                return
            elif self._found is found and (argument is asks[0] or argument is asks[1] or argument is asks[2]):
                found.cut = "it asked for the profile function or the stack's limit"
            else:
                return
            _setprofile(None)

        self._profile = profile
        _setprofile(profile)
        return ""


def _caching_callback(answer: object) -> Callable[..., Any]:
    """Give a function in C that notes what it is given, and answers always the same.

    One in Python would be a frame of the test's stack for each line that is run for the first time: a test that falls
    to the end of the stack would find it nearer. The cache of `lru_cache` is the note; of equal keys, `min` gives the
    first.
    """
    return lru_cache(maxsize=None)(partial(min, answer, key=bool))


def _cached_lines(function: Any) -> dict[CodeType, set[int]] | None:
    """Give the lines that were noted by code; None where this interpreter keeps its notes in another way."""
    found: dict[CodeType, set[int]] = {}
    kept = [part for part in gc.get_referents(function) if type(part) is dict and part is not function.__dict__]
    if len(kept) != 1 or len(kept[0]) != function.cache_info().currsize:
        return None
    for key in kept[0]:
        if type(key) is not tuple or len(key) != 2 or type(key[0]) is not CodeType:
            return None
        found.setdefault(key[0], set()).add(key[1])
    return found


def _free_tool_id() -> int | None:
    for tool in _TOOL_IDS:
        try:
            _monitoring.use_tool_id(tool, _NAME)
        except ValueError:
            continue
        return tool
    return None
