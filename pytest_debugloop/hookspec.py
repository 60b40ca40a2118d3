"""What other plugins and a ``conftest.py`` may say about what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
