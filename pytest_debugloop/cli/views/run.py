"""A run as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.runs import code_of, duration_of, verdict_of
from pytest_debugloop.environment.providers import URL
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, local, short

if TYPE_CHECKING:
    from pytest_debugloop.queries.runs import Run


_CHANGES = {True: " with uncommitted changes", False: "", None: " (unknown whether with uncommitted changes)"}


def run_lines(run: Run, *, has_ids: bool = True) -> Iterator[Line]:
    """Write the facts of a run.

    Args:
        run: of the record.
        has_ids: whether to write the ids of its session and workflow.
    """
    verdict, style = verdict_of(run)
    text = Line.of("run ", "title").append(short(run.id), "id").append(" ")
    text = text.append(verdict, style)
    took = f" in {duration}" if (duration := duration_of(run)) else ""
    yield text.append(f"{took}, {local(run.started_at)} ({ago(run.started_at)})")
    if run.status == "finished" and run.exit_status is None:
        yield Line.of("  its exit status is unknown: an error ended pytest itself", "warn")
    totals = [
        f"{run.successes_total or 0:,} passed",
        counted(run.errors_total or 0, "failure"),
        f"{run.skipped_total or 0:,} skipped",
        counted(run.recoveries_total or 0, "recovery"),
    ]
    yield Line.of("  " + ", ".join(totals))
    facts = [
        f"project {printable(run.project)}",
        code_of(run.git_branch, run.git_commit, is_dirty=False) + _CHANGES[run.is_dirty] * bool(run.git_commit),
        f"change {printable(run.change_id)}" if run.change_id else "",
        f"into {printable(run.target_branch)}" if run.target_branch else "",
        f"leg {printable(run.leg)}" if run.leg else "",
        f"Python {printable(run.python_version)}" if run.python_version else "",
        f"pytest {printable(run.pytest_version)}" if run.pytest_version else "",
        printable(run.platform or ""),
    ]
    yield Line.of("  " + ", ".join(fact for fact in facts if fact), "faint")
    ids = [f"session {short(run.session_id)}" if run.session_id else "", f"correlation id {run.correlation_id}"]
    if has_ids:
        yield Line.of("  " + ", ".join(one for one in ids if one), "faint")
    if run.command_line:
        program = "pytest " if run.pytest_version else ""
        yield Line.of(f"  {program}" + printable(" ".join(map(str, run.command_line))), "faint")
    if isinstance(run.ci, dict) and (url := run.ci.get(URL)):
        yield Line.of(f"  {printable(str(url))}", "faint")
