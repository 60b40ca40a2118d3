"""The states of the recorder, and which may follow which."""

from __future__ import annotations

from enum import Enum


class RecorderState(Enum):
    """Where the recorder is between two hooks.

    | state | what holds | entered by | follows |
    | --- | --- | --- | --- |
    | ``IDLE`` | no test is under way; what is known of the last is written, or in the buffer | ``pytest_runtest_logfinish`` | ``IDLE``, ``ENDED`` |
    | ``RUNNING`` | a phase is under way, and its start is in the journal | a wrapper's beginning | ``IDLE``, ``ENDED`` |
    | ``ENDED`` | the phase is over: a failure is in the journal, the rest waits for pytest's report | a wrapper's end | ``RUNNING``, ``ENDED`` |
    | ``FINISHED`` | all is in the journal | the end of the session | ``IDLE``, ``RUNNING``, ``ENDED`` |

    ``IDLE`` follows itself where a test ran in another process, ``ENDED`` where unittest's error is seen with the
    report; an interrupt may finish a run in the middle of a phase. Any other change is a fault, which the run tells at
    its end: two phases at once cannot be distinguished, and nothing can be added after the end.

    Attributes:
        follows: the states that it may follow.
    """  # noqa: E501 - rows of a table

    IDLE = "idle"
    RUNNING = "running"
    ENDED = "ended"
    FINISHED = "finished"

    follows: tuple[RecorderState, ...]


RecorderState.IDLE.follows = (RecorderState.IDLE, RecorderState.ENDED)
RecorderState.RUNNING.follows = (RecorderState.IDLE, RecorderState.ENDED)
RecorderState.ENDED.follows = (RecorderState.RUNNING, RecorderState.ENDED)
RecorderState.FINISHED.follows = (RecorderState.IDLE, RecorderState.RUNNING, RecorderState.ENDED)


class StateChangeError(RuntimeError):
    """A hook was called that cannot follow the one before.

    Args:
        before: the state that the recorder was in.
        after: the state that it is in now.
    """

    def __init__(self, before: RecorderState, after: RecorderState) -> None:
        super().__init__(f"hooks of pytest were called out of order ({before.value}, then {after.value})")
