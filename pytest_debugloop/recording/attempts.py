"""The attempts of tests: how each test is called in the record, and how often it was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.writing.parameters import Parameters
from pytest_debugloop.writing.steps import Attempt

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_debugloop.capture.snapshot import Capturer
    from pytest_debugloop.recording.tasks import Tasks
    from pytest_debugloop.writing.node_ids import NodeIds


class Attempts:
    """Counts the attempts of a process.

    Args:
        node_ids: as they are recorded.
        tasks: names tests across runs.
        capturer: takes parameters.

    Attributes:
        counts: how often each test was tried.
        failed: the tests of which an attempt failed.
        are_counted_by_others: whether a plugin may count for us, also over crashes of workers.
        plain_path: the file of the test that began last, where tests are recorded as pytest names them; else None.
    """

    __slots__ = ("_node_ids", "_parameters", "_tasks", "are_counted_by_others", "counts", "failed", "plain_path")

    def __init__(self, node_ids: NodeIds, tasks: Tasks, capturer: Capturer) -> None:
        self._parameters = Parameters(capturer)
        self._node_ids = node_ids
        self._tasks = tasks
        self.counts: dict[str, int] = {}
        self.failed: set[str] = set()
        self.are_counted_by_others = False
        self.plain_path: Path | None = None

    def begin(self, item: pytest.Item) -> Attempt:
        """Begin an attempt.

        Args:
            item: the test.
        """
        node_ids = self._node_ids
        node_id = node_ids.of(item)
        task = self._tasks.of(item, node_id)
        self.plain_path = item.path if node_ids.is_plain(item.path) else None
        number = self.counts.get(task, 0) + 1
        if self.are_counted_by_others:
            number = max(number, getattr(item, "execution_count", 0) or 0)
        self.counts[task] = number
        parameters = self._parameters.of(item) if "[" in node_id else ""
        attempt = Attempt(node_id, number, item, task, parameters)
        attempt.is_after_failure = attempt.is_watched = task in self.failed
        return attempt

    def plain_parameters(self, item: pytest.Item) -> str | None:
        """Write the parameters of a test in a file whose tests are recorded as pytest names them.

        Args:
            item: the test.

        Returns:
            See :meth:`Parameters.of`; None where another run may name this test otherwise.
        """
        node_id = item.nodeid
        return self._parameters.of(item) if self._tasks.of(item, node_id) == node_id else None
