"""What a run tells GitHub Actions: annotations at the lines that failed, and a job summary.

See "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes are those of actions/toolkit,
packages/core/src/command.ts.
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path

from pytest_debugloop.summary.known_failures import KnownFailure, KnownFailures, failure_facts, other_tests
from pytest_debugloop.text.printable import printable

JOB_SUMMARY_ROWS = 100
"""How many failures the job summary tells of."""

_ANNOTATIONS = 10  # more of a kind GitHub does not show of one step
_MAX_BYTES = 1024 * 1024  # a larger summary is refused as a whole
_MAX_BYTES_OF_TABLE = 512 * 1024
_LONGEST_MESSAGE = 400
_LONGEST_TITLE = 200


def error_commands(known: KnownFailures, command: str, rootdir: Path, workspace: str) -> list[str]:
    """Write the workflow commands that show failures where they happened, one of each cause.

    Args:
        known: the failures.
        command: that tells more.
        rootdir: pytest's, to which the files are relative.
        workspace: of the job, to which GitHub takes files to be relative; may be empty.
    """
    return [_annotation(one, command, rootdir, workspace) for one in known.failures[:_ANNOTATIONS]]


def _annotation(failure: KnownFailure, command: str, rootdir: Path, workspace: str) -> str:
    properties = {}
    file = _in_workspace(rootdir / failure.file, workspace) if failure.file else ""
    if file:
        properties["file"] = file
        if failure.line:
            properties["line"] = str(failure.line)
    properties["title"] = printable(failure.test)[:_LONGEST_TITLE] or "outside of tests"
    message = printable(failure.message[:_LONGEST_MESSAGE].strip(), lines=True)
    parts = [f"{printable(failure.error)}: {message}"]
    if failure.tests > 1:
        parts.append(f"{printable(failure.cause)}, {other_tests(failure, None)}")
    if failure.is_test:
        parts.append("debugloop: " + ", ".join(failure_facts(failure)))
    return workflow_command("error", properties, "\n".join([*parts, command]))


def _in_workspace(path: Path, workspace: str) -> str:
    """Give a path as GitHub knows it; empty for what is not in the checkout."""
    if not workspace:
        return ""
    relative = os.path.relpath(path.resolve(), Path(workspace).resolve())
    return "" if relative.startswith("..") else relative


def workflow_command(name: str, properties: dict[str, str], message: str) -> str:
    """Write a workflow command.

    Args:
        name: of the command.
        properties: of it.
        message: any text.
    """
    parts = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
    return f"::{name} {parts}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def job_summary(head: str, known: KnownFailures, command: str) -> str:
    """Write the job summary of a run.

    It is HTML, which Markdown takes as it is up to the next empty line: no text of a test can end a cell of it.

    Args:
        head: the first line of the terminal summary.
        known: the failures.
        command: that tells more; empty where nothing is stored.
    """
    lines = [f"<p>{_html(head)}</p>"]
    if known.failures:
        rows = _rows(known.failures[:JOB_SUMMARY_ROWS])
        lines += [
            "<table>",
            "<tr><th>test</th><th>failed with</th><th>what the record knows</th></tr>",
            *rows,
            "</table>",
        ]
        if known.total > len(rows):
            lines.append(f"<p>and {known.total - len(rows):,} more</p>")
    if command:
        lines.append(f"<p>See more: <code>{_html(command)}</code></p>")
    return "\n" + "\n".join(lines) + "\n\n"


def _rows(failures: Sequence[KnownFailure]) -> list[str]:
    rows: list[str] = []
    size = 0
    for failure in failures:
        message = failure.message[:_LONGEST_MESSAGE].strip().partition("\n")[0]
        cells = [
            f"<code>{_html(failure.test or 'outside of tests')}</code>",
            f"<code>{_html(f'{failure.error}: {message}')}</code>",
            "<br/>".join(_html(fact) for fact in failure_facts(failure)) if failure.is_test else "",
        ]
        row = "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        size += len(row.encode())
        if size > _MAX_BYTES_OF_TABLE:
            break
        rows.append(row)
    return rows


def _html(text: str) -> str:
    return html.escape(printable(text))


def append_summary(path: str, text: str) -> None:
    """Add to the job summary.

    Args:
        path: what ``GITHUB_STEP_SUMMARY`` says.
        text: Markdown.

    Raises:
        OSError: it cannot be written, or would be larger than GitHub takes.
    """
    # Never waits: for a pipe without a reader, say.
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    with os.fdopen(fd, "wb") as file:
        data = text.encode()
        if os.fstat(fd).st_size + len(data) > _MAX_BYTES:
            raise OSError(27, "it would exceed GitHub's limit of 1 MiB")
        file.write(data)
