"""The entry point that pytest loads: the options, the switch, and nothing else.

In a run that does not record, this module and :mod:`pytest_debugloop.settings` are all that is imported.
"""

from __future__ import annotations

import os

import pytest

from pytest_debugloop.settings import OPTIONS, as_bool, raw_value

_NO_TESTS_RUN = ("collectonly", "showfixtures", "show_fixtures_per_test", "help", "version", "markers")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare every option of the table, for the command line and for the ini file."""
    group = parser.getgroup("debugloop", "record of the run in PostgreSQL (pytest-debugloop)")
    for option in OPTIONS:
        text = f"{option.help} [{option.variable}]"
        if option.metavar is None:
            group.addoption(option.flag, action="store_true", default=None, dest=option.name, help=text)
            no = option.flag.replace("--", "--no-", 1)
            group.addoption(no, action="store_false", default=None, dest=option.name, help=f"Switch {option.flag} off.")
        else:
            group.addoption(option.flag, default=None, dest=option.name, metavar=option.metavar, help=text)
        parser.addini(option.name, text, type=option.ini_type, default=None)  # type: ignore[arg-type]


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the recorder where this run is to be recorded."""
    if _enabled(config):
        from pytest_debugloop.recording.session import start_recording

        start_recording(config)


def _enabled(config: pytest.Config) -> bool:
    if any(config.getoption(name, None) for name in _NO_TESTS_RUN):
        return False
    # A test that runs pytest itself inherits our variable, and its output must not change: only a flag counts there.
    environ = {} if "PYTEST_CURRENT_TEST" in os.environ else os.environ
    try:
        return as_bool(raw_value(OPTIONS[0], config.getoption, config.getini, environ))
    except ValueError as error:
        raise pytest.UsageError(f"debugloop: DEBUGLOOP cannot be {os.environ['DEBUGLOOP']!r}: {error}") from None
