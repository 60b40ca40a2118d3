"""Which files a test opens, and which processes it starts, as an audit hook (PEP 578) sees it.

A hook cannot be removed, so it is added in runs that have a test to ask for, and does next to nothing between two of
them. It keeps texts, and no object of the test; what to make of them is found out after the test.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

MAX_FILES = 500
"""How many files are noted of one test."""
MAX_CHILDREN = 50
"""How many processes are noted of one test."""

_MAX_WORDS = 60
_LONGEST_WORD = 1_000
_WRITES_ONLY = os.O_WRONLY | os.O_TRUNC | os.O_CREAT
# What they have as program, arguments and folder.
_STARTS = {"subprocess.Popen": (0, 1, 2), "os.posix_spawn": (0, 1, None), "os.spawn": (1, 2, None)}
_FORKS = frozenset({"os.fork", "os.forkpty"})
_ASKED_FOR = frozenset({"open", "sqlite3.connect", "os.system", *_STARTS, *_FORKS})
_CODE = (".py", ".pyc")  # what of it is run is traced otherwise
_FAULTS = (AttributeError, LookupError, RecursionError, TypeError, UnicodeError)
_getcwd = os.getcwd


class Child(NamedTuple):
    """A process that a test started.

    Attributes:
        program: as it was named.
        words: what it was given, the first being its name.
        folder: that it was started in.
    """

    program: str
    words: tuple[str, ...]
    folder: str


class AuditedEvents:
    """What was noted since the beginning of a test.

    Attributes:
        opened: whole paths of files in the project's folders that were opened to be read.
        written: those that were opened to be written first.
        children: the processes.
        forked: whether a copy of this process was started.
        cut: why not all is noted; empty where it is.
    """

    __slots__ = ("children", "cut", "forked", "opened", "written")

    def __init__(self) -> None:
        self.opened: dict[str, None] = {}
        self.written: set[str] = set()
        self.children: list[Child] = []
        self.forked = False
        self.cut = ""


class AuditHook:
    """The hook, and whether anybody listens.

    Args:
        folders: of the project, whole paths.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = tuple(f"{folder}{os.sep}" for folder in folders)
        self._noted: AuditedEvents | None = None
        self._is_added = False

    def begin(self) -> None:
        """Begin to listen; the first time, add the hook."""
        if not self._is_added:
            self._is_added = True
            sys.addaudithook(self._as_function())
        self._noted = AuditedEvents()

    def end(self) -> AuditedEvents | None:
        """End listening, and give what was noted; None where nobody listened."""
        noted, self._noted = self._noted, None
        return noted

    def _as_function(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Give the hook: Python asks it for an attribute at each event, which a method refuses with an exception."""

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if (noted := self._noted) is not None and event in _ASKED_FOR:
                self._note(noted, event, arguments)

        return hook

    def _note(self, noted: AuditedEvents, event: str, arguments: tuple[Any, ...]) -> None:
        try:
            if event == "open":
                self._opened(noted, arguments)
            elif event == "sqlite3.connect":
                self._opened(noted, (arguments[0], None, 0))
            elif event in _STARTS:
                _started(noted, event, arguments)
            elif event == "os.system":
                _add(noted, "sh", ["sh", "-c", arguments[0]], None)
            elif event in _FORKS:
                noted.forked = True
        except _FAULTS:  # what a signal's handler raises here is the test's
            noted.cut = "not all that it opened or started could be noted"

    def _opened(self, noted: AuditedEvents, arguments: tuple[Any, ...]) -> None:
        path, _, flags = arguments
        if type(path) is bytes:
            path = os.fsdecode(path)
        if type(path) is not str or path.endswith(_CODE):
            return
        if not path.startswith(os.sep):
            path = f"{_here()}{os.sep}{path}"
        if not path.startswith(self._folders) or path in noted.opened or path in noted.written:
            return
        if len(noted.opened) + len(noted.written) >= MAX_FILES:
            noted.cut = "it opened too many files"
        elif type(flags) is int and flags & _WRITES_ONLY:
            noted.written.add(path)
        else:
            noted.opened[path] = None


def _here() -> str:
    try:
        return _getcwd()
    except OSError:  # the folder is gone
        return ""


def _started(noted: AuditedEvents, event: str, arguments: tuple[Any, ...]) -> None:
    program, words, folder = (None if place is None else arguments[place] for place in _STARTS[event])
    _add(noted, program, words, folder)


def _add(noted: AuditedEvents, program: Any, words: Any, folder: Any) -> None:
    if len(noted.children) >= MAX_CHILDREN:
        noted.cut = "it started too many processes"
        return
    given = words if type(words) in (list, tuple) else [words]
    taken = [_text(word) for word in given[:_MAX_WORDS]]
    noted.children.append(Child(_text(program) or taken[0], tuple(taken), _text(folder) or _here()))


def _text(word: Any) -> str:
    """Give a word as text; what is none is not asked what it is."""
    if type(word) is bytes:
        word = os.fsdecode(word)
    elif type(word) is not str:
        word = getattr(word, "_str", "") if type(word).__module__.startswith("pathlib") else ""
    return word[:_LONGEST_WORD] if type(word) is str else ""
