"""The parameters of a test, as its lines in the journal have them, whether it fails or not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.redact import REDACTED
from pytest_debugloop.capture.secret_names import NO_NUMBERS, NOTHING
from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.journal.records import clean_text, json_string, json_text
from pytest_debugloop.writing.facts import is_captured, parameters_given

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.capture.redact import Redactor
    from pytest_debugloop.capture.snapshot import Capturer

_MARK = "debugloop"
_MOST = 50
_LONGEST_TEXT = 200
_LONGEST_BITS = 1_000  # Python writes no integer of many thousand digits
_OF_PLUGINS = ("__pytest_repeat", "__flakefinder_")  # which try a test again by parameters of their own
_MOST_KNOWN = 5_000


class Parameters:
    """Writes the parameters of tests, without running any of their code.

    The whole values of objects are in the state of a failure; here they would cost each test that passes too much.
    Many tests of a run have the same values, so what was written of short ones is kept.

    Args:
        capturer: of this process.
    """

    __slots__ = ("_capturer", "_is_parent_marked", "_known", "_parent")

    def __init__(self, capturer: Capturer) -> None:
        self._capturer = capturer
        self._known: dict[tuple[str, type, object], str] = {}
        self._parent: object = None
        self._is_parent_marked = False

    def of(self, item: pytest.Item) -> str:
        """Write the parameters of a test.

        Args:
            item: a test that has parameters.

        Returns:
            A member of a line, with a comma after it: numbers, booleans, None and texts as they are, types of all
            else. Empty where there is nothing, or the user wants no state of this test.
        """
        given = parameters_given(item)
        if not self._capturer.is_on or (self._may_be_private(item) and not is_captured(item)):
            return ""
        known, members = self._known, []
        for name, value in given.items() if len(given) <= _MOST else list(given.items())[:_MOST]:
            cls = type(value)
            # Nothing else is asked for its hash: that may be code of the tests.
            if type(name) is str and (cls is str or cls is int or value is None or cls is bool):
                text = known.get((name, cls, value))
                if text is None:
                    text = self._keep((name, cls, value))
            else:
                text = self._member(name, value)
            if text:
                members.append(text)
        return f'"parameters":{{{",".join(members)}}},' if members else ""

    def _may_be_private(self, item: pytest.Item) -> bool:
        if (parent := item.parent) is not self._parent:
            self._parent, self._is_parent_marked = parent, parent is not None and _MARK in parent.keywords
        if self._is_parent_marked or item.config.hook.pytest_debugloop_capture.get_hookimpls():
            return True
        for mark in item.own_markers:  # noqa: SIM110 - a third of the time: this is asked of every test
            if mark.name == _MARK:
                return True
        return False

    def _keep(self, parameter: tuple[str, type, Any]) -> str:
        name, cls, value = parameter
        text = self._member(name, value)
        if cls is not str or len(value) <= _LONGEST_TEXT:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[parameter] = text
        return text

    def _member(self, name: object, value: object) -> str:
        if type(name) is not str or name.startswith(_OF_PLUGINS):
            return ""
        return f"{json_string(name)}:{json_text(_value(name, value, self._capturer.redactor))}"


def _value(name: str, value: object, redactor: Redactor) -> object:
    cls = type(value)
    is_number = cls is int or cls is float
    secrecy = redactor.names.kind(name)
    if secrecy != NOTHING and not (secrecy == NO_NUMBERS and is_number):
        return REDACTED
    if value is None or cls is bool:
        return value
    if (cls is int and value.bit_length() < _LONGEST_BITS) or (cls is float and math.isfinite(value)):  # type: ignore[attr-defined,arg-type]
        return value
    if cls is str:
        text = redactor.text(value[: 2 * _LONGEST_TEXT])  # type: ignore[index]
        return clean_text(text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}...")
    if cls is float:
        return str(value)
    return f"<{type_name(cls)}>"
