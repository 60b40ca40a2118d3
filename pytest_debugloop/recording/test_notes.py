"""The fixture ``debugloop`` of each test that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_debugloop.writing.facts import description_of, is_captured

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.settings import Settings
    from pytest_debugloop.workflow.notes import Notes
    from pytest_debugloop.workflow.scope import Place, Scope
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer


class TestNotes:
    """Gives each test its scope; nothing of it is imported before the first test asks.

    Args:
        writer: of this process.
        settings: of the run.
        current_step: gives the attempt and the phase that began last.
    """

    __test__ = False

    def __init__(
        self,
        writer: Writer,
        settings: Settings,
        current_step: Callable[[], tuple[Attempt, Step]],
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._current_step = current_step
        self._notes: Notes | None = None

    def scope_of(self, item: pytest.Item) -> Scope | None:
        """Give the scope of a test, None where none can be had.

        Args:
            item: the test.
        """
        try:
            from pytest_debugloop.workflow.notes import Notes
            from pytest_debugloop.workflow.scope import Scope

            if self._notes is None:
                settings = self._settings
                self._notes = Notes(self._writer, settings.max_checkpoints, settings.max_artifact_bytes)
            description = self._writer.short(description_of(item))
            return Scope(self._notes, self._place, description, writes_states=is_captured(item))
        except Exception as fault:
            self._writer.fault(fault)
            return None

    def _place(self) -> Place:
        from pytest_debugloop.workflow.scope import Place

        attempt, step = self._current_step()
        return Place((step.n, step.started) if step.n else None, max(attempt.number, 1))

    def end(self) -> tuple[dict[str, int], str]:
        """Take nothing more, and give what was dropped: how many calls for each reason, and the first of our errors."""
        return ({}, "") if self._notes is None else self._notes.end()
