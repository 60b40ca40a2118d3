"""Compares what somebody has typed, where it was typed: the one way that `compare`, `check` and `report` begin."""

from __future__ import annotations

from dataclasses import replace

from pytest_debugloop.answers.compared_runs import RunsCompared, compare_runs
from pytest_debugloop.answers.connection import open_record
from pytest_debugloop.answers.filters import TypedFilters, scope_of, session_of
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.location import RecordLocation


def runs_compared_here(
    location: RecordLocation,
    head: str | None,
    base: str | None,
    typed: TypedFilters | None = None,
    *,
    needs_base: bool = False,
) -> RunsCompared:
    """Compare two sides of runs.

    Args:
        location: where the record is, and where the command was typed.
        head: a run, a session, a branch, a change or a commit; None for the last run that was made here.
        base: what it is compared with; None for the branch that it is to be merged into, or what was run before.
        typed: the options that narrow both sides; if they name a session, it is the head.
        needs_base: whether a base without runs is an error.

    Raises:
        DebugloopError: the record cannot be read, nothing or several things are called so, or there is no base.
    """
    given = typed or TypedFilters()
    with open_record(location) as record:
        scope = record.answer(scope_of(replace(given, session=None), location))
        if given.session is not None:
            head = f"session:{record.answer(session_of(given.session, scope.project, location))}"
        asked = compare_runs(head, base, scope.project, here(location), needs_base=needs_base, filters=scope.filters)
        return record.answer(asked)
