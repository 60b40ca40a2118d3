"""What has a beginning and an end: steps and transformations; where nothing is recorded it imports nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from typing_extensions import Self

    from pytest_debugloop.workflow.scope import Nested, Place, Scope


class _Handle:
    """A note that is under way.

    Args:
        scope: where it belongs; None where nothing is recorded.
    """

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope
        self._note: dict[str, Any] | None = None
        self._at: Place | None = None
        self._token: Token[Nested | None] | None = None

    def _begin(self, phase: str, name: object, **members: Any) -> None:
        scope = self._scope
        assert scope is not None  # noqa: S101 - whoever calls has asked
        writer = scope.notes.writer
        at = writer.now()
        self._at = scope.place()
        self._note = {
            "n": writer.next_n(),
            "rev": 0,
            "phase": phase,
            "name": scope.notes.name(name),
            "started": at,
            "attempt": self._at.attempt,
            "parent": self._at.step,
            **members,
        }

    @property
    def _step(self) -> tuple[int, int]:
        assert self._note is not None  # noqa: S101 - whoever calls has asked
        return self._note["n"], self._note["started"]

    def _write(self, lines: bytes = b"", **members: Any) -> None:
        from pytest_debugloop.journal.notes import Note

        assert self._scope is not None and self._note is not None  # noqa: S101, PT018
        self._note |= members
        self._scope.notes.write(Note(**self._note), lines)
        self._note["rev"] += 1

    def _nest(self) -> None:
        if self._scope is not None and self._at is not None:
            self._token = self._scope.enter(self._step, self._at)

    def _unnest(self) -> None:
        if self._scope is not None and self._token is not None:
            self._scope.leave(self._token)
        self._token = None

    def _is_outermost(self) -> bool:
        return self._at is None or self._at.depth == 0

    def _end(self, error: BaseException | None, lines: bytes, **members: Any) -> None:
        scope = self._scope
        assert scope is not None and self._note is not None  # noqa: S101, PT018
        if scope.notes.writer.is_fork or scope.notes.is_ended or not scope.is_open:
            scope.is_allowed()  # which counts it
            return
        ended = scope.notes.writer.now()
        if error is not None:
            from pytest_debugloop.capture.exceptions import capture_exception_chain
            from pytest_debugloop.workflow.failing import failure_of

            found, number = failure_of(
                scope, error, self._note["name"], ended, self._step, self._at.depth if self._at else 0
            )
            lines, members["error"] = lines + found, number
            seen = capture_exception_chain(error, scope.notes.writer.capturer.project, 0)[0]
            members["metadata"] = {"exception": seen.type, "message": scope.notes.text(seen.message)}
        if error is None or self._is_outermost():
            scope.failed = None
        self._write(lines, ended=ended, outcome="passed" if error is None else "failed", **members)

    def _fault(self, fault: BaseException) -> None:
        if self._scope is not None:
            self._scope.notes.drops.add_fault(fault)


class RecordedStep(_Handle):
    """A part of a test or a program; see :meth:`DebugLoop.step`.

    Args:
        scope: where it belongs; None where nothing is recorded.
        name: of the step.
        input: what it begins with.
    """

    def __init__(self, scope: Scope | None, name: object, input: dict[str, object]) -> None:  # noqa: A002
        super().__init__(scope)
        self._name = name
        self._input = input
        self._output: dict[str, object] = {}

    def output(self, **values: object) -> None:
        """Keep what the step came to; it is captured at the step's end.

        Args:
            values: names and values.
        """
        self._output.update(values)

    def __enter__(self) -> Self:
        """Begin."""
        scope, given, self._input = self._scope, self._input, {}
        self._note = None
        if scope is not None and scope.is_allowed():
            try:
                self._begin(scope.step_type, self._name, input=scope.notes.values(given))
                self._write()
                self._nest()
            except Exception as fault:
                self._fault(fault)
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End; an exception goes on."""
        given, self._output = self._output, {}
        if self._scope is None or self._note is None:
            return
        try:
            self._unnest()
            self._end(error, b"", output=self._scope.notes.values(given))
        except Exception as fault:
            self._fault(fault)
        self._note = None


class RecordedTransformation(_Handle):
    """One agent becoming another; see :meth:`DebugLoop.transformation`.

    Args:
        scope: where it belongs; None where nothing is recorded.
        agents: source, target, and the reason.
        state: that is handed over.
        context: more that is known.
    """

    def __init__(
        self, scope: Scope | None, agents: tuple[object, object, object], state: object, context: dict[str, object]
    ) -> None:
        super().__init__(scope)
        self._state: object = None
        if scope is None or not scope.is_allowed():
            return
        self._state = state
        try:
            self._record(scope, agents, context)
        except Exception as fault:
            self._fault(fault)

    def _record(self, scope: Scope, agents: tuple[object, object, object], context: dict[str, object]) -> None:
        notes = scope.notes
        source, target, reason = notes.name(agents[0]), notes.name(agents[1]), notes.text(agents[2])
        event = {
            "source": source,
            "target": target,
            "reason": reason or None,
            "context": notes.values(context),
            "request": scope.request or None,
        }
        self._begin("transformation", f"{source} -> {target}", event=event)
        number, line = self._snapshot("pre_transform")
        assert self._note is not None  # noqa: S101 - it has begun
        self._write(line, rev=1, pre=number, ended=self._note["started"], outcome="passed")

    def _snapshot(self, kind: str) -> tuple[int | None, bytes]:
        assert self._scope is not None and self._at is not None  # noqa: S101, PT018 - it has begun
        at = self._scope.notes.writer.now()
        return self._scope.snapshot(kind, self._state, at, self._step, self._at.depth)

    def __enter__(self) -> Self:
        """Go on: the state is captured again at the end."""
        if self._note is not None:
            try:
                self._write(ended=None, outcome=None)
                self._nest()
            except Exception as fault:
                self._fault(fault)
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End; an exception goes on."""
        if self._note is None:
            return
        try:
            self._unnest()
            number, line = self._snapshot("post_transform")
            self._end(error, line, state=number)
        except Exception as fault:
            self._fault(fault)
        self._note = self._state = None
