"""What passed in a run after it had failed in earlier ones: asked once, when the run is stored."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from psycopg import Cursor

from pytest_debugloop.summary.fixed_tests import FixedTests
from pytest_debugloop.text.changed import reason_words

_MOST = 100


def fixed_tests(
    cursor: Cursor[Any], statement: Callable[[str], str], run_id: uuid.UUID, correlation_id: uuid.UUID
) -> list[FixedTests]:
    """Tell which tests a run has fixed.

    Args:
        cursor: in a transaction of its own, the search path on the record.
        statement: gives SQL by its name.
        run_id: of the run, all of it stored and linked.
        correlation_id: of its workflow.

    Returns:
        The tests by what fixed them, the most first.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    asked = {"run_id": run_id, "correlation_id": correlation_id, "most": _MOST}
    return [
        FixedTests(tests, strategy, reason_words(strategy, evidence, named=1), is_sure)
        for tests, strategy, is_sure, evidence in cursor.execute(statement("fixed_tests").encode(), asked)
    ]
