"""What went wrong, as the user sees it: a sentence on standard error, or JSON there for whoever asked for JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from pytest_debugloop.errors import AmbiguousError, DebugloopError, InternalFaultError
from pytest_debugloop.text.json_values import JSON_VERSION, json_text, plain
from pytest_debugloop.text.printable import printable


def is_json_asked(arguments: Sequence[str]) -> bool:
    """Tell whether an answer is to be JSON, also of a command line that cannot be read.

    Args:
        arguments: of the command line.
    """
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in before


def tell(error: BaseException, status: int, *, as_json: bool) -> None:
    """Tell an error on standard error.

    Args:
        error: what went wrong.
        status: the exit status.
        as_json: whether one line of JSON is wanted; else it is a sentence, with the usage where that was wrong.
    """
    if not as_json and isinstance(error, click.ClickException):
        error.show()
        return
    message = error.format_message() if isinstance(error, click.ClickException) else str(error)
    shown = printable(" ".join(message.split()))
    if not as_json:
        if isinstance(error, AmbiguousError) and isinstance(lines := error.facts.get("listed"), list):
            shown = shown.partition(": " + printable(" ".join(str(error.facts["candidates"]).split())))[0] + ":"
            shown = "\n".join([shown, *(f"  {printable(str(line))}" for line in lines)])
        click.echo(f"Error: {shown}", err=True)
        return
    facts = error.facts if isinstance(error, DebugloopError) else {}
    answer: dict[str, Any] = {
        "schema": "debugloop/error",
        "version": JSON_VERSION,
        "code": code_of(error),
        "message": shown,
        "exit_status": status,
        "details": plain(dict(facts)),
    }
    click.echo(json_text(answer), err=True)


def code_of(error: BaseException) -> str:
    """Name an error for programs.

    Args:
        error: what went wrong.

    Returns:
        The name of its class, as in ``not_found``; ``usage``, ``database`` and ``system`` for errors of others.
    """
    if isinstance(error, DebugloopError):
        return error.code
    if isinstance(error, click.ClickException):
        return "usage"
    if isinstance(error, click.exceptions.Abort):
        return "interrupted" if "Interrupted" in str(error) else "aborted"
    return "system" if isinstance(error, OSError) else "database"


def is_expected(error: Exception) -> bool:
    """Tell an error of ours, of the database or the system, which says itself what is wrong, from a fault.

    Args:
        error: what went wrong.
    """
    psycopg = sys.modules.get("psycopg")
    return isinstance(error, (DebugloopError, OSError)) or (psycopg is not None and isinstance(error, psycopg.Error))


def fault(error: Exception) -> InternalFaultError:
    """Say what a fault is and where, without a traceback, which may show values.

    Args:
        error: what went wrong.
    """
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "pytest_debugloop" in file:
            place = f" at {file.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return InternalFaultError(reason=f"{type(error).__name__}{place}")
