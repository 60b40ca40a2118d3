"""A recorded failure again, live, in the user's own debugger on the user's own terminal."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_debugloop.errors import CodeChangedError, RerunImpossibleError
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.rerunning.changes import changed_frames, project_frames
from pytest_debugloop.rerunning.outcome import Ending, Outcome, read_outcome
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.processes import start_here
from pytest_debugloop.rerunning.runner import command, environment, workspace, write_script
from pytest_debugloop.rerunning.script import Report, Stop


@dataclass(frozen=True, slots=True)
class Live:
    """How a live rerun went.

    Attributes:
        stopped: whether a debugger stopped at the recorded frame.
        outcome: what became of the target; None where pytest did not get as far.
    """

    stopped: bool
    outcome: Outcome | None

    @property
    def reason(self) -> str:
        """Why it did not stop, in one sentence; empty where it did."""
        if self.stopped:
            return ""
        if self.outcome is None:
            return "pytest did not reach the test"
        if self.outcome.ending is Ending.SAME:
            return "it failed the same way, but the recorded frame is not in its traceback"
        if self.outcome.ending in (Ending.OTHER, Ending.CRASHED) and self.outcome.error:
            return f"it {self.outcome.ending.value}: {self.outcome.error}: {self.outcome.message}"
        return f"it {self.outcome.ending.value}"


def stop_of(failure: FailureToRerun, plan: Plan, *, force: bool, recorded: dict[str, list[str]] | None = None) -> Stop:
    """Say where to stop: at the innermost frame of the project that was recorded.

    Args:
        failure: the recorded one.
        plan: of its rerun.
        force: whether to go on where the code of the frames is not what it was.
        recorded: see :class:`~pytest_debugloop.rerunning.script.Stop`.

    Raises:
        CodeChangedError: it is not.
        RerunImpossibleError: the failure has no frames: a process crashed.
    """
    if failure.is_crash:
        raise RerunImpossibleError(reason="a process crashed, so there is no frame to stop at")
    frames = project_frames(failure.chain)
    changed = changed_frames(frames, plan.rootdir)
    if changed and not force:
        raise CodeChangedError(functions=", ".join(changed[:3]))
    last = frames[-1] if frames else None
    return Stop(
        fingerprint=failure.fingerprint or "",
        error_code=failure.error_code or "",
        file=last["file"] if last is not None else "",
        function=last["function"] if last is not None else "",
        is_forced=force,
        recorded=recorded or {},
    )


def run_live(plan: Plan, stop: Stop, pdbcls: str | None = None) -> Live:
    """Run a plan in the foreground, and stop at the failure.

    Args:
        plan: what to run; of several processes only the target's is run.
        stop: where to stop.
        pdbcls: the debugger, as ``module:class``; else the one that the run is configured for.

    Raises:
        OSError: the temporary folder cannot be written.
    """
    plan = plan.in_one_process()
    with workspace() as folder:
        script = write_script(plan, folder, stop)
        words = [*command(plan, folder), *([f"--pdbcls={pdbcls}"] if pdbcls else [])]
        started = time.monotonic()
        with _interrupts_left_to_the_child():
            process = start_here(words, plan.rootdir, environment(plan, folder, script))
            try:
                status = process.wait()
            except BaseException:
                process.kill()
                raise
        report = Report.read(folder, plan.worker)
        outcome = read_outcome(plan, folder, time.monotonic() - started, timed_out=False, status=status)
        return Live(report is not None and report.stopped, outcome)


@contextlib.contextmanager
def _interrupts_left_to_the_child() -> Iterator[None]:
    """Ctrl-C on the terminal goes to both processes; in a debugger it ends a command, and not the session."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
