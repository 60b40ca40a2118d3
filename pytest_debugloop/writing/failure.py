"""What kind of failure an exception is: the error type, category and severity that are stored."""

from __future__ import annotations

import unittest

import pytest

from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.lazy import lazy_pattern
from pytest_debugloop.writing.facts import ASK
from pytest_debugloop.writing.failure_context import Kind, is_external

_COLLECT_ERRORS = frozenset({"_pytest.nodes.Collector.CollectError"})
_DOCTEST_ERRORS = frozenset({"doctest.UnexpectedException"})
_TIMEOUT_MESSAGE = lazy_pattern(r"^Timeout \(?>")
_EXPECTATIONS = frozenset({"doctest.DocTestFailure", "_pytest.doctest.MultipleDoctestFailures"})

PHASE_ERROR_TYPES = {"collect": "collection_error", "setup": "setup_error", "teardown": "teardown_error"}


_TYPES = frozenset({"validation_error", "execution_error", "timeout", "setup_error", "teardown_error"})
_CATEGORIES = frozenset({"agent", "framework", "external", "user"})
_SEVERITIES = frozenset({"low", "medium", "high", "critical"})

SKIP_EXCEPTIONS = (pytest.skip.Exception, unittest.SkipTest, pytest.xfail.Exception)
"""What a test raises to say that it did not fail."""
_ENDS = (KeyboardInterrupt, pytest.exit.Exception)


UNEXPECTED_PASS = Kind("unexpected_pass", "user", "medium")
WORKER_CRASH = Kind("worker_crash", "agent", "critical")
PROCESS_CRASH = Kind("process_crash", "agent", "critical")
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


def errors_of(item: object, raised: BaseException | None, phase: str) -> list[BaseException]:
    """List the errors of a phase: unittest keeps those of a test, of its ``tearDown`` and of its cleanups to itself.

    pytest tells the first that was kept with the call, the next with the teardown, in place of what was raised there,
    and nothing of more.

    Args:
        item: the test.
        raised: what ended the phase, None where nothing was raised.
        phase: ``setup``, ``call`` or ``teardown``.

    Returns:
        What pytest tells of the phase, then the others.
    """
    kept = [info.value for info in getattr(item, "_excinfo", None) or ()]
    if phase == "setup" or not kept:
        return [] if raised is None else [raised]
    if isinstance(raised, _ENDS):
        return [raised, *kept]
    found = kept if phase == "teardown" else kept[:1]  # the next are the teardown's
    if raised is not None:
        found.append(raised)
    return [error for index, error in enumerate(found) if index == 0 or not isinstance(error, SKIP_EXCEPTIONS)]


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
    external = is_external(error)
    if phase in PHASE_ERROR_TYPES:
        return Kind(PHASE_ERROR_TYPES[phase], "external" if external else "framework", "high")
    if isinstance(error, _ENDS):
        return Kind("execution_error", "external", "high")
    if _is_assertion(error):
        return Kind("validation_error", "user", "medium")
    return Kind("execution_error", "external" if external else "agent", "high")


def kind_for(item: object, error: BaseException, phase: str) -> Kind:
    """File an exception of a test, as a hook says or as we do.

    Args:
        item: the test.
        error: the exception that ended the phase.
        phase: ``setup``, ``call``, ``teardown`` or ``subtest``.
    """
    kind = kind_of(error, phase)
    ask = item.config.stash.get(ASK, None) if isinstance(item, pytest.Item) else None
    found = None if ask is None else ask("pytest_debugloop_classify_error", item, error=error, phase=phase)
    if type(found) is tuple and len(found) == 3 and all(type(word) is str for word in found):
        error_type, category, severity = found
        if error_type in _TYPES and category in _CATEGORIES and severity in _SEVERITIES:
            return Kind(error_type, category, severity)
    return kind


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
