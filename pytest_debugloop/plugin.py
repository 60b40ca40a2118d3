"""The entry point that pytest loads: the options, the switch, and nothing else.

In a run that does not record, this module and what it needs for that (:mod:`pytest_debugloop.settings`) are all that is
imported.

PYTEST_DONT_REWRITE: there are no assertions, and looking for them takes longer than the compilation.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.own_imports import OwnImports, replace_rewriting_loaders

with OwnImports():
    from pytest_debugloop.hookspec import Hooks
    from pytest_debugloop.setting_values import as_bool
    from pytest_debugloop.settings import OPTIONS, Settings, raw_value

replace_rewriting_loaders("pytest_debugloop", OwnImports.__module__, __name__)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_debugloop.workflow.debugloop import DebugLoop

_MARKER = (
    "debugloop(capture=True): with capture=False, do not capture the state of this test at failures (pytest-debugloop)."
)
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

# Set by pytest while a test is going on, and by pytest-xdist in a worker: what has inherited one was started in there.
_INSIDE = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
# The runs of this process; the first variable is gone once a run inside of a test has had a test of its own.
_going_on: weakref.WeakSet[pytest.Config] = weakref.WeakSet()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare our hooks, also where nothing is recorded: a ``conftest.py`` that has one of them must load."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare every option of the table, for the command line and for the ini file."""
    group = parser.getgroup("debugloop", "recording the run in PostgreSQL (pytest-debugloop)")
    for option in OPTIONS:
        text = f"{option.help} [{option.variable}]"
        if option.metavar is None:
            group.addoption(option.flag, action="store_true", default=None, dest=option.name, help=text)
            no = _negative(option.flag)
            group.addoption(no, action="store_false", default=None, dest=option.name, help=f"Turn {option.flag} off.")
        else:
            group.addoption(option.flag, default=None, dest=option.name, metavar=option.metavar, help=text)
        parser.addini(option.name, text, type=_ini_type(option.kind), default=None)


def _negative(flag: str) -> str:
    return flag.replace("--", "--no-", 1)


def _ini_type(kind: type) -> Any:
    """Say what pytest shall take from the ini file; what it would refuse comes as text, for us to say what is wrong."""
    if kind is str or (pytest.version_tuple < (8, 4) and kind is not bool):
        return "string"
    # In TOML a number is one only since pytest 9.2 says so, together with text.
    return kind.__name__ if pytest.version_tuple < (9, 2) else kind | str


@pytest.fixture
def debugloop(request: pytest.FixtureRequest) -> Iterator[DebugLoop]:
    """Record checkpoints, steps, transformations, LLM calls, files and metadata of this test (pytest-debugloop)."""
    from pytest_debugloop.workflow.debugloop import DebugLoop

    tests = request.config.pluginmanager.get_plugin("debugloop-notes")
    scope = None if tests is None else tests.scope_of(request.node)
    yield DebugLoop(scope)
    if scope is not None:
        scope.close()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the recorder where this run is to be recorded."""
    config.addinivalue_line("markers", _MARKER)
    is_inside = bool(_going_on) or any(name in os.environ for name in _INSIDE)
    _going_on.add(config)
    if _enabled(config, is_inside=is_inside):
        with OwnImports():
            from pytest_debugloop.recording.start import start_recording

        start_recording(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Note that this run is over."""
    _going_on.discard(config)


def _enabled(config: pytest.Config, *, is_inside: bool) -> bool:
    if any(config.getoption(name, None) for name in _NO_TESTS_RUN):
        return False
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:  # a worker of pytest-xdist does as the process that started it
        with OwnImports():
            from pytest_debugloop.journal.shared_names import WORKER_INPUT

        return WORKER_INPUT in worker_input
    switch = Settings.enabled
    if is_inside:
        # What a test runs inherits variables and maybe the ini file, and its output must not change: only what stands
        # on its own command line is meant for it.
        given = [word for word in config.invocation_params.args if word in (switch.flag, _negative(switch.flag))]
        return given[-1:] == [switch.flag]
    try:
        return as_bool(raw_value(switch, config.getoption, config.getini, os.environ))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"debugloop: {error}") from None
