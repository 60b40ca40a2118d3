"""The states of the recorder, and which may follow which."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class RecorderState:
    """Where the recorder is between two hooks.

    | state | what holds | entered by | follows |
    | --- | --- | --- | --- |
    | ``IDLE`` | no test is under way; what is known of the last is written, or in the buffer | ``pytest_runtest_logfinish`` | ``IDLE``, ``ENDED`` |
    | ``RUNNING`` | a phase is under way, and its start is in the journal | the beginning of a phase | ``IDLE``, ``ENDED`` |
    | ``ENDED`` | the phase is over: a failure is in the journal, the rest waits for pytest's report | the end of a phase | ``RUNNING``, ``ENDED`` |
    | ``FINISHED`` | all is in the journal | the end of the session | ``IDLE``, ``RUNNING``, ``ENDED`` |

    Phases that pass without anybody asking for them change nothing here, where no wrappers tell of them.

    ``IDLE`` follows itself where a test ran in another process, ``ENDED`` where unittest's error is seen with the
    report; an interrupt may finish a run in the middle of a phase. Any other change is a fault, which the run tells at
    its end: two phases at once cannot be distinguished, and nothing can be added after the end.

    No enumeration: to make one costs half a million instructions at the start of each run.

    Args:
        name: of the state.

    Attributes:
        name: of the state.
        follows: the states that it may follow.
    """  # noqa: E501 - rows of a table

    __slots__ = ("follows", "name")

    IDLE: ClassVar[RecorderState]
    RUNNING: ClassVar[RecorderState]
    ENDED: ClassVar[RecorderState]
    FINISHED: ClassVar[RecorderState]

    def __init__(self, name: str) -> None:
        self.name = name
        self.follows: tuple[RecorderState, ...] = ()


RecorderState.IDLE = RecorderState("IDLE")
RecorderState.RUNNING = RecorderState("RUNNING")
RecorderState.ENDED = RecorderState("ENDED")
RecorderState.FINISHED = RecorderState("FINISHED")

RecorderState.IDLE.follows = RecorderState.RUNNING.follows = (RecorderState.IDLE, RecorderState.ENDED)
RecorderState.ENDED.follows = (RecorderState.RUNNING, RecorderState.ENDED)
RecorderState.FINISHED.follows = (RecorderState.IDLE, RecorderState.RUNNING, RecorderState.ENDED)


class StateChangeError(RuntimeError):
    """A hook was called that cannot follow the one before.

    Args:
        before: the state that the recorder was in.
        after: the state that it is in now.
    """

    def __init__(self, before: RecorderState, after: RecorderState) -> None:
        super().__init__(f"hooks of pytest were called out of order ({before.name.lower()}, then {after.name.lower()})")


class States:
    """The state of one recorder.

    Args:
        fault: told of a change that cannot be, once of each.

    Attributes:
        now: the state.
    """

    def __init__(self, fault: Callable[[BaseException], None]) -> None:
        self.now = RecorderState.IDLE
        self._fault = fault
        self._faults: set[tuple[RecorderState, RecorderState]] = set()

    def enter(self, state: RecorderState) -> None:
        """Change the state; a change that cannot be is told, and made nevertheless: what follows is recorded.

        Args:
            state: the new one.
        """
        if self.now not in state.follows and (self.now, state) not in self._faults:
            self._faults.add((self.now, state))
            self._fault(StateChangeError(self.now, state))
        self.now = state
