"""Reruns of a proof: what is undone in each, what came of it, and what that says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pytest_debugloop.capture.fingerprint import normalised
from pytest_debugloop.errors import RerunFailedError, RerunImpossibleError
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.rerunning.candidates import Candidate
from pytest_debugloop.rerunning.outcome import Ending, Outcome
from pytest_debugloop.rerunning.proving import Answer, Proof, Verdict, minimized, prove
from pytest_debugloop.rerunning.runner import Progress
from pytest_debugloop.rerunning.undoing import Undoer
from pytest_debugloop.sources.editing import CannotUndoError
from pytest_debugloop.sources.units import MODULE


@dataclass(frozen=True, slots=True)
class Trial:
    """A rerun with some of what differs undone.

    Attributes:
        undone: what; nothing for a run as things are.
        outcome: None where the rerun did not get as far as the test.
        problem: why not.
        is_copied: whether it ran in a copy of the checkout.
    """

    undone: tuple[Candidate, ...]
    outcome: Outcome | None
    answer: Answer
    is_copied: bool
    problem: str = ""


@dataclass(slots=True)
class Trials:
    """Carries out the reruns of a proof.

    Args:
        undoer: runs the test.
        failure: the recorded one.
        is_open: whether the test fails here, and passed on the other side.
        begins: called as each rerun begins; gives what is reported of its progress.
        on_trial: called with each trial when it has ended.
    """

    undoer: Undoer
    failure: FailureToRerun
    is_open: bool
    begins: Callable[[], Progress]
    on_trial: Callable[[Trial], None]
    done: list[Trial] = field(default_factory=list)
    _is_copied: bool = False

    def prove(self, likely: Sequence[Candidate], limit: int) -> Proof[Candidate]:
        """Find what makes the difference.

        Args:
            likely: what can be undone, the most likely first.
            limit: reruns at most, without those that confirm the result.

        Raises:
            DebugloopError: nothing could be run.
            OSError: the disk does not take it.
        """
        files = [one for one in self.undoer.whole_files() if one not in likely]
        imported = [one for one in files if not self.undoer.needs_copy([one])]

        def attempt(rest: Sequence[Candidate]) -> Proof[Candidate]:
            # Functions of one file often need each other: first which files it takes, then what of them.
            whole = {one.file for one in rest if not one.key}
            coarse = [*(one for one in likely if one.file not in whole), *rest]
            return prove(
                likely,
                rest,
                self._try,
                limit=limit,
                way=lambda: self._is_copied,
                prepare=self._choose_way,
                coarse=coarse,
            )

        proof = attempt(imported)
        if proof.verdict is Verdict.NOT_ENOUGH and any(one.file for one in (*likely, *files)):
            # What no import reads: data, and code that a child process runs.
            self._is_copied = True
            if self._try((*likely, *files)) is not Answer.UNCHANGED:
                proof = attempt(files)
        return self._refined(proof, likely, limit) if proof.verdict is Verdict.PROVED else proof

    def _choose_way(self, everything: Sequence[Candidate]) -> None:
        self._is_copied = self._is_copied or self.undoer.needs_copy(everything)

    def _refined(self, proof: Proof[Candidate], likely: Sequence[Candidate], limit: int) -> Proof[Candidate]:
        """Tell which functions of a whole file it was, where they can be undone one by one."""
        parts: list[Candidate] = []
        for one in proof.undone:
            parts += self.undoer.parts_of(one) or [one]
        order = {one: index for index, one in enumerate(likely)}
        parts.sort(key=lambda one: (one.key == MODULE, order.get(one, len(order))))
        if len(parts) == len(proof.undone):  # one of each: what is undone is the same
            return replace(proof, undone=tuple(parts))
        if len(self.done) >= limit:
            return proof
        found = minimized(parts, self._try, limit=limit - len(self.done))
        return found if found.verdict is Verdict.PROVED else proof

    def _try(self, undone: tuple[Candidate, ...]) -> Answer:
        outcome: Outcome | None = None
        is_copied, problem = self._is_copied, ""
        try:
            is_copied = is_copied or self.undoer.needs_copy(undone)
            outcome = self.undoer.run(undone, is_copied=is_copied, progress=self.begins())
        except (CannotUndoError, RerunFailedError, RerunImpossibleError) as error:
            if not undone:
                raise
            problem = str(error)
        trial = Trial(undone, outcome, answer_of(outcome, self.failure, is_open=self.is_open), is_copied, problem)
        self.done.append(trial)
        self.on_trial(trial)
        return trial.answer


def answer_of(outcome: Outcome | None, failure: FailureToRerun, *, is_open: bool) -> Answer:
    """Say what a rerun says.

    Args:
        outcome: of it; None where it did not get as far as the test.
        failure: the recorded one.
        is_open: whether the test fails here, and passed on the other side.
    """
    if outcome is None:
        return Answer.ELSE
    if outcome.ending is Ending.PASSED:
        return Answer.OTHER_SIDE if is_open else Answer.UNCHANGED
    likeness = _likeness(outcome, failure)
    if is_open:
        return Answer.ELSE if likeness is Answer.ELSE else Answer.UNCHANGED
    return likeness


def _likeness(outcome: Outcome, failure: FailureToRerun) -> Answer:
    """Tell how like the recorded failure another one is: tests may have been changed with the code."""
    if outcome.ending in (Ending.SAME, Ending.ALIKE):
        return Answer.OTHER_SIDE
    if outcome.error is None or outcome.error != failure.error_code:
        return Answer.ELSE
    said, recorded = (normalised(text.partition("\n")[0]) for text in (outcome.message or "", failure.error_message))
    return Answer.OTHER_SIDE if said == recorded else Answer.ALIKE
