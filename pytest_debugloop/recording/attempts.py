"""The attempts of tests: how each test is called in the record, how often it was tried, and what runs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.recording.fixtures import sets_up_fixtures
from pytest_debugloop.writing.parameters import Parameters
from pytest_debugloop.writing.steps import Attempt

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_debugloop.capture.snapshot import Capturer
    from pytest_debugloop.recording.tasks import Tasks
    from pytest_debugloop.writing.node_ids import NodeIds

_PARENTS = (pytest.Module, pytest.Class)
_HOLDERS = (pytest.Session, pytest.Dir, *_PARENTS, pytest.Function)


class ItemKinds:
    """Tells tests apart by the code that runs for them."""

    __slots__ = (
        "_are_parameters_alone",
        "_fixtures",
        "_has_fixtures",
        "_is_alone",
        "_is_plain_parent",
        "_odd_classes",
        "_parent",
    )

    def __init__(self) -> None:
        self._is_alone = self._are_parameters_alone = False
        self._odd_classes: dict[type, bool] = {}
        self._parent: object = None  # of the test before
        self._is_plain_parent = False
        self._fixtures: object = None  # of that test
        self._has_fixtures = True

    def look_at_plugins(self, *, is_alone: bool, are_parameters_alone: bool) -> None:
        """Take what is known of the plugins of the run, at first and when one comes.

        Args:
            is_alone: whether none has code that runs between the functions of tests.
            are_parameters_alone: whether none has code that runs when a test is given its parameters.
        """
        self._is_alone = is_alone
        self._are_parameters_alone = are_parameters_alone
        self._fixtures = None

    def is_odd(self, cls: type) -> bool:
        """Tell whether tests of a class keep their errors to themselves, and tell of parts, as unittest's do.

        Args:
            cls: of the item.
        """
        if cls not in self._odd_classes:
            self._odd_classes[cls] = hasattr(cls, "_excinfo")
        return self._odd_classes[cls]

    def has_own_code(self, item: Any) -> bool:
        """Tell whether code that is not pytest's may run for a test before its function, or after it.

        Args:
            item: the test.
        """
        if not self._is_alone or item.__class__ is not pytest.Function:
            return True
        if (parent := item.parent) is not self._parent:
            self._parent = parent
            self._is_plain_parent = parent.__class__ in _PARENTS
        if not self._is_plain_parent:
            return True
        if (fixtures := item._fixtureinfo) is not self._fixtures:
            self._fixtures = fixtures
            self._has_fixtures = sets_up_fixtures(fixtures, self._are_parameters_alone)
        return self._has_fixtures

    def leaves_code(self, item: Any) -> bool:
        """Tell whether code that is not pytest's may run when what holds a test is torn down.

        Args:
            item: a test; one of each file is enough to ask about.
        """
        # A package has functions for it that are no fixtures.
        return self.has_own_code(item) or any(one.__class__ not in _HOLDERS for one in item.listchain())


class Attempts:
    """Counts the attempts of a process.

    Args:
        node_ids: as they are recorded.
        tasks: names tests across runs.
        capturer: takes parameters.

    Attributes:
        counts: how often each test was tried.
        failed: the tests of which an attempt failed.
        kinds: tells tests apart by the code that runs for them.
        are_counted_by_others: whether a plugin may count for us, also over crashes of workers.
        plain_path: the file of the test that began last, where tests are recorded as pytest names them; else None.
    """

    __slots__ = (
        "_node_ids",
        "_parameters",
        "_tasks",
        "are_counted_by_others",
        "counts",
        "failed",
        "kinds",
        "plain_path",
    )

    def __init__(self, node_ids: NodeIds, tasks: Tasks, capturer: Capturer) -> None:
        self._parameters = Parameters(capturer)
        self._node_ids = node_ids
        self._tasks = tasks
        self.counts: dict[str, int] = {}
        self.failed: set[str] = set()
        self.kinds = ItemKinds()
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
