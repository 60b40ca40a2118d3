"""One test, or one program, while it may record something: where its notes belong, and how many more there may be."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_debugloop.journal.notes import Note
from pytest_debugloop.workflow import drops

if TYPE_CHECKING:
    from contextvars import Token

    from pytest_debugloop.workflow.notes import Notes

_MOST_BYTES = 32 * 1024 * 1024


class Place(NamedTuple):
    """The step that is under way where a call is made.

    Attributes:
        step: its number and start; None outside of any.
        attempt: of the test.
        depth: how many steps it is nested in.
    """

    step: tuple[int, int] | None
    attempt: int = 1
    depth: int = 0


class Nested(NamedTuple):
    """A step of a scope that is under way in this context."""

    scope: Scope
    place: Place


# One for all scopes: a context keeps each variable that was ever set in it.
_under_way: ContextVar[Nested | None] = ContextVar("debugloop_step", default=None)


class Scope:
    """Where the notes of one test, or one program, belong.

    Args:
        notes: of this process.
        place: gives the step that is under way, as long as no step of its own is.
        description: what is being done.
        step_type: of its own steps.
        request: what the user had asked for.
        writes_states: whether states are captured.
        most: calls that are recorded; None for as many as the settings allow a test.
        most_bytes: of all states together.

    Attributes:
        is_open: whether it may still record something.
        failed: the error that is on its way through the steps of a program, with number and time of its event.
        description: the one it was given, as are ``notes``, ``step_type`` and ``request``.
    """

    __slots__ = (
        "_bytes_left", "_left", "_outer", "description", "failed", "is_open", "notes", "request", "step_type",
        "writes_states",
    )  # fmt: skip

    def __init__(
        self,
        notes: Notes,
        place: Callable[[], Place],
        description: str,
        step_type: str = "step",
        request: str = "",
        *,
        writes_states: bool = True,
        most: int | None = None,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self.notes = notes
        self._outer = place
        self.description = description
        self.step_type = step_type
        self.request = request
        self.writes_states = writes_states
        self.is_open = True
        self.failed: tuple[BaseException, tuple[int, int]] | None = None
        self._left = notes.most if most is None else most
        self._bytes_left = most_bytes

    def close(self) -> None:
        """Take nothing more."""
        self.is_open = False

    def is_allowed(self) -> bool:
        """Take a call, or count that it is dropped."""
        notes = self.notes
        if notes.writer.is_fork:
            reason = drops.FORK
        elif notes.is_ended:
            reason = drops.ENDED
        elif not self.is_open:
            reason = drops.LATE
        elif self._left <= 0:
            reason = drops.LIMIT
        elif self._bytes_left <= 0:
            reason = drops.SIZE
        else:
            self._left -= 1
            return True
        notes.drops.add(reason)
        return False

    def place(self) -> Place:
        """Give the step that is under way in this context."""
        found = _under_way.get()
        if found is not None and found.scope is self:
            return found.place
        return self._outer()

    def enter(self, step: tuple[int, int], place: Place) -> Token[Nested | None]:
        """Begin a step: what this context records from now on is of it.

        Args:
            step: its number and start.
            place: where it is.
        """
        return _under_way.set(Nested(self, Place(step, place.attempt, place.depth + 1)))

    def leave(self, token: Token[Nested | None]) -> None:
        """End a step.

        Args:
            token: what :meth:`enter` gave.
        """
        try:
            _under_way.reset(token)
        except ValueError:  # it ends in another context than it began in, as in a fixture of an async plugin
            _under_way.set(None)

    def snapshot(
        self, kind: str, state: object, at: int, step: tuple[int, int], depth: int
    ) -> tuple[int | None, bytes]:
        """Write a state as a line, without appending it; None and nothing where no state is captured.

        Args:
            kind: the type of the snapshot.
            state: anything.
            at: the moment.
            step: number and start of the step that it is of.
            depth: how many steps that one is nested in.
        """
        if not self.writes_states:
            return None, b""
        n, line = self.notes.snapshot(kind, state, at, self.description, step, depth, self.request)
        self._bytes_left -= len(line)
        return n, line

    def write_moment(self, phase: str, name: object, state: object = None, **members: Any) -> None:
        """Append a note of a moment, and the state at it.

        Args:
            phase: which kind of note.
            name: of it.
            state: to capture; None for none.
            members: more of the note.
        """
        notes = self.notes
        writer = notes.writer
        at = writer.now()
        step, attempt, depth = self.place()
        if phase == "record" and depth <= 1 and self.step_type != "step":
            step = None  # it is of the program's run
        n = writer.next_n()
        captured, line = (None, b"") if state is None else self.snapshot("checkpoint", state, at, (n, at), depth)
        note = Note(
            n=n,
            rev=1,
            phase=phase,
            name=notes.name(name),
            started=at,
            ended=at,
            outcome="passed",
            attempt=attempt,
            parent=step,
            state=captured,
            **members,
        )
        notes.write(note, line)
