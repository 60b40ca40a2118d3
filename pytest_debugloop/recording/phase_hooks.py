"""Which hooks tell of the phases of tests: the cheap ones, unless another plugin may have ways of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.recording.plain_phases import PlainPhases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_debugloop.recording.recorder import Recorder
    from pytest_debugloop.writing.writer import Writer

_PHASES, _REPORTS, _TEARDOWNS = "debugloop-phases", "debugloop-reports", "debugloop-teardowns"
_NOT_FOREIGN = ("_pytest.", "pytest_debugloop.")
# What runs for tests without fixtures too, before and after their functions.
_BETWEEN_FUNCTIONS = (
    "pytest_runtest_protocol",
    "pytest_runtest_logstart",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
    "pytest_report_teststatus",
    "pytest_warning_recorded",
)
# What may have more to be done when a class or a file is torn down.
_IN_FUNCTIONS = ("pytest_runtest_call", "pytest_pyfunc_call")
# What runs for parameters, which pytest hands over as it does fixtures.
_AT_PARAMETERS = ("pytest_fixture_setup", "pytest_fixture_post_finalizer")
# What has some of these hooks, and in them nothing that a process dies of.
_HARMLESS_BETWEEN = ("anyio.", "pytest_asyncio.", "pytest_randomly")
# What has hooks of reports, and changes neither an outcome nor what is run.
_HARMLESS = ("_hypothesis_pytestplugin", "xdist.", "__channelexec__")  # the last is xdist in a worker


class Reports:
    """Hands pytest's reports on.

    Args:
        log: takes them.
    """

    def __init__(self, log: Callable[[pytest.TestReport], None]) -> None:
        self._log = log

    @pytest.hookimpl(trylast=True)  # after the terminal's: it turns a test with failed subtests into a failed one
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take pytest's verdict."""
        self._log(report)


class Teardowns:
    """Tells when more than a test itself is torn down.

    Args:
        tell: called before.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Tell, where the next test is in another class or file."""
        if nextitem is None or nextitem.parent is not item.parent:
            self._tell()


class PhaseHooks:
    """Registers what tells the recorder of phases, once the plugins of the run are known.

    Args:
        config: of the run.
        recorder: of this process.
        writer: of this process.
    """

    def __init__(self, config: pytest.Config, recorder: Recorder, writer: Writer) -> None:
        self._plugins = config.pluginmanager
        self._hook = config.hook
        self._calls_all_phases = not config.getoption("setuponly", False)
        self._recorder = recorder
        self._writer = writer
        self._plain: PlainPhases | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Choose the hooks: every ``conftest.py`` is loaded."""
        if self._needs_wrappers():
            self._register_wrappers()
            return
        last = session.items[-1] if session.items else None
        self._plain = PlainPhases(self._recorder, self._writer, last, self.await_reports, self._await_teardowns)
        self._plugins.register(self._plain, _PHASES)
        self._look_for_changes(self._plain)

    def pytest_plugin_registered(self, plugin: object) -> None:
        """Choose again where a test has brought a plugin."""
        if (plain := self._plain) is None or type(plugin).__module__.startswith(_NOT_FOREIGN):
            return
        if self._needs_wrappers():
            self._plain = None
            plain.replace(self._register_wrappers)
        else:
            self._look_for_changes(plain)

    def await_reports(self) -> None:
        """Have pytest's reports from now on: what nobody has raised or skipped passes, and is not asked for."""
        if self._plain is not None and not self._plugins.has_plugin(_REPORTS):
            self._plugins.register(Reports(self._plain.log_report), _REPORTS)

    def _await_teardowns(self) -> None:
        if self._plain is not None:
            self._plugins.register(Teardowns(self._plain.write_waiting), _TEARDOWNS)

    def expect_parts(self) -> None:
        """Be ready for reports of parts of the test under way, which its threads may make."""
        self._writer.share()
        if self._plain is not None:
            self._plain.expect_parts()

    def _needs_wrappers(self) -> bool:
        return (
            not self._calls_all_phases
            or not all(map(_is_wrapper, _foreign(self._hook.pytest_runtest_protocol)))
            # Tests that a loop of another plugin starts may run anywhere, and more than one at once.
            or not all(map(_is_wrapper, _foreign(self._hook.pytest_runtestloop)))
            or any(_foreign(self._hook.pytest_runtest_makereport))
            # A wrapper of another plugin runs before our plain hook: a process that dies in it would die in no test.
            or any(map(_is_wrapper, _foreign(self._hook.pytest_runtest_setup)))
        )

    def _look_for_changes(self, plain: PlainPhases) -> None:
        if any(_foreign(self._hook.pytest_runtest_logreport)):
            plain.expect_changes()
        is_alone = not self._has_others(_BETWEEN_FUNCTIONS)
        self._recorder.attempts.kinds.look_at_plugins(
            is_alone=is_alone, are_parameters_alone=not self._has_others(_AT_PARAMETERS)
        )
        if not is_alone or self._has_others(_IN_FUNCTIONS):
            plain.hear_teardowns()

    def _has_others(self, names: tuple[str, ...]) -> bool:
        return any(any(_foreign(getattr(self._hook, name), _HARMLESS_BETWEEN)) for name in names)

    def _register_wrappers(self) -> None:
        with OwnImports():
            from pytest_debugloop.recording.wrapped_phases import WrappedPhases

        self._recorder.attempts.are_counted_by_others = True
        for name in (_PHASES, _REPORTS, _TEARDOWNS):
            if self._plugins.has_plugin(name):
                self._plugins.unregister(name=name)
        self._plugins.register(WrappedPhases(self._recorder, self._writer), _PHASES)


def _foreign(hook: Any, harmless: tuple[str, ...] = ()) -> Iterator[Any]:
    """Give the implementations of a hook by plugins that are not pytest's."""
    for one in hook.get_hookimpls():
        if not str(getattr(one.function, "__module__", "")).startswith((*_NOT_FOREIGN, *_HARMLESS, *harmless)):
            yield one


def _is_wrapper(implementation: Any) -> bool:
    return bool(implementation.wrapper or implementation.hookwrapper)
