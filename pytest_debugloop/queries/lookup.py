"""What is called so: tests by their names, and anything by its id."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from pytest_debugloop.queries.question import Question
from pytest_debugloop.text.words import PRINTED


@dataclass(frozen=True, slots=True)
class Test:
    """A test in the record.

    Attributes:
        rank: how well it matches, from 0 (the whole node id) to 4 (a part of it, ignoring case).
    """

    __test__ = False

    id: uuid.UUID
    project: str
    node_id: str
    rank: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A test that may be meant.

    Attributes:
        rank: see :class:`Test`.
        is_open: whether it has a failure that nothing has recovered.
    """

    id: uuid.UUID
    project: str
    node_id: str
    rank: int
    is_open: bool

    @property
    def test(self) -> Test:
        """The test."""
        return Test(self.id, self.project, self.node_id, self.rank)


@dataclass(frozen=True, slots=True)
class Found:
    """Something of the record.

    Attributes:
        kind: ``run``, ``test``, ``error``, ``success``, ``snapshot``, ``recovery`` or ``session``.
        test: it, where it was found by its name.
    """

    kind: str
    id: uuid.UUID
    test: Test | None = None


def tests_named(text: str, project: str | None, here: str | None, limit: int) -> Question[Candidate]:
    """Find tests by their node id or a part of it, the best first; of equal ones those with an open failure.

    Args:
        text: its node id, the end of it, or any part.
        project: only of this one; None for all.
        here: the project whose tests come first among those that are equal otherwise; None for none.
        limit: how many at most.
    """
    values = {"text": text, "project": project, "here": here, "limit": limit}
    return Question("lookup_tests", Candidate, values)


def ids_like(digits: str) -> Question[Found]:
    """Find what has an id that begins so; where nothing has, what has one that ends so.

    Args:
        digits: of an id, four at least, without dashes, in lower case.
    """
    low, high = (uuid.UUID(digits.ljust(32, filler)) for filler in "0f")
    ending = _dashed_ending(digits)
    values = {"low": low, "high": high, "ending": ending, "length": len(ending), "printed": PRINTED, "digits": digits}
    return Question("lookup_ids", Found, values)


def test_of(id: uuid.UUID) -> Question[Test]:  # noqa: A002
    """Give a test.

    Args:
        id: of the test.
    """
    return Question("test", Test, {"id": id})


def _dashed_ending(digits: str) -> str:
    """Write the last digits of an id as PostgreSQL does: 8-4-4-4-12."""
    return str(uuid.UUID(digits.rjust(32, "0")))[-(len(digits) + sum(len(digits) > n for n in (12, 16, 20, 24))) :]
