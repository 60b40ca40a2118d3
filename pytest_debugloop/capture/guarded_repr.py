"""``repr()`` of objects whose types the user named: their own code, run under a guard.

The guard ends what takes longer than its budget, by a timer of the operating system where the process has no other one
running, else by a trace function where there is no other one; else the object is not asked. It swallows what is
printed through ``sys.stdout`` and ``sys.stderr``, warnings and every exception, and puts the random state back. It
cannot stop ``os._exit``, a long call inside of C code, what writes to a file descriptor itself, or code that catches
every exception and goes on.
"""

from __future__ import annotations

import io
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FrameType
from typing import Any

from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.storage import module_namespace, mro_of, type_name

_LONGEST = 10_000
_type, _repr, _str = type, repr, str
_clock = (perf_counter,)


class _TimeIsUp(BaseException):
    """The budget for the code of objects is spent."""


class GuardedRepr:
    """Asks objects of some types for their ``repr``.

    Args:
        types: shell-style patterns for qualified names of types, ``*`` for all.
        milliseconds: for all objects of one snapshot together.
    """

    __slots__ = ("_has_types", "_is_named", "_left", "_milliseconds")

    def __init__(self, types: Iterable[str], milliseconds: float) -> None:
        patterns = list(types)
        self._has_types = bool(patterns)
        self._is_named = glob_matcher(patterns)
        self._milliseconds = milliseconds
        self._left = 0.0

    def __bool__(self) -> bool:
        return self._has_types

    def start(self) -> None:
        """Begin a snapshot: the budget is whole again."""
        self._left = self._milliseconds / 1000

    def __call__(self, value: object, cls: type) -> str | None:
        """Give the ``repr`` of an object.

        Args:
            value: anything.
            cls: its type.

        Returns:
            None where its type is none of those named; what went wrong, in angle brackets, where something did.
        """
        if not any(self._is_named(type_name(base)) for base in mro_of(cls)[:-1]):
            return None
        if self._left <= 0:
            return "<not asked: no time left>"
        begun = _clock[0]()
        try:
            with _silence(), _limit(self._left) as is_limited:
                if not is_limited:
                    return "<not asked: another timer and another trace function are in use>"
                text = _repr(value)
                return _str.__getitem__(text, slice(_LONGEST))
        except _TimeIsUp:
            return "<its __repr__ took too long>"
        except BaseException as error:
            if _type(error) is KeyboardInterrupt and not _raised_below(error):
                raise
            return f"<its __repr__ raised {type_name(_type(error))}>"
        finally:
            self._left -= _clock[0]() - begun


def _raised_below(error: BaseException) -> bool:
    """Tell whether the object's code raised an interrupt: a real one comes from Python's own signal handler."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = None if traceback is None else traceback.tb_frame.f_code
    return code is not None and "KeyboardInterrupt" in code.co_names


@contextmanager
def _silence() -> Iterator[None]:
    out, err, filters, show = sys.stdout, sys.stderr, warnings.filters, warnings.showwarning
    random: Any = dict.get(sys.modules, "random")
    state = None if random is None else module_namespace(random)["_inst"].getstate()
    limit = sys.getrecursionlimit()
    sys.stdout = sys.stderr = io.StringIO()
    warnings.filters = [("ignore", None, Warning, None, 0)]
    _forget_filters()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        warnings.filters, warnings.showwarning = filters, show
        _forget_filters()
        if sys.getrecursionlimit() != limit:
            sys.setrecursionlimit(limit)
        if state is not None:
            module_namespace(random)["_inst"].setstate(state)


def _forget_filters() -> None:
    mutated: Callable[[], None] | None = getattr(warnings, "_filters_mutated", None) or getattr(
        warnings, "_filters_mutated_lock_held", None
    )
    if mutated is not None:
        try:
            mutated()
        except RuntimeError:  # Python 3.14 wants its lock held
            return


@contextmanager
def _limit(seconds: float) -> Iterator[bool]:
    if _can_set_timer():
        previous = signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
    elif sys.gettrace() is None:
        end = _clock[0]() + seconds

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            if _clock[0]() > end:
                raise _TimeIsUp
            return trace

        sys.settrace(trace)
        try:
            yield True
        finally:
            sys.settrace(None)
    else:
        yield False


def _can_set_timer() -> bool:
    # By its number: to ask for the current thread makes a thread object where a thread of C has none.
    if threading.get_ident() != threading.main_thread().ident:
        return False
    return signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0) and signal.getsignal(signal.SIGALRM) is not None


def _on_alarm(number: int, frame: FrameType | None) -> None:
    raise _TimeIsUp
