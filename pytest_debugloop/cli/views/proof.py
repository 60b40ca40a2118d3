"""What ``debugloop why`` says of a proof, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pytest_debugloop.cli.output import show, write_json
from pytest_debugloop.cli.views.two_runs import TwoRuns, how_it_ended
from pytest_debugloop.errors import NotAsRecordedError
from pytest_debugloop.rerunning.proving import Answer, Proof, Verdict
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted, listed, short

if TYPE_CHECKING:
    from pytest_debugloop.answers.proving import Case
    from pytest_debugloop.rerunning.candidates import Candidate
    from pytest_debugloop.rerunning.plan import Plan
    from pytest_debugloop.rerunning.trials import Trial

_MAX_NAMED = 5


class ProofPrinter(TwoRuns):
    """Tells each rerun of a proof, and what they prove.

    Args:
        case: the failure and the pass.
        plan: of the reruns.
        as_json: whether to write JSON, and nothing before all is known.
    """

    def __init__(self, case: Case, plan: Plan, *, as_json: bool) -> None:
        super().__init__(case, plan, as_json=as_json, assumed="assumed not to matter")

    def print_step(self, trial: Trial) -> None:
        """Say how a rerun went.

        Args:
            trial: that has ended.
        """
        if not self._as_json:
            show(iter([self._trial(trial)]), paging=False)

    def _trial(self, trial: Trial) -> Line:
        where = ", in a copy" if trial.is_copied else ""
        return how_it_ended(Line.of(f"  {_undone(trial.undone)}{where}: "), trial.outcome, trial.problem)

    def refusal(self, trial: Trial) -> NotAsRecordedError:
        """Say that the test does not go here as the record has it.

        Args:
            trial: the rerun with nothing undone.
        """
        side = self._case.failing if self._is_open else self._case.passing
        ending = trial.outcome.ending.value if trial.outcome is not None else "cannot be run"
        changed = next((note for note in self._plan.notes if note.startswith("the code")), None)
        return NotAsRecordedError(
            ending=ending,
            expected="failed" if self._is_open else "passed",
            run=short(side.run_id),
            reason=f"the checkout has changed since ({printable(changed)})"
            if changed is not None
            else "it depends on earlier tests (`debugloop reproduce --bisect`) or on something that is not recorded",
        )

    def verified(self, proof: Proof[Candidate], trials: Sequence[Trial]) -> dict[str, Any]:
        """Write down what was proved, for the record and for JSON.

        Args:
            proof: that holds.
            trials: its reruns.
        """
        # The last of these confirmed it.
        last = [trial for trial in trials if trial.undone and trial.answer is proof.answer]
        return {
            "strategy": proof.undone[0].strategy,
            "name": listed([one.name for one in proof.undone]),
            "undone": [{"strategy": one.strategy, "file": one.file, "key": one.key} for one in proof.undone],
            "ending": last[-1].outcome.ending.name.lower() if last and last[-1].outcome is not None else None,
            "is_same_failure": proof.answer is Answer.OTHER_SIDE,
            "by": "copy" if last and last[-1].is_copied else "import",
            "runs": len(trials),
            "assumed": list(self._plan.notes),
            "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }

    def print_proof(
        self,
        proof: Proof[Candidate],
        trials: Sequence[Trial],
        verified: Mapping[str, Any] | None,
        left_out: Sequence[str],
        problem: str | None,
    ) -> None:
        """Say what was found.

        Args:
            proof: it.
            trials: its reruns.
            verified: what was proved; None where nothing was.
            left_out: what differs and was not undone, with the reason.
            problem: why the record does not have it.
        """
        if self._as_json:
            head = self._facts() | {
                "verdict": proof.verdict.value,
                "verified": verified,
                "undone": [one.name for one in proof.undone],
                "not_undone": list(left_out),
                "is_kept": verified is not None and not self._is_open and problem is None,
                "problem": problem,
                "bisect": None,
            }
            write_json("why", head, trials=map(_plain, trials))
        else:
            show(self._lines(proof, len(trials), left_out, problem), paging=False)

    def _lines(
        self, proof: Proof[Candidate], runs: int, left_out: Sequence[str], problem: str | None
    ) -> Iterator[Line]:
        for one in left_out[:_MAX_NAMED]:
            yield Line.of(f"not undone: {printable(one)}", "warn")
        if len(left_out) > _MAX_NAMED:
            yield Line.of(f"not undone: {len(left_out) - _MAX_NAMED:,} more", "warn")
        style = "pass" if proof.verdict is Verdict.PROVED else "warn"
        yield Line.of(f"{self._sentence(proof)} ({counted(runs, 'run')})", style)
        if problem is not None:
            yield Line.of(f"The result could not be recorded: {printable(problem)}", "warn")

    def _sentence(self, proof: Proof[Candidate]) -> str:
        is_open, names = self._is_open, printable(listed([one.name for one in proof.undone]))
        if proof.verdict is Verdict.PROVED:
            how = "" if proof.answer is Answer.OTHER_SIDE else ", with another message"
            result = "it passes" if is_open else f"it fails again{how}"
            return f"verified: {names}; undone {'alone' if len(proof.undone) == 1 else 'together'}, {result}"
        if proof.verdict is Verdict.NOTHING:
            return "not proved: no recorded difference can be undone here"
        if proof.verdict is Verdict.FLAKY:
            return f"not proved: with the same undone ({names}) it failed and passed: use reproduce --times"
        if proof.verdict is Verdict.USED_UP:
            result = "pass" if is_open else "fail"
            return f"not proved: all together make it {result}, but --max-runs was too low to find which"
        result = "does not make it pass" if is_open else "does not bring the failure back"
        return f"not proved: undoing every recorded difference {result}: it is flaky, or the reason is not recorded"


def _plain(trial: Trial) -> dict[str, Any]:
    outcome = trial.outcome
    return {
        "undone": [one.name for one in trial.undone],
        "ending": outcome and outcome.ending.name.lower(),
        "error": outcome and outcome.error,
        "message": outcome.message if outcome is not None else trial.problem,
        "seconds": outcome and outcome.seconds,
        "is_copied": trial.is_copied,
    }


def _undone(undone: Sequence[Candidate]) -> str:
    if not undone:
        return "as it is"
    names = listed([one.name for one in undone])
    return printable(f"without {names}" if len(undone) <= _MAX_NAMED else f"without all {len(undone):,}")
