"""What a run left failed, by its journals: for the report to a CI where no database can be asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_debugloop.loading.known_failures import cut_name
from pytest_debugloop.private import read_file
from pytest_debugloop.summary.job_summary import UnstoredCause
from pytest_debugloop.text.causes import cause_title

_LONGEST_LINE = 1024 * 1024
_ERROR = b'{"kind":"error",'
_STEP = b'{"kind":"step",'
_STARTED = b'{"kind":"step","rev":0,'
_NAMED = 20


def journal_failures(paths: Iterable[Path], most: int) -> tuple[list[UnstoredCause], int]:
    """Tell what the journals of a run left failed, by exception and innermost function of the project.

    The database groups by the same, and tells apart assertions in one function by their comparison.

    Args:
        paths: of all journals of the run.
        most: how many causes at most.

    Returns:
        The causes of most tests, and how many tests failed.
    """
    errors: dict[tuple[Path, int], dict[str, Any]] = {}
    outcomes: dict[tuple[Path, int], str] = {}
    attempts: dict[str, int] = {}
    for path in paths:
        with contextlib.suppress(OSError), read_file(path) as file:
            while line := file.readline(_LONGEST_LINE):
                with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
                    if line.startswith(_ERROR):
                        error = json.loads(line)
                        errors[path, int(error["n"])] = error
                    elif line.startswith(_STEP) and not line.startswith(_STARTED):
                        step = json.loads(line)
                        outcomes[path, int(step["n"])] = str(step["outcome"])
                        name = str(step["node_id"])
                        attempts[name] = max(attempts.get(name, 0), int(step["attempt"]))
    failed: dict[str, dict[str, Any]] = {}
    for (path, _), error in sorted(errors.items(), key=lambda one: one[0][1]):
        with contextlib.suppress(LookupError, TypeError, ValueError):
            is_last = int(error["metadata"].get("attempt") or 0) >= attempts.get(str(error["node_id"]), 0)
            outcome = outcomes.get((path, error["step"][0]), "failed") if error.get("step") else "failed"
            if is_last and outcome == "failed":  # teardowns fail of calls that failed
                failed.setdefault(str(error["node_id"]) or f"{path}:{error['n']}", error)
    causes: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for error in failed.values():
        causes.setdefault((error.get("code"), *_place(error)), []).append(error)
    listed = sorted(causes.values(), key=len, reverse=True)
    return [_cause(found) for found in listed[:most]], len(failed)


def _place(error: dict[str, Any]) -> tuple[Any, ...]:
    """Give file and function of the innermost frame of the project; the message where none is of it."""
    frame = _frame(error)
    if frame is None:
        return (str(error.get("message")).partition("\n")[0],)
    return frame[0], frame[2] or frame[1]


def _frame(error: dict[str, Any]) -> tuple[str, int, str | None] | None:
    for place in error["metadata"].get("code") or ():
        if place[2] == "frame" and not place[0].startswith("<"):
            _, _, behind = str(error.get("stack") or "").partition(f'  File "{place[0]}", line {place[1]}, in ')
            return place[0], int(place[1]), behind.partition("\n")[0] or None
    return None


def _cause(found: list[dict[str, Any]]) -> UnstoredCause:
    first, *others = found
    file, line, function = _frame(first) or (None, None, None)
    error = str(first.get("code") or first.get("type"))
    return UnstoredCause(
        test=cut_name(str(first["node_id"])),
        error=error,
        message=str(first.get("message") or "")[:500],
        tests=len(found),
        cause=cause_title(len(found), error, file, line, function),
        others=[cut_name(str(other["node_id"])) for other in others[:_NAMED]],
    )
