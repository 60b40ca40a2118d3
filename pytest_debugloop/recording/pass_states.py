"""Of which attempts the state at their end is kept, where they pass: of those that somebody may hold against a failure.

These are attempts after one that failed in this run, and tests that an earlier run on the same line left failed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_debugloop.environment import providers as fact
from pytest_debugloop.environment.checkout import git_facts
from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.writing.machine_facts import leg_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_debugloop.recording.return_capture import ReturnCapture
    from pytest_debugloop.writing.steps import Attempt
    from pytest_debugloop.writing.writer import Writer

MOST_PASSES = 100
"""How many tests that an earlier run left failed have the state of their pass kept, in one process."""

_NAME = "debugloop-returns"
# Before, there is one profile function, and the trace has it, which tells more of the reason.
_CAN_WATCH_BOTH = hasattr(sys, "monitoring")


class PassStates:
    """Watches the calls of these attempts; what does is registered for as long as one of them lasts.

    Args:
        config: of the run.
        leg: that the user has named; empty for none.
        writer: of this process.
        capture: keeps the states.
    """

    def __init__(self, config: pytest.Config, leg: str, writer: Writer, capture: ReturnCapture) -> None:
        self._plugins = config.pluginmanager
        self._rootdir = config.rootpath
        self._given_leg = leg
        self._writer = writer
        self._capture = capture
        self._line: tuple[str, str] | None = None

    def begin(self, attempt: Attempt, failed_on: Mapping[str, str] | None) -> None:
        """Watch an attempt, where its state is wanted.

        Args:
            attempt: its first step is about to begin.
            failed_on: ``leg`` and ``branch`` of the open failure, each missing where it has none; None for no failure.
        """
        attempt.keeps_state = attempt.is_after_failure or (failed_on is not None and self._is_wanted(failed_on))
        if attempt.keeps_state and not self._plugins.has_plugin(_NAME):
            self._plugins.register(self._capture, _NAME)

    def end(self) -> None:
        """Watch no more: no other test is to pay for it."""
        if self._plugins.has_plugin(_NAME):
            self._plugins.unregister(name=_NAME)

    def _is_wanted(self, failed_on: Mapping[str, str]) -> bool:
        if not _CAN_WATCH_BOTH or self._capture.first_attempts >= MOST_PASSES or not self._writer.capturer.is_on:
            return False
        if self._line is None:
            self._line = self._own_line()
        leg, branch = self._line
        # What passes in another leg, or on another branch, recovers nothing, and may do so for weeks.
        return failed_on.get("leg", "") == leg and (not branch or failed_on.get("branch", branch) == branch)

    def _own_line(self) -> tuple[str, str]:
        """Give leg and branch of this run as the record has them; empty where nothing tells."""
        ci = ci_facts(os.environ)
        leg = leg_name(self._given_leg, ci, os.environ, self._writer.capturer.redactor)
        branch = ci.get(fact.BRANCH, git_facts(self._rootdir).get(fact.BRANCH, ""))
        return leg, clean_text(branch)
