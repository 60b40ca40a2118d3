"""What a run tells GitHub Actions: annotations at the lines that failed; and how a job summary is added to.

See "Workflow commands for GitHub Actions" in GitHub's documentation; the escapes are those of actions/toolkit,
packages/core/src/command.ts.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytest_debugloop.summary.known_failures import KnownFailure, KnownFailures, failure_facts, other_tests
from pytest_debugloop.text.printable import printable

_ANNOTATIONS = 10  # more of a kind GitHub does not show of one step
_MAX_BYTES = 1024 * 1024  # a larger summary is refused as a whole
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
