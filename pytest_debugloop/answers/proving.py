"""What a proof begins with: the failure that somebody means, the pass to hold it against, and the source of both."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.answers.debugging import files_of_run
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.answers.rerunning import failure_found
from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.queries.lookup import Found
from pytest_debugloop.queries.proving import RecordedRun, Recovered, last_pass_before, recorded_run, recovery_of
from pytest_debugloop.queries.question import Steps, first, one
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.sources.stored import StoredFile
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class Case:
    """A failure, and the pass that it is compared with.

    Attributes:
        recovery: None where nothing has passed since: then the pass is the last one before it on its line.
        success_id: of the pass.
        passed_at: when that was.
        failing: what the failure was run on.
        passing: what the pass was run on.
    """

    failure: FailureToRerun
    recovery: Recovered | None
    success_id: uuid.UUID
    passed_at: datetime
    failing: RecordedRun
    passing: RecordedRun


def case_of(text: str, project: str | None = None, here: str | None = None) -> Steps[Case]:
    """Find the failure that somebody means, and the pass to hold it against.

    Args:
        text: a test, of which it is the last failure; an error; or a recovery.
        project: tests only of this one; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError: there is none, or the record of its run is not there.
        NeverFailedError: the test has not failed.
        AmbiguousError: several are called so.
        RerunImpossibleError: it never passed on its line in another run, or passed in the run that it failed in.
    """
    found = yield from find(text, project, ("error", "test", "recovery"), here)
    recovery: Recovered | None
    if found.kind == "recovery":
        recovery = yield from one(recovery_of(recovery_id=found.id))
        failure = yield from failure_found(Found("error", recovery.error_id), text)
    else:
        failure = yield from failure_found(found, text)
        recovery = yield from first(recovery_of(error_id=failure.id))
    if recovery is not None and recovery.run_id == recovery.error_run:
        raise RerunImpossibleError(
            reason="it failed and passed in the same run, so nothing changed in between: use `debugloop reproduce "
            "--vary` to find what makes it fail"
        )
    other = recovery or (yield from first(last_pass_before(failure.id)))
    if other is None:
        raise RerunImpossibleError(
            reason=f"{printable(failure.test)} has no earlier pass in another recorded run on its line "
            "(the same leg, and the same branch or an ancestor commit), nor on its base branch"
        )
    failing = yield from one(recorded_run(failure.run_id))
    passing = yield from one(recorded_run(other.run_id))
    return Case(failure, recovery, other.success_id, other.passed_at, failing, passing)


def files_of(run: RecordedRun, files: Iterable[str]) -> Steps[dict[str, StoredFile]]:
    """Give what the record has of source files as a run had them.

    Args:
        run: which one.
        files: their paths from its rootdir.
    """
    found = yield from files_of_run(run.code_version, sorted(set(files)))
    return {one.file: one for one in found}
