"""What kind of failure an exception is: the error type, category and severity that are stored."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from pytest_debugloop.capture.storage import type_name

_COLLECT_ERRORS = frozenset({"_pytest.nodes.Collector.CollectError"})
_DOCTEST_ERRORS = frozenset({"doctest.UnexpectedException"})
_TIMEOUT_MESSAGE = re.compile(r"^Timeout \(?>")
_DATABASE_ERRORS = frozenset({"OperationalError", "InterfaceError", "DBAPIError", "DatabaseError"})
_EXPECTATIONS = frozenset({"doctest.DocTestFailure", "_pytest.doctest.MultipleDoctestFailures"})

PHASE_ERROR_TYPES = {"collect": "collection_error", "setup": "setup_error", "teardown": "teardown_error"}


class Kind(NamedTuple):
    """How a failure is filed."""

    error_type: str
    category: str
    severity: str


UNEXPECTED_PASS = Kind("unexpected_pass", "user", "medium")
WORKER_CRASH = Kind("worker_crash", "agent", "critical")
INTERNAL_ERROR = Kind("internal_error", "framework", "critical")
FAILED_SUBTESTS = Kind("validation_error", "user", "medium")


def root_of(error: BaseException) -> BaseException:
    """Give the exception that pytest or doctest wrapped into one of their own.

    Args:
        error: the exception that ended the phase.
    """
    name = type_name(type(error))
    if name in _COLLECT_ERRORS and error.__cause__ is not None:
        return error.__cause__
    if name in _DOCTEST_ERRORS:
        return error.exc_info[1]  # type: ignore[attr-defined, no-any-return]
    return error


def kind_of(error: BaseException, phase: str) -> Kind:
    """File an exception.

    Args:
        error: the exception that ended the phase.
        phase: ``collect``, ``setup``, ``call``, ``teardown`` or ``subtest``.
    """
    if phase == "collect":
        return Kind("collection_error", "framework", "critical")
    if _is_timeout(error):
        return Kind("timeout", "external", "high")
    external = _is_external(error)
    if phase in PHASE_ERROR_TYPES:
        return Kind(PHASE_ERROR_TYPES[phase], "external" if external else "framework", "high")
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)):
        return Kind("execution_error", "external", "high")
    if _is_assertion(error):
        return Kind("validation_error", "user", "medium")
    return Kind("execution_error", "external" if external else "agent", "high")


def kind_of_report(phase: str, text: str) -> Kind:
    """File a failure of which only pytest's report is known.

    Args:
        phase: the report's ``when``.
        text: the report's text.
    """
    if text.startswith("[XPASS(strict)]"):
        return UNEXPECTED_PASS
    if phase in PHASE_ERROR_TYPES:
        return Kind(PHASE_ERROR_TYPES[phase], "framework", "critical" if phase == "collect" else "high")
    return Kind("validation_error", "user", "medium")


def _is_assertion(error: BaseException) -> bool:
    return isinstance(error, (AssertionError, pytest.fail.Exception)) or type_name(type(error)) in _EXPECTATIONS


def _is_timeout(error: BaseException) -> bool:
    # pytest-timeout fails the test by pytest.fail with its own message.
    return isinstance(error, pytest.fail.Exception) and bool(_TIMEOUT_MESSAGE.match(str(error.msg or "")))


def _is_external(error: BaseException) -> bool:
    if isinstance(error, (OSError, TimeoutError)):
        return True
    return any(base.__name__ in _DATABASE_ERRORS for base in type.mro(type(error)))
