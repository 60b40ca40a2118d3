"""What a failure is filed under, and what it is part of; also for programs that never import pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.lazy import Data, dataclass

if TYPE_CHECKING:
    from pytest_debugloop.journal.records import ErrorEvent

_DATABASE_ERRORS = frozenset({"OperationalError", "InterfaceError", "DBAPIError", "DatabaseError"})


@dataclass(frozen=True)
class Kind(Data):
    """How a failure is filed."""

    error_type: str
    category: str
    severity: str


@dataclass(frozen=True)
class FailureContext(Data):
    """What a failure is part of.

    Attributes:
        at: when it happened.
        node_id: of the test or collector; empty where there is none.
        phase: which phase of it.
        attempt: which attempt of the test.
        step: number and start of the step that it ended, None outside of any.
        subtest: what pytest calls the subtest that failed, None for the test itself.
        task: the test's name across runs, where that is not its node id.
        worker: of pytest-xdist that crashed at it.
        depth: how many steps of a program it is nested in.
    """

    at: int
    node_id: str = ""
    phase: str = ""
    attempt: int = 0
    step: tuple[int, int] | None = None
    subtest: str | None = None
    task: str | None = None
    worker: str | None = None
    depth: int = 0


@dataclass(frozen=True)
class Failure(Data):
    """A failure, ready to be written.

    Attributes:
        lines: of the error event, the snapshot's before it.
        reference: the members of the step's own line that name the event, as JSON with a comma after each.
    """

    lines: bytes
    reference: str

    @classmethod
    def of(cls, event: ErrorEvent, snapshot: bytes) -> Failure:
        """Put an event and its snapshot together."""
        once = "" if event.once is None else f'"once":"{event.once}",'
        return cls(snapshot + event.to_line(), f'"error":{event.n},{once}')


def is_external(error: BaseException) -> bool:
    """Tell whether an exception is about something outside of the program: files, networks, databases.

    Args:
        error: that was raised.
    """
    if isinstance(error, (OSError, TimeoutError)):
        return True
    return any(base.__name__ in _DATABASE_ERRORS for base in type.mro(type(error)))
