"""The set-ups of fixtures: which, of what scope, how long each took; written with the phase that they are in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from _pytest import python

from pytest_debugloop.journal.records import clean_text, json_string, json_text
from pytest_debugloop.lazy import Data, dataclass
from pytest_debugloop.writing.facts import plain_function

if TYPE_CHECKING:
    from pytest_debugloop.capture.project_code import ProjectCode
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer

_FOREIGN_US = 20_000  # of the set-up of a fixture of pytest or a plugin: one that is quicker is of no interest
_MOST = 400  # of one phase
_NOT_THEIRS = ("_pytest.", "pytest_debugloop.")
# Of what pytest makes a fixture to hold a parameter: of no interest, and set up more often than all others.
_PARAMETER = getattr(python, "get_direct_param_fixture_func", None)
_PROPERTIES = ("record_property", "record_xml_attribute")


@dataclass(frozen=True)
class _Facts(Data):
    """A fixture's definition, and what stands before and behind the times of a set-up of it."""

    definition: Any
    head: str
    tail: str
    is_own: bool
    is_of_pytest: bool


class _Open:
    """A set-up that may not be over; its place among those that are written, -1 for none."""

    __slots__ = ("facts", "place", "started")

    def __init__(self, facts: _Facts, started: int, place: int) -> None:
        self.facts = facts
        self.started = started
        self.place = place


class FixtureRecorder:
    """Sees fixtures being set up; a test without any never comes here.

    Args:
        writer: of this process.
        current_step: gives the attempt and the phase that began last.
        project: tells which fixtures are its own.
        expect_parts: called where reports may be made of parts of the test.
    """

    def __init__(
        self,
        writer: Writer,
        current_step: Callable[[], tuple[Attempt, Step]],
        project: ProjectCode,
        expect_parts: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._now = writer.now
        self._current_step = current_step
        self._project = project
        self._expect_parts = expect_parts
        self._known: dict[int, _Facts] = {}
        self._step: Step | None = None
        self._text = ""
        self._uses = ""
        self._parts: list[str] = []
        self._open: list[_Open] = []

    # No wrapper: an exception of a fixture would pass through it, and show its frame. That a fixture is ready is seen
    # when the next is set up; the last one of a phase is taken to last to its end.
    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> None:
        """Note that a fixture is being set up."""
        try:
            if fixturedef.func is _PARAMETER and not self._open:
                return
            if fixturedef.argname in _PROPERTIES and request.scope == "function":
                request.node.addfinalizer(partial(self._note_properties, request.node))
            elif fixturedef.argname == "subtests":
                self._expect_parts()
            self._note(fixturedef, request)
        except Exception as fault:
            self._writer.fault(fault)

    def _note(self, fixturedef: Any, request: Any) -> None:
        now = self._now()
        _, step = self._current_step()
        if step is not self._step:
            self._step, self._parts, self._text, self._open = step, [], "", []
            self._uses = _uses_of(request)
        elif self._open:
            self._close(now)
            if self._parts:
                self._write(step)
        facts = self._known.get(id(fixturedef))
        if facts is None or facts.definition is not fixturedef:
            facts = self._known[id(fixturedef)] = self._facts_of(fixturedef)
        if len(self._parts) == _MOST or facts.is_of_pytest:
            return
        place = -1
        if facts.is_own:
            place = len(self._parts)
            self._parts.append(f"{facts.head}{now},-1,0,{facts.tail}")
            self._write(step)
        self._open.append(_Open(facts, now, place))

    def _close(self, now: int) -> None:
        """See which of those that were begun are ready."""
        left = []
        for one in self._open:
            if getattr(one.facts.definition, "cached_result", None) is None:
                left.append(one)  # it asks for another in its own function
                continue
            part = f"{one.facts.head}{one.started},{now - one.started},0,{one.facts.tail}"
            if one.place >= 0:
                self._parts[one.place] = part
            elif now - one.started >= _FOREIGN_US:
                self._parts.append(part)
        self._open = left

    def _write(self, step: Step) -> None:
        before, self._text = self._text, f'"fixtures":[{",".join(self._parts)}],{self._uses}'
        step.extra = step.extra.replace(before, "", 1) + self._text if before else step.extra + self._text

    def _note_properties(self, item: pytest.Item) -> None:
        """Keep what a test has recorded by ``record_property`` with its teardown, where all of it is known."""
        try:
            if found := self._writer.capturer.capture_values(dict(item.user_properties), "/properties"):
                self._current_step()[1].extra += f'"properties":{json_text(found)},'
        except Exception as fault:
            self._writer.fault(fault)

    def _facts_of(self, fixturedef: Any) -> _Facts:
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
        is_of_pytest = str(getattr(fixturedef.func, "__module__", "")).startswith(_NOT_THEIRS)
        return _Facts(fixturedef, head, tail, is_own, is_of_pytest)


def _uses_of(request: Any) -> str:
    """Write which fixtures a test asks for itself."""
    info = getattr(request._pyfuncitem, "_fixtureinfo", None)
    definitions = getattr(info, "name2fixturedefs", None) or {}
    names = [name for name in getattr(info, "initialnames", ()) if name in definitions]
    return f'"uses":[{",".join(json_string(clean_text(str(name))) for name in names[:200])}],' if names else ""


def sets_up_fixtures(info: Any, are_parameters_alone: bool) -> bool:
    """Tell whether a test's set-up may run a fixture's function, or a plugin's code for one.

    Args:
        info: pytest's ``FuncFixtureInfo`` of it.
        are_parameters_alone: whether no plugin has code for what pytest makes of parameters.
    """
    try:
        if "request" in info.names_closure:
            return True
        if not info.name2fixturedefs:
            return False
        definitions = [one for all_of_name in info.name2fixturedefs.values() for one in all_of_name]
        return not are_parameters_alone or any(one.func is not _PARAMETER for one in definitions)
    except (AttributeError, TypeError):  # a pytest that keeps it elsewhere
        return True
