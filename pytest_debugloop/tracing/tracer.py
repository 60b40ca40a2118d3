"""What a test runs of the project's code: its functions and lines, the files that it opens, the processes it starts.

Loaded by runs alone that have a test to trace: one with an open failure, or one that failed and is tried again.
"""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.project_code import ProjectCode, is_generated
from pytest_debugloop.journal.records import Trace, clean_text
from pytest_debugloop.tracing.audit import AuditedEvents, AuditHook
from pytest_debugloop.tracing.children import describe_child
from pytest_debugloop.tracing.monitor import CodeMonitor, ExecutedCode
from pytest_debugloop.writing.loaded_files import code_name

if TYPE_CHECKING:
    from pytest_debugloop.writing.steps import Attempt
    from pytest_debugloop.writing.writer import Writer

_MAX_LINES = 20_000
# What these run goes on in a child that no command line tells of.
_FORKING = ("multiprocessing/popen_spawn_posix.py", "multiprocessing/popen_forkserver.py")


class Tracer:
    """Traces one attempt after the other.

    Args:
        writer: of this process.
        project: tells which code is its own.

    Attributes:
        on_return: see :meth:`CodeMonitor.on_return`; of the attempt that is traced.
    """

    def __init__(self, writer: Writer, project: ProjectCode) -> None:
        self._writer = writer
        self._project = project
        self._watch = CodeMonitor(self._is_watched)
        self.on_return = self._watch.on_return
        self._audit = AuditHook(project.folders)
        self._attempt: Attempt | None = None
        self._problem = ""

    def _is_watched(self, file: str) -> bool:
        return file.endswith(_FORKING) or (not is_generated(file) and code_name(file, self._project) is not None)

    def begin(self, attempt: Attempt) -> None:
        """Begin to trace an attempt.

        Args:
            attempt: its setup is about to be run.
        """
        self._attempt = attempt
        self._audit.begin()
        self._problem = self._watch.begin()

    def end(self) -> None:
        """End the trace, and write it."""
        attempt, self._attempt = self._attempt, None
        entered, noted = self._watch.end(), self._audit.end()
        if attempt is None or noted is None or not attempt.steps:
            return
        first = next(iter(attempt.steps.values()))
        files, has_forked = self._files(entered)
        cut = [self._problem, entered.cut if entered is not None else "", noted.cut]
        if noted.forked or has_forked:
            cut.append("it started copies of its process")
        line = Trace(
            n=self._writer.next_n(),
            step=(first.n, first.started),
            node_id=clean_text(attempt.node_id),
            attempt=attempt.number,
            how="none" if entered is None else "monitoring" if entered.has_lines else "profile",
            files=files,
            opened=self._opened(noted),
            children=self._children(noted),
            cut=[reason for reason in cut if reason],
            task=None if attempt.task == attempt.node_id else attempt.task,
        ).to_line()
        self._writer.write(line.decode("ascii"))

    def _files(self, entered: ExecutedCode | None) -> tuple[dict[str, dict[str, list[Any]]], bool]:
        """Give what was entered by file, and whether it forks unseen."""
        if entered is None:
            return {}, False
        files: dict[str, dict[str, list[Any]]] = {}
        has_forked = False
        for identity, code in list(entered.codes.items()):
            if code.co_filename.endswith(_FORKING):
                has_forked = True
                continue
            name = code_name(code.co_filename, self._project) or code.co_filename
            found = files.setdefault(name, {"functions": [], "lines": []})
            found["functions"].append([clean_text(_name_of(code)), code.co_firstlineno])
            found["lines"] += entered.lines.get(identity, ())
        left = _MAX_LINES
        for found in files.values():
            lines = sorted(set(found.pop("lines")))
            if entered.has_lines:
                found["lines"] = lines[: max(left, 0)]
            left -= len(lines)
        if left < 0:
            entered.cut = entered.cut or "it ran too many lines"
        return files, has_forked

    def _opened(self, noted: AuditedEvents) -> list[str]:
        names = (self._project.name_of(path) for path in noted.opened if self._project.has_file(path))
        return [clean_text(self._writer.redact(name)) for name in dict.fromkeys(names)]

    def _children(self, noted: AuditedEvents) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for child in dict.fromkeys(noted.children):
            one = self._child(describe_child(child, self._project))
            if one not in found:  # a process may be reported twice, as it is begun and as the system is asked for it
                found.append(one)
        return found

    def _child(self, child: dict[str, Any]) -> dict[str, Any]:
        clean = self._writer.redact
        return {
            key: clean_text(clean(value)) if type(value) is str else [clean_text(clean(one)) for one in value]
            for key, value in child.items()
        }


def _name_of(code: CodeType) -> str:
    """Name a function as the record names the code that it is a part of; before Python 3.11 its place has to tell."""
    name: str = getattr(code, "co_qualname", code.co_name)
    return unit_name(name)


def unit_name(name: str) -> str:
    """Give the qualified name of the function, class or module whose text holds a function.

    Args:
        name: a qualified name as Python makes it.
    """
    name = name.partition(".<locals>")[0]
    if name.endswith(">"):  # a lambda or a comprehension of a class or a module
        return name.rpartition(".")[0] or "<module>"
    return name
