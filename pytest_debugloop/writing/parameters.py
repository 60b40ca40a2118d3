"""The parameters of a test, as its lines in the journal have them, whether it fails or not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.redact import REDACTED
from pytest_debugloop.capture.secret_names import NO_NUMBERS, NOTHING
from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.journal.records import clean_text, json_text
from pytest_debugloop.writing.facts import is_captured

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.capture.redact import Redactor
    from pytest_debugloop.capture.snapshot import Capturer

_MARK = "debugloop"
_MOST = 50
_LONGEST_TEXT = 200
_LONGEST_BITS = 1_000  # Python writes no integer of many thousand digits
_OF_PLUGINS = ("__pytest_repeat", "__flakefinder_")  # which try a test again by parameters of their own


def parameters_of(item: pytest.Item, capturer: Capturer) -> str:
    """Write the parameters of a test, without running any of its code.

    The whole values of objects are in the state of a failure; here they would cost each test that passes too much.

    Args:
        item: a test that has parameters.
        capturer: of this process.

    Returns:
        A member of a line, with a comma after it: numbers, booleans, None and texts as they are, types of all else.
        Empty where there is nothing, or the user wants no state of this test.
    """
    given: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", None) or {}
    if not capturer.is_on:
        return ""
    is_asked = _MARK in item.keywords or bool(item.config.hook.pytest_debugloop_capture.get_hookimpls())
    if is_asked and not is_captured(item):
        return ""
    values = {
        clean_text(name): _value(name, value, capturer.redactor)
        for name, value in list(given.items())[:_MOST]
        if type(name) is str and not name.startswith(_OF_PLUGINS)
    }
    return f'"parameters":{json_text(values)},' if values else ""


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
