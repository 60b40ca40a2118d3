"""Tests of a comparison that fail of one cause: one of them whole, the others by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_debugloop.queries.compare import ComparedTest
from pytest_debugloop.text.causes import cause_title

_FAILING = ("new_failure", "fails_otherwise", "still_failing", "known_flake")


@dataclass(frozen=True, slots=True)
class ComparedCause:
    """Tests that changed in one way, and fail of one cause.

    Attributes:
        example: of which most is known.
        others: the other tests; most often none.
    """

    example: ComparedTest
    others: list[ComparedTest]

    @property
    def tests(self) -> int:
        """How many tests there are."""
        return 1 + len(self.others)

    @property
    def title(self) -> str:
        """How many there are, what was raised, and where."""
        one = self.example
        error = one.error_code or one.error_type or "failure"
        return cause_title(self.tests, error, one.error_file, one.error_line, one.error_function)


def by_cause(tests: Sequence[ComparedTest]) -> Iterator[ComparedCause]:
    """Put tests together that fail of one cause, each where the first of them is.

    Args:
        tests: that changed in one way.
    """
    groups: dict[object, list[ComparedTest]] = {}
    for test in tests:
        is_alone = test.cause is None or test.change not in _FAILING
        groups.setdefault(test.task_id if is_alone else test.cause, []).append(test)
    for group in groups.values():
        example = next((test for test in group if test.evidence), group[0])
        yield ComparedCause(example, [test for test in group if test is not example])
