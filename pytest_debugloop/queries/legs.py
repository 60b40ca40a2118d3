"""How tests do in each leg of a matrix."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class LegScore:
    """The scores of a test in a leg; the columns of ``debug_test_legs``, which docs/formulas.md defines.

    Attributes:
        leg: its name; empty if the runs do not name one.
        class_: ``broken``, ``flaky`` or ``stable``.
        score: the 5 % quantile of the failure rate on good code.
        failures_since_pass: number of failures in a row at the end of its history there.
    """

    task_id: uuid.UUID
    leg: str
    class_: str
    score: float
    broken_probability: float | None
    attempts: int
    failures: int
    failures_since_pass: int
    last_at: datetime


def legs_of_tests(task_ids: Sequence[uuid.UUID]) -> Question[LegScore]:
    """Tell how tests do in each leg that they were run in lately, two weeks before their last attempt or later.

    Args:
        task_ids: of the tests.
    """
    return Question("legs_of_tests", LegScore, {"task_ids": list(task_ids)})
