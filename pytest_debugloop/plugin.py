"""The entry point that pytest loads: the options, the switch, and nothing else.

In a run that does not record, this module and :mod:`pytest_debugloop.settings` are all that is imported.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from pytest_debugloop.settings import OPTIONS, as_bool, raw_value

_NO_TESTS_RUN = (
    "cacheshow",
    "collectonly",
    "help",
    "markers",
    "setupplan",
    "show_fixtures_per_test",
    "showfixtures",
    "version",
)


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
        parser.addini(option.name, text, type=_ini_type(option.kind), default=None)


def _ini_type(kind: type) -> Any:
    """Say what pytest shall take from the ini file; what it would refuse comes as text, for us to say what is wrong."""
    if kind is str or (pytest.version_tuple < (8, 4) and kind is not bool):
        return "string"
    # In TOML a number is one only since pytest 9.2 says so, together with text.
    return kind.__name__ if pytest.version_tuple < (9, 2) else kind | str


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
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"debugloop: {error}") from None
