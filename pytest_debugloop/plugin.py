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

from pytest_debugloop.own_imports import OwnImports

with OwnImports():
    from pytest_debugloop.setting_values import as_bool
    from pytest_debugloop.settings import OPTIONS, Settings, raw_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


class Hooks:
    """The hooks of this plugin, for other plugins and for ``conftest.py``."""

    @pytest.hookspec(firstresult=True)
    def pytest_debugloop_renderer(self, cls: type) -> Callable[[Any], Mapping[str, object]] | None:
        """Say how values of a class are shown in snapshots.

        Asked once for each class that a snapshot meets, before our own renderers. A renderer must not change the value,
        nor wait: read what is stored, call nothing. What it gives is bounded and redacted as everything else.

        Args:
            cls: the class of a value; for one of a derived class, that class.

        Returns:
            A function from a value to names and what they stand for; None to leave the class to others.

        Example::

            def pytest_debugloop_renderer(cls):
                if cls is Money:
                    return lambda value: {"amount": value.__dict__["amount"]}
        """

    def pytest_debugloop_secret_names(self, config: pytest.Config) -> list[str] | None:
        """Give more names under which secrets lie: regular expressions, searched without regard to case.

        Args:
            config: of the run.

        Example::

            def pytest_debugloop_secret_names(config):
                return ["licen[cs]e", "^pin$"]
        """

    def pytest_debugloop_secret_patterns(self, config: pytest.Config) -> list[str] | None:
        """Give more shapes of secrets in texts: regular expressions.

        Args:
            config: of the run.

        Example::

            def pytest_debugloop_secret_patterns(config):
                return [r"SHOP-[0-9A-F]{16}"]
        """

    @pytest.hookspec(firstresult=True)
    def pytest_debugloop_capture(self, item: pytest.Item) -> bool | None:
        """Decide whether the state of a test is captured at its failures, and in its checkpoints.

        The marker ``debugloop(capture=...)`` goes first. Asked at each failure, and for each test with
        parameters, which are not stored either if the answer is no.

        Args:
            item: the test.

        Returns:
            False for no state; None to leave it to others.

        Example::

            def pytest_debugloop_capture(item):
                return False if "payment" in item.nodeid else None
        """

    @pytest.hookspec(firstresult=True)
    def pytest_debugloop_classify_error(
        self, item: pytest.Item, error: BaseException, phase: str
    ) -> tuple[str, str, str] | None:
        """File a failure under another type, category and severity.

        Args:
            item: the test that failed.
            error: its exception.
            phase: ``setup``, ``call`` or ``teardown``.

        Returns:
            ``error_type`` (``validation_error``, ``execution_error``, ``setup_error``, ``teardown_error`` or
            ``timeout``), ``error_category`` (``agent``, ``framework``, ``external`` or ``user``) and
            ``error_severity`` (``low``, ``medium``, ``high`` or ``critical``); None to leave it to others.

        Example::

            def pytest_debugloop_classify_error(item, error, phase):
                if "payment provider" in str(error):
                    return "execution_error", "external", "low"
        """

    @pytest.hookspec(firstresult=True)
    def pytest_debugloop_session(self, config: pytest.Config) -> str | None:
        """Name the session that a run belongs to, where ``debugloop_session_id`` does not.

        Args:
            config: of the run.

        Returns:
            A UUID, or any text to derive one from; None to leave it to others, or to the CI.

        Example::

            def pytest_debugloop_session(config):
                return "release 2.4"
        """

    def pytest_debugloop_run_metadata(self, config: pytest.Config) -> Mapping[str, object] | None:
        """Add facts to a run: ``debug_runs.metadata``. Asked once, when the run begins.

        Args:
            config: of the run.

        Returns:
            Names and values, which are bounded and redacted as everything else.

        Example::

            def pytest_debugloop_run_metadata(config):
                return {"ticket": "SHOP-12"}
        """

    def pytest_debugloop_recovered(
        self, config: pytest.Config, tests: int, strategy: str, by: str, is_sure: bool
    ) -> None:
        """React to tests that pass again after they had failed in earlier runs.

        Called at the end of the run, once for each reason, in the process that the user started: the loader, which
        finds the reasons, runs without your code. Nothing is called where the run is not stored in time.

        Args:
            config: of the run.
            tests: how many.
            strategy: what was different, as in docs/recording.md: ``code_change``, ``rerun``, ...
            by: what was changed, in words; empty if nothing is known.
            is_sure: whether that is more likely the reason than anything else.

        Example::

            def pytest_debugloop_recovered(tests, strategy, by):
                print(f"{tests} tests pass again: {strategy} {by}")
        """


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
