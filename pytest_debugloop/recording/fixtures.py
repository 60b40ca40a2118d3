"""The set-ups of fixtures: which, of what scope, how long each took; written with the phase that they are in."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.journal.records import clean_text, json_string, json_text
from pytest_debugloop.writing.facts import plain_function

if TYPE_CHECKING:
    from pytest_debugloop.capture.project_code import ProjectCode
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer

_FOREIGN_US = 20_000  # of the set-up of a fixture of pytest or a plugin: one that is quicker is of no interest
_MOST = 400  # of one phase
_PROPERTIES = ("record_property", "record_xml_attribute")


class FixtureRecorder:
    """Sees fixtures being set up; a test without any never comes here.

    Args:
        writer: of this process.
        current_step: gives the attempt and the phase that began last.
        project: tells which fixtures are its own.
    """

    def __init__(self, writer: Writer, current_step: Callable[[], tuple[Attempt, Step]], project: ProjectCode) -> None:
        self._writer = writer
        self._now = writer.now
        self._current_step = current_step
        self._project = project
        self._known: dict[int, tuple[object, str, str, bool]] = {}
        self._step: Step | None = None
        self._text = ""
        self._uses = ""
        self._parts: list[str] = []

    # Of the old kind: an exception does not pass through it, and shows no frame of it.
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, None]:
        """Time a set-up."""
        started = self._now()
        outcome = yield
        try:
            if fixturedef.argname in _PROPERTIES and request.scope == "function":
                request.node.addfinalizer(partial(self._note_properties, request.node))
            self._note(fixturedef, request, started, self._now() - started, outcome.excinfo is not None)
        except Exception as fault:
            self._writer.fault(fault)

    def _note(self, fixturedef: Any, request: Any, started: int, took: int, failed: bool) -> None:
        known = self._known.get(id(fixturedef))
        if known is None or known[0] is not fixturedef:
            known = self._known[id(fixturedef)] = self._facts_of(fixturedef)
        _, head, tail, is_own = known
        if not is_own and took < _FOREIGN_US and not failed:
            return
        _, step = self._current_step()
        if step is not self._step:
            self._step, self._parts, self._text = step, [], ""
            self._uses = _uses_of(request)
        if len(self._parts) == _MOST:
            return
        self._parts.append(f"{head}{started},{took},{int(failed)},{tail}")
        before, self._text = self._text, f'"fixtures":[{",".join(self._parts)}],{self._uses}'
        step.extra = step.extra.replace(before, "", 1) + self._text if before else step.extra + self._text

    def _note_properties(self, item: pytest.Item) -> None:
        """Keep what a test has recorded by ``record_property`` with its teardown, where all of it is known."""
        try:
            if found := self._writer.capturer.capture_values(dict(item.user_properties), "/properties"):
                self._current_step()[1].extra += f'"properties":{json_text(found)},'
        except Exception as fault:
            self._writer.fault(fault)

    def _facts_of(self, fixturedef: Any) -> tuple[object, str, str, bool]:
        function = plain_function(fixturedef.func)
        file, line, name, is_own = "", 0, "", False
        if function is not None:
            path, line = function.__code__.co_filename, function.__code__.co_firstlineno
            is_own = self._project.has_file(path)
            file = self._project.name_of(path) if is_own else self._project.identity_of(path)
            if file.startswith("/"):  # somewhere on this machine
                file = file.rpartition("/")[2]
            name = function.__qualname__
        scope = str(fixturedef.scope)
        arguments = ",".join(json_string(clean_text(str(one))) for one in fixturedef.argnames if one != "request")
        head = f"[{json_string(clean_text(str(fixturedef.argname)))},{json_string(scope)},"
        tail = f"{json_string(clean_text(file))},{line},{json_string(clean_text(name))},[{arguments}]]"
        return fixturedef, head, tail, is_own


def _uses_of(request: Any) -> str:
    """Write which fixtures a test asks for itself."""
    info = getattr(request._pyfuncitem, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", None) or {}
    names = [name for name in getattr(info, "initialnames", ()) if name in definitions]
    return f'"uses":[{",".join(json_string(clean_text(str(name))) for name in names[:200])}],' if names else ""
