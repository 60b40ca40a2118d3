"""What a run says at its end: what was stored, and what was not."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_debugloop.journal.shared_names import LOADER_LOCK, LOADER_LOG, MAIN_JOURNAL, STARTED_LOADER_BIT, STATUS_FILE
from pytest_debugloop.private import NotPrivateError, open_file, read_file
from pytest_debugloop.system import System
from pytest_debugloop.text.words import counted

SUMMARY_FAILURES_LIMIT = 10
"""How many lines the summary of a run has for its failures, and of how many causes it tells at most."""
_UNKNOWN = "..."
_POLL_SECONDS = 0.005
_START_SECONDS = 10.0
_NOTICED_SECONDS = 1.0


def wait_for_status(
    run_folder: Path, seconds: float, journal: Path | None = None, tell: Callable[[], None] | None = None
) -> dict[str, Any] | None:
    """Wait until the loader says what it stored.

    Args:
        run_folder: the folder of the run's journals.
        seconds: how long at most.
        journal: of this process, where it is not the first that it had.
        tell: called once, where it takes so long that people notice.

    Returns:
        What the loader wrote, None where it has not yet, ``{"problem": ...}`` where it died or cannot be understood.

    Raises:
        OSError: this process can open no file any more.
    """
    sleep, clock = System.sleep, System.perf_counter
    status = run_folder / STATUS_FILE
    begun = clock()
    checks = 0
    while True:
        try:
            with read_file(status) as file:
                return _parse_status(file.read())
        except NotPrivateError as error:
            return {"problem": str(error)}
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise
        waited = clock() - begun
        if tell is not None and min(waited, seconds) >= _NOTICED_SECONDS:
            tell()
            tell = None
        if waited >= seconds:
            return None
        checks += 1
        if checks % 50 == 0:
            problem = _why_no_status(run_folder, journal or run_folder / MAIN_JOURNAL, waited)
            if problem and not status.exists():
                return {"problem": problem}
        sleep(min(_POLL_SECONDS, seconds - waited))


def _parse_status(written: bytes) -> dict[str, Any]:
    """Read a status; one that another version may have written, or nobody, says nothing of what is stored."""
    try:
        found: dict[str, Any] = json.loads(written)
        stored = () if found.get("problem") else found["stored"].values()
        numbers = [*stored, *(found.get(name, 0) for name in ("waiting", "set_aside", "rejected"))]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        numbers = [None]
    if all(type(number) is int for number in numbers):
        return found
    return {"problem": f"the loader's {STATUS_FILE} cannot be read"}


def _why_no_status(run_folder: Path, journal: Path, waited: float) -> str:
    """Say why no loader will write a status; nothing while one is at work, or may still come."""
    try:
        fd = open_file(run_folder / LOADER_LOCK, os.O_RDWR)
    except OSError:
        was_own = False
    else:
        try:
            System.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            was_own = bool(System.fstat(fd).st_mode & STARTED_LOADER_BIT)
        except OSError:
            return ""
        finally:
            System.close(fd)
    if not journal.exists():  # a loader removes it once all is stored
        return "its journal no longer exists: another run's loader stored it, or somebody removed it"
    if was_own or waited >= _START_SECONDS:
        return f"the loader ended early (see {run_folder.parent.parent / LOADER_LOG})"
    return ""


def summary_lines(
    status: dict[str, Any] | None,
    run: str,
    target: str,
    problems: list[str],
    waited: float,
    more: Sequence[str] = (),
    *,
    goes_on: bool = True,
) -> list[str]:
    """Write the paragraph of the terminal summary.

    Args:
        status: what :func:`wait_for_status` gave.
        run: the short id of the run.
        target: where records go, for people.
        problems: one sentence for each thing that went wrong in this process.
        waited: seconds that were allowed for waiting.
        more: lines on what a run that is stored left.
        goes_on: whether the loader outlives this process.
    """
    lines = []
    if status is None:
        then = "the loader continues; what it cannot store" if goes_on else "what is not"
        lines.append(
            f"debugloop: run {run} was not stored within {waited:g} s: {then} stays in the journals for the "
            "next run or `debugloop load`."
        )
    elif status.get("problem"):
        lines.append(
            f"debugloop: run {run} is not stored: {str(status['problem']).rstrip('.')}. Its journals are "
            "kept for the next run or `debugloop load`."
        )
    else:
        stored = status.get("stored", {})
        lines.append(
            f"debugloop: run {run} is in {target}: "
            + ", ".join(counted(stored.get(what, 0), what) for what in ("step", "failure", "recovery"))
            + "."
        )
        lines.extend(more)
        if status.get("rejected"):
            lines.append(
                f"debugloop: {counted(status['rejected'], 'line')} of the journals could not be stored: see the "
                "table debug_rejected_lines for the lines and the reasons."
            )
    if status and status.get("waiting"):
        lines.append(f"debugloop: {counted(status['waiting'], 'earlier run')} still waiting to be stored.")
    if status and status.get("set_aside"):
        lines.append(
            f"debugloop: {counted(status['set_aside'], 'earlier run')} set aside: `debugloop doctor` gives the reason."
        )
    if status and status.get("trouble"):
        lines.append(f"debugloop: {status['trouble']}")
    lines.extend(f"debugloop: {problem}" for problem in problems)
    return lines


def left_lines(run: str, target: str, more: Sequence[str]) -> list[str]:
    """Write the paragraph of a run of which there is nothing to say, and that is not waited for.

    Args:
        run: the short id of the run.
        target: where records go, for people.
        more: lines on how to see more.
    """
    return [f"debugloop: run {run} had no failures, and is being stored in {target}.", *more]


def unreadable_lines(run: str, reason: str, command: str, problems: list[str]) -> list[str]:
    """Write the paragraph of a run whose process can read nothing of what was stored.

    Args:
        run: the short id of the run.
        reason: why it cannot.
        command: that shows what was.
        problems: one sentence for each thing that went wrong in this process.
    """
    recorded = f"debugloop: run {run} was recorded, but what was stored is unknown here ({reason})"
    return [f"{recorded}: run `{command}`.", *(f"debugloop: {problem}" for problem in problems)]


def not_loaded_lines(run: str, journals: str, command: str, problems: list[str]) -> list[str]:
    """Write the paragraph of a run that is not to be stored while it goes on.

    Args:
        run: the short id of the run.
        journals: the folder of its journals.
        command: that stores them.
        problems: one sentence for each thing that went wrong in this process.
    """
    waits = f"debugloop: run {run} is waiting in {journals}: the next run or `{command}` stores it."
    return [waits, *(f"debugloop: {problem}" for problem in problems)]


def command_of(given: Mapping[str, str], redacted: Callable[[str], str]) -> str:
    """Write how the ``debugloop`` command is called for this record.

    Args:
        given: what only the command line of the run said, by the option of the command, such as ``--dsn``.
        redacted: takes secrets out of a text.

    Returns:
        A shell's words, without the command's own arguments; what cannot be shown is three dots.
    """
    words = ["debugloop"]
    if "--dsn" in given:
        from pytest_debugloop.dsn import public_dsn  # loaded by whoever was given one
    for option, value in given.items():
        shown = public_dsn(value) if option == "--dsn" else value
        # Where more than the password is secret, or the text could not be copied from a terminal, nobody can run it.
        safe = shown if shown is not None and shown.isprintable() and redacted(shown) == shown else None
        words += [option, _UNKNOWN if safe is None else shlex.quote(safe)]
    return " ".join(words)
