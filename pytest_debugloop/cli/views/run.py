"""A run as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.environment.providers import URL
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, local, short, span

if TYPE_CHECKING:
    from rich.text import Text

    from pytest_debugloop.queries.runs import Run


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
    return "Nothing that failed is recorded, but it did not end as a run that passes does."


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


def run_lines(run: Run) -> Iterator[Text]:
    """Write the facts of a run.

    Args:
        run: of the record.
    """
    from rich.text import Text

    verdict, style = verdict_of(run)
    text = Text("run ", style="title").append(short(run.id), style="id").append(" ")
    text.append(verdict, style=style)
    took = f" in {duration}" if (duration := duration_of(run)) else ""
    yield text.append(f"{took}, {local(run.started_at)} ({ago(run.started_at)})")
    if run.status == "finished" and run.exit_status is None:
        yield Text("  its exit status is not known: an error ended pytest itself", style="warn")
    totals = [
        f"{run.successes_total or 0:,} passed",
        counted(run.errors_total or 0, "failure"),
        f"{run.skipped_total or 0:,} skipped",
        counted(run.recoveries_total or 0, "recovery"),
    ]
    yield Text("  " + ", ".join(totals))
    facts = [
        f"project {printable(run.project)}",
        code_of(run.git_branch, run.git_commit, run.is_dirty),
        f"change {printable(run.change_id)}" if run.change_id else "",
        f"into {printable(run.target_branch)}" if run.target_branch else "",
        f"leg {printable(run.leg)}" if run.leg else "",
        f"Python {printable(run.python_version)}" if run.python_version else "",
        f"pytest {printable(run.pytest_version)}" if run.pytest_version else "",
        printable(run.platform or ""),
    ]
    yield Text("  " + ", ".join(fact for fact in facts if fact), style="faint")
    if run.command_line:
        yield Text("  pytest " + printable(" ".join(map(str, run.command_line))), style="faint")
    if isinstance(run.ci, dict) and (url := run.ci.get(URL)):
        yield Text(f"  {printable(str(url))}", style="faint")
