"""The object that tests and programs record with: ``debugloop``.

A run that does not record has one too, which does nothing; so this module imports next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from pytest_debugloop.workflow.handles import RecordedStep, RecordedTransformation
    from pytest_debugloop.workflow.scope import Scope


class DebugLoop:
    """Records what a test or a program does: checkpoints, steps, transformations, calls of an LLM, files, metadata.

    In tests it is the fixture ``debugloop``; in programs :func:`pytest_debugloop.recording` gives it. Where nothing is
    recorded it does nothing. No call raises, whatever it is given: what cannot be recorded is counted and reported at
    the end of the run. It may be used from several threads and from async code.

    Args:
        scope: where its notes belong; None where nothing is recorded.
    """

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope | None = None) -> None:
        self._scope = scope

    @property
    def is_recording(self) -> bool:
        """Whether anything is recorded."""
        return self._scope is not None and self._scope.is_open

    def checkpoint(self, name: str = "", /, **state: object) -> None:
        """Capture a state.

        Args:
            name: of the checkpoint; 255 characters are kept.
            state: names and values, which are captured as the locals of a failure are: bounded, without secrets, and
                without running code of theirs.
        """
        scope = self._scope
        if scope is not None and scope.is_allowed():
            try:
                scope.write_moment("checkpoint", name, state)
            except Exception as fault:
                scope.notes.drops.add_fault(fault)

    def step(self, name: str = "", /, **input: object) -> RecordedStep:  # noqa: A002
        """Record a part of a test or a program, from ``with`` to its end: how long it took, and whether it raised.

        Args:
            name: of the step; 255 characters are kept.
            input: what it begins with.

        Returns:
            A context manager, whose value has ``output(**values)``. Steps nest.
        """
        from pytest_debugloop.workflow.handles import RecordedStep

        return RecordedStep(self._scope, name, input)

    def transformation(
        self, source: str = "", target: str = "", state: object = None, *, reason: str = "", **context: object
    ) -> RecordedTransformation:
        """Record that one agent becomes another, with the state that is handed over.

        The state is captured as it is now (``pre_transform``). Used as a context manager, it is captured again at the
        end (``post_transform``), and an exception makes the transformation a failed one; otherwise both are the same.

        Args:
            source: the agent that it was; 255 characters are kept, as of the target.
            target: the agent that it becomes.
            state: anything; the items of a dict are names.
            reason: why.
            context: more that is known, stored as ``context_snapshot``.

        Returns:
            A context manager, which need not be used as one.
        """
        from pytest_debugloop.workflow.handles import RecordedTransformation

        return RecordedTransformation(self._scope, (source, target, reason), state, context)

    def llm_call(
        self,
        tool: str = "",
        /,
        *,
        output: object = None,
        file_path: object = None,
        success: str = "unknown",
        quality: float | None = None,
        milliseconds: float | None = None,
        domain: str = "general",
        **analysis: object,
    ) -> None:
        """Record that an LLM has used a tool, as a row of ``hook_events`` of the source ``PostToolUse``.

        Args:
            tool: its name.
            output: what it gave.
            file_path: the file that it was about.
            success: ``full_success``, ``partial_success``, ``failed`` or ``unknown``.
            quality: of the result, from 0 to 1.
            milliseconds: that it took.
            domain: of the agent.
            analysis: more that is known, stored as ``execution_analysis``.
        """
        scope = self._scope
        if scope is not None and scope.is_allowed():
            from pytest_debugloop.workflow.calls import write_llm_call

            try:
                write_llm_call(scope, tool, output, file_path, success, quality, milliseconds, domain, analysis)
            except Exception as fault:
                scope.notes.drops.add_fault(fault)

    def attach(self, content: str | os.PathLike[str] | bytes = b"", name: str = "", media_type: str = "") -> None:
        """Keep a file, or bytes, with the test.

        Args:
            content: the path of a regular file, or bytes. What is larger than ``debugloop_max_artifact_bytes`` is not
                read, but counted.
            name: of the artifact; that of the file if empty.
            media_type: such as ``image/png``; guessed from the name if empty. Texts are stored without secrets.
        """
        scope = self._scope
        if scope is not None and scope.is_allowed():
            from pytest_debugloop.workflow.artifacts import write_artifact

            try:
                write_artifact(scope, content, name, media_type)
            except Exception as fault:
                scope.notes.drops.add_fault(fault)

    def record(self, **metadata: object) -> None:
        """Keep facts with the test; outside of any step of a program, with its run (``debug_runs.metadata``).

        Args:
            metadata: names and values.
        """
        scope = self._scope
        if scope is not None and scope.is_allowed():
            try:
                scope.write_moment("record", "record", output=scope.notes.values(metadata))
            except Exception as fault:
                scope.notes.drops.add_fault(fault)
