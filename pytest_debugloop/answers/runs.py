"""Which run is the last, and what is said of one in words: how it ended, how long it took, which code it was run on."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_debugloop.errors import EmptyRecordError, NoRunsError
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.queries.runs import Run, projects, runs
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import span


def verdict_of(run: Run) -> tuple[str, str]:
    """Say how a run ended, and in which style that is written.

    Args:
        run: of the record.
    """
    if run.status != "finished":
        return printable(run.status), "warn"
    names = {0: ("passed", "pass"), 1: ("failed", "fail"), 5: ("no tests", "warn"), None: ("broken", "fail")}
    return names.get(run.exit_status, (f"exit status {run.exit_status}", "fail"))


def nothing_failed(run: Run) -> str:
    """Say that nothing of a run has failed, and no more than is known.

    Args:
        run: of the record.
    """
    if run.status == "running":
        return "Nothing has failed so far."
    if run.status == "finished" and run.exit_status in (0, 5):
        return "Nothing failed."
    return "No failures are recorded, but the run did not end like one that passed."


def duration_of(run: Run) -> str:
    """Write how long a run took.

    Args:
        run: of the record.
    """
    if run.finished_at is None:
        return ""
    return span((run.finished_at - run.started_at).total_seconds() * 1000)


def code_of(branch: str | None, commit: str | None, is_dirty: bool | None) -> str:
    """Write which code something was run on.

    Args:
        branch: of git.
        commit: that was checked out.
        is_dirty: whether files were not as it has them (``+``); None where that is not known (``?``).
    """
    mark = {True: "+", False: "", None: "?"}[is_dirty]
    short_commit = commit[:9] + mark if commit else ""
    return printable(" ".join(part for part in (branch, short_commit) if part))


def marks_of_code(is_dirty: Iterable[bool | None]) -> str:
    """Say what the marks after commits mean.

    Args:
        is_dirty: of all that are listed with a commit.

    Returns:
        A sentence; empty if none has a mark.
    """
    seen = set(is_dirty)
    meanings = ["+ with uncommitted changes"] if True in seen else []
    meanings += ["? unknown whether there were any" if meanings else "? unknown whether with uncommitted changes"] * (
        None in seen
    )
    return f"Behind a commit: {', '.join(meanings)}." if meanings else ""


def last_run(project: str | None = None) -> Steps[Run]:
    """Give the run that began last.

    Args:
        project: only of this one; None for all.

    Raises:
        EmptyRecordError: the record has no runs.
        NoRunsError: it has none of this project.
    """
    run = yield from first(runs(project=project, limit=1))
    if run is None:
        raise (yield from no_runs(project))
    return run


def no_runs(project: str | None) -> Steps[EmptyRecordError | NoRunsError]:
    """Say why there are no runs.

    Args:
        project: of which there are none; None for all.
    """
    names = [found.name for found in (yield from fetch(projects()))]
    if not names or project is None:
        return EmptyRecordError()
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return NoRunsError(project=project, others=", ".join(names[:5]) + more)
