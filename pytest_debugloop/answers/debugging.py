"""What a session on recorded frames is made of: the failure that somebody means, and the source that its run loaded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pytest_debugloop.answers.lookup import find
from pytest_debugloop.errors import NeverFailedError, NotFoundError
from pytest_debugloop.queries.debugging import (
    FailureToDebug,
    SourceOfRun,
    failure_with_state,
    last_failure_with_state,
    sources_of_run,
)
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.queries.rerunning import last_failure_of
from pytest_debugloop.sources.stored import StoredFile, StoredUnit
from pytest_debugloop.text.printable import printable


def failure_to_debug(text: str | None, project: str | None = None, here: str | None = None) -> Steps[FailureToDebug]:
    """Find the failure that somebody means.

    Args:
        text: an error's id or the first or last characters of it; or a test, of which it is the last failure with a
            state; None for the last failure of all with a state.
        project: only of this one; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError: there is none.
        NeverFailedError: the test has not failed.
        AmbiguousError: several tests or errors are called so.
    """
    task_id = None
    if text is not None:
        found = yield from find(text, project, ("error", "test"), here)
        if found.kind == "error" and (failure := (yield from first(failure_with_state(found.id)))) is not None:
            return failure
        task_id = found.id
    last = yield from first(last_failure_with_state(task_id, project if text is None else None))
    failure = None if last is None else (yield from first(failure_with_state(last.id)))
    if failure is not None:
        return failure
    if text is not None and task_id is not None and (yield from first(last_failure_of(task_id))) is None:
        raise NeverFailedError(text=printable(text))
    what = "a failure" if text is None else f"a failure of {printable(text)}"
    raise NotFoundError(text=what, hint="it has no failure whose state was captured")


def files_of_run(code_version: str | None, files: Sequence[str]) -> Steps[list[StoredFile]]:
    """Give what is recorded of source files.

    Args:
        code_version: of the run; None where its code is not known.
        files: paths from its rootdir.

    Returns:
        Those whose content at that run is known, with the functions where these were recorded.
    """
    if code_version is None or not files:
        return []
    found = yield from fetch(sources_of_run(code_version, files))
    return [
        StoredFile(file, file_hash, tuple(unit for row in group if (unit := _unit(row)) is not None))
        for (file, file_hash), group in groupby(found, key=lambda row: (row.file, row.file_hash))
    ]


def _unit(row: SourceOfRun) -> StoredUnit | None:
    if row.function is None or row.first is None or row.last is None or row.source is None:
        return None
    return StoredUnit(row.function, row.first, row.last, row.source)
